#include "rec/lines.h"

#include <stdlib.h>

enum { SMALLEST = -16, N_SMALL = 64, MAX_VALUES = 1 << 20 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void lines_add(struct buf *out, int line, int *before)
{
    int delta = line - *before;
    *before = line;
    if (delta >= SMALLEST && delta < SMALLEST + N_SMALL)
        buf_addc(out, alphabet[delta - SMALLEST]);
    else
        buf_addf(out, "!%d;", delta);
}

/* Reads one entry; false at the end or at something else. */
static bool next_entry(const char **p, int *line)
{
    const char *at;
    if (**p == '!') {
        char *end;
        long delta = strtol(*p + 1, &end, 10);
        if (*end != ';' || delta < -(1 << 28) || delta > 1 << 28)
            return false;
        *line = (int)((unsigned)*line + (unsigned)delta); /* hostile sums may wrap; they may not trap */
        *p = end + 1;
        return true;
    }
    if (!**p || !(at = strchr(alphabet, **p)))
        return false;
    *line = (int)((unsigned)*line + (unsigned)(at - alphabet + SMALLEST));
    (*p)++;
    return true;
}

static size_t count_values(jv v)
{
    size_t n = 1;
    for (int i = 0; jx_is_arr(v) && i < jx_len(v); i++)
        n += count_values(jx_at(v, i));
    for (struct jx_iter it = jx_iter(v); jx_next(&it);)
        n += count_values(it.value);
    return n;
}

/* Whether there is exactly one entry a value. */
static bool fits(const char *lines, jv object)
{
    size_t n = 0;
    int line = 0;
    while (n <= MAX_VALUES && next_entry(&lines, &line))
        n++;
    return !*lines && n == count_values(object);
}

/* One step of a path. */
struct step {
    bool is_index;
    int index;
    char key[320];
};

static const char *read_index(const char *p, struct step *s)
{
    size_t n = strspn(p, "0123456789");
    s->is_index = true;
    s->index = 0;
    for (size_t i = 0; i < n && s->index < MAX_VALUES; i++)
        s->index = 10 * s->index + (p[i] - '0');
    return n > 0 && p[n] == ']' ? p + n + 1 : NULL;
}

static const char *read_quoted(const char *p, struct step *s, size_t *n)
{
    for (; *p && *p != '"' && *n + 1 < sizeof s->key; p++) {
        p += *p == '\\' && p[1];
        s->key[(*n)++] = *p;
    }
    return p[0] == '"' && p[1] == ']' ? p + 2 : NULL;
}

/* False at the end of the path, and where it is none. */
static bool next_step(const char **path, struct step *s)
{
    const char *p = *path;
    size_t n = 0;
    s->is_index = false;
    if (*p == '[' && p[1] == '"') {
        p = read_quoted(p + 2, s, &n);
    } else if (*p == '[') {
        p = read_index(p + 1, s);
    } else {
        p += *p == '.';
        for (; *p && *p != '.' && *p != '[' && n + 1 < sizeof s->key; p++)
            s->key[n++] = *p;
        p = n > 0 ? p : NULL;
    }
    s->key[n] = '\0';
    *path = p;
    return p != NULL;
}

/* How many values stand before the step's one inside of v, v itself included. *next is that value. */
static size_t values_before(jv v, const struct step *s, jv *next)
{
    size_t n = 1;
    *next = s->is_index ? jx_at(v, s->index) : jx_get(v, s->key);
    if (s->is_index) {
        for (int i = 0; i < s->index; i++)
            n += count_values(jx_at(v, i));
        return n;
    }
    for (struct jx_iter it = jx_iter(v); jx_next(&it);)
        if (strcmp(it.key, s->key) < 0)
            n += count_values(it.value);
    return n;
}

int lines_find(const char *lines, int first, jv object, const char *path)
{
    size_t index = 0;
    struct step s;
    if (!lines || !fits(lines, object))
        return 0;
    jv at = object, next;
    while (path && *path && next_step(&path, &s)) {
        bool is_list = jx_is_arr(at);
        if (s.is_index != is_list || (is_list && (s.index < 0 || s.index >= jx_len(at))))
            break;
        size_t n = values_before(at, &s, &next);
        if (jx_is_none(next))
            break;
        index += n;
        at = next;
    }
    int line = first;
    for (size_t i = 0; i <= index; i++)
        next_entry(&lines, &line);
    return line > 0 ? line : 0;
}

/* The two objects walked side by side. */
struct adapting {
    const char *lines; /* of `before`, as far as it was read */
    int line;          /* of the entry read last */
    struct buf *out;
    int written; /* line of the entry written last */
};

static void skip(struct adapting *a, jv before)
{
    for (size_t n = count_values(before); n > 0; n--)
        next_entry(&a->lines, &a->line);
}

static void add_new(struct adapting *a, jv after, int line)
{
    for (size_t n = count_values(after); n > 0; n--)
        lines_add(a->out, line, &a->written);
}

static void adapt(struct adapting *a, jv before, jv after);

static void adapt_items(struct adapting *a, jv before, jv after, int line)
{
    for (int i = 0; i < jx_len(before) || i < jx_len(after); i++) {
        if (i >= jx_len(after))
            skip(a, jx_at(before, i));
        else if (i >= jx_len(before))
            add_new(a, jx_at(after, i), line);
        else
            adapt(a, jx_at(before, i), jx_at(after, i));
    }
}

struct member {
    const char *key;
    jv value; /* borrowed */
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

/* The members in byte order of their keys, and after them one without; to be freed. */
static struct member *sorted_members(jv obj)
{
    size_t n = 0;
    struct member *all = xcalloc((size_t)jx_len(obj) + 1, sizeof *all);
    for (struct jx_iter it = jx_iter(obj); jx_next(&it);)
        all[n++] = (struct member){it.key, it.value};
    qsort(all, n, sizeof *all, by_key);
    return all;
}

static void adapt_members(struct adapting *a, jv before, jv after, int line)
{
    struct member *old = sorted_members(before), *new = sorted_members(after);
    const struct member *was = old, *is = new;
    while (was->key || is->key) {
        int d = !was->key ? 1 : !is->key ? -1 : strcmp(was->key, is->key);
        if (d < 0)
            skip(a, was->value);
        else if (d > 0)
            add_new(a, is->value, line);
        else
            adapt(a, was->value, is->value);
        was += d <= 0;
        is += d >= 0;
    }
    free(old);
    free(new);
}

static void adapt(struct adapting *a, jv before, jv after)
{
    bool both_lists = jx_is_arr(before) && jx_is_arr(after),
         both_objects = jx_is_obj(before) && jx_is_obj(after);
    const char *start = a->lines;
    int line = a->line;
    next_entry(&start, &line);
    if (!both_lists && !both_objects) {
        add_new(a, after, line);
        skip(a, before);
        return;
    }
    a->lines = start;
    a->line = line;
    lines_add(a->out, line, &a->written);
    if (both_lists)
        adapt_items(a, before, after, line);
    else
        adapt_members(a, before, after, line);
}

void lines_adapt(struct buf *out, const char *lines, int first, jv before, jv after)
{
    struct adapting a = {.lines = lines, .line = first, .out = out, .written = first};
    if (lines && fits(lines, before))
        adapt(&a, before, after);
}

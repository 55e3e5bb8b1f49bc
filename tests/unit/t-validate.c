/*
 * t-validate: tests/unit/validate.rows, one case a line.
 *
 *   @NAME OBJECT                        a valid object to start from
 *   NAME | EDIT; EDIT... | EXPECTED     NAME with edits; "standard NAME" for the standard channel;
 *                                       "as it is" for no edits
 *
 * An edit is PATH=VALUE or -PATH. A value is JSON, STR(n) for a string of n letters, or REP(n,JSON) for a
 * list of n items, KEYS(n,JSON) for a map of n members, where each # in the JSON is the number of the item.
 * Expected is "ok", or "ID PATH, ID PATH..." in any order; then, after "fills", PATH=VALUE; ... of the object
 * as an API server would hold it (-PATH: is not there).
 *
 * For each object to start from: a field more is one finding more; a field less is no finding, or one about
 * that field; and filling in twice does what filling in once does.
 */
#include <ctype.h>
#include <stdlib.h>

#include "gw/validate.h"
#include "tap.h"

enum { MAX_BASES = 60 };

static struct {
    char *name;
    jv object;
} bases[MAX_BASES];
static int n_bases;

/* ---- paths ---- */

/* The next step of a path: a key, or an index (then *key is ""). */
static const char *step(const char *path, char key[320], int *index)
{
    size_t n = 0;
    *index = -1;
    path += *path == '.';
    if (*path == '[' && path[1] == '"') {
        for (path += 2; *path && *path != '"'; path++)
            key[n++] = *path;
        path += 2;
    } else if (*path == '[') {
        *index = atoi(path + 1);
        path = strchr(path, ']') + 1;
    } else {
        while (*path && *path != '.' && *path != '[')
            key[n++] = *path++;
    }
    key[n] = '\0';
    return path;
}

static jv at_path(jv v, const char *path)
{
    char key[320];
    int i;
    while (*path) {
        path = step(path, key, &i);
        v = i >= 0 ? jx_at(v, i) : jx_get(v, key);
    }
    return v;
}

/* Puts the value there, or removes what is there when the value is none. Takes both. */
static jv edit(jv owned, const char *path, jv value)
{
    char key[320];
    int i;
    const char *rest = step(path, key, &i);
    jv old = i >= 0 ? jx_at(owned, i) : jx_get(owned, key);
    bool is_list = i >= 0, is_next_list = *rest == '[' && rest[1] != '"';
    jv below = jx_is_none(old) ? is_next_list ? jb_arr() : jb_obj() : jb_copy(old);
    if (*rest) {
        value = edit(below, rest, value);
    } else {
        jb_free(below);
    }
    if (is_list)
        jb_set(&owned, i, value);
    else if (jx_is_none(value))
        jb_del(&owned, key);
    else
        jb_put(&owned, key, value);
    return owned;
}

/* ---- values ---- */

static jv json(const char *s)
{
    const char *why;
    jv v = jx_parse(s, strlen(s), &why);
    if (why)
        printf("# not JSON: %.200s: %s\n", s, why);
    return v;
}

/* JSON with each # replaced by i. */
static jv numbered(const char *text, int i)
{
    struct buf b;
    buf_init(&b, BUF_MAX_LINE);
    for (; *text; text++) {
        if (*text == '#')
            buf_addf(&b, "%d", i);
        else
            buf_addc(&b, *text);
    }
    jv v = json(b.p);
    buf_free(&b);
    return v;
}

static jv value_of(const char *s)
{
    int n = strchr(s, '(') ? atoi(strchr(s, '(') + 1) : 0;
    if (has_prefix(s, "STR(")) {
        char *text = xmalloc((size_t)n + 1);
        memset(text, 'a', (size_t)n);
        text[n] = '\0';
        jv v = jb_str(text);
        free(text);
        return v;
    }
    bool is_map = has_prefix(s, "KEYS(");
    if (!is_map && !has_prefix(s, "REP("))
        return json(s);
    char *item = xstrdup(strchr(s, ',') + 1), name[20];
    item[strlen(item) - 1] = '\0';
    jv v = is_map ? jb_obj() : jb_arr();
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "k%d", i);
        if (is_map)
            jb_put(&v, name, numbered(item, i));
        else
            jb_add(&v, numbered(item, i));
    }
    free(item);
    return v;
}

/* ---- validating ---- */

struct outcome {
    struct findings fs;
    enum verdict verdict;
    jv filled; /* owned: the object with what is filled in */
};

static struct outcome outcome_of(jv owned, bool is_standard)
{
    struct outcome o;
    struct rec r;
    struct validate_options options = {.is_standard = is_standard};
    findings_init(&o.fs);
    rec_new(&r, "ADDED", owned);
    o.verdict = validate(&options, &r, &o.fs);
    o.filled = o.verdict == VERDICT_INCOMPLETE ? validate_fill(&r) : JX_NONE;
    if (jx_is_none(o.filled))
        o.filled = jb_copy(r.object);
    rec_release(&r);
    return o;
}

static void release(struct outcome *o)
{
    findings_release(&o->fs);
    jb_free(o->filled);
}

/* "id path, id path" in byte order */
static char *summary(jv list)
{
    jv lines = jb_arr();
    struct buf b;
    buf_init(&b, BUF_MAX_LINE);
    for (int i = 0; i < jx_len(list); i++) {
        const char *path = jx_getstr(jx_at(list, i), "path");
        jb_add(&lines, jb_strf("%s%s%s", jx_getstr(jx_at(list, i), "id"), path ? " " : "", path ? path : ""));
    }
    lines = jb_sorted(lines);
    for (int i = 0; i < jx_len(lines); i++)
        buf_addf(&b, "%s%s", i ? ", " : "", jx_str(jx_at(lines, i)));
    jb_free(lines);
    char *text = buf_take(&b);
    buf_free(&b);
    return text;
}

static void show(jv list)
{
    for (int i = 0; i < jx_len(list); i++)
        printf("#     %s: %s\n", jx_getstr_or(jx_at(list, i), "path", ""),
               jx_getstr(jx_at(list, i), "message"));
}

/* ---- rows ---- */

/* The next of the parts that "; " divides; NULL at the end. */
static char *next_part(char **s, const char *divider)
{
    char *part = *s, *end = part ? strstr(part, divider) : NULL;
    if (!part || !*part)
        return NULL;
    *s = end ? end + strlen(divider) : NULL;
    if (end)
        *end = '\0';
    return part;
}

static jv edited(jv owned, char *edits)
{
    for (char *e; !str_eq(edits ? edits : "", "as it is") && (e = next_part(&edits, "; "));) {
        char *equals = *e == '-' ? NULL : strchr(e, '=');
        if (equals)
            *equals = '\0';
        owned = edit(owned, equals ? e : e + 1, equals ? value_of(equals + 1) : JX_NONE);
    }
    return owned;
}

static char *sorted_words(const char *expected)
{
    jv list = jb_arr();
    char *copy = xstrdup(expected), *rest = copy;
    for (char *part; !str_eq(expected, "ok") && (part = next_part(&rest, ", "));)
        jb_add_str(&list, part);
    free(copy);
    list = jb_sorted(list);
    struct buf b;
    buf_init(&b, BUF_MAX_LINE);
    for (int i = 0; i < jx_len(list); i++)
        buf_addf(&b, "%s%s", i ? ", " : "", jx_str(jx_at(list, i)));
    jb_free(list);
    char *text = buf_take(&b);
    buf_free(&b);
    return text;
}

static bool holds(jv filled, char *wants)
{
    bool is_fine = true;
    for (char *e; (e = next_part(&wants, "; "));) {
        char *equals = *e == '-' ? NULL : strchr(e, '=');
        if (equals)
            *equals = '\0';
        jv want = equals ? value_of(equals + 1) : JX_NONE, got = at_path(filled, equals ? e : e + 1);
        bool same = jx_is_none(want) ? jx_is_none(got) : jx_equal(want, got);
        struct buf b;
        buf_init(&b, BUF_MAX_LINE);
        if (!jx_is_none(got))
            jx_dump(&b, got);
        if (!same)
            printf("#     %s is %s\n", e, b.p);
        buf_free(&b);
        jb_free(want);
        is_fine &= same;
    }
    return is_fine;
}

static void run_row(const char *row, char *name, char *edits, char *expected)
{
    bool is_standard = has_prefix(name, "standard ");
    name += is_standard ? strlen("standard ") : 0;
    char *fills = strstr(expected, " fills ");
    if (fills) {
        *fills = '\0';
        fills += strlen(" fills ");
    }
    int i = 0;
    while (i < n_bases && !str_eq(bases[i].name, name))
        i++;
    if (i == n_bases) {
        ok(false, "%.150s: no object %s", row, name);
        return;
    }
    struct outcome o = outcome_of(edited(jb_copy(bases[i].object), edits), is_standard);
    char *got = summary(o.fs.list), *want = sorted_words(expected);
    bool is_fine = str_eq(got, want);
    ok(is_fine && (!fills || holds(o.filled, fills)), "%.170s", row);
    if (!is_fine) {
        printf("#      got: %s\n# expected: %s\n", got, want);
        show(o.fs.list);
    }
    free(got);
    free(want);
    release(&o);
}

/* ---- properties ---- */

/* Maps, and objects with fields of which we know a part only. */
static bool is_open(const char *path, const char *name)
{
    static const char *const ends[] = {
        "labels",     "annotations", "options",    "matchLabels",         "selector", "data",
        "stringData", "status",      "binaryData", ".ownerReferences[0]", ".selector"};
    static const char *const core[] = {"Service", "EndpointSlice", "Namespace"};
    for (size_t i = 0; i < N_ELEMS(ends); i++)
        if (has_suffix(path, ends[i]) && !has_suffix(path, "namespaces.selector"))
            return true;
    for (size_t i = 0; i < N_ELEMS(core); i++)
        if (has_prefix(name, core[i]) && *path && !has_prefix(path, "metadata"))
            return true;
    return false;
}

static void one_more(int base, const char *path)
{
    char more[400], want[420];
    snprintf(more, sizeof more, "%s%sunheardOf", path, *path ? "." : "");
    snprintf(want, sizeof want, "field-unknown %s", more);
    struct outcome o = outcome_of(edit(jb_copy(bases[base].object), more, jb_bool(true)), false);
    char *got = summary(o.fs.list);
    ok(str_eq(got, want), "%s: a field more is one finding: %s", bases[base].name, more);
    if (!str_eq(got, want))
        printf("#   got: %s\n", got);
    free(got);
    release(&o);
}

/* About the field, what was in it, or the object that it was in. */
static bool is_about(const char *found, const char *path)
{
    size_t parent = strrchr(path, '.') ? (size_t)(strrchr(path, '.') - path) : 0;
    return has_prefix(found, path) || (strlen(found) == parent && memcmp(found, path, parent) == 0);
}

static void one_less(int base, const char *path)
{
    struct outcome o = outcome_of(edit(jb_copy(bases[base].object), path, JX_NONE), false);
    bool is_fine = true;
    for (int i = 0; i < jx_len(o.fs.list); i++)
        is_fine &= is_about(jx_getstr_or(jx_at(o.fs.list, i), "path", ""), path);
    ok(is_fine, "%s: a field less is no finding about others: %s", bases[base].name, path);
    if (!is_fine)
        show(o.fs.list);
    release(&o);
}

static void each_field(int base, jv v, const char *path)
{
    if (jx_is_obj(v) && !is_open(path, bases[base].name))
        one_more(base, path);
    for (struct jx_iter it = jx_iter(v); jx_next(&it) && !is_open(path, bases[base].name);) {
        char *below = xasprintf("%s%s%s", path, *path ? "." : "", it.key);
        /* without these it is another object, or none */
        if (!str_eq(below, "kind") && !str_eq(below, "apiVersion") && !str_eq(below, "metadata") &&
            !str_eq(below, "metadata.name"))
            one_less(base, below);
        each_field(base, it.value, below);
        free(below);
    }
    for (int i = 0; jx_is_arr(v) && i < jx_len(v); i++) {
        char *below = xasprintf("%s[%d]", path, i);
        each_field(base, jx_at(v, i), below);
        free(below);
    }
}

static void check_base(int base)
{
    struct outcome once = outcome_of(jb_copy(bases[base].object), false);
    ok(jx_len(once.fs.list) == 0, "%s: is valid", bases[base].name);
    show(once.fs.list);
    struct outcome twice = outcome_of(jb_copy(once.filled), false);
    ok(twice.verdict == VERDICT_VALID && jx_equal(once.filled, twice.filled), "%s: filled in once is enough",
       bases[base].name);
    release(&once);
    release(&twice);
    each_field(base, bases[base].object, "");
}

/* ---- reading ---- */

static void take_line(char *line)
{
    char *row = xstrdup(line), *edits = strstr(line, " | "),
         *expected = edits ? strstr(edits + 3, " | ") : NULL;
    if (*line == '@' && n_bases < MAX_BASES) {
        size_t n = strcspn(line, " ");
        bases[n_bases].name = xstrndup(line + 1, n - 1);
        bases[n_bases++].object = json(line + n);
        check_base(n_bases - 1);
    } else if (expected) {
        *edits = *expected = '\0';
        run_row(row, line, edits + 3, expected + 3);
    } else if (*line && *line != '#') {
        ok(false, "not a row: %.100s", line);
    }
    free(row);
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "tests/unit/validate.rows";
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    if (!f) {
        ok(false, "cannot read %s", path);
        return tap_done();
    }
    for (ssize_t n; (n = getline(&line, &size, f)) >= 0;) {
        while (n > 0 && isspace((unsigned char)line[n - 1]))
            line[--n] = '\0';
        take_line(line);
    }
    for (int i = 0; i < n_bases; i++) {
        free(bases[i].name);
        jb_free(bases[i].object);
    }
    free(line);
    fclose(f);
    return tap_done();
}

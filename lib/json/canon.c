#include "json/canon.h"

#include <stdlib.h>

#include "json/jx.h"

enum { DIGITS_MOST = 15 }; /* of a number that a double holds exactly */

/* A member of an object that is being written: "key":value stands at from..to in `out`. */
struct member {
    size_t from, to, key_len;
};

struct canon {
    const char *p, *end;
    struct buf *out;
    struct buf spare; /* an object while its members change places */
    int depth;
    struct { /* of all objects that are open */
        struct member *items;
        size_t n, cap;
    } members;
};

static bool value(struct canon *c);

static void skip_space(struct canon *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r'))
        c->p++;
}

static bool take(struct canon *c, char what)
{
    skip_space(c);
    if (c->p == c->end || *c->p != what)
        return false;
    c->p++;
    return true;
}

static bool is_plain(char ch)
{
    return ch >= ' ' && ch <= '~' && ch != '"' && ch != '\\';
}

/* After a backslash. A key is sorted by what it means, so there an escape must mean what is written. */
static bool escape(struct canon *c, bool is_key)
{
    char ch = c->p + 1 < c->end ? c->p[1] : '\0';
    if (ch != '/' && (is_key || (ch != '"' && ch != '\\')))
        return false;
    buf_add(c->out, ch == '/' ? c->p + 1 : c->p, ch == '/' ? 1 : 2);
    c->p += 2;
    return true;
}

static bool string(struct canon *c, bool is_key)
{
    if (!take(c, '"'))
        return false;
    buf_addc(c->out, '"');
    while (c->p < c->end && *c->p != '"') {
        const char *from = c->p;
        while (c->p < c->end && is_plain(*c->p))
            c->p++;
        buf_add(c->out, from, (size_t)(c->p - from));
        if (c->p < c->end && *c->p != '"' && !(*c->p == '\\' && escape(c, is_key)))
            return false;
    }
    buf_addc(c->out, '"');
    return take(c, '"');
}

static bool number(struct canon *c)
{
    const char *from = c->p;
    if (c->p < c->end && *c->p == '-')
        c->p++;
    const char *digits = c->p;
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
        c->p++;
    size_t n = (size_t)(c->p - digits);
    if (n == 0 || n > DIGITS_MOST || (*digits == '0' && (n > 1 || digits > from)))
        return false;
    buf_add(c->out, from, (size_t)(c->p - from));
    return c->p == c->end || !strchr(".eE", *c->p);
}

static bool literal(struct canon *c, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0)
        return false;
    c->p += n;
    buf_add(c->out, word, n);
    return true;
}

static bool array(struct canon *c)
{
    take(c, '[');
    buf_addc(c->out, '[');
    for (bool is_first = true; !take(c, ']'); is_first = false) {
        if (!is_first && !take(c, ','))
            return false;
        if (!is_first)
            buf_addc(c->out, ',');
        if (!value(c))
            return false;
    }
    buf_addc(c->out, ']');
    return true;
}

/* ---- objects ---- */

static int compare(const void *a, const void *b, void *text)
{
    const struct member *x = a, *y = b;
    const char *p = text;
    size_t n = x->key_len < y->key_len ? x->key_len : y->key_len;
    int order = memcmp(p + x->from + 1, p + y->from + 1, n);
    return order ? order : (x->key_len > y->key_len) - (x->key_len < y->key_len);
}

static bool is_sorted(const struct canon *c, const struct member *m, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (compare(&m[i - 1], &m[i], c->out->p) >= 0)
            return false;
    return true;
}

/* False when a key stands there twice. */
static bool sort(struct canon *c, size_t start, struct member *m, size_t n)
{
    if (is_sorted(c, m, n))
        return true;
    qsort_r(m, n, sizeof *m, compare, c->out->p);
    if (!is_sorted(c, m, n))
        return false;
    buf_reset(&c->spare);
    buf_add(&c->spare, c->out->p + start, c->out->len - start);
    c->out->len = start + 1; /* behind the brace */
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_addc(c->out, ',');
        buf_add(c->out, c->spare.p + (m[i].from - start), m[i].to - m[i].from);
    }
    return !c->spare.overflow;
}

static bool member(struct canon *c)
{
    struct member m = {.from = c->out->len};
    if (!string(c, true) || !take(c, ':'))
        return false;
    m.key_len = c->out->len - m.from - 2;
    buf_addc(c->out, ':');
    if (!value(c))
        return false;
    m.to = c->out->len;
    VEC_GROW(&c->members);
    c->members.items[c->members.n++] = m;
    return true;
}

static bool object(struct canon *c)
{
    size_t start = c->out->len, first = c->members.n;
    take(c, '{');
    buf_addc(c->out, '{');
    for (bool is_first = true; !take(c, '}'); is_first = false) {
        if (!is_first && !take(c, ','))
            return false;
        if (!is_first)
            buf_addc(c->out, ',');
        skip_space(c);
        if (!member(c))
            return false;
    }
    if (c->members.n > first && !sort(c, start, c->members.items + first, c->members.n - first))
        return false;
    c->members.n = first;
    buf_addc(c->out, '}');
    return true;
}

static bool value(struct canon *c)
{
    skip_space(c);
    if (c->p == c->end || c->depth == JX_MAX_DEPTH)
        return false;
    c->depth++;
    bool is = false;
    switch (*c->p) {
    case '{': is = object(c); break;
    case '[': is = array(c); break;
    case '"': is = string(c, false); break;
    case 't': is = literal(c, "true"); break;
    case 'f': is = literal(c, "false"); break;
    case 'n': is = literal(c, "null"); break;
    default: is = number(c);
    }
    c->depth--;
    return is;
}

bool canon_text(struct buf *out, const char *p, size_t n)
{
    size_t before = out->len;
    struct canon c = {.p = p, .end = p + n, .out = out};
    buf_init(&c.spare, out->max);
    bool is = value(&c);
    skip_space(&c);
    is = is && c.p == c.end && !out->overflow;
    if (!is) {
        out->len = before;
        out->p[before] = '\0';
    }
    buf_free(&c.spare);
    free(c.members.items);
    return is;
}

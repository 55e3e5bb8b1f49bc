#include "watch/kinds.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { KIND_MOST = 63 };

void kinds_add_any(struct kinds *k)
{
    k->is_any = true;
}

/* As Kubernetes spells them. */
static bool is_kind(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)p[i]))
            return false;
    return n > 0 && n <= KIND_MOST && isupper((unsigned char)*p);
}

static void insert(struct kinds *k, const char *p, size_t n)
{
    char name[KIND_MOST + 1];
    size_t at = 0;
    memcpy(name, p, n);
    name[n] = '\0';
    while (at < k->n && strcmp(k->items[at], name) < 0)
        at++;
    if (at < k->n && str_eq(k->items[at], name))
        return;
    VEC_GROW(k);
    memmove(k->items + at + 1, k->items + at, (k->n - at) * sizeof *k->items);
    k->items[at] = xstrdup(name);
    k->n++;
}

void kinds_add(struct kinds *k, const char *p, size_t n)
{
    if (!is_kind(p, n) || k->n >= KINDS_MOST) {
        kinds_add_any(k);
        return;
    }
    insert(k, p, n);
    if (n > 4 && memcmp(p + n - 4, "List", 4) == 0)
        insert(k, p, n - 4);
}

/* ---- text ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The end of the word at p, in quotes or not; *p is set to its begin. It has none when a quote is not closed.
 */
static const char *word_end(const char **p, const char *end)
{
    const char *close;
    if (*p < end && (**p == '"' || **p == '\'')) {
        close = memchr(*p + 1, **p, (size_t)(end - *p - 1));
        ++*p;
        return close ? close : *p;
    }
    for (close = *p; close < end && !is_blank(*close) && *close != '#' && *close != ':';)
        close++;
    return close;
}

/* What stands behind `kind:` on a line, without quotes; false when that is no such line. */
static bool kind_of_line(const char *p, const char *end, const char **kind, size_t *n)
{
    while (p < end && (is_blank(*p) || *p == '-'))
        p++;
    const char *key = p, *key_end = word_end(&key, end);
    if (key_end - key != 4 || memcmp(key, "kind", 4) != 0)
        return false;
    for (p = key_end + (key != p); p < end && is_blank(*p);)
        p++;
    if (p == end || *p++ != ':')
        return false;
    while (p < end && is_blank(*p))
        p++;
    *kind = p;
    *n = (size_t)(word_end(kind, end) - *kind);
    return true;
}

/* An object's own kind stands at the margin; further in are those of a list's items, and of references. */
struct found {
    struct kinds own, inner;
    bool has_text, has_list, has_bare_list;
};

static void take_line(struct found *f, const char *line, const char *end)
{
    const char *p = line, *kind;
    size_t n;
    while (p < end && is_blank(*p))
        p++;
    f->has_text |= p < end && *p != '#' && *p != '%';
    if (p < end && (*p == '{' || *p == '['))
        kinds_add_any(&f->own);
    if (!kind_of_line(line, end, &kind, &n))
        return;
    bool is_own = p == line && *p != '-';
    f->has_list |= is_own && n >= 4 && memcmp(kind + n - 4, "List", 4) == 0;
    f->has_bare_list |= is_own && n == 4 && memcmp(kind, "List", 4) == 0;
    kinds_add(is_own ? &f->own : &f->inner, kind, n);
}

static bool has_more(const char *p, const char *end)
{
    while (p < end && is_blank(*p))
        p++;
    return p < end && *p != '#';
}

static bool is_divider(const char *line, const char *end)
{
    return end - line >= 3 && memcmp(line, "---", 3) == 0;
}

/* A document without a kind of its own may be of any, and so may a List, whose items are written in many
 * ways. */
static void end_document(struct kinds *k, struct found *f)
{
    if ((f->has_text && f->own.n == 0) || f->has_bare_list)
        kinds_add_any(k);
    kinds_add_all(k, &f->own);
    if (f->has_list)
        kinds_add_all(k, &f->inner);
    kinds_free(&f->own);
    kinds_free(&f->inner);
    *f = (struct found){0};
}

void kinds_add_text(struct kinds *k, const char *text, size_t n)
{
    struct found f = {0};
    const char *end = text + n, *lf;
    for (const char *line = text; line < end; line = lf + 1) {
        lf = memchr(line, '\n', (size_t)(end - line));
        lf = lf ? lf : end;
        if (is_divider(line, lf)) {
            end_document(k, &f);
            f.has_text = has_more(line + 3, lf); /* of which the kind is not looked for */
        } else {
            take_line(&f, line, lf);
        }
    }
    end_document(k, &f);
}

void kinds_add_all(struct kinds *k, const struct kinds *from)
{
    k->is_any |= from->is_any;
    for (size_t i = 0; i < from->n && !k->is_any; i++)
        kinds_add(k, from->items[i], strlen(from->items[i]));
}

void kinds_free(struct kinds *k)
{
    for (size_t i = 0; i < k->n; i++)
        free(k->items[i]);
    free(k->items);
    *k = (struct kinds){0};
}

#include "apisix/path.h"

#include "apisix/escape.h"

/* Characters with which "P/" and '*' still works: none of them is special in a regular expression. */
static bool is_tame(const char *s, size_t n)
{
    static const char tame[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_.~!&',;=:@ %#-";
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x80 && !strchr(tame, s[i]))
            return false;
    return true;
}

static jv condition(const char *regex)
{
    jv c = jb_arr();
    jb_add_str(&c, "uri");
    jb_add_str(&c, "~~");
    jb_add_str(&c, regex);
    return c;
}

static jv quoted_condition(const char *s, size_t n, const char *end)
{
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_addc(&b, '^');
    regex_quote(&b, s, n);
    buf_adds(&b, end);
    jv c = condition(b.p);
    buf_free(&b);
    return c;
}

/*
 * A segment that begins with ':' has the router build that expression too, of whole segments: the literal
 * ends before it. So it does where it need not, lest one path stand deeper in the tree than a longer one.
 */
static size_t safe_length(const char *s, size_t n)
{
    const char *colon = memmem(s, n, "/:", 2);
    return colon ? (size_t)(colon - s) + 1 : n;
}

/* The uri that takes all paths starting with the n literal bytes. */
static void add_glued(jv *uris, const char *s, size_t n)
{
    if (n > 1 && s[n - 1] == '/' && !is_tame(s, n))
        n--; /* else the star would start a segment, the second trap */
    if (n == 0)
        jb_add_str(uris, "/*");
    else
        jb_add(uris, jb_strf("%.*s*", (int)n, s));
}

static void form_exact(struct path_form *f, const struct buf *path)
{
    size_t literal = literal_length(path->p, path->len);
    f->weight = PATH_WEIGHT_EXACT;
    if (literal == path->len) {
        jb_add(&f->uris, jb_strn(path->p, path->len));
        return;
    }
    add_glued(&f->uris, path->p, safe_length(path->p, literal));
    f->condition = quoted_condition(path->p, path->len, "\\z");
}

static void form_prefix(struct path_form *f, const struct buf *path)
{
    size_t literal = literal_length(path->p, path->len);
    if (path->len == 0) {
        jb_add_str(&f->uris, "/*");
    } else if (literal == path->len && is_tame(path->p, path->len) &&
               safe_length(path->p, path->len) == path->len) {
        jb_add(&f->uris, jb_strn(path->p, path->len));
        jb_add(&f->uris, jb_strf("%s/*", path->p));
    } else {
        literal = safe_length(path->p, literal);
        add_glued(&f->uris, path->p, literal);
        f->condition = quoted_condition(path->p, path->len, "(?:/|\\z)");
        f->weight = (int)(path->len - literal); /* others that were cut at the same place */
    }
}

/*
 * The literal beginning of a regular expression, by which it takes its place in the tree: what any match
 * must start with. Empty when in doubt.
 */
static size_t regex_literal(const char *re, const char **start)
{
    if (*re == '^')
        re++;
    *start = re;
    if (*re != '/' || strchr(re, '|'))
        return 0;
    size_t n = strcspn(re, "\\^$.[]()?*+{}%");
    if (re[n] && strchr("?*+{", re[n]) && n > 0)
        n--; /* the quantifier is about the character before it */
    return literal_length(re, n);
}

static void form_regex(struct path_form *f, const struct match *m)
{
    const char *literal;
    size_t n = regex_literal(m->path, &literal), length = strlen(m->path);
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_adds(&b, "^(?:");
    regex_keep(&b, m->path);
    buf_adds(&b, ")$");
    add_glued(&f->uris, literal, n);
    f->condition = condition(b.p);
    f->weight = m->call_length ? PATH_WEIGHT_CALL + m->call_length
                               : PATH_WEIGHT_REGEX + (int)(length > 800 ? 800 : length);
    buf_free(&b);
}

struct path_form path_form(const struct match *m)
{
    struct path_form f = {.uris = jb_arr(), .condition = JX_NONE};
    struct buf decoded;
    buf_init(&decoded, BUF_MAX_SCRATCH);
    buf_add_decoded(&decoded, m->path, strlen(m->path));
    while (m->type == PATH_PREFIX && decoded.len > 0 && decoded.p[decoded.len - 1] == '/')
        decoded.p[--decoded.len] = '\0';
    switch (m->type) {
    case PATH_EXACT: form_exact(&f, &decoded); break;
    case PATH_PREFIX: form_prefix(&f, &decoded); break;
    case PATH_REGEX: form_regex(&f, m); break;
    }
    buf_free(&decoded);
    return f;
}

void path_form_release(struct path_form *f)
{
    jb_free(f->uris);
    jb_free(f->condition);
}

jv path_replace_prefix(const struct match *m, const char *replacement)
{
    struct buf prefix, to, regex, by;
    buf_init(&prefix, BUF_MAX_SCRATCH);
    buf_init(&to, BUF_MAX_SCRATCH);
    buf_init(&regex, BUF_MAX_SCRATCH);
    buf_init(&by, BUF_MAX_SCRATCH);
    buf_add_decoded(&prefix, m->path, strlen(m->path));
    while (prefix.len > 0 && prefix.p[prefix.len - 1] == '/')
        prefix.p[--prefix.len] = '\0';
    buf_add_decoded(&to, replacement, strlen(replacement));
    while (to.len > 0 && to.p[to.len - 1] == '/')
        to.p[--to.len] = '\0';

    buf_addc(&regex, '^');
    if (prefix.len == 0) {
        buf_adds(&regex, "(/[\\s\\S]*)$");
    } else {
        regex_quote(&regex, prefix.p, prefix.len);
        buf_adds(&regex, to.len == 0 ? "/?([\\s\\S]*)$" : "(/[\\s\\S]*)?$");
    }
    if (to.len > 0 && to.p[0] != '/')
        buf_addc(&by, '/');
    replacement_quote(&by, to.p);
    if (to.len == 0 && prefix.len > 0)
        buf_addc(&by, '/');
    buf_adds(&by, "$1");

    jv pair = jb_arr();
    jb_add_str(&pair, regex.p);
    jb_add_str(&pair, by.p);
    buf_free(&prefix);
    buf_free(&to);
    buf_free(&regex);
    buf_free(&by);
    return pair;
}

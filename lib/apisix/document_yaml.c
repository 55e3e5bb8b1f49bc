#include "apisix/document_yaml.h"

#include <stdio.h>

#include "apisix/split.h"
#include "yaml/yaml.h"

enum { KEY_MAX = 1000 }; /* below the 1024 characters of an implicit key, escapes and all */

/* ---- out ---- */

/* The code point at p when YAML wants it escaped, else 0; its length in *len. */
static unsigned unprintable(const unsigned char *p, size_t left, size_t *len)
{
    *len = 1;
    if (p[0] == 0x7f)
        return 0x7f;
    if (p[0] == 0xc2 && left >= 2 && p[1] < 0xa0) {
        *len = 2;
        return p[1];
    }
    if (left < 3 || (p[0] != 0xe2 && p[0] != 0xef))
        return 0;
    unsigned c = (p[0] & 0x0fU) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU);
    *len = 3;
    return c == 0x2028 || c == 0x2029 || c == 0xfeff || c >= 0xfffe ? c : 0;
}

static void add_escaped(struct buf *out, const char *p, size_t n)
{
    size_t run = 0, len;
    for (size_t i = 0; i < n; i += len) {
        unsigned c = unprintable((const unsigned char *)p + i, n - i, &len);
        if (!c)
            continue;
        buf_add(out, p + run, i - run);
        buf_addf(out, "\\u%04x", c);
        run = i + len;
    }
    buf_add(out, p + run, n - run);
}

static size_t string_length(const char *p, size_t n)
{
    size_t i = 1;
    while (i < n && p[i] != '"')
        i += p[i] == '\\' ? 2 : 1;
    return i < n ? i + 1 : n;
}

void document_yaml_add(struct buf *out, const char *json, size_t n)
{
    size_t i = 0;
    while (i < n) {
        const char *quote = memchr(json + i, '"', n - i);
        size_t at = quote ? (size_t)(quote - json) : n;
        buf_add(out, json + i, at - i);
        if (!quote)
            return;
        size_t len = string_length(quote, n - at);
        bool is_long_key = len > KEY_MAX && at + len < n && quote[len] == ':';
        buf_adds(out, is_long_key ? "? " : "");
        add_escaped(out, quote, len);
        buf_adds(out, is_long_key ? " " : "");
        i = at + len;
    }
}

static bool is_plain_word(const char *name)
{
    static const char *const others[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
    for (size_t i = 0; i < N_ELEMS(others); i++)
        if (str_eq(name, others[i]))
            return false;
    return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == strlen(name) && strlen(name) < 100;
}

void document_yaml_add_key(struct buf *out, const char *name, const char *quoted, size_t n)
{
    if (is_plain_word(name)) {
        buf_addf(out, "%s:", name);
        return;
    }
    buf_adds(out, n > KEY_MAX ? "? " : "");
    add_escaped(out, quoted, n);
    buf_adds(out, n > KEY_MAX ? "\n:" : ":");
}

/* ---- in ---- */

struct lines {
    const char *p, *end;
};

static bool next_line(struct lines *l, struct slice *line)
{
    if (l->p == l->end)
        return false;
    const char *lf = memchr(l->p, '\n', (size_t)(l->end - l->p));
    const char *stop = lf ? lf : l->end;
    *line = (struct slice){l->p, (size_t)(stop - l->p)};
    l->p = lf ? lf + 1 : l->end;
    return true;
}

/* The letters of the name that a line starts with; 0 when it is no "name:" line. */
static size_t name_length(struct slice line)
{
    size_t n = 0;
    while (n < line.n && ((line.p[n] >= 'a' && line.p[n] <= 'z') || line.p[n] == '_'))
        n++;
    return n < line.n && line.p[n] == ':' ? n : 0;
}

struct layout {
    struct buf *json;
    size_t n_members, n_items; /* items of the list that is open */
    bool in_list;
};

static void end_list(struct layout *y)
{
    if (y->in_list)
        buf_adds(y->json, y->n_items > 0 ? "]" : "null");
    y->in_list = false;
}

/* "name:" opens a list, "name: JSON" is a member. */
static bool take_name(struct layout *y, struct slice line, size_t n)
{
    struct slice rest = trim((struct slice){line.p + n + 1, line.n - n - 1});
    if (rest.n > 0 && (line.p[n + 1] != ' ' || !is_one_piece(rest)))
        return false;
    end_list(y);
    buf_adds(y->json, y->n_members++ > 0 ? "," : "");
    buf_addf(y->json, "\"%.*s\":", (int)n, line.p);
    buf_add(y->json, rest.p, rest.n);
    y->in_list = rest.n == 0;
    y->n_items = 0;
    return true;
}

static bool take_line(struct layout *y, struct slice line)
{
    size_t n = name_length(line);
    if (line.n == 0 || *line.p == '#')
        return true;
    if (n > 0)
        return take_name(y, line, n);
    if (!y->in_list || line.n < 6 || memcmp(line.p, "  - {", 5) != 0)
        return false;
    struct slice item = {line.p + 4, line.n - 4};
    buf_adds(y->json, y->n_items++ > 0 ? "," : "[");
    buf_add(y->json, item.p, item.n);
    return is_one_piece(item);
}

bool document_yaml_unfold(const char *p, size_t n, struct buf *json)
{
    struct lines l = {p, p + n};
    struct layout y = {.json = json};
    struct slice line;
    buf_addc(json, '{');
    while (next_line(&l, &line))
        if (!take_line(&y, line))
            return false;
    end_list(&y);
    buf_addc(json, '}');
    return !json->overflow;
}

bool document_yaml_is_complete(const char *p, size_t n)
{
    struct slice text = trim((struct slice){p, n});
    return text.n >= 4 && memcmp(text.p + text.n - 4, "#END", 4) == 0;
}

struct yaml_reading {
    struct buf *json;
    int n_documents;
    const char *why;
};

static void on_document(struct ynode *root, int document, void *ctx)
{
    struct yaml_reading *in = ctx;
    (void)document;
    if (in->n_documents++ > 0)
        in->why = "holds more than one YAML document";
    else if (root->kind != Y_MAP)
        in->why = "is not a YAML mapping";
    else
        ynode_json(in->json, root);
}

static void on_error(const struct yaml_error *e, void *ctx)
{
    static _Thread_local char text[300];
    struct yaml_reading *in = ctx;
    if (in->why)
        return;
    snprintf(text, sizeof text, "is not YAML that can be read: line %u: %.200s", e->line, e->message);
    in->why = text;
}

const char *document_yaml_parse(const char *p, size_t n, struct buf *json)
{
    struct yaml_reading in = {.json = json};
    yaml_each(p, n, &(struct yaml_handler){on_document, on_error, &in});
    if (!in.why && in.n_documents == 0)
        buf_adds(json, "{}"); /* comments only */
    return in.why ? in.why : json->overflow ? "is larger than 512 MiB" : NULL;
}

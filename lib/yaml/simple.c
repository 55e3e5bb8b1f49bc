#include "yaml/simple.h"

enum {
    MAX_KEY = 200, /* libyaml's limit for keys is 1024, with what is around them */
    MAX_FLOW = 900,
};

/* The line at hand, from its first character that is no space. */
struct simple {
    const char *next, *end; /* of the text; next: the line after this one */
    const char *at, *eol;
    size_t line, col; /* of `at`, from 0 */
    bool has_line;
    simple_sink sink;
    void *ctx;
};

/* ---- characters ---- */

static bool is_printable(char c)
{
    return c >= 0x20 && c < 0x7f;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '.' || c == '/';
}

static bool is_key(char c)
{
    return is_word(c) || c == '-';
}

static bool ends_at(const struct simple *s, const char *p)
{
    return p == s->eol || *p == ' ';
}

static const char *skip_spaces(const struct simple *s, const char *p)
{
    while (p < s->eol && *p == ' ')
        p++;
    return p;
}

/* ---- events ---- */

static yaml_event_t event_at(const struct simple *s, yaml_event_type_t type, const char *p)
{
    yaml_event_t e = {.type = type};
    e.start_mark.line = s->line;
    e.start_mark.column = s->col + (size_t)(p - s->at);
    return e;
}

static bool send(struct simple *s, yaml_event_type_t type, const char *p)
{
    yaml_event_t e = event_at(s, type, p);
    return s->sink(s->ctx, &e);
}

static bool send_scalar(struct simple *s, const char *at, const char *p, size_t n, yaml_scalar_style_t style)
{
    yaml_event_t e = event_at(s, YAML_SCALAR_EVENT, at);
    e.data.scalar.value = (yaml_char_t *)(uintptr_t)p;
    e.data.scalar.length = n;
    e.data.scalar.style = style;
    e.data.scalar.plain_implicit = style == YAML_PLAIN_SCALAR_STYLE;
    e.data.scalar.quoted_implicit = !e.data.scalar.plain_implicit;
    return s->sink(s->ctx, &e);
}

/* ---- lines ---- */

/* Goes to the next line that says something; false when one is not simple. */
static bool next_line(struct simple *s)
{
    s->has_line = false;
    while (s->next < s->end) {
        const char *p = s->next, *lf = memchr(p, '\n', (size_t)(s->end - p));
        s->eol = lf ? lf : s->end;
        s->next = lf ? lf + 1 : s->end;
        s->line++;
        s->at = skip_spaces(s, p);
        s->col = (size_t)(s->at - p);
        if (s->at < s->eol && *s->at != '#') {
            s->has_line = true;
            return true;
        }
        for (p = s->at; p < s->eol; p++)
            if (!is_printable(*p))
                return false;
    }
    return true;
}

static bool is_dash(const struct simple *s)
{
    return *s->at == '-' && ends_at(s, s->at + 1);
}

/* ---- values on one line; each returns what follows, NULL to give up ---- */

static const char *quoted(struct simple *s, const char *p)
{
    const char *from = p + 1, quote = *p;
    for (p = from; p < s->eol && *p != quote; p++)
        if (!is_printable(*p) || *p == '\\')
            return NULL;
    yaml_scalar_style_t style =
        quote == '"' ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_SINGLE_QUOTED_SCALAR_STYLE;
    return p < s->eol && send_scalar(s, from - 1, from, (size_t)(p - from), style) ? p + 1 : NULL;
}

static const char *word(struct simple *s, const char *p)
{
    const char *from = p;
    if (!is_word(*p))
        return NULL;
    while (p < s->eol && is_key(*p))
        p++;
    return p - from <= MAX_KEY && send_scalar(s, from, from, (size_t)(p - from), YAML_PLAIN_SCALAR_STYLE)
               ? p
               : NULL;
}

static const char *flow(struct simple *s, const char *p);

static const char *flow_member(struct simple *s, const char *p)
{
    p = word(s, p);
    if (!p || p + 1 >= s->eol || p[0] != ':' || p[1] != ' ')
        return NULL;
    p = skip_spaces(s, p + 1);
    return p < s->eol ? flow(s, p) : NULL;
}

static const char *flow_items(struct simple *s, const char *p, bool is_map)
{
    char close = is_map ? '}' : ']';
    if (!send(s, is_map ? YAML_MAPPING_START_EVENT : YAML_SEQUENCE_START_EVENT, p))
        return NULL;
    p = skip_spaces(s, p + 1);
    bool is_first = true;
    while (p < s->eol && (*p != close || !is_first)) {
        p = is_map ? flow_member(s, p) : flow(s, p);
        if (!p)
            return NULL;
        is_first = false;
        p = skip_spaces(s, p);
        if (p < s->eol && *p == close)
            break;
        if (p + 1 >= s->eol || p[0] != ',' || p[1] != ' ')
            return NULL;
        p = skip_spaces(s, p + 1);
    }
    if (p >= s->eol || !send(s, is_map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT, p))
        return NULL;
    return p + 1;
}

static const char *flow(struct simple *s, const char *p)
{
    if (*p == '[' || *p == '{')
        return flow_items(s, p, *p == '{');
    return *p == '"' || *p == '\'' ? quoted(s, p) : word(s, p);
}

/* To the end of the line. ": " would make it a key, " #" a comment. */
static const char *plain(struct simple *s, const char *p)
{
    const char *from = p, *last = p;
    bool is_good = is_word(*p) || (strchr("-+$^(~=;", *p) && *p && !ends_at(s, p + 1));
    for (; p < s->eol; p++) {
        if (!is_printable(*p) || (*p == ':' && ends_at(s, p + 1)) || (*p == '#' && p[-1] == ' '))
            return NULL;
        if (*p != ' ')
            last = p;
    }
    size_t n = (size_t)(last + 1 - from);
    return is_good && send_scalar(s, from, from, n, YAML_PLAIN_SCALAR_STYLE) ? s->eol : NULL;
}

/* A whole value at p, and on to the next line, which must not continue it: it is no deeper than `col`. */
static bool inline_value(struct simple *s, const char *p, size_t col)
{
    bool is_flow = *p == '[' || *p == '{', is_quoted = *p == '"' || *p == '\'';
    if (is_flow && s->eol - p > MAX_FLOW)
        return false;
    p = is_flow ? flow(s, p) : is_quoted ? quoted(s, p) : plain(s, p);
    if (!p || skip_spaces(s, p) != s->eol || !next_line(s))
        return false;
    return !s->has_line || s->col <= col;
}

/* ---- blocks; `at` stands on the first character, and stops on the first line that is not theirs ---- */

static bool map(struct simple *s);
static bool list(struct simple *s);

static bool block(struct simple *s)
{
    return is_dash(s) ? list(s) : map(s);
}

/* Behind a key or dash with nothing on its line: a block further in, or null. */
static bool value_below(struct simple *s, const char *p, size_t col, bool is_in_map)
{
    struct simple here = *s;
    if (!next_line(s))
        return false;
    if (s->has_line && (s->col > col || (is_in_map && s->col == col && is_dash(s))))
        return block(s);
    return send_scalar(&here, p, "", 0, YAML_PLAIN_SCALAR_STYLE);
}

static bool member(struct simple *s, size_t col)
{
    const char *p = word(s, s->at);
    if (!p || p == s->eol || *p != ':' || !ends_at(s, p + 1))
        return false;
    p = skip_spaces(s, p + 1);
    return p == s->eol ? value_below(s, p, col, true) : inline_value(s, p, col);
}

static bool map(struct simple *s)
{
    size_t col = s->col;
    struct simple last;
    if (!send(s, YAML_MAPPING_START_EVENT, s->at))
        return false;
    do {
        last = *s;
        if (is_dash(s) || !member(s, col))
            return false;
    } while (s->has_line && s->col == col && !is_dash(s));
    return (!s->has_line || s->col < col) && send(&last, YAML_MAPPING_END_EVENT, last.at);
}

static bool item(struct simple *s, size_t col)
{
    const char *p = skip_spaces(s, s->at + 1);
    if (p == s->eol)
        return value_below(s, p, col, false);
    const char *key = p;
    while (key < s->eol && is_key(*key))
        key++;
    bool is_block = (*p == '-' && ends_at(s, p + 1)) || (key < s->eol && *key == ':' && ends_at(s, key + 1));
    if (!is_block)
        return inline_value(s, p, col);
    s->col += (size_t)(p - s->at);
    s->at = p;
    return block(s);
}

static bool list(struct simple *s)
{
    size_t col = s->col;
    struct simple last;
    if (!send(s, YAML_SEQUENCE_START_EVENT, s->at))
        return false;
    do {
        last = *s;
        if (!item(s, col))
            return false;
    } while (s->has_line && s->col == col && is_dash(s));
    return (!s->has_line || s->col <= col) && send(&last, YAML_SEQUENCE_END_EVENT, last.at);
}

bool yaml_simple(const char *text, size_t n, simple_sink sink, void *ctx)
{
    struct simple s = {.next = text, .end = text + n, .line = (size_t)-1, .sink = sink, .ctx = ctx};
    if (!next_line(&s) || !s.has_line)
        return false;
    if (s.col == 0 && s.eol - s.at == 3 && memcmp(s.at, "---", 3) == 0 && (!next_line(&s) || !s.has_line))
        return false;
    return s.col == 0 && map(&s) && !s.has_line;
}

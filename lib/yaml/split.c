#include "yaml/split.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int count_lines(const char *p, const char *end)
{
    int n = 0;
    while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
        n++;
        p++;
    }
    return n;
}

/* The end of the JSON value at p, which starts with a bracket; NULL when it is not closed. */
static const char *json_value_end(const char *p, const char *end)
{
    int depth = 0;
    bool in_string = false;
    for (; p < end; p++) {
        if (in_string) {
            if (*p == '\\')
                p++;
            else if (*p == '"')
                in_string = false;
        } else if (*p == '"') {
            in_string = true;
        } else if (*p == '{' || *p == '[') {
            depth++;
        } else if ((*p == '}' || *p == ']') && --depth == 0) {
            return p + 1;
        }
    }
    return NULL;
}

/* JSON throughout: after the first value there is nothing, or the start of another one. */
static bool looks_like_json(const char *p, const char *end)
{
    if (p == end || (*p != '{' && *p != '['))
        return false;
    p = json_value_end(p, end);
    while (p && p < end && is_blank(*p))
        p++;
    return p && (p == end || *p == '{' || *p == '[');
}

static void take(struct yaml_text *t, struct yaml_piece *piece, const char *to)
{
    *piece = (struct yaml_piece){t->p, (size_t)(to - t->p), t->line};
    t->line += count_lines(t->p, to);
    t->p = to;
}

static bool next_json(struct yaml_text *t, struct yaml_piece *piece)
{
    struct yaml_piece blanks;
    const char *p = t->p;
    while (p < t->end && is_blank(*p))
        p++;
    take(t, &blanks, p);
    if (p == t->end)
        return false;
    const char *to = *p == '{' || *p == '[' ? json_value_end(p, t->end) : NULL;
    take(t, piece, to ? to : t->end);
    return true;
}

static bool is_marker(const char *p, const char *end)
{
    return end - p >= 3 && memcmp(p, "---", 3) == 0 && (end - p == 3 || is_blank(p[3]));
}

/* Only directives, comments and blank lines: they belong to the document that the marker begins. */
static bool is_prologue(const char *p, const char *end)
{
    bool has_directive = false;
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        has_directive |= *p == '%';
        if (*p != '%' && *p != '#' && !is_blank(*p))
            return false;
        p = lf ? lf + 1 : end;
    }
    return has_directive;
}

static bool next_yaml(struct yaml_text *t, struct yaml_piece *piece)
{
    const char *p = t->p;
    if (p == t->end)
        return false;
    do {
        const char *lf = memchr(p, '\n', (size_t)(t->end - p));
        p = lf ? lf + 1 : t->end;
    } while (p < t->end && (!is_marker(p, t->end) || is_prologue(t->p, p)));
    take(t, piece, p);
    return true;
}

bool yaml_next_piece(struct yaml_text *t, struct yaml_piece *piece)
{
    if (!t->is_started) {
        const char *p = t->p;
        while (p < t->end && is_blank(*p))
            p++;
        t->is_json = looks_like_json(p, t->end);
        t->is_started = true;
        if (t->line == 0)
            t->line = 1;
    }
    return t->is_json ? next_json(t, piece) : next_yaml(t, piece);
}

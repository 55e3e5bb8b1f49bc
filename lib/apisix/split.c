#include "apisix/split.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct split *s)
{
    while (s->p < s->end && is_space(*s->p))
        s->p++;
}

struct slice trim(struct slice s)
{
    while (s.n > 0 && is_space(*s.p))
        s.p++, s.n--;
    while (s.n > 0 && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

struct split split_begin(struct slice text, char open)
{
    text = trim(text);
    struct split s = {.p = text.p, .end = text.p + text.n, .close = open == '{' ? '}' : ']'};
    if (text.n < 2 || *text.p != open || s.end[-1] != s.close) {
        s.why = open == '{' ? "is not a JSON object" : "is not a JSON array";
        return s;
    }
    s.p++;
    s.end--;
    return s;
}

/* Past the string that starts at p; `end` when it does not end. */
static const char *past_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\' && p + 1 < end)
            p++;
    return p < end ? p + 1 : end;
}

/* Up to the ',' (or ':' for a key) at depth 0. */
static struct slice take_piece(struct split *s, char stop)
{
    const char *from = s->p;
    int depth = 0;
    while (s->p < s->end && !(depth == 0 && (*s->p == ',' || *s->p == stop))) {
        char c = *s->p;
        if (c == '"') {
            s->p = past_string(s->p, s->end);
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        if ((c == '}' || c == ']') && --depth < 0)
            break;
        s->p++;
    }
    return trim((struct slice){from, (size_t)(s->p - from)});
}

bool split_next(struct split *s, struct slice *key, struct slice *value)
{
    if (s->why)
        return false;
    skip_space(s);
    if (s->p == s->end && !s->started)
        return false;
    if (s->started) {
        if (s->p == s->end)
            return false;
        if (*s->p != ',') {
            s->why = "has a closing bracket too many";
            return false;
        }
        s->p++;
        skip_space(s);
    }
    s->started = true;
    if (s->close == '}') {
        *key = take_piece(s, ':');
        if (key->n < 2 || *key->p != '"' || s->p == s->end || *s->p != ':') {
            s->why = "has a member without a name";
            return false;
        }
        s->p++;
    }
    *value = take_piece(s, ',');
    if (value->n == 0)
        s->why = "has a comma without a value";
    return !s->why;
}

bool is_one_piece(struct slice s)
{
    const char *p = s.p, *end = s.p + s.n;
    int depth = 0;
    if (s.n < 2 || (*p != '"' && *p != '{' && *p != '['))
        return false;
    while (p < end) {
        char c = *p;
        p = c == '"' ? past_string(p, end) : p + 1;
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        if (depth <= 0)
            break;
    }
    return depth == 0 && p == end && (end[-1] == '}' || end[-1] == ']' || (end[-1] == '"' && *s.p == '"'));
}

void squeeze(struct buf *b, struct slice json)
{
    const char *p = json.p, *end = json.p + json.n;
    while (p < end) {
        const char *from = p;
        if (*p == '"')
            p = past_string(p, end);
        else
            while (p < end && *p != '"' && !is_space(*p))
                p++;
        buf_add(b, from, (size_t)(p - from));
        while (p < end && is_space(*p))
            p++;
    }
}

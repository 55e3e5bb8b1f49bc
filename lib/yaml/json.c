#include "yaml/json.h"

#include <stdlib.h>

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

/* Past the value at p; NULL when it does not end. */
static const char *skip_value(const char *p, const char *end)
{
    int depth = 0;
    bool in_string = false;
    for (; p < end; p++) {
        if (in_string && *p == '\\' && p + 1 < end)
            p++;
        else if (*p == '"')
            in_string = !in_string;
        else if (!in_string && (*p == '{' || *p == '['))
            depth++;
        else if (!in_string && (*p == '}' || *p == ']') && --depth == 0)
            return p + 1;
    }
    return NULL;
}

size_t json_first(const char *text, size_t n)
{
    const char *end = text + n, *p = skip_value(text, end);
    if (p)
        p = skip_space(p, end);
    return p && p < end && (*p == '{' || *p == '[') ? (size_t)(p - text) : n;
}

/* The code unit of a \uXXXX at p; 0: there is none. */
static unsigned code_unit(const char *p, const char *end)
{
    char hex[5] = {0};
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return 0;
    memcpy(hex, p + 2, 4);
    return strspn(hex, "0123456789abcdefABCDEF") == 4 ? (unsigned)strtoul(hex, NULL, 16) : 0;
}

static void add_utf8(struct buf *b, unsigned c)
{
    buf_addc(b, (char)(0xf0 | c >> 18));
    buf_addc(b, (char)(0x80 | (c >> 12 & 0x3f)));
    buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
    buf_addc(b, (char)(0x80 | (c & 0x3f)));
}

const char *json_join_pairs(const char *text, size_t *n, struct buf *room, unsigned *line)
{
    const char *end = text + *n, *from = text;
    bool is_changed = false;
    buf_reset(room);
    *line = 0;
    for (const char *p = text; p < end; p++) {
        *line += *p == '\n';
        if (*p != '\\')
            continue;
        unsigned high = code_unit(p, end), low;
        if (high < 0xd800 || high > 0xdfff) {
            p++; /* over what is escaped, so that \\u is not taken for \u */
            continue;
        }
        low = code_unit(p + 6, end);
        if (high > 0xdbff || low < 0xdc00 || low > 0xdfff)
            return NULL;
        buf_add(room, from, (size_t)(p - from));
        add_utf8(room, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
        from = p + 12;
        p += 11;
        is_changed = true;
    }
    if (!is_changed)
        return text;
    buf_add(room, from, (size_t)(end - from));
    *n = room->len;
    return room->p;
}

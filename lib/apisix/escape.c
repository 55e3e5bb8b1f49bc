#include "apisix/escape.h"

#include "json/jx.h"

static bool is_alnum(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

void percent_encode_path(struct buf *out, const char *s)
{
    for (; *s; s++) {
        bool is_escape = *s == '%' && hex_digit(s[1]) >= 0 && hex_digit(s[2]) >= 0;
        if (is_escape || is_alnum((unsigned char)*s) || strchr("/-._~!&'()*+,;=:@", *s))
            buf_addc(out, *s);
        else
            buf_addf(out, "%%%02X", (unsigned char)*s);
    }
}

void regex_quote(struct buf *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (is_alnum(c) || c == '/' || c == '_' || c == '-')
            buf_addc(out, (char)c);
        else if (c < 0x20 || c >= 0x7f)
            buf_addf(out, "\\x%02x", c); /* APISIX matches bytes, not characters */
        else
            buf_addf(out, "\\%c", c);
    }
}

void regex_keep(struct buf *out, const char *re)
{
    for (; *re; re++) {
        if (has_prefix(re, "${{")) {
            buf_adds(out, "$\\x7b"); /* the first brace by its code: right inside and outside of a class */
            re++;
        } else {
            buf_addc(out, *re);
        }
    }
}

void variable_quote(struct buf *out, const char *s)
{
    for (const char *p = s; *p; p++) {
        /* APISIX leaves a '$' behind a backslash alone, and the backslash too. */
        if (*p == '$' && (p == s || p[-1] != '\\'))
            buf_adds(out, "${_d??$}");
        else
            buf_addc(out, *p);
    }
}

void replacement_quote(struct buf *out, const char *s)
{
    for (; *s; s++)
        buf_adds(out, *s == '$' ? "$$" : (char[]){*s, 0});
}

size_t literal_length(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n) {
        size_t len = utf8_length(s + i, n - i);
        if (len == 0 || s[i] == '*' || s[i] == '\0' || (n - i >= 3 && memcmp(s + i, "${{", 3) == 0))
            break;
        i += len;
    }
    return i;
}

bool holds_file_template(const char *s)
{
    return strstr(s, "${{") != NULL;
}

#include "yaml/scalar.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json/jx.h"

enum { LONGEST_NUMBER = 200, LONGEST_WORD = 5 };

static const struct {
    const char *text;
    int kind;
    const char *json;
} words[] = {
    {"~", Y_NULL, "null"},           {"null", Y_NULL, "null"},        {"Null", Y_NULL, "null"},
    {"NULL", Y_NULL, "null"},        {"y", Y_BOOL, "true"},           {"Y", Y_BOOL, "true"},
    {"yes", Y_BOOL, "true"},         {"Yes", Y_BOOL, "true"},         {"YES", Y_BOOL, "true"},
    {"true", Y_BOOL, "true"},        {"True", Y_BOOL, "true"},        {"TRUE", Y_BOOL, "true"},
    {"on", Y_BOOL, "true"},          {"On", Y_BOOL, "true"},          {"ON", Y_BOOL, "true"},
    {"n", Y_BOOL, "false"},          {"N", Y_BOOL, "false"},          {"no", Y_BOOL, "false"},
    {"No", Y_BOOL, "false"},         {"NO", Y_BOOL, "false"},         {"false", Y_BOOL, "false"},
    {"False", Y_BOOL, "false"},      {"FALSE", Y_BOOL, "false"},      {"off", Y_BOOL, "false"},
    {"Off", Y_BOOL, "false"},        {"OFF", Y_BOOL, "false"},        {".inf", SCALAR_NO_JSON, NULL},
    {".Inf", SCALAR_NO_JSON, NULL},  {".INF", SCALAR_NO_JSON, NULL},  {"+.inf", SCALAR_NO_JSON, NULL},
    {"+.Inf", SCALAR_NO_JSON, NULL}, {"+.INF", SCALAR_NO_JSON, NULL}, {"-.inf", SCALAR_NO_JSON, NULL},
    {"-.Inf", SCALAR_NO_JSON, NULL}, {"-.INF", SCALAR_NO_JSON, NULL}, {".nan", SCALAR_NO_JSON, NULL},
    {".NaN", SCALAR_NO_JSON, NULL},  {".NAN", SCALAR_NO_JSON, NULL},
};

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'z' ? c - 'a' + 10
           : c >= 'A' && c <= 'Z' ? c - 'A' + 10
                                  : 99;
}

/* The base that the digits are written in; steps over its prefix. */
static unsigned read_base(const char **p)
{
    if (**p != '0' || !(*p)[1])
        return 10;
    char c = (*p)[1];
    unsigned base = c == 'x' || c == 'X' ? 16 : c == 'o' || c == 'O' ? 8 : c == 'b' || c == 'B' ? 2 : 0;
    *p += base ? 2 : 1;
    return base ? base : 8;
}

static bool read_integer(const char *s, char json[SCALAR_ROOM])
{
    bool is_negative = *s == '-';
    s += *s == '-' || *s == '+';
    unsigned base = read_base(&s);
    uint64_t n = 0, most = is_negative ? (uint64_t)1 << 63 : UINT64_MAX;
    if (!*s)
        return false;
    for (; *s; s++) {
        uint64_t d = (uint64_t)digit(*s);
        if (d >= base || n > (most - d) / base)
            return false;
        n = n * base + d;
    }
    snprintf(json, SCALAR_ROOM, "%s%" PRIu64, is_negative && n ? "-" : "", n);
    return true;
}

static size_t digits(const char *s)
{
    return strspn(s, "0123456789");
}

/* [-+]? ( .D+ | D+ (.D*)? ) ( [eE] [-+]? D+ )? */
static bool is_float(const char *s)
{
    s += *s == '-' || *s == '+';
    size_t whole = digits(s);
    s += whole;
    if (*s == '.') {
        size_t part = digits(++s);
        s += part;
        if (whole + part == 0)
            return false;
        whole = 1;
    }
    if (whole && (*s == 'e' || *s == 'E')) {
        s++;
        s += *s == '-' || *s == '+';
        if (digits(s) == 0)
            return false;
        s += digits(s);
    }
    return whole && !*s;
}

static bool read_float(const char *s, char json[SCALAR_ROOM])
{
    if (!is_float(s))
        return false;
    double d = strtod(s, NULL);
    if (!isfinite(d))
        return false;
    struct buf b;
    buf_init(&b, SCALAR_ROOM);
    jv v = jb_number(d);
    jx_dump(&b, v);
    jb_free(v);
    snprintf(json, SCALAR_ROOM, "%s", b.p);
    buf_free(&b);
    return true;
}

static bool read_number(const char *s, size_t n, char json[SCALAR_ROOM])
{
    char plain[LONGEST_NUMBER + 1];
    size_t len = 0;
    if (n > LONGEST_NUMBER)
        return false;
    for (size_t i = 0; i < n; i++)
        if (s[i] != '_' || *s == '.')
            plain[len++] = s[i];
    plain[len] = '\0';
    if (memchr(plain, '\0', len))
        return false;
    return (*s != '.' && read_integer(plain, json)) || read_float(plain, json);
}

int scalar_resolve(const char *s, size_t n, char json[SCALAR_ROOM])
{
    if (n == 0) {
        snprintf(json, SCALAR_ROOM, "null");
        return Y_NULL;
    }
    if (!strchr("+-.0123456789yYnNtTfFoO~", *s) || !*s)
        return Y_STRING;
    for (size_t i = 0; n <= LONGEST_WORD && i < N_ELEMS(words); i++) {
        if (words[i].text[0] != *s || strncmp(words[i].text, s, n) != 0 || words[i].text[n])
            continue;
        if (words[i].json)
            snprintf(json, SCALAR_ROOM, "%s", words[i].json);
        return words[i].kind;
    }
    if (strchr("+-.0123456789", *s) && read_number(s, n, json))
        return Y_NUMBER;
    return Y_STRING;
}

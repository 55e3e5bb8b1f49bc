#include "yaml/scalar.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *text;
    enum ynode_kind kind;
    const char *json; /* NULL: not to be said in JSON */
} words[] = {
    {"", YNODE_NULL, "null"},       {"~", YNODE_NULL, "null"},      {"null", YNODE_NULL, "null"},
    {"Null", YNODE_NULL, "null"},   {"NULL", YNODE_NULL, "null"},   {"y", YNODE_BOOL, "true"},
    {"Y", YNODE_BOOL, "true"},      {"yes", YNODE_BOOL, "true"},    {"Yes", YNODE_BOOL, "true"},
    {"YES", YNODE_BOOL, "true"},    {"on", YNODE_BOOL, "true"},     {"On", YNODE_BOOL, "true"},
    {"ON", YNODE_BOOL, "true"},     {"true", YNODE_BOOL, "true"},   {"True", YNODE_BOOL, "true"},
    {"TRUE", YNODE_BOOL, "true"},   {"n", YNODE_BOOL, "false"},     {"N", YNODE_BOOL, "false"},
    {"no", YNODE_BOOL, "false"},    {"No", YNODE_BOOL, "false"},    {"NO", YNODE_BOOL, "false"},
    {"off", YNODE_BOOL, "false"},   {"Off", YNODE_BOOL, "false"},   {"OFF", YNODE_BOOL, "false"},
    {"false", YNODE_BOOL, "false"}, {"False", YNODE_BOOL, "false"}, {"FALSE", YNODE_BOOL, "false"},
    {".inf", YNODE_NUMBER, NULL},   {".Inf", YNODE_NUMBER, NULL},   {".INF", YNODE_NUMBER, NULL},
    {"+.inf", YNODE_NUMBER, NULL},  {"+.Inf", YNODE_NUMBER, NULL},  {"+.INF", YNODE_NUMBER, NULL},
    {"-.inf", YNODE_NUMBER, NULL},  {"-.Inf", YNODE_NUMBER, NULL},  {"-.INF", YNODE_NUMBER, NULL},
    {".nan", YNODE_NUMBER, NULL},   {".NaN", YNODE_NUMBER, NULL},   {".NAN", YNODE_NUMBER, NULL},
};

static bool resolve_word(const char *s, size_t n, enum ynode_kind *kind, const char **json)
{
    if (n > 5)
        return false;
    for (size_t i = 0; i < N_ELEMS(words); i++) {
        if (strlen(words[i].text) == n && memcmp(words[i].text, s, n) == 0) {
            *kind = words[i].kind;
            *json = words[i].json;
            return true;
        }
    }
    return false;
}

/* Go's ParseInt and ParseUint with base 0, on a text without underscores. Exact: never through a double. */
static bool resolve_integer(const char *s, char json[64])
{
    bool is_negative = *s == '-';
    const char *digits = s + (*s == '-' || *s == '+');
    int base = 10;
    if (digits[0] == '0' && digits[1]) {
        int c = digits[1] | 32;
        base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
        digits += c == 'x' || c == 'b' || c == 'o' ? 2 : 1;
    }
    if (strspn(digits, base == 16   ? "0123456789abcdefABCDEF"
                       : base == 10 ? "0123456789"
                       : base == 8  ? "01234567"
                                    : "01") != strlen(digits) ||
        !*digits)
        return false;
    errno = 0;
    uint64_t n = strtoull(digits, NULL, base);
    if (errno || (is_negative && n > (uint64_t)INT64_MAX + 1))
        return false;
    snprintf(json, 64, "%s%" PRIu64, is_negative && n ? "-" : "", n);
    return true;
}

/* [-+]? ( .digits | digits [.digits*] ) ( [eE] [-+]? digits )? */
static bool is_float(const char *s)
{
    s += *s == '-' || *s == '+';
    size_t whole = strspn(s, "0123456789");
    s += whole;
    if (*s == '.') {
        size_t fraction = strspn(++s, "0123456789");
        if (whole == 0 && fraction == 0)
            return false;
        s += fraction;
    } else if (whole == 0) {
        return false;
    }
    if (*s == 'e' || *s == 'E') {
        s++;
        s += *s == '-' || *s == '+';
        size_t exponent = strspn(s, "0123456789");
        if (exponent == 0)
            return false;
        s += exponent;
    }
    return *s == '\0';
}

static const char *resolve_float(const char *s, char json[64])
{
    double d = strtod(s, NULL);
    if (!isfinite(d))
        return "is a number too large for JSON";
    if (d == floor(d) && fabs(d) < 1e17) {
        snprintf(json, 64, "%.0f", d == 0 ? 0.0 : d);
        return NULL;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(json, 64, "%.*g", digits, d);
        if (strtod(json, NULL) == d)
            break;
    }
    return NULL;
}

const char *scalar_resolve(const char *s, size_t n, enum ynode_kind *kind, char json[64])
{
    enum { MAX_NUMBER = 64 };
    char bare[MAX_NUMBER];
    const char *word;
    size_t len = 0;
    *kind = YNODE_STRING;
    if (resolve_word(s, n, kind, &word)) {
        snprintf(json, 64, "%s", word ? word : "");
        return word ? NULL : "is no number that JSON has";
    }
    if (n >= MAX_NUMBER || !strchr("+-.0123456789", s[0]))
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (s[i] != '_')
            bare[len++] = s[i];
    bare[len] = '\0';
    if (resolve_integer(bare, json)) {
        *kind = YNODE_NUMBER;
        return NULL;
    }
    if (!is_float(bare))
        return NULL;
    *kind = YNODE_NUMBER;
    return resolve_float(bare, json);
}

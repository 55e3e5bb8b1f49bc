#include "gw/pattern.h"

#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    STEP_LIMIT = 50000, /* PCRE2's match limit for one try */
    RUN = 40,           /* characters in a row */
    MOST_TRIES = 80,    /* for one expression, all its groups included: some 50 ms at worst */
    LITERAL_MAX = 64,
};

static const char special[] = "\\^$.[]|()?*+{}";

static pcre2_code *compile(const char *re, int *error, PCRE2_SIZE *at)
{
    return pcre2_compile((PCRE2_SPTR)re, PCRE2_ZERO_TERMINATED, 0, error, at, NULL);
}

const char *pattern_problem(const char *re)
{
    static char text[256];
    PCRE2_UCHAR reason[160];
    int error;
    PCRE2_SIZE at;
    pcre2_code *code = compile(re, &error, &at);
    if (code) {
        pcre2_code_free(code);
        return NULL;
    }
    pcre2_get_error_message(error, reason, sizeof reason);
    snprintf(text, sizeof text, "is no regular expression: %s, at offset %zu", (const char *)reason,
             (size_t)at);
    return text;
}

struct probe {
    pcre2_code *code;
    pcre2_match_context *context;
    pcre2_match_data *data;
    /* '\x01', which hardly anything matches, what stands in the expression, and '\x01' again: PCRE2 gives up
       at once on texts without a character that is required */
    char tail[LITERAL_MAX + 1];
    int *left; /* tries */
};

/* A beginning that matches, a run that may match in many ways, and an end that does not: too many steps? */
static bool is_slow_on(struct probe *p, const char *before, size_t n, const char *unit, size_t len)
{
    char text[LITERAL_MAX + 2 * RUN + LITERAL_MAX + 2];
    size_t size = n, tail = strlen(p->tail);
    if (--*p->left < 0)
        return false;
    memcpy(text, before, n);
    for (int i = 0; i < RUN; i++, size += len)
        memcpy(text + size, unit, len);
    memcpy(text + size, p->tail, tail);
    int rc = pcre2_match(p->code, (PCRE2_SPTR)text, size + tail, 0, 0, p->data, p->context);
    return rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT || rc == PCRE2_ERROR_HEAPLIMIT;
}

static bool is_plain(char c)
{
    return c != '\0' && !strchr(special, c);
}

/* How much of the expression stands for itself. */
static size_t literal_beginning(const char *re, size_t n)
{
    size_t i = 0;
    while (i < n && i < LITERAL_MAX && is_plain(re[i]))
        i++;
    return i > 0 && i < n && strchr("?*+{", re[i]) ? i - 1 : i;
}

/* Runs of the commonest characters, and of what stands in the expression: one character, or two neighbours.
 */
static bool is_slow_after(struct probe *p, const char *re, size_t n, const char *before, size_t len)
{
    static const char common[] = "a0/-";
    char tried[256] = "";
    for (const char *c = common; *c; c++) {
        tried[(unsigned char)*c] = 1;
        if (is_slow_on(p, before, len, c, 1))
            return true;
    }
    for (size_t i = 0; i < n; i++) {
        if (!tried[(unsigned char)re[i]]++ && is_slow_on(p, before, len, re + i, 1))
            return true;
        if (i + 1 < n && is_plain(re[i]) && is_plain(re[i + 1]) && is_slow_on(p, before, len, re + i, 2))
            return true;
    }
    return false;
}

static void set_tail(struct probe *p, const char *re, size_t n)
{
    size_t len = 0;
    p->tail[len++] = '\x01';
    for (size_t i = 0; i < n && len < LITERAL_MAX - 1; i++)
        if (is_plain(re[i]))
            p->tail[len++] = re[i];
    p->tail[len++] = '\x01';
    p->tail[len] = '\0';
}

/* re[0..n), which is an expression or a group of one, by itself. */
static bool is_slow_part(const char *re, size_t n, int *left)
{
    int error;
    PCRE2_SIZE at;
    char *whole = xasprintf("^(?:%.*s)$", (int)n, re);
    struct probe p = {.code = compile(whole, &error, &at), .left = left};
    free(whole);
    if (!p.code) /* a group that refers to others */
        return false;
    p.context = pcre2_match_context_create(NULL);
    p.data = pcre2_match_data_create_from_pattern(p.code, NULL);
    pcre2_set_match_limit(p.context, STEP_LIMIT);
    set_tail(&p, re, n);
    bool is_slow = is_slow_after(&p, re, n, re, literal_beginning(re, n));
    pcre2_match_data_free(p.data);
    pcre2_match_context_free(p.context);
    pcre2_code_free(p.code);
    return is_slow;
}

/* The length of the group that starts here with the repetition behind it; 0 where it is not repeated. */
static size_t repeated_group(const char *re)
{
    int depth = 0;
    for (size_t i = 0; re[i]; i++) {
        if (re[i] == '\\' && re[i + 1])
            i++;
        else if (re[i] == '(')
            depth++;
        else if (re[i] == ')' && --depth == 0)
            return re[i + 1] && strchr("*+{", re[i + 1]) ? i + 1 + strcspn(re + i + 1, "}*+") + 1 : 0;
    }
    return 0;
}

bool pattern_is_slow(const char *re)
{
    int left = MOST_TRIES;
    re += *re == '^';
    if (!strpbrk(re, "*+{")) /* nothing is repeated */
        return false;
    if (is_slow_part(re, strlen(re), &left))
        return true;
    for (int depth = 0; *re && left > 0 && depth < LITERAL_MAX; re++) {
        if (*re == '\\' && re[1]) {
            re++;
            continue;
        }
        size_t n = *re == '(' ? repeated_group(re) : 0;
        depth += *re == '(';
        if (n > 0 && is_slow_part(re, n, &left))
            return true;
    }
    return false;
}

const char *pattern_library(void)
{
    static char version[40];
    if (!*version && pcre2_config(PCRE2_CONFIG_VERSION, NULL) < (int)sizeof version)
        pcre2_config(PCRE2_CONFIG_VERSION, version);
    return version;
}

#include "gw/pattern.h"

#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    STEP_LIMIT = 100000, /* PCRE2's match limit for one try */
    RUN = 40,            /* characters in a row */
    MOST_PROBES = 40,    /* for one expression */
    LITERAL_MAX = 64,
};

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
    int left;
};

/* A beginning that matches, a run that may match in many ways, and an end that does not: too many steps? */
static bool is_slow_on(struct probe *p, const char *before, size_t n, const char *unit, size_t len)
{
    char text[LITERAL_MAX + 2 * RUN + 2];
    size_t size = n;
    memcpy(text, before, n);
    for (int i = 0; i < RUN; i++, size += len)
        memcpy(text + size, unit, len);
    text[size++] = '\x01';
    int rc = pcre2_match(p->code, (PCRE2_SPTR)text, size, 0, 0, p->data, p->context);
    p->left--;
    return rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT || rc == PCRE2_ERROR_HEAPLIMIT;
}

/* How much of the expression stands for itself, after its '^'. */
static size_t literal_beginning(const char *re)
{
    size_t n = 0;
    while (n < LITERAL_MAX && re[n] && !strchr("\\^$.[|()?*+{", re[n]))
        n++;
    return n > 0 && re[n] && strchr("?*+{", re[n]) ? n - 1 : n;
}

/* Runs of what stands in the expression itself, one character or two neighbours, and of the commonest ones.
 */
static bool is_slow_after(struct probe *p, const char *re, const char *before, size_t n)
{
    static const char common[] = "a0/-";
    char tried[256] = "";
    for (const char *c = common; *c; c++) {
        tried[(unsigned char)*c] = 1;
        if (is_slow_on(p, before, n, c, 1))
            return true;
    }
    for (const char *c = re; *c && p->left > 0; c++) {
        if (!tried[(unsigned char)*c]++ && is_slow_on(p, before, n, c, 1))
            return true;
        if (c[1] && !strchr("\\^$.[]|()?*+{}", *c) && !strchr("\\^$.[]|()?*+{}", c[1]) && p->left > 0 &&
            is_slow_on(p, before, n, c, 2))
            return true;
    }
    return false;
}

bool pattern_is_slow(const char *re)
{
    int error;
    PCRE2_SIZE at;
    if (!strpbrk(re, "*+{")) /* nothing is repeated */
        return false;
    char *whole = xasprintf("^(?:%s)$", re);
    struct probe p = {.code = compile(whole, &error, &at)};
    free(whole);
    if (!p.code)
        return false;
    p.context = pcre2_match_context_create(NULL);
    p.data = pcre2_match_data_create_from_pattern(p.code, NULL);
    pcre2_set_match_limit(p.context, STEP_LIMIT);
    const char *body = re + (*re == '^');
    const char *starts[] = {body, "/"};
    size_t lengths[] = {literal_beginning(body), 1};
    bool is_slow = false;
    for (size_t i = 0; i < 2 && !is_slow; i++) {
        p.left = MOST_PROBES;
        is_slow = is_slow_after(&p, body, starts[i], lengths[i]);
    }
    pcre2_match_data_free(p.data);
    pcre2_match_context_free(p.context);
    pcre2_code_free(p.code);
    return is_slow;
}

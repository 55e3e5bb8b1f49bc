#include "gw/pattern.h"

#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    STEP_LIMIT = 100000, /* PCRE2's match limit for one try */
    PROBE_LENGTH = 40,
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

/*
 * Runs of one character that nearly match are what makes nested repetitions explode: "(a+)+$" on "aaa...!".
 * Each character of the expression itself is tried.
 */
static bool probe(const pcre2_code *code, pcre2_match_context *context, pcre2_match_data *data, char c)
{
    char text[PROBE_LENGTH + 1];
    memset(text, c, PROBE_LENGTH - 1);
    text[0] = '/';
    text[PROBE_LENGTH - 1] = '\n';
    return pcre2_match(code, (PCRE2_SPTR)text, PROBE_LENGTH, 0, 0, data, context) == PCRE2_ERROR_MATCHLIMIT;
}

bool pattern_is_slow(const char *re)
{
    int error;
    PCRE2_SIZE at;
    char *whole = xasprintf("^(?:%s)$", re);
    pcre2_code *code = compile(whole, &error, &at);
    free(whole);
    if (!code)
        return false;
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
    pcre2_set_match_limit(context, STEP_LIMIT);
    bool is_slow = probe(code, context, data, 'a') || probe(code, context, data, '0');
    for (const char *c = re; *c && !is_slow && c - re < 64; c++)
        is_slow = probe(code, context, data, *c);
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_code_free(code);
    return is_slow;
}

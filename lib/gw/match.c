#include "gw/match.h"

#include <strings.h>

bool match_is_repeated(jv list, int i, bool ignore_case)
{
    const char *name = jx_getstr_or(jx_at(list, i), "name", "");
    for (int k = 0; k < i; k++) {
        const char *other = jx_getstr_or(jx_at(list, k), "name", "");
        if (ignore_case ? strcasecmp(name, other) == 0 : str_eq(name, other))
            return true;
    }
    return false;
}

static int count_distinct(jv list, bool ignore_case)
{
    int n = 0;
    for (int i = 0; i < jx_len(list); i++)
        n += !match_is_repeated(list, i, ignore_case);
    return n;
}

struct match match_read(jv match)
{
    jv path = jx_get(match, "path");
    const char *type = jx_getstr_or(path, "type", "PathPrefix");
    struct match m = {
        .type = str_eq(type, "Exact")               ? PATH_EXACT
                : str_eq(type, "RegularExpression") ? PATH_REGEX
                                                    : PATH_PREFIX,
        .path = jx_getstr_or(path, "value", "/"),
        .call_length = (int)jx_getint_or(path, "callLength", 0),
        .method = jx_getstr(match, "method"),
        .headers = jx_get(match, "headers"),
        .queries = jx_get(match, "queryParams"),
    };
    m.path_len = strlen(m.path);
    while (m.type == PATH_PREFIX && m.path_len > 0 && m.path[m.path_len - 1] == '/')
        m.path_len--;
    m.n_headers = count_distinct(m.headers, true);
    m.n_queries = count_distinct(m.queries, false);
    return m;
}

int rule_n_matches(jv rule)
{
    int n = jx_len(jx_get(rule, "matches"));
    return n > 0 ? n : 1;
}

struct match rule_match(jv rule, int i)
{
    return match_read(jx_at(jx_get(rule, "matches"), i));
}

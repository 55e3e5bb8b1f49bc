#include "gw/match.h"

struct match match_read(jv match)
{
    jv path = jx_get(match, "path");
    const char *type = jx_getstr_or(path, "type", "PathPrefix");
    struct match m = {
        .type = str_eq(type, "Exact")               ? PATH_EXACT
                : str_eq(type, "RegularExpression") ? PATH_REGEX
                                                    : PATH_PREFIX,
        .path = jx_getstr_or(path, "value", "/"),
        .method = jx_getstr(match, "method"),
        .headers = jx_get(match, "headers"),
        .queries = jx_get(match, "queryParams"),
    };
    m.path_len = strlen(m.path);
    while (m.type == PATH_PREFIX && m.path_len > 0 && m.path[m.path_len - 1] == '/')
        m.path_len--;
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

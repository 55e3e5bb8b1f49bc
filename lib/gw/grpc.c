#include "gw/grpc.h"

#include "base/buf.h"

/* A part of the path as an expression; any when it is not given. */
static void add_part(struct buf *b, const char *part)
{
    if (part && *part)
        buf_addf(b, "/(?:%s)", part);
    else
        buf_adds(b, "/[^/]+");
}

/* Names of services and methods hold letters, digits, '_' and '.'; what else stands there is taken literally.
 */
static void add_quoted(struct buf *b, const char *name)
{
    for (; *name; name++) {
        if (strchr("\\^$.|?*+()[]{}", *name))
            buf_addc(b, '\\');
        buf_addc(b, *name);
    }
}

/* One number that orders by the characters of the service, then of the method; names are rarely as long. */
static int call_length(const char *service, const char *name)
{
    enum { SERVICE_MAX = 118, METHOD_MAX = 64 };
    size_t s = strlen(service), n = strlen(name);
    s = s > SERVICE_MAX ? SERVICE_MAX : s;
    n = n > METHOD_MAX ? METHOD_MAX : n;
    return (int)(s * (METHOD_MAX + 1) + n);
}

static jv path_of(jv method)
{
    const char *service = jx_getstr_or(method, "service", ""), *name = jx_getstr_or(method, "method", "");
    bool is_regex = str_eq(jx_getstr_or(method, "type", "Exact"), "RegularExpression");
    const char *type = is_regex || !*service ? "RegularExpression" : *name ? "Exact" : "PathPrefix";
    jv path = jb_obj();
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    if (is_regex) {
        add_part(&b, service);
        add_part(&b, name);
    } else if (*service) {
        buf_addf(&b, *name ? "/%s/%s" : "/%s", service, name);
    } else {
        buf_adds(&b, "/[^/]+/");
        add_quoted(&b, name);
    }
    jb_put_str(&path, "type", type);
    jb_put_str(&path, "value", b.p);
    if (str_eq(type, "RegularExpression"))
        jb_put_int(&path, "callLength", call_length(service, name));
    buf_free(&b);
    return path;
}

static jv match_as_http(jv match)
{
    jv out = jb_obj(), method = jx_get(match, "method"), headers = jx_get(match, "headers");
    bool says = *jx_getstr_or(method, "service", "") || *jx_getstr_or(method, "method", "");
    if (jx_is_obj(method) && says)
        jb_put(&out, "path", path_of(method));
    if (jx_is_arr(headers))
        jb_put(&out, "headers", jb_copy(headers));
    return out;
}

jv grpc_rules_as_http(jv rules)
{
    jv out = jb_arr();
    for (int i = 0; i < jx_len(rules); i++) {
        jv rule = jb_copy(jx_at(rules, i)), matches = jx_get(jx_at(rules, i), "matches");
        if (jx_len(matches) > 0) {
            jv list = jb_arr();
            for (int k = 0; k < jx_len(matches); k++)
                jb_add(&list, match_as_http(jx_at(matches, k)));
            jb_put(&rule, "matches", list);
        }
        jb_add(&out, rule);
    }
    return out;
}

/*
 * A single origin in allow_origins would be sent to every client whatever its Origin, and patterns there are
 * literal: so origins are expressions. "null" in their place keeps the default "*" away, which credentials
 * forbid, and has `Vary: Origin` sent.
 */
#include "apisix/cors.h"

#include "apisix/escape.h"

static bool has_star(jv list)
{
    for (int i = 0; i < jx_len(list); i++)
        if (str_same(jx_str(jx_at(list, i)), "*"))
            return true;
    return false;
}

/* A star is greedy, over dots too; the default port may be said or not. */
static void add_origin_regex(jv *list, const char *origin)
{
    static const struct {
        const char *scheme, *port;
    } defaults[] = {{"http://", ":80"}, {"https://", ":443"}};
    struct buf b;
    size_t len = strlen(origin);
    const char *port = NULL;
    for (size_t i = 0; i < N_ELEMS(defaults); i++) {
        if (!has_prefix(origin, defaults[i].scheme))
            continue;
        bool is_said = has_suffix(origin, defaults[i].port);
        if (is_said || !strchr(origin + strlen(defaults[i].scheme), ':'))
            port = defaults[i].port;
        len -= is_said ? strlen(port) : 0;
    }
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_addc(&b, '^');
    for (size_t i = 0, n; i < len; i += n + (i + n < len)) {
        const char *star = memchr(origin + i, '*', len - i);
        n = star ? (size_t)(star - origin) - i : len - i;
        regex_quote(&b, origin + i, n);
        buf_adds(&b, star ? ".*" : "");
    }
    if (port)
        buf_addf(&b, "(?:%s)?", port);
    buf_addc(&b, '$');
    jb_add_str(list, b.p);
    buf_free(&b);
}

static void put_origins(jv *o, jv origins, bool credentials)
{
    if (has_star(origins) && !credentials) {
        jb_put_str(o, "allow_origins", "*");
        return;
    }
    jv list = jb_arr();
    jb_put_str(o, "allow_origins", "null");
    if (has_star(origins))
        jb_add_str(&list, "^.+$");
    for (int i = 0; !has_star(origins) && i < jx_len(origins); i++)
        if (jx_str(jx_at(origins, i)))
            add_origin_regex(&list, jx_str(jx_at(origins, i)));
    if (jx_len(list) == 0)
        jb_add_str(&list, "^$"); /* nobody */
    jb_put(o, "allow_origins_by_regex", list);
}

/* A comma list; "" makes the header go. `any` is what stands for a star. */
static void put_list(jv *o, const char *name, jv list, const char *any)
{
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    for (int i = 0; !has_star(list) && i < jx_len(list); i++)
        if (jx_str(jx_at(list, i)))
            buf_addf(&b, "%s%s", b.len ? "," : "", jx_str(jx_at(list, i)));
    jb_put_str(o, name, has_star(list) ? any : b.p ? b.p : "");
    buf_free(&b);
}

/* The plugin would answer every OPTIONS; those that are no preflights are the backend's. */
static jv preflights_only(void)
{
    const char *why;
    static const char text[] = "[[\"OR\",[\"request_method\",\"~=\",\"OPTIONS\"],[\"http_access_control_"
                               "request_method\",\"~~\",\".\"]]]";
    jv meta = jb_obj();
    jb_put(&meta, "filter", jx_parse(text, sizeof text - 1, &why));
    return meta;
}

jv cors_plugin(jv spec)
{
    bool credentials = jx_true(jx_get(spec, "allowCredentials"));
    jv o = jb_obj(), expose = jx_get(spec, "exposeHeaders");
    put_origins(&o, jx_get(spec, "allowOrigins"), credentials);
    put_list(&o, "allow_methods", jx_get(spec, "allowMethods"), credentials ? "**" : "*");
    put_list(&o, "allow_headers", jx_get(spec, "allowHeaders"), credentials ? "**" : "*");
    if (jx_len(expose) > 0 && !(credentials && has_star(expose)))
        put_list(&o, "expose_headers", expose, "*");
    if (credentials)
        jb_put_bool(&o, "allow_credential", true);
    jb_put_int(&o, "max_age", jx_getint_or(spec, "maxAge", 5));
    jb_put(&o, "_meta", preflights_only());
    return o;
}

bool cors_echoes_method(jv spec)
{
    return jx_true(jx_get(spec, "allowCredentials")) && has_star(jx_get(spec, "allowMethods")) &&
           has_star(jx_get(spec, "allowOrigins"));
}

#include "apisix/session.h"

#include <string.h>

#include "apisix/functions.h"
#include "apisix/lua.h"
#include "gw/duration.h"

/* The literal beginning of the path, by which browsers choose which cookies to send. */
static void cookie_path(const struct match *m, struct buf *out)
{
    size_t n = m->type == PATH_REGEX ? strcspn(m->path, "\\^$.[]()?*+{}|") : strlen(m->path);
    while (m->type == PATH_REGEX && n > 0 && m->path[n - 1] != '/')
        n--;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)m->path[i] <= ' ' || m->path[i] == ';' || (unsigned char)m->path[i] >= 0x7f)
            n = i; /* a cookie cannot say it: the path before it is the wider one */
    buf_add(out, m->path, n);
    if (n == 0)
        buf_addc(out, '/');
}

static const char *session_name(const struct rule *r)
{
    return jx_getstr_or(jx_get(r->spec, "sessionPersistence"), "sessionName", "gwpipe-session");
}

/* What the name of a cookie or header may be: an HTTP token. */
static bool is_token(const char *s)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
    return *s && s[strspn(s, letters)] == '\0';
}

bool sessions_are_served(const struct rule *r)
{
    int n_whole = 0;
    for (int i = 0; i < r->n_ways; i++)
        n_whole += !r->ways[i].is_broken;
    return jx_is_obj(jx_get(r->spec, "sessionPersistence")) && !r->t->options->no_lua && n_whole <= 1 &&
           !r->kind->is_grpc && is_token(session_name(r));
}

void session_put(const struct rule *r, const struct way *w, const struct match *m, const struct backends *b,
                 jv *plugins)
{
    enum { MAX_UPSTREAMS = 20 };
    jv spec = jx_get(r->spec, "sessionPersistence");
    if (!sessions_are_served(r) || b->valid == 0)
        return;
    struct buf path;
    buf_init(&path, BUF_MAX_SCRATCH);
    cookie_path(m, &path);
    const char *ids[MAX_UPSTREAMS], *timeout = jx_getstr(spec, "absoluteTimeout"),
                                    *life = jx_getstr_or(jx_get(spec, "cookieConfig"), "lifetimeType", "");
    struct lua_session s = {.name = session_name(r),
                            .path = path.p,
                            .salt = w->name.text,
                            .is_header = str_eq(jx_getstr_or(spec, "type", "Cookie"), "Header"),
                            .is_permanent = str_eq(life, "Permanent"),
                            .max_age = timeout ? (int64_t)duration_seconds(timeout) : 0};
    int n = 0;
    while (n < MAX_UPSTREAMS && n < backends_n_upstreams(b)) {
        ids[n] = backends_upstream(b, n);
        n++;
    }
    put_functions_first(plugins, "before_proxy", list_of_function(lua_session(&s)));
    if (n > 1) /* behind traffic-split, whose choice it overrules */
        put_functions(plugins, "access", list_of_function(lua_session_upstream(&s, ids, n)));
    buf_free(&path);
}

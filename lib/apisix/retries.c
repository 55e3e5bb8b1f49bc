#include "apisix/retries.h"

#include "apisix/backends.h"
#include "apisix/filters.h"
#include "apisix/functions.h"
#include "apisix/h2c.h"
#include "apisix/hop.h"
#include "apisix/lua.h"
#include "apisix/mirror.h"
#include "apisix/timers.h"
#include "gw/retry.h"

static bool has_upstream(const struct way *w)
{
    struct backends b = backends_read(w->backends);
    bool has = b.valid > 0;
    backends_release(&b);
    return has;
}

bool retries_are_looped(const struct rule *r, const struct way *w)
{
    return retry_read(r->spec).has_loop && !r->kind->is_grpc && !r->t->options->no_lua &&
           r->t->options->internal_port > 0 && !jx_is_obj(jx_get(r->spec, "sessionPersistence")) &&
           !w->is_broken && !filters_redirect(w->filters) && has_upstream(w);
}

static struct id hop_id(const struct way *w, int set)
{
    return set == 0 ? id_make("%s_retry", w->name.text) : id_make("%s_retry_%d", w->name.text, set);
}

bool retries_put(const struct rule *r, const struct way *w, jv *plugins)
{
    struct retry retry = retry_read(r->spec);
    struct id name = hop_id(w, 0);
    struct lua_retry loop = {.name = name.text,
                             .port = r->t->options->internal_port,
                             .attempts = retry.attempts == RETRY_ANY ? 1 : retry.attempts,
                             .codes = retry.codes,
                             .backoff = retry.backoff,
                             .limit = retry.limit};
    return put_functions(plugins, "access", list_of_function(lua_retry(&loop)));
}

/* What the upstream sees of the client is what it would see without the detour. */
static jv headers_of_client(void)
{
    static const char *const names[][2] = {{"X-Forwarded-Host", LUA_RETRY_HOST},
                                           {"X-Forwarded-Port", LUA_RETRY_PORT},
                                           {"X-Forwarded-Proto", LUA_RETRY_PROTO}};
    jv set = jb_obj(), remove = jb_arr(), headers = jb_obj();
    for (size_t i = 0; i < N_ELEMS(names); i++) {
        struct buf b;
        buf_init(&b, BUF_MAX_SCRATCH);
        buf_adds(&b, "$http_");
        for (const char *p = names[i][1]; *p; p++)
            buf_addc(&b, *p == '-' ? '_' : *p);
        jb_put_str(&set, names[i][0], b.p);
        jb_add_str(&remove, names[i][1]);
        buf_free(&b);
    }
    jb_put(&headers, "remove", remove);
    jb_put(&headers, "set", set);
    return headers;
}

/* Tells the loop how often the upstream was tried, and whether it answered. */
static jv tell_tries(void)
{
    jv set = jb_obj(), headers = jb_obj(), o = jb_obj();
    jb_put_str(&set, LUA_RETRY_RECEIVED, "$upstream_bytes_received");
    jb_put(&headers, "set", set);
    jb_put(&o, "headers", headers);
    return o;
}

static void add_route(const struct rule *r, const struct way *w, int set, jv hosts)
{
    struct backends b = backends_read(w->backends);
    jv plugins = jb_obj();
    jv o = hop_route(r->t, hop_id(w, set).text, hop_id(w, 0).text, hosts, &plugins);
    jv rewrite = jb_copy(jx_get(plugins, "proxy-rewrite"));
    jb_put(&rewrite, "headers", headers_of_client());
    jb_put(&plugins, "proxy-rewrite", rewrite);
    jb_put(&plugins, "response-rewrite", tell_tries());
    mirrors_put(r->t, w->mirrors, w->name.text, &plugins);
    timers_put(jx_get(r->spec, "timeouts"), &o);
    h2c_put(r->t->options, b.h2c, backends_are_h2c(&b),
            &plugins); /* there is room: no other function is here */
    backends_put(&b, false, &o, &plugins);
    jb_put(&o, "plugins", plugins);
    translation_add(r->t, "routes", o);
}

void retries_add_routes(const struct rule *r, const struct way *w, jv host_sets)
{
    for (int set = 0; set < jx_len(host_sets); set++)
        add_route(r, w, set, jx_at(host_sets, set));
}

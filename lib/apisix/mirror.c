#include "apisix/mirror.h"

#include "apisix/h2c.h"
#include "apisix/hop.h"
#include "apisix/ids.h"

/* Behind proxy-rewrite, which is at 1008, so that the copy gets what the filters made of the request. */
enum { BEHIND_REWRITE = 1007 };

/* ---- reading ---- */

static double share_of(jv spec)
{
    jv fraction = jx_get(spec, "fraction");
    if (jx_is_obj(fraction))
        return (double)jx_getint_or(fraction, "numerator", 0) /
               (double)jx_getint_or(fraction, "denominator", 100);
    return (double)jx_getint_or(spec, "percent", 100) / 100;
}

static double share_at(jv mirrors, int k)
{
    return jx_number_or(jx_get(jx_at(mirrors, k), "share"), 1);
}

static void insert(jv *list, const char *upstream, double share, jv resolved)
{
    jv sorted = jb_arr(), o = jb_obj();
    bool is_in = false;
    jb_put_str(&o, "upstream_id", upstream);
    jb_put(&o, "share", jb_number(share < 1 ? share : 1));
    jb_put_bool(&o, "h2c", h2c_is(resolved));
    if (jx_is_obj(jx_get(resolved, "endpoint")))
        jb_put(&o, "endpoint", jb_copy(jx_get(resolved, "endpoint")));
    for (int i = 0; i < jx_len(*list); i++) {
        if (!is_in && share > share_at(*list, i)) {
            jb_add(&sorted, jb_copy(o));
            is_in = true;
        }
        jb_add(&sorted, jb_copy(jx_at(*list, i)));
    }
    if (!is_in)
        jb_add(&sorted, jb_copy(o));
    jb_free(o);
    jb_free(*list);
    *list = sorted;
}

jv mirrors_read(jv filters, jv resolved)
{
    jv list = jb_arr();
    for (int i = 0, k = 0; i < jx_len(filters); i++) {
        jv spec = jx_get(jx_at(filters, i), "requestMirror");
        if (!jx_is_obj(spec))
            continue;
        struct id id;
        double share = share_of(spec);
        if (share > 0 && id_of_backend(jx_at(resolved, k), &id))
            insert(&list, id.text, share, jx_at(resolved, k));
        k++;
    }
    return list;
}

/* ---- the copies ---- */

static struct id hop_id(const char *name, int set, int k)
{
    return set == 0 ? id_make("%s_mirror_%d", name, k) : id_make("%s_mirror_%d_%d", name, k, set);
}

static jv copy_to(jv owned_host, double ratio)
{
    jv o = jb_obj(), meta = jb_obj();
    jb_put_int(&meta, "priority", BEHIND_REWRITE);
    jb_put(&o, "_meta", meta);
    jb_put(&o, "host", owned_host);
    if (ratio < 1)
        jb_put(&o, "sample_ratio", jb_number(ratio > 0.00001 ? ratio : 0.00001));
    return o;
}

/* The k-th mirror's copy; `of` is the share of what comes by here. */
static void put_copy(const struct translation *t, jv mirrors, int k, double of, const char *name, jv *plugins)
{
    struct id id = hop_id(name, 0, k + 1); /* the path is one for all sets of hosts */
    jv o = copy_to(jb_strf("http://127.0.0.1:%d", t->options->internal_port), share_at(mirrors, k) / of);
    jb_put(&o, "path", jb_strf("/%s", id.text));
    jb_put_str(&o, "path_concat_mode", "prefix");
    jb_put(plugins, "proxy-mirror", o);
}

void mirrors_put_grpc(jv mirrors, jv *plugins)
{
    jv endpoint = jx_get(jx_at(mirrors, 0), "endpoint");
    const char *address = jx_getstr_or(endpoint, "address", "");
    if (*address)
        jb_put(plugins, "proxy-mirror",
               copy_to(jb_strf(strchr(address, ':') ? "grpc://[%s]:%d" : "grpc://%s:%d", address,
                               (int)jx_getint_or(endpoint, "port", 0)),
                       share_at(mirrors, 0)));
}

void mirrors_put(const struct translation *t, jv mirrors, const char *name, jv *plugins)
{
    if (jx_len(mirrors) > 0 && t->options->internal_port > 0)
        put_copy(t, mirrors, 0, 1, name, plugins);
}

/* ---- behind them ---- */

static void add_hop(struct translation *t, jv mirrors, int k, const char *name, int set, jv hosts)
{
    jv plugins = jb_obj();
    jv o = hop_route(t, hop_id(name, set, k + 1).text, hop_id(name, 0, k + 1).text, hosts, &plugins);
    if (k + 1 < jx_len(mirrors))
        put_copy(t, mirrors, k + 1, share_at(mirrors, k), name, &plugins);
    if (jx_true(jx_get(jx_at(mirrors, k), "h2c"))) {
        jv ids = jb_arr();
        jb_add(&ids, jb_copy(jx_get(jx_at(mirrors, k), "upstream_id")));
        h2c_put(t->options, ids, true, &plugins); /* there is room: no other function is here */
        jb_free(ids);
    }
    jb_put(&o, "plugins", plugins);
    jb_put(&o, "upstream_id", jb_copy(jx_get(jx_at(mirrors, k), "upstream_id")));
    translation_add(t, "routes", o);
}

void mirrors_add_routes(struct translation *t, jv mirrors, const char *name, jv host_sets)
{
    for (int set = 0; set < jx_len(host_sets) && t->options->internal_port > 0; set++)
        for (int k = 0; k < jx_len(mirrors); k++)
            add_hop(t, mirrors, k, name, set, jx_at(host_sets, set));
}

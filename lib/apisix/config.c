#include "apisix/config.h"

#include <stdio.h>

#include "apisix/h2c.h"
#include "apisix/hop.h"
#include "apisix/owner.h"

void config_init(struct config *c)
{
    c->needs = jb_obj();
}

void config_release(struct config *c)
{
    jb_free(c->needs);
    c->needs = JX_NONE;
}

/* ---- taking ---- */

static bool holds_port(jv ports, int port)
{
    int64_t n;
    for (int i = 0; i < jx_len(ports); i++)
        if (jx_int(jx_at(ports, i), &n) && n == port)
            return true;
    return false;
}

static jv ports_of(const struct translate_options *o, jv listeners, const char *protocol)
{
    jv ports = jb_arr();
    for (int i = 0; i < jx_len(listeners); i++) {
        jv l = jx_at(listeners, i);
        int port = port_of_plane(o, (int)jx_getint_or(l, "port", 0));
        if (str_eq(jx_getstr_or(l, "protocol", ""), protocol) && jx_true(jx_get(l, "programmed")) &&
            !holds_port(ports, port))
            jb_add(&ports, jb_number(port));
    }
    return ports;
}

static void look_at_routes(const struct translate_options *o, jv set, bool *internal, bool *h2c)
{
    jv routes = jx_get(set, "routes");
    for (int i = 0; i < jx_len(routes); i++) {
        *internal |= hop_is(jx_at(routes, i), o);
        *h2c |= h2c_is_used(jx_at(routes, i));
    }
}

void config_take(struct config *c, const struct translate_options *o, const struct rec *r, jv set, jv planes)
{
    char owner[OWNER_LABEL_MAX + 1];
    jv listeners = r->type == REC_DELETED ? JX_NONE : jx_path(rec_get(r, "resolved"), "listeners");
    jv needs = jb_obj();
    bool internal = false, h2c = false;
    look_at_routes(o, set, &internal, &h2c);
    for (struct jx_iter it = jx_iter(planes); jx_next(&it);)
        look_at_routes(o, it.value, &internal, &h2c);
    owner_label(&r->id, owner);
    jb_put(&needs, "http", ports_of(o, listeners, "HTTP"));
    jb_put(&needs, "https", ports_of(o, listeners, "HTTPS"));
    jb_put_bool(&needs, "internal", internal);
    jb_put_bool(&needs, "h2c", h2c);
    jb_put(&c->needs, owner, needs);
}

/* ---- printing ---- */

static jv gathered(const struct config *c, const char *protocol)
{
    jv all = jb_arr();
    for (struct jx_iter it = jx_iter(c->needs); jx_next(&it);) {
        jv ports = jx_get(it.value, protocol);
        for (int i = 0; i < jx_len(ports); i++)
            if (!holds_port(all, (int)jx_number_or(jx_at(ports, i), 0)))
                jb_add(&all, jb_copy(jx_at(ports, i)));
    }
    return jb_sorted(all);
}

static void print_ports(struct buf *out, const char *indent, jv ports)
{
    for (int i = 0; i < jx_len(ports); i++)
        buf_addf(out, "%s- port: %d\n", indent, (int)jx_number_or(jx_at(ports, i), 0));
}

void config_print(const struct config *c, const struct translate_options *o, struct buf *out)
{
    jv http = gathered(c, "http"), https = gathered(c, "https");
    bool internal = false, h2c = false;
    for (struct jx_iter it = jx_iter(c->needs); jx_next(&it);) {
        internal |= jx_true(jx_get(it.value, "internal"));
        h2c |= jx_true(jx_get(it.value, "h2c"));
    }
    buf_adds(out, "apisix:\n  router:\n    http: radixtree_host_uri\n");
    if (jx_len(http) > 0 || internal)
        buf_adds(out, "  node_listen:\n");
    print_ports(out, "    ", http);
    if (internal)
        buf_addf(out, "    - ip: 127.0.0.1\n      port: %d\n", o->internal_port);
    if (jx_len(https) > 0)
        buf_adds(out, "  ssl:\n    enable: true\n    listen:\n");
    print_ports(out, "      ", https);
    if (h2c)
        h2c_print_config(out);
    jb_free(http);
    jb_free(https);
}

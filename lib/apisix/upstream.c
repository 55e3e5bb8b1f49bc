/* upstream: a Service's ports in use as APISIX upstreams, one for each variant that rules need of it. */
#include <stdio.h>

#include "apisix/ids.h"
#include "apisix/translate.h"

static jv nodes_of(jv endpoints)
{
    jv nodes = jb_arr();
    for (int i = 0; i < jx_len(endpoints); i++) {
        jv e = jx_at(endpoints, i), node = jb_obj();
        const char *address = jx_getstr_or(e, "address", "");
        jb_put(&node, "host", strchr(address, ':') ? jb_strf("[%s]", address) : jb_str(address));
        jb_put_int(&node, "port", jx_getint_or(e, "port", 0));
        jb_put_int(&node, "weight", 1);
        jb_add(&nodes, node);
    }
    return nodes;
}

enum { NO_RETRIES = -1 };

/* "retry3": how often another endpoint is tried; NO_RETRIES: as APISIX does it. */
static int retries_of(const char *variant)
{
    int n = NO_RETRIES;
    if (sscanf(variant, "retry%d", &n) != 1)
        return NO_RETRIES;
    return n;
}

/*
 * APISIX gives up once it has tried every node. The same ones again at a lower priority are tried after them.
 * A single node is tried as often as asked.
 */
static jv repeat_nodes(jv nodes, int tries)
{
    int n = jx_len(nodes), priority = 0;
    if (n < 2 || tries <= n)
        return nodes;
    jv all = jb_arr();
    while (jx_len(all) < tries) {
        for (int i = 0; i < n; i++) {
            jv node = jb_copy(jx_at(nodes, i));
            if (priority < 0)
                jb_put_int(&node, "priority", priority);
            jb_add(&all, node);
        }
        priority--;
    }
    jb_free(nodes);
    return all;
}

static void put_variant(jv *o, const char *variant, jv nodes)
{
    int retries = retries_of(variant);
    if (str_eq(variant, "grpc"))
        jb_put_str(o, "scheme", "grpc");
    if (retries != NO_RETRIES)
        jb_put_int(o, "retries", retries);
    jb_put(o, "nodes", repeat_nodes(nodes, retries + 1));
}

/* No endpoints is a valid upstream: APISIX answers 503 for it, as the Gateway API asks. */
static void add_upstreams(struct translation *t)
{
    jv ports = jx_get(t->resolved, "ports");
    for (int i = 0; i < jx_len(ports); i++) {
        jv port = jx_at(ports, i);
        const char *variant = jx_getstr_or(port, "variant", "");
        struct id id =
            id_of_upstream(t->rec->id.ns, t->rec->id.name, (int)jx_getint_or(port, "port", 0), variant);
        jv o = translation_object(t, id.text);
        jb_put_str(&o, "type", "roundrobin");
        if (str_eq(jx_getstr_or(port, "appProtocol", ""), "kubernetes.io/wss"))
            jb_put_str(&o, "scheme", "https");
        put_variant(&o, variant, nodes_of(jx_get(port, "endpoints")));
        translation_add(t, "upstreams", o);
    }
}

/* Wherever a route refers to the Service. */
void translate_service(struct translation *t)
{
    jv planes = jx_get(t->resolved, "planes");
    if (jx_len(planes) == 0)
        add_upstreams(t);
    for (int i = 0; i < jx_len(planes); i++) {
        translation_enter(t, jx_str(jx_at(planes, i)));
        add_upstreams(t);
    }
}

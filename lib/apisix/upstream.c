/* upstream: a Service's ports in use as APISIX upstreams, one each. */
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

/* No endpoints is a valid upstream: APISIX answers 503 for it, as the Gateway API asks. */
void translate_service(struct translation *t)
{
    jv ports = jx_get(t->resolved, "ports");
    for (int i = 0; i < jx_len(ports); i++) {
        jv port = jx_at(ports, i);
        struct id id = id_of_upstream(t->rec->id.ns, t->rec->id.name, (int)jx_getint_or(port, "port", 0));
        jv o = translation_object(t, id.text);
        jb_put_str(&o, "type", "roundrobin");
        jb_put(&o, "nodes", nodes_of(jx_get(port, "endpoints")));
        translation_add(t, "upstreams", o);
    }
}

#include "apisix/hop.h"

#include <stdio.h>

#include "apisix/escape.h"
#include "apisix/place.h"

static jv take_name_off(const char *name)
{
    struct buf b;
    jv o = jb_obj(), regex = jb_arr();
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_adds(&b, "^/");
    regex_quote(&b, name, strlen(name));
    buf_adds(&b, "(/[^?]*)?(\\?[\\s\\S]*)?$");
    jb_add_str(&regex, b.p);
    jb_add_str(&regex, "$1$2");
    jb_put(&o, "regex_uri", regex);
    jb_put_bool(&o, "use_real_request_uri_unsafe", true); /* the path as it is on its way */
    buf_free(&b);
    return o;
}

jv hop_route(const struct translation *t, const char *id, const char *name, jv hosts, jv *plugins)
{
    char port[16];
    jv o = translation_object(t, id), vars = jb_arr();
    snprintf(port, sizeof port, "%d", t->options->internal_port);
    jb_put(&o, "uri", jb_strf("/%s/*", name));
    if (jx_len(hosts) > 0)
        jb_put(&o, "hosts", jb_copy(hosts));
    jb_add(&vars, condition("server_port", "==", port));
    jb_put(&o, "vars", vars);
    jb_put(plugins, "proxy-rewrite", take_name_off(name));
    return o;
}

bool hop_is(jv route, const struct translate_options *o)
{
    char port[16];
    jv says = jx_at(jx_get(route, "vars"), 0);
    snprintf(port, sizeof port, "%d", o->internal_port);
    return str_same(jx_str(jx_at(says, 0)), "server_port") && str_same(jx_str(jx_at(says, 1)), "==") &&
           str_same(jx_str(jx_at(says, 2)), port);
}

jv hop_host_sets(jv bindings, const char *plane, const char *host)
{
    jv sets = jb_arr(), hosts = jb_arr();
    bool takes_any = false, is_there = false;
    for (int b = 0; b < jx_len(bindings); b++) {
        jv names = jx_get(jx_at(bindings, b), "hostnames");
        if (!str_same(jx_getstr(jx_at(bindings, b), "plane"), plane))
            continue;
        is_there = true;
        takes_any |= jx_len(names) == 0;
        for (int i = 0; !host && i < jx_len(names); i++)
            jb_add(&hosts, jb_copy(jx_at(names, i)));
    }
    if (host && is_there) {
        jb_add(&hosts, jb_strf("%.*s", (int)strcspn(host, ":"), host));
        takes_any = false;
    }
    if (jx_len(hosts) > 0)
        jb_add(&sets, hosts);
    else
        jb_free(hosts);
    if (takes_any)
        jb_add(&sets, jb_arr());
    return sets;
}

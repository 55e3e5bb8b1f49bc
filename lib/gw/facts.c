#include "gw/facts.h"

#include <stdlib.h>

#include "gw/listener_set.h"
#include "gw/proxy.h"
#include "gw/route.h"

static char *dup_or(jv obj, const char *key, const char *otherwise)
{
    return xstrdup(jx_getstr_or(obj, key, otherwise));
}

static struct service *read_service(jv object)
{
    struct service *s = xcalloc(1, sizeof *s);
    jv spec = jx_get(object, "spec"), ports = jx_get(spec, "ports");
    const char *type = jx_getstr_or(spec, "type", "ClusterIP");
    const char *family = jx_str(jx_at(jx_get(spec, "ipFamilies"), 0));
    s->is_external_name = str_eq(type, "ExternalName");
    s->has_families = family != NULL;
    s->prefers_ipv6 = family && str_eq(family, "IPv6");
    s->ports = xcalloc((size_t)jx_len(ports), sizeof *s->ports);
    s->has_odd_ports = !jx_is_none(ports) && !jx_is_arr(ports);
    struct buf view;
    buf_init(&view, BUF_MAX_SCRATCH);
    buf_addf(&view, "%d", s->is_external_name);
    for (int i = 0; i < jx_len(ports); i++) {
        jv p = jx_at(ports, i);
        int64_t port = jx_getint_or(p, "port", 0);
        if (port < 1 || port > 65535) {
            s->has_odd_ports = true;
            continue;
        }
        struct service_port *to = &s->ports[s->n_ports++];
        to->name = dup_or(p, "name", "");
        to->port = (int)port;
        to->is_tcp = str_eq(jx_getstr_or(p, "protocol", "TCP"), "TCP");
        to->app_protocol = dup_or(p, "appProtocol", "");
        buf_addf(&view, " %d/%d/%s/%s", to->port, to->is_tcp, to->name, to->app_protocol);
    }
    s->route_view = digest_of(view.p, view.len);
    buf_free(&view);
    return s;
}

/* A condition that is absent means "do not know", to be read as ready (discovery.k8s.io/v1). */
static bool condition(jv endpoint, const char *name, bool otherwise)
{
    jv v = jx_path(jx_get(endpoint, "conditions"), name);
    return jx_is_bool(v) ? jx_true(v) : otherwise;
}

static struct slice *read_slice(jv object)
{
    struct slice *s = xcalloc(1, sizeof *s);
    const char *type = jx_getstr_or(object, "addressType", "IPv4");
    s->type = str_eq(type, "IPv6") ? ADDRESS_IPV6 : str_eq(type, "FQDN") ? ADDRESS_FQDN : ADDRESS_IPV4;
    jv ports = jx_get(object, "ports"), endpoints = jx_get(object, "endpoints");
    s->ports = xcalloc((size_t)jx_len(ports), sizeof *s->ports);
    for (int i = 0; i < jx_len(ports); i++) {
        jv p = jx_at(ports, i);
        if (!str_eq(jx_getstr_or(p, "protocol", "TCP"), "TCP"))
            continue;
        s->ports[s->n_ports].name = dup_or(p, "name", "");
        s->ports[s->n_ports++].port = (int)jx_getint_or(p, "port", 0);
    }
    s->endpoints = xcalloc((size_t)jx_len(endpoints), sizeof *s->endpoints);
    for (int i = 0; i < jx_len(endpoints); i++) {
        jv e = jx_at(endpoints, i);
        const char *address = jx_str(jx_at(jx_get(e, "addresses"), 0));
        if (!address)
            continue;
        struct endpoint *to = &s->endpoints[s->n_endpoints++];
        to->address = xstrdup(address);
        to->is_ready = condition(e, "ready", true);
        to->is_draining = condition(e, "serving", to->is_ready) && condition(e, "terminating", false);
    }
    return s;
}

static struct secret *read_secret(jv object)
{
    struct secret *s = xcalloc(1, sizeof *s);
    jv data = jx_get(object, "data");
    const char *cert = jx_getstr(data, "tls.crt"), *key = jx_getstr(data, "tls.key");
    s->cert_base64 = cert ? xstrdup(cert) : NULL;
    s->key_base64 = key ? xstrdup(key) : NULL;
    s->others = jx_is_obj(data) ? jb_copy(data) : jb_obj();
    jb_del(&s->others, "tls.crt");
    jb_del(&s->others, "tls.key");
    return s;
}

static struct namespace *read_namespace(jv object)
{
    struct namespace *ns = xcalloc(1, sizeof *ns);
    jv labels = jx_path(object, "metadata.labels");
    ns->labels = jx_is_obj(labels) ? jb_copy(labels) : jb_obj();
    return ns;
}

static struct plugin_config *read_plugins(jv object)
{
    struct plugin_config *c = xcalloc(1, sizeof *c);
    jv list = jx_path(object, "spec.plugins");
    c->plugins = jb_obj();
    for (int i = 0; i < jx_len(list); i++) {
        jv plugin = jx_at(list, i), config = jx_get(plugin, "config");
        c->needs_secret |= jx_is_obj(jx_get(plugin, "secretRef"));
        jb_put(&c->plugins, jx_getstr_or(plugin, "name", ""), jx_is_obj(config) ? jb_copy(config) : jb_obj());
    }
    return c;
}

static struct grant *read_grant(jv object)
{
    struct grant *g = xcalloc(1, sizeof *g);
    jv from = jx_path(object, "spec.from"), to = jx_path(object, "spec.to");
    g->from = xcalloc((size_t)jx_len(from), sizeof *g->from);
    g->to = xcalloc((size_t)jx_len(to), sizeof *g->to);
    for (int i = 0; i < jx_len(from); i++) {
        jv f = jx_at(from, i);
        g->from[g->n_from++] =
            (struct grant_from){dup_or(f, "group", ""), dup_or(f, "kind", ""), dup_or(f, "namespace", "")};
    }
    for (int i = 0; i < jx_len(to); i++) {
        jv t = jx_at(to, i);
        const char *name = jx_getstr(t, "name");
        g->to[g->n_to++] =
            (struct grant_to){dup_or(t, "group", ""), dup_or(t, "kind", ""), name ? xstrdup(name) : NULL};
    }
    return g;
}

const char *slice_service_name(jv object)
{
    return jx_getstr(jx_path(object, "metadata.labels"), "kubernetes.io/service-name");
}

void facts_read(struct node *n, jv object)
{
    facts_free(n);
    switch (n->kind) {
    case NODE_SERVICE: n->facts = read_service(object); break;
    case NODE_SLICE: n->facts = read_slice(object); break;
    case NODE_SECRET: n->facts = read_secret(object); break;
    case NODE_NAMESPACE: n->facts = read_namespace(object); break;
    case NODE_PLUGINS: n->facts = read_plugins(object); break;
    case NODE_GRANT: n->facts = read_grant(object); break;
    case NODE_PROXY: n->facts = proxy_read(n->ns, object); break;
    default: break;
    }
}

static void free_service(struct service *s)
{
    for (int i = 0; i < s->n_ports; i++) {
        free(s->ports[i].name);
        free(s->ports[i].app_protocol);
    }
    free(s->ports);
}

static void free_slice(struct slice *s)
{
    for (int i = 0; i < s->n_ports; i++)
        free(s->ports[i].name);
    for (int i = 0; i < s->n_endpoints; i++)
        free(s->endpoints[i].address);
    free(s->ports);
    free(s->endpoints);
}

static void free_grant(struct grant *g)
{
    for (int i = 0; i < g->n_from; i++) {
        free(g->from[i].group);
        free(g->from[i].kind);
        free(g->from[i].ns);
    }
    for (int i = 0; i < g->n_to; i++) {
        free(g->to[i].group);
        free(g->to[i].kind);
        free(g->to[i].name);
    }
    free(g->from);
    free(g->to);
}

static void free_secret(struct secret *s)
{
    if (s->key_base64)
        explicit_bzero(s->key_base64, strlen(s->key_base64));
    free(s->cert_base64);
    free(s->key_base64);
    jb_free(s->others);
}

void facts_free(struct node *n)
{
    if (!n->facts)
        return;
    switch (n->kind) {
    case NODE_SERVICE: free_service(n->facts); break;
    case NODE_SLICE: free_slice(n->facts); break;
    case NODE_SECRET: free_secret(n->facts); break;
    case NODE_NAMESPACE: jb_free(((struct namespace *)n->facts)->labels); break;
    case NODE_PLUGINS: jb_free(((struct plugin_config *)n->facts)->plugins); break;
    case NODE_GRANT: free_grant(n->facts); break;
    case NODE_PROXY: proxy_clear(n->facts); break;
    case NODE_GATEWAY: gateway_clear(n->facts); break;
    case NODE_LISTENERSET: listener_set_clear(n->facts); break;
    case NODE_HTTPROUTE:
    case NODE_GRPCROUTE: route_clear(n->facts); break;
    default: break;
    }
    free(n->facts);
    n->facts = NULL;
}

#include "gw/backend.h"

#include <stdio.h>
#include <stdlib.h>

static void broken(struct backend *b, const char *reason, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void broken(struct backend *b, const char *reason, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(b->message, sizeof b->message, fmt, ap);
    va_end(ap);
    b->reason = reason;
    b->service = NULL;
}

static const struct service_port *tcp_port(const struct service *s, int port)
{
    for (int i = 0; i < s->n_ports; i++)
        if (s->ports[i].port == port && s->ports[i].is_tcp)
            return &s->ports[i];
    return NULL;
}

static void list_ports(const struct service *s, char *room, size_t n)
{
    size_t len = 0;
    snprintf(room, n, "none");
    for (int i = 0; i < s->n_ports && len < n; i++)
        if (s->ports[i].is_tcp)
            len += (size_t)snprintf(room + len, n - len, "%s%d", len ? ", " : "", s->ports[i].port);
}

static void check_service(struct backend *b, struct world *w, struct node *user, const struct ref *ref)
{
    struct node *n = world_look(w, user, NODE_SERVICE, ref->ns, ref->name);
    const struct service *s = n->facts;
    char ports[200];
    b->service = n;
    const struct service_port *p = s ? tcp_port(s, b->port) : NULL;
    b->app_protocol = p ? p->app_protocol : NULL;
    if (node_is_rejected(n) && (!s || s->has_odd_ports))
        return;
    if (!n->present && !n->rejected && node_is_unknown(w, n)) {
        b->is_waiting = true;
    } else if (!s || (!n->present && !node_is_rejected(n))) {
        broken(b, "BackendNotFound", "Service %s/%s does not exist", ref->ns, ref->name);
    } else if (s->is_external_name) {
        broken(b, "BackendNotFound", "Service %s/%s is of type ExternalName and has no endpoints", ref->ns,
               ref->name);
    } else if (!p) {
        list_ports(s, ports, sizeof ports);
        broken(b, "BackendNotFound", "Service %s/%s has no TCP port %d; it has %s", ref->ns, ref->name,
               b->port, ports);
    }
}

void backend_resolve(struct backend *b, struct world *w, struct node *user, const char *from_kind, jv spec)
{
    *b = (struct backend){.port = (int)jx_getint_or(spec, "port", 0)};
    struct ref ref = {jx_getstr_or(spec, "group", ""), jx_getstr_or(spec, "kind", "Service"),
                      jx_getstr_or(spec, "namespace", user->ns), jx_getstr_or(spec, "name", "")};
    if (*ref.group || !str_eq(ref.kind, "Service")) {
        broken(b, "InvalidKind", "%s%s%s cannot be a backend; a Service is expected", ref.group,
               *ref.group ? "/" : "", ref.kind);
        return;
    }
    switch (ref_is_permitted(w, user, from_kind, &ref)) {
    case ANSWER_NO:
        broken(b, "RefNotPermitted", "no ReferenceGrant in namespace %s lets %ss of %s use Service %s",
               ref.ns, from_kind, user->ns, ref.name);
        break;
    case ANSWER_WAIT: b->is_waiting = true; break;
    case ANSWER_YES: check_service(b, w, user, &ref); break;
    }
}

/* ---- endpoints ---- */

struct address {
    const char *host; /* borrowed from a slice */
    int port;
};

struct addresses {
    struct address *items;
    size_t n, cap;
};

static void gather_slice(struct addresses *to, const struct slice *s, const char *port_name, bool draining)
{
    for (int p = 0; p < s->n_ports; p++) {
        if (!str_eq(s->ports[p].name, port_name) || s->ports[p].port < 1)
            continue;
        for (int i = 0; i < s->n_endpoints; i++) {
            const struct endpoint *e = &s->endpoints[i];
            if (draining ? !e->is_draining : !e->is_ready)
                continue;
            VEC_GROW(to);
            to->items[to->n++] = (struct address){e->address, s->ports[p].port};
        }
    }
}

/* A dual-stack Service has a slice of each family for the same pods: take one family, not both. */
static enum address_type family_of(const struct service *s, const struct nodes *slices)
{
    bool has[3] = {false, false, false};
    for (size_t i = 0; i < slices->n; i++) {
        const struct slice *sl = slices->items[i]->facts;
        if (sl && sl->n_endpoints > 0)
            has[sl->type] = true;
    }
    enum address_type first = s->has_families && s->prefers_ipv6 ? ADDRESS_IPV6 : ADDRESS_IPV4;
    enum address_type second = first == ADDRESS_IPV4 ? ADDRESS_IPV6 : ADDRESS_IPV4;
    return has[first] ? first : has[second] ? second : ADDRESS_FQDN;
}

static void gather(struct addresses *to, const struct service *s, const struct nodes *slices,
                   const char *port_name)
{
    enum address_type family = family_of(s, slices);
    for (int draining = 0; draining <= 1 && to->n == 0; draining++) {
        for (size_t i = 0; i < slices->n; i++) {
            const struct slice *sl = slices->items[i]->facts;
            if (slices->items[i]->present && sl && sl->type == family)
                gather_slice(to, sl, port_name, draining);
        }
    }
}

static int by_address(const void *a, const void *b)
{
    const struct address *x = a, *y = b;
    int d = strcmp(x->host, y->host);
    return d ? d : x->port - y->port;
}

static jv addresses_json(struct addresses *all, int *n_endpoints)
{
    jv list = jb_arr();
    if (all->n > 1)
        qsort(all->items, all->n, sizeof *all->items, by_address);
    for (size_t i = 0; i < all->n; i++) {
        if (i && by_address(&all->items[i - 1], &all->items[i]) == 0)
            continue;
        jv e = jb_obj();
        jb_put_str(&e, "address", all->items[i].host);
        jb_put_int(&e, "port", all->items[i].port);
        jb_add(&list, e);
    }
    *n_endpoints = jx_len(list);
    return list;
}

jv backend_port_json(struct world *w, struct node *node, int port, int *n_endpoints)
{
    const struct service *s = node->facts;
    const struct service_port *p = tcp_port(s, port);
    struct node *bucket = world_look(w, node, NODE_SLICES, node->ns, node->name);
    struct addresses all = {0};
    jv o = jb_obj();
    gather(&all, s, &bucket->members, p ? p->name : "");
    jb_put_int(&o, "port", port);
    if (p && *p->name)
        jb_put_str(&o, "name", p->name);
    if (p && *p->app_protocol)
        jb_put_str(&o, "appProtocol", p->app_protocol);
    jb_put(&o, "endpoints", addresses_json(&all, n_endpoints));
    free(all.items);
    return o;
}

/* ---- extensions ---- */

jv backend_resolve_extension(struct backend *b, struct world *w, struct node *user, jv ref)
{
    const char *group = jx_getstr_or(ref, "group", ""), *kind = jx_getstr_or(ref, "kind", ""),
               *name = jx_getstr_or(ref, "name", "");
    *b = (struct backend){0};
    if (!str_eq(group, "apisix.apache.org") || !str_eq(kind, "PluginConfig")) {
        b->reason = "InvalidKind";
        snprintf(b->message, sizeof b->message,
                 "%s/%s cannot be a filter; an apisix.apache.org/PluginConfig is expected", group, kind);
        return JX_NONE;
    }
    struct node *n = world_look(w, user, NODE_PLUGINS, user->ns, name);
    const struct plugin_config *c = n->facts;
    if (node_is_unknown(w, n)) {
        b->is_waiting = true;
    } else if (!c) {
        b->reason = "FilterNotFound";
        snprintf(b->message, sizeof b->message, "PluginConfig %s/%s does not exist", n->ns, name);
    } else if (c->needs_secret) {
        b->reason = "UnsupportedValue";
        snprintf(b->message, sizeof b->message, "PluginConfig %s/%s has a secretRef, which is not read yet",
                 n->ns, name);
    } else {
        return c->plugins;
    }
    return JX_NONE;
}

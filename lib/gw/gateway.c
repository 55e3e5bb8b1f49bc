#include "gw/gateway.h"

#include <stdio.h>
#include <stdlib.h>

#include "gw/format.h"
#include "gw/proxy.h"
#include "gw/status.h"

/* ---- addresses ---- */

static bool is_of_plane(const struct gateway_options *o, const char *address)
{
    for (size_t i = 0; i < o->n_addresses; i++)
        if (str_eq(o->addresses[i].address, address))
            return true;
    return o->n_addresses == 0;
}

static void take_address(struct gateway *g, const char *address)
{
    for (int i = 0; i < g->n_addresses; i++)
        if (str_eq(g->addresses[i], address))
            return;
    g->addresses = xreallocarray(g->addresses, (size_t)g->n_addresses + 1, sizeof *g->addresses);
    g->addresses[g->n_addresses++] = xstrdup(address);
}

/* What the command line gives it: its own, else those for all. */
static void take_given_addresses(struct gateway *g, const struct node *n, const struct gateway_options *o)
{
    char *name = xasprintf("%s/%s", n->ns, n->name);
    for (size_t i = 0; i < o->n_addresses; i++)
        if (o->addresses[i].gateway && str_eq(o->addresses[i].gateway, name))
            take_address(g, o->addresses[i].address);
    free(name);
    bool is_own = g->n_addresses > 0;
    for (size_t i = 0; !is_own && i < o->n_addresses; i++)
        if (!o->addresses[i].gateway)
            take_address(g, o->addresses[i].address);
}

static void read_address(struct gateway *g, const struct node *n, const struct gateway_options *o, jv spec)
{
    const char *type = jx_getstr_or(spec, "type", "IPAddress"), *value = jx_getstr_or(spec, "value", "");
    if (!str_eq(type, "IPAddress")) {
        verdict_refuse(&g->accepted, "UnsupportedAddress", "addresses",
                       "addresses of type %s are not supported; IPAddress is", type);
    } else if (!*value) {
        int before = g->n_addresses;
        take_given_addresses(g, n, o);
        if (g->n_addresses == before)
            verdict_refuse(&g->programmed, "AddressNotAssigned", "addresses",
                           "there is no address to assign (--gateway-address)");
    } else if (!is_ip_address(value) || !is_of_plane(o, value)) {
        verdict_refuse(&g->programmed, "AddressNotUsable", "addresses",
                       "%s is no address of the data plane (--gateway-address)", value);
    } else {
        take_address(g, value);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether these are just the addresses that every Gateway has that asks for none. */
static bool has_default_addresses(const struct gateway *g, const struct gateway_options *o)
{
    size_t n_default = 0;
    for (size_t i = 0; i < o->n_addresses; i++) {
        bool is_its = false;
        for (int k = 0; k < g->n_addresses; k++)
            is_its |= str_eq(g->addresses[k], o->addresses[i].address);
        if (!o->addresses[i].gateway && !is_its)
            return false;
        n_default += !o->addresses[i].gateway;
    }
    return (size_t)g->n_addresses == n_default;
}

/*
 * Which data plane, and which of its addresses: what tells Gateways apart (plane.h). One that waits because
 * the data plane is another's takes nobody's ports and hostnames there: a blank is in no name of a data
 * plane.
 */
static void name_group(struct gateway *g, const struct node *n, bool has_own_addresses)
{
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    if (g->waits_for)
        buf_addf(&b, "%s %s/%s;", g->base.plane, n->ns, n->name);
    else if (*g->base.plane)
        buf_addf(&b, "%s;", g->base.plane);
    for (int i = 0; has_own_addresses && i < g->n_addresses; i++)
        buf_addf(&b, "%s%s", i ? "," : "", g->addresses[i]);
    free(g->base.group);
    g->base.group = xstrdup(b.p ? b.p : "");
    buf_free(&b);
}

/* What --data-plane says comes before the GatewayProxy. */
static void read_plane(struct gateway *g, const struct node *n, const struct proxy *p,
                       const struct gateway_options *o)
{
    char *name = xasprintf("%s/%s", n->ns, n->name);
    if (p && p->plane && o->has_proxies) {
        free(g->base.plane);
        g->base.plane = xstrdup(p->plane);
    }
    for (size_t i = 0; i < o->n_planes; i++) {
        if (!str_eq(o->planes[i].gateway, name))
            continue;
        free(g->base.plane);
        g->base.plane = xstrdup(o->planes[i].plane);
    }
    free(name);
}

/* Gateways with addresses of their own are told apart by them; the others share all the rest. */
static void read_addresses(struct gateway *g, const struct node *n, const struct gateway_options *o, jv spec)
{
    jv list = jx_get(spec, "addresses");
    for (int i = 0; i < jx_len(list); i++)
        read_address(g, n, o, jx_at(list, i));
    if (jx_len(list) == 0)
        take_given_addresses(g, n, o);
    if (g->n_addresses > 1)
        qsort(g->addresses, (size_t)g->n_addresses, sizeof *g->addresses, by_text);
    name_group(g, n, g->n_addresses > 0 && !has_default_addresses(g, o));
}

/* ---- reading ---- */

static void look_at_class(struct world *w, struct node *n, struct gateway *g)
{
    const struct node *class = world_look(w, n, NODE_CLASS, "", g->class_name);
    const struct gateway_class *facts = class->facts;
    g->base.is_held = node_is_unknown(w, class);
    g->class_is_missing = !class->present && !g->base.is_held;
    g->base.is_ours = class->present && facts && facts->is_ours;
    g->base.is_others = class->present && facts && !facts->is_ours;
}

static void read_allowed_listeners(struct gateway *g, jv spec)
{
    jv namespaces = jx_path(spec, "allowedListeners.namespaces");
    const char *from = jx_getstr_or(namespaces, "from", "None");
    g->takes_sets = !str_eq(from, "None");
    g->sets_from = str_eq(from, "All") ? FROM_ALL : str_eq(from, "Selector") ? FROM_SELECTOR : FROM_SAME;
    g->sets_selector = g->sets_from == FROM_SELECTOR ? jb_copy(jx_get(namespaces, "selector")) : JX_NONE;
}

#define PARAMETERS "infrastructure.parametersRef"

/* A Gateway whose data plane cannot be reached is not one of the data plane that all others share. */
static void judge_proxy(struct world *w, struct node *n, struct gateway *g, const struct node *proxy)
{
    char *why;
    enum proxy_state state = proxy_judge(w, n, proxy, &why);
    if (state == PROXY_BAD)
        verdict_refuse(&g->accepted, "InvalidParameters", PARAMETERS, "GatewayProxy %s/%s cannot be used: %s",
                       proxy->ns, proxy->name, why);
    else if (state == PROXY_FOREIGN)
        g->waits_for = xstrdup(why);
    g->base.is_held |= state == PROXY_WAITS || state == PROXY_FOREIGN;
    free(why);
}

/* The GatewayProxy, NULL when there is none to use. Another kind could mean anything. */
static const struct proxy *read_parameters(struct world *w, struct node *n, const struct gateway_options *o,
                                           struct gateway *g, jv spec)
{
    jv ref = jx_path(spec, PARAMETERS);
    if (!jx_is_obj(ref))
        return NULL;
    const char *group = jx_getstr_or(ref, "group", ""), *kind = jx_getstr_or(ref, "kind", ""),
               *name = jx_getstr_or(ref, "name", "");
    if (!str_eq(group, "apisix.apache.org") || !str_eq(kind, "GatewayProxy")) {
        verdict_refuse(&g->accepted, "InvalidParameters", PARAMETERS,
                       "%s%s%s is no kind of parameters that is known here", group, *group ? "/" : "", kind);
        return NULL;
    }
    const struct node *proxy = world_look(w, n, NODE_PROXY, n->ns, name);
    if (node_is_unknown(w, proxy))
        g->base.is_held = true;
    else if (!proxy->facts)
        verdict_refuse(&g->accepted, "InvalidParameters", PARAMETERS, "GatewayProxy %s/%s does not exist",
                       n->ns, name);
    else if (o->has_proxies)
        judge_proxy(w, n, g, proxy);
    return proxy->facts;
}

/* Where the data plane is reached from outside, for people to see. */
static void read_shown(struct gateway *g, const struct proxy *p)
{
    jv list = p ? jx_get(p->spec, "statusAddress") : JX_NONE;
    if (jx_len(list) == 0)
        return;
    g->shown = jb_arr();
    for (int i = 0; i < jx_len(list); i++) {
        const char *value = jx_str(jx_at(list, i));
        jv o = jb_obj();
        jb_put_str(&o, "type", value && is_ip_address(value) ? "IPAddress" : "Hostname");
        jb_put_str(&o, "value", value ? value : "");
        jb_add(&g->shown, o);
    }
}

static void tell_whole(const struct verdict *v, struct findings *fs)
{
    char path[80];
    if (!v->reason)
        return;
    snprintf(path, sizeof path, "spec.%s", v->member);
    findings_add(fs, &(struct finding){.id = F_GATEWAY_INVALID, .path = path, .message = v->message});
}

static void read_whole(struct world *w, struct gateway *g, struct node *n, const struct gateway_options *o,
                       jv spec, struct findings *fs)
{
    if (g->class_is_missing)
        findings_addf(fs, F_CLASS_UNKNOWN, "spec.gatewayClassName", "GatewayClass \"%s\" does not exist",
                      g->class_name);
    if (!g->base.is_ours && !g->base.is_held)
        return;
    const struct proxy *proxy = read_parameters(w, n, o, g, spec);
    read_plane(g, n, proxy, o);
    read_addresses(g, n, o, spec);
    if (jx_len(jx_get(spec, "addresses")) == 0)
        read_shown(g, proxy);
    tell_whole(&g->accepted, fs);
    tell_whole(&g->programmed, fs);
}

void gateway_compute(struct world *w, struct node *n, const struct gateway_options *o, unsigned serial)
{
    struct rec r;
    struct findings fs;
    const char *line = n->present ? n->text : n->rejected;
    if (rec_parse(&r, line, strlen(line), 0)) /* it parsed when it came */
        return;
    struct gateway *old = n->facts, *g = xcalloc(1, sizeof *g);
    g->shown = JX_NONE;
    findings_init(&fs);
    world_forget_deps(w, n);
    jv spec = jx_get(r.object, "spec");
    g->class_name = xstrdup(jx_getstr_or(spec, "gatewayClassName", ""));
    look_at_class(w, n, g);
    struct listener_reading at = {.w = w,
                                  .node = n,
                                  .owner_kind = "Gateway",
                                  .now = o->now,
                                  .findings = &fs,
                                  .wants_client_certs = jx_is_obj(jx_path(spec, "tls.frontend"))};
    parent_read(&g->base, old ? &old->base : NULL, serial, &at, r.object, g->base.is_ours || g->base.is_held);
    g->base.gateway = n;
    read_allowed_listeners(g, spec);
    read_whole(w, g, n, o, spec, &fs);
    jb_free(g->base.findings);
    g->base.findings = fs.list; /* moved */
    if (old) {
        gateway_clear(old);
        free(old);
    }
    n->facts = g;
    rec_release(&r);
}

const char *gateway_bar(const struct gateway *g)
{
    if (g->accepted.reason)
        return "the Gateway is not accepted";
    return g->programmed.reason && g->n_addresses == 0 ? "the Gateway has no usable address" : NULL;
}

/* ---- saying ---- */

jv gateway_resolved(const struct gateway *g, const struct node *n)
{
    jv resolved = jb_obj(), gateways = jb_arr();
    if (g->base.is_ours)
        jb_add(&gateways, jb_strf("%s/%s", n->ns, n->name));
    jb_put(&resolved, "gateways", gateways);
    if (*g->base.plane)
        jb_put_str(&resolved, "plane", g->base.plane);
    jb_put(&resolved, "listeners", parent_listeners_resolved(&g->base));
    return resolved;
}

static jv addresses_json(const struct gateway *g)
{
    jv list = jb_arr();
    for (int i = 0; i < g->n_addresses; i++) {
        jv o = jb_obj();
        jb_put_str(&o, "type", "IPAddress");
        jb_put_str(&o, "value", g->addresses[i]);
        jb_add(&list, o);
    }
    return list;
}

jv gateway_status(const struct gateway *g)
{
    jv status = jb_obj(), conditions = jb_arr();
    const char *bar = gateway_bar(g);
    int good = 0;
    for (int i = 0; i < g->base.n_listeners; i++) {
        const struct listener *l = &g->base.listeners[i];
        good += listener_is_valid(l);
    }
    bool all = good == g->base.n_listeners;
    const char *message = all ? NULL : good ? "some listeners are not valid" : "no listener is valid";
    const struct verdict *a = &g->accepted, *p = &g->programmed;
    int64_t generation = g->base.generation;
    if (a->reason)
        jb_add(&conditions, status_condition("Accepted", false, a->reason, a->message, generation));
    else
        jb_add(&conditions,
               status_condition("Accepted", good > 0, all && good ? "Accepted" : "ListenersNotValid", message,
                                generation));
    if (p->reason && !a->reason)
        jb_add(&conditions, status_condition("Programmed", false, p->reason, p->message, generation));
    else
        jb_add(&conditions,
               status_condition("Programmed", good > 0 && !bar, good && !bar ? "Programmed" : "Invalid",
                                bar    ? bar
                                : good ? NULL
                                       : message,
                                generation));
    if (!jx_is_none(g->shown) || g->n_addresses > 0)
        jb_put(&status, "addresses", !jx_is_none(g->shown) ? jb_copy(g->shown) : addresses_json(g));
    if (g->n_sets > 0 || g->takes_sets)
        jb_put_int(&status, "attachedListenerSets", g->n_sets);
    jb_put(&status, "conditions", conditions);
    jb_put(&status, "listeners", parent_listeners_status(&g->base));
    return status;
}

void gateway_clear(struct gateway *g)
{
    parent_clear(&g->base);
    verdict_clear(&g->accepted);
    verdict_clear(&g->programmed);
    for (int i = 0; i < g->n_addresses; i++)
        free(g->addresses[i]);
    free(g->addresses);
    free(g->class_name);
    free(g->waits_for);
    jb_free(g->shown);
    jb_free(g->sets_selector);
}

#include "gw/gateway.h"

#include <stdio.h>
#include <stdlib.h>

#include "gw/status.h"

#define GATEWAY_GROUP "gateway.networking.k8s.io"

/* ---- reading ---- */

static void refuse(struct verdict *v, const char *reason, const char *member, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The first complaint stands. */
static void refuse(struct verdict *v, const char *reason, const char *member, const char *fmt, ...)
{
    if (v->reason)
        return;
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    v->reason = reason;
    v->member = xstrdup(member);
    v->message = xstrdup(text);
}

static void refuse_too(struct verdict *v, const char *reason, const struct verdict *because)
{
    refuse(v, reason, because->member, "%s", because->message);
}

static enum protocol protocol_of(const char *name)
{
    return str_eq(name, "HTTP") ? PROTOCOL_HTTP : str_eq(name, "HTTPS") ? PROTOCOL_HTTPS : PROTOCOL_OTHER;
}

static void read_allowed_routes(struct listener *l, jv spec)
{
    jv allowed = jx_get(spec, "allowedRoutes"), namespaces = jx_get(allowed, "namespaces");
    const char *from = jx_getstr_or(namespaces, "from", "Same");
    l->from = str_eq(from, "All") ? FROM_ALL : str_eq(from, "Selector") ? FROM_SELECTOR : FROM_SAME;
    l->selector = l->from == FROM_SELECTOR ? jb_copy(jx_get(namespaces, "selector")) : JX_NONE;
    jv kinds = jx_get(allowed, "kinds");
    l->takes_http_routes = jx_len(kinds) == 0;
    for (int i = 0; i < jx_len(kinds); i++) {
        jv kind = jx_at(kinds, i);
        const char *group = jx_getstr_or(kind, "group", GATEWAY_GROUP),
                   *name = jx_getstr_or(kind, "kind", "");
        if (str_eq(group, GATEWAY_GROUP) && str_eq(name, "HTTPRoute"))
            l->takes_http_routes = true;
        else
            refuse(&l->resolved, "InvalidRouteKinds", "allowedRoutes.kinds",
                   "routes of kind %s%s%s cannot attach here", group, *group ? "/" : "", name);
    }
}

static void read_listener(struct listener *l, jv spec)
{
    l->name = xstrdup(jx_getstr_or(spec, "name", ""));
    l->hostname = xstrdup(jx_getstr_or(spec, "hostname", ""));
    l->protocol_name = xstrdup(jx_getstr_or(spec, "protocol", ""));
    l->protocol = protocol_of(l->protocol_name);
    l->port = (int)jx_getint_or(spec, "port", 0);
    l->selector = JX_NONE;
    if (l->protocol == PROTOCOL_OTHER) {
        refuse(&l->accepted, "UnsupportedProtocol", "protocol",
               "protocol %s is not supported; HTTP and HTTPS are", l->protocol_name);
        return;
    }
    read_allowed_routes(l, spec);
}

/*
 * Distinctness within one Gateway: there is no winner, all that clash are refused. HTTP and HTTPS on one
 * port are distinct by the letter, but no port of APISIX, or of most servers, speaks both.
 */
static void find_conflicts(struct gateway *g)
{
    for (int i = 0; i < g->n_listeners; i++) {
        for (int k = 0; k < g->n_listeners; k++) {
            struct listener *a = &g->listeners[i];
            const struct listener *b = &g->listeners[k];
            if (i == k || a->port != b->port || a->protocol == PROTOCOL_OTHER ||
                b->protocol == PROTOCOL_OTHER)
                continue;
            if (a->protocol != b->protocol)
                refuse(&a->conflicted, "ProtocolConflict", "port",
                       "listener %s uses port %d with protocol %s", b->name, b->port, b->protocol_name);
            else if (str_eq(a->hostname, b->hostname))
                refuse(&a->conflicted, "HostnameConflict", "hostname",
                       "listener %s has the same port and hostname", b->name);
        }
        struct listener *l = &g->listeners[i];
        if (l->conflicted.reason)
            refuse_too(&l->accepted, l->conflicted.reason, &l->conflicted);
    }
}

/* ---- certificates ---- */

struct reading {
    struct world *w;
    struct node *node;
    const struct gateway_options *options;
    struct findings *findings;
    int listener; /* index, for paths */
};

static void tell(const struct reading *at, enum finding_id id, const char *member, const char *message)
{
    char path[128];
    snprintf(path, sizeof path, "spec.listeners[%d]%s%s", at->listener, *member ? "." : "", member);
    findings_add(at->findings, &(struct finding){.id = id, .path = path, .message = message});
}

static void tell_validity(const struct reading *at, const struct cert *c, const char *member,
                          const struct ref *ref)
{
    if (!c->is_expired && !c->is_not_yet_valid)
        return;
    char text[700];
    snprintf(text, sizeof text, "the certificate in Secret %s/%s %s (valid until %s)", ref->ns, ref->name,
             c->is_expired ? "has expired" : "is not valid yet", c->not_after);
    tell(at, F_CERT_EXPIRED, member, text);
}

static void take_secret(struct reading *at, struct listener *l, const char *member, const struct ref *ref)
{
    const struct node *n = world_look(at->w, at->node, NODE_SECRET, ref->ns, ref->name);
    const struct secret *secret = n->facts;
    struct cert cert;
    if (node_is_unknown(n)) {
        l->waits_for_secret = true;
        return;
    }
    if (!n->present || !secret) {
        refuse(&l->resolved, "InvalidCertificateRef", member, "Secret %s/%s does not exist", ref->ns,
               ref->name);
        return;
    }
    const char *why = cert_read(&cert, secret->cert_base64, secret->key_base64, at->options->now);
    if (why) {
        refuse(&l->resolved, "InvalidCertificateRef", member, "Secret %s/%s: %s", ref->ns, ref->name, why);
        return;
    }
    tell_validity(at, &cert, member, ref);
    l->certs = xreallocarray(l->certs, (size_t)l->n_certs + 1, sizeof *l->certs);
    l->certs[l->n_certs++] = cert;
}

static void take_certificate_ref(struct reading *at, struct listener *l, jv spec, int i)
{
    char member[40];
    snprintf(member, sizeof member, "tls.certificateRefs[%d]", i);
    struct ref ref = {jx_getstr_or(spec, "group", ""), jx_getstr_or(spec, "kind", "Secret"),
                      jx_getstr_or(spec, "namespace", at->node->ns), jx_getstr_or(spec, "name", "")};
    if (*ref.group || !str_eq(ref.kind, "Secret")) {
        refuse(&l->resolved, "InvalidCertificateRef", member,
               "%s%s%s cannot hold a certificate; a Secret is expected", ref.group, *ref.group ? "/" : "",
               ref.kind);
        return;
    }
    switch (ref_is_permitted(at->w, at->node, "Gateway", &ref)) {
    case ANSWER_NO:
        refuse(&l->resolved, "RefNotPermitted", member,
               "no ReferenceGrant in namespace %s lets Gateways of %s use Secret %s", ref.ns, at->node->ns,
               ref.name);
        break;
    case ANSWER_WAIT: l->waits_for_secret = true; break;
    case ANSWER_YES: take_secret(at, l, member, &ref); break;
    }
}

static void read_certificates(struct reading *at, struct listener *l, jv spec, jv frontend)
{
    if (l->protocol != PROTOCOL_HTTPS || l->accepted.reason)
        return;
    if (jx_is_obj(frontend)) /* never serve without a check that was asked for */
        refuse(&l->accepted, "UnsupportedValue", "tls",
               "client certificate validation (spec.tls.frontend) is not supported yet");
    jv refs = jx_path(spec, "tls.certificateRefs");
    for (int i = 0; i < jx_len(refs); i++)
        take_certificate_ref(at, l, jx_at(refs, i), i);
    if (jx_len(refs) == 0)
        refuse(&l->programmed, "InvalidTLSConfig", "tls", "an HTTPS listener needs tls.certificateRefs");
    if (l->n_certs == 0 && !l->waits_for_secret && l->resolved.reason)
        refuse_too(&l->programmed, "Invalid", &l->resolved);
}

/* ---- the whole ---- */

static struct digest route_view(const struct gateway *g)
{
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_addf(&b, "%d %d %u\n", g->is_ours, g->is_held, g->serial);
    for (int i = 0; i < g->n_listeners; i++) {
        const struct listener *l = &g->listeners[i];
        buf_addf(&b, "%s %s %d %s %d %d %d ", l->name, l->hostname, l->port, l->protocol_name, l->from,
                 l->takes_http_routes, l->programmed.reason == NULL);
        jx_dump_sorted(&b, l->selector);
        buf_addc(&b, '\n');
    }
    struct digest d = digest_of(b.p, b.len);
    buf_free(&b);
    return d;
}

static void look_at_class(struct world *w, struct node *n, struct gateway *g)
{
    const struct node *class = world_look(w, n, NODE_CLASS, "", g->class_name);
    const struct gateway_class *facts = class->facts;
    g->class_is_missing = !class->present && !class->rejected;
    g->is_held = node_is_unknown(class);
    g->is_ours = class->present && facts && facts->is_ours;
}

static void carry_counts(struct gateway *to, struct gateway *from)
{
    for (int i = 0; i < to->n_listeners; i++) {
        struct listener *l = &to->listeners[i], *old = gateway_listener(from, l->name);
        if (!old)
            continue;
        l->attached = old->attached;
        l->deep = old->deep;
        l->n_deep = old->n_deep;
        l->cap_deep = old->cap_deep;
        old->deep = NULL;
        old->n_deep = 0;
    }
}

static void read_listeners(struct reading *at, struct gateway *g, jv spec)
{
    jv list = jx_get(spec, "listeners"), frontend = jx_path(spec, "tls.frontend");
    g->listeners = xcalloc((size_t)jx_len(list), sizeof *g->listeners);
    g->n_listeners = jx_len(list);
    for (int i = 0; i < g->n_listeners; i++)
        read_listener(&g->listeners[i], jx_at(list, i));
    find_conflicts(g);
    for (int i = 0; i < g->n_listeners; i++) {
        struct listener *l = &g->listeners[i];
        at->listener = i;
        read_certificates(at, l, jx_at(list, i), frontend);
        if (l->accepted.reason)
            refuse_too(&l->programmed, l->conflicted.reason ? l->conflicted.reason : "Invalid", &l->accepted);
        if (l->accepted.reason)
            tell(at, F_LISTENER_INVALID, l->accepted.member, l->accepted.message);
        else if (l->resolved.reason)
            tell(at, F_REF_UNRESOLVED, l->resolved.member, l->resolved.message);
        else if (l->programmed.reason)
            tell(at, F_LISTENER_INVALID, l->programmed.member, l->programmed.message);
    }
}

bool gateway_compute(struct world *w, struct node *n, const struct gateway_options *o, unsigned serial)
{
    struct rec r;
    struct findings fs;
    const char *line = n->present ? n->text : n->rejected;
    if (rec_parse(&r, line, strlen(line), 0)) /* it parsed when it came */
        return false;
    struct gateway *old = n->facts, *g = xcalloc(1, sizeof *g);
    findings_init(&fs);
    world_forget_deps(w, n);
    jv spec = jx_get(r.object, "spec");
    g->serial = old ? old->serial : serial;
    g->generation = jx_getint_or(jx_get(r.object, "metadata"), "generation", 0);
    g->class_name = xstrdup(jx_getstr_or(spec, "gatewayClassName", ""));
    look_at_class(w, n, g);
    if (g->is_ours || g->is_held)
        read_listeners(&(struct reading){.w = w, .node = n, .options = o, .findings = &fs}, g, spec);
    if (g->class_is_missing)
        findings_addf(&fs, F_CLASS_UNKNOWN, "spec.gatewayClassName", "GatewayClass \"%s\" does not exist",
                      g->class_name);
    g->route_view = route_view(g);
    bool differs = !old || !digest_equal(old->route_view, g->route_view);
    if (old) {
        carry_counts(g, old);
        gateway_clear(old);
        free(old);
    }
    n->facts = g;
    g->findings = fs.list; /* moved */
    rec_release(&r);
    return differs;
}

struct listener *gateway_listener(struct gateway *g, const char *name)
{
    for (int i = 0; g && i < g->n_listeners; i++)
        if (str_eq(g->listeners[i].name, name))
            return &g->listeners[i];
    return NULL;
}

static void count_host(struct listener *l, int delta, const char *host)
{
    for (size_t i = 0; i < l->n_deep; i++) {
        if (!str_eq(l->deep[i].host, host))
            continue;
        l->deep[i].n += delta;
        if (l->deep[i].n <= 0) {
            free(l->deep[i].host);
            l->deep[i] = l->deep[--l->n_deep];
        }
        return;
    }
    if (delta < 0)
        return;
    if (l->n_deep == l->cap_deep) {
        l->cap_deep = l->cap_deep ? 2 * l->cap_deep : 4;
        l->deep = xreallocarray(l->deep, l->cap_deep, sizeof *l->deep);
    }
    l->deep[l->n_deep++] = (struct host_count){xstrdup(host), 1};
}

void listener_count_routes(struct listener *l, int delta)
{
    l->attached += delta;
}

void listener_count_hosts(struct listener *l, int delta, const char *const *hosts, int n_hosts)
{
    for (int i = 0; i < n_hosts; i++)
        count_host(l, delta, hosts[i]);
}

/* ---- saying ---- */

static jv certificates_json(const struct listener *l)
{
    jv list = jb_arr();
    for (int i = 0; i < l->n_certs; i++) {
        jv c = jb_obj();
        jb_put_str(&c, "cert", l->certs[i].cert_pem);
        jb_put_str(&c, "key", l->certs[i].key_pem);
        jb_add(&list, c);
    }
    return list;
}

static jv deep_hosts_json(const struct listener *l)
{
    jv list = jb_arr();
    for (size_t i = 0; i < l->n_deep; i++)
        jb_add_str(&list, l->deep[i].host);
    return jb_sorted(list);
}

jv gateway_resolved(const struct gateway *g, const struct node *n)
{
    jv resolved = jb_obj(), gateways = jb_arr(), listeners = jb_arr();
    if (g->is_ours)
        jb_add(&gateways, jb_strf("%s/%s", n->ns, n->name));
    for (int i = 0; i < g->n_listeners; i++) {
        const struct listener *l = &g->listeners[i];
        jv o = jb_obj();
        jb_put_str(&o, "name", l->name);
        jb_put_str(&o, "protocol", l->protocol_name);
        jb_put_int(&o, "port", l->port);
        if (*l->hostname)
            jb_put_str(&o, "hostname", l->hostname);
        jb_put_int(&o, "attachedRoutes", l->attached);
        jb_put_bool(&o, "programmed", !l->programmed.reason);
        if (l->protocol == PROTOCOL_HTTPS && !l->programmed.reason) {
            jb_put(&o, "certificates", certificates_json(l));
            if (l->n_deep > 0)
                jb_put(&o, "routeHostnames", deep_hosts_json(l));
            if (l->waits_for_secret)
                jb_put_bool(&o, "held", true);
        }
        jb_add(&listeners, o);
    }
    jb_put(&resolved, "gateways", gateways);
    jb_put(&resolved, "listeners", listeners);
    return resolved;
}

static void add_condition(jv *list, const char *type, const struct verdict *v, int64_t generation)
{
    jb_add(list, status_condition(type, !v->reason, v->reason ? v->reason : type, v->message, generation));
}

static jv listener_status(const struct listener *l, int64_t generation)
{
    jv o = jb_obj(), kinds = jb_arr(), conditions = jb_arr();
    if (l->takes_http_routes) {
        jv kind = jb_obj();
        jb_put_str(&kind, "group", GATEWAY_GROUP);
        jb_put_str(&kind, "kind", "HTTPRoute");
        jb_add(&kinds, kind);
    }
    add_condition(&conditions, "Accepted", &l->accepted, generation);
    add_condition(&conditions, "Programmed", &l->programmed, generation);
    add_condition(&conditions, "ResolvedRefs", &l->resolved, generation);
    if (l->conflicted.reason)
        jb_add(&conditions,
               status_condition("Conflicted", true, l->conflicted.reason, l->conflicted.message, generation));
    jb_put_str(&o, "name", l->name);
    jb_put(&o, "supportedKinds", kinds);
    jb_put_int(&o, "attachedRoutes", l->attached);
    jb_put(&o, "conditions", conditions);
    return o;
}

jv gateway_status(const struct gateway *g)
{
    jv status = jb_obj(), conditions = jb_arr(), listeners = jb_arr();
    int good = 0;
    for (int i = 0; i < g->n_listeners; i++) {
        good += !g->listeners[i].programmed.reason;
        jb_add(&listeners, listener_status(&g->listeners[i], g->generation));
    }
    bool all = good == g->n_listeners;
    const char *message = all ? NULL : good ? "some listeners are not valid" : "no listener is valid";
    jb_add(&conditions, status_condition("Accepted", good > 0, all && good ? "Accepted" : "ListenersNotValid",
                                         message, g->generation));
    jb_add(&conditions, status_condition("Programmed", good > 0, good ? "Programmed" : "Invalid",
                                         good ? NULL : message, g->generation));
    jb_put(&status, "conditions", conditions);
    jb_put(&status, "listeners", listeners);
    return status;
}

static void verdict_clear(struct verdict *v)
{
    free(v->member);
    free(v->message);
}

void gateway_clear(struct gateway *g)
{
    for (int i = 0; i < g->n_listeners; i++) {
        struct listener *l = &g->listeners[i];
        free(l->name);
        free(l->hostname);
        free(l->protocol_name);
        jb_free(l->selector);
        verdict_clear(&l->conflicted);
        verdict_clear(&l->accepted);
        verdict_clear(&l->resolved);
        verdict_clear(&l->programmed);
        for (int k = 0; k < l->n_certs; k++)
            cert_release(&l->certs[k]);
        free(l->certs);
        for (size_t k = 0; k < l->n_deep; k++)
            free(l->deep[k].host);
        free(l->deep);
    }
    free(g->listeners);
    free(g->class_name);
    jb_free(g->findings);
}

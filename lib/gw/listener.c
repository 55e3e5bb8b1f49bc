#include "gw/listener.h"

#include <stdio.h>
#include <stdlib.h>

#include "gw/status.h"

/* ---- verdicts ---- */

void verdict_refuse(struct verdict *v, const char *reason, const char *member, const char *fmt, ...)
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
    verdict_refuse(v, reason, because->member, "%s", because->message);
}

void verdict_clear(struct verdict *v)
{
    free(v->member);
    free(v->message);
    *v = (struct verdict){0};
}

/* ---- reading ---- */

static const struct {
    const char *name;
    enum protocol protocol;
    unsigned kinds; /* of routes that it can serve */
} protocols[] = {
    {"HTTP", PROTOCOL_HTTP, ROUTES_HTTP | ROUTES_GRPC},
    {"HTTPS", PROTOCOL_HTTPS, ROUTES_HTTP | ROUTES_GRPC},
};

static const struct {
    const char *name;
    unsigned bit;
} route_kinds[] = {
    {"HTTPRoute", ROUTES_HTTP},
    {"GRPCRoute", ROUTES_GRPC},
};

static unsigned bit_of_kind(const char *group, const char *kind)
{
    for (size_t i = 0; i < N_ELEMS(route_kinds); i++)
        if (str_eq(group, GATEWAY_GROUP_NAME) && str_eq(kind, route_kinds[i].name))
            return route_kinds[i].bit;
    return 0;
}

static void read_allowed_routes(struct listener *l, jv spec, unsigned servable)
{
    jv allowed = jx_get(spec, "allowedRoutes"), namespaces = jx_get(allowed, "namespaces");
    const char *from = jx_getstr_or(namespaces, "from", "Same");
    l->from = str_eq(from, "All") ? FROM_ALL : str_eq(from, "Selector") ? FROM_SELECTOR : FROM_SAME;
    l->selector = l->from == FROM_SELECTOR ? jb_copy(jx_get(namespaces, "selector")) : JX_NONE;
    jv kinds = jx_get(allowed, "kinds");
    l->kinds = jx_len(kinds) == 0 ? servable : 0;
    for (int i = 0; i < jx_len(kinds); i++) {
        jv kind = jx_at(kinds, i);
        const char *group = jx_getstr_or(kind, "group", GATEWAY_GROUP_NAME),
                   *name = jx_getstr_or(kind, "kind", "");
        unsigned bit = bit_of_kind(group, name) & servable;
        l->kinds |= bit;
        if (!bit)
            verdict_refuse(&l->resolved, "InvalidRouteKinds", "allowedRoutes.kinds",
                           "routes of kind %s%s%s cannot attach here", group, *group ? "/" : "", name);
    }
}

static void read_protocol(struct listener *l, jv spec)
{
    for (size_t i = 0; i < N_ELEMS(protocols); i++) {
        if (!str_eq(protocols[i].name, l->protocol_name))
            continue;
        l->protocol = protocols[i].protocol;
        read_allowed_routes(l, spec, protocols[i].kinds);
        return;
    }
    l->protocol = PROTOCOL_OTHER;
    verdict_refuse(&l->accepted, "UnsupportedProtocol", "protocol",
                   "protocol %s is not supported; HTTP and HTTPS are", l->protocol_name);
}

static void tell(struct findings *fs, int index, enum finding_id id, const char *member, const char *message)
{
    char path[128];
    snprintf(path, sizeof path, "spec.listeners[%d]%s%s", index, *member ? "." : "", member);
    findings_add(fs, &(struct finding){.id = id, .path = path, .message = message});
}

static void tell_validity(const struct listener_reading *at, int index, const struct cert *c,
                          const char *member, const struct ref *ref)
{
    if (!c->is_expired && !c->is_not_yet_valid)
        return;
    char text[700];
    snprintf(text, sizeof text, "the certificate in Secret %s/%s %s (valid until %s)", ref->ns, ref->name,
             c->is_expired ? "has expired" : "is not valid yet", c->not_after);
    tell(at->findings, index, F_CERT_EXPIRED, member, text);
}

static void take_secret(const struct listener_reading *at, int index, struct listener *l, const char *member,
                        const struct ref *ref)
{
    const struct node *n = world_look(at->w, at->node, NODE_SECRET, ref->ns, ref->name);
    const struct secret *secret = n->facts;
    struct cert cert;
    if (node_is_unknown(at->w, n)) {
        l->waits_for_secret = true;
        return;
    }
    if (!n->present || !secret) {
        verdict_refuse(&l->resolved, "InvalidCertificateRef", member, "Secret %s/%s does not exist", ref->ns,
                       ref->name);
        return;
    }
    const char *why = cert_read(&cert, secret->cert_base64, secret->key_base64, at->now);
    if (why) {
        verdict_refuse(&l->resolved, "InvalidCertificateRef", member, "Secret %s/%s: %s", ref->ns, ref->name,
                       why);
        return;
    }
    tell_validity(at, index, &cert, member, ref);
    l->certs = xreallocarray(l->certs, (size_t)l->n_certs + 1, sizeof *l->certs);
    l->certs[l->n_certs++] = cert;
}

static void take_certificate_ref(const struct listener_reading *at, int index, struct listener *l, jv spec,
                                 int i)
{
    char member[40];
    snprintf(member, sizeof member, "tls.certificateRefs[%d]", i);
    struct ref ref = {jx_getstr_or(spec, "group", ""), jx_getstr_or(spec, "kind", "Secret"),
                      jx_getstr_or(spec, "namespace", at->node->ns), jx_getstr_or(spec, "name", "")};
    if (*ref.group || !str_eq(ref.kind, "Secret")) {
        verdict_refuse(&l->resolved, "InvalidCertificateRef", member,
                       "%s%s%s cannot hold a certificate; a Secret is expected", ref.group,
                       *ref.group ? "/" : "", ref.kind);
        return;
    }
    switch (ref_is_permitted(at->w, at->node, at->owner_kind, &ref)) {
    case ANSWER_NO:
        verdict_refuse(&l->resolved, "RefNotPermitted", member,
                       "no ReferenceGrant in namespace %s lets %ss of %s use Secret %s", ref.ns,
                       at->owner_kind, at->node->ns, ref.name);
        break;
    case ANSWER_WAIT: l->waits_for_secret = true; break;
    case ANSWER_YES: take_secret(at, index, l, member, &ref); break;
    }
}

static void read_certificates(const struct listener_reading *at, int index, struct listener *l, jv spec)
{
    if (l->protocol != PROTOCOL_HTTPS || l->accepted.reason)
        return;
    if (at->wants_client_certs) /* never serve without a check that was asked for */
        verdict_refuse(&l->accepted, "UnsupportedValue", "tls",
                       "client certificate validation (spec.tls.frontend) is not supported yet");
    jv refs = jx_path(spec, "tls.certificateRefs");
    for (int i = 0; i < jx_len(refs); i++)
        take_certificate_ref(at, index, l, jx_at(refs, i), i);
    if (jx_len(refs) == 0)
        verdict_refuse(&l->programmed, "InvalidTLSConfig", "tls",
                       "an HTTPS listener needs tls.certificateRefs");
    if (l->n_certs == 0 && !l->waits_for_secret && l->resolved.reason)
        refuse_too(&l->programmed, "Invalid", &l->resolved);
}

void listener_read(struct listener *l, const struct listener_reading *at, jv spec, int index)
{
    l->name = xstrdup(jx_getstr_or(spec, "name", ""));
    l->hostname = xstrdup(jx_getstr_or(spec, "hostname", ""));
    l->protocol_name = xstrdup(jx_getstr_or(spec, "protocol", ""));
    l->port = (int)jx_getint_or(spec, "port", 0);
    l->selector = l->catch_all = JX_NONE;
    read_protocol(l, spec);
    read_certificates(at, index, l, spec);
    if (l->accepted.reason)
        refuse_too(&l->programmed, "Invalid", &l->accepted);
}

/* ---- counts ---- */

static void count_host(struct listener *l, int delta, const char *host)
{
    struct host_count *c;
    HASH_FIND_STR(l->deep, host, c);
    if (!c && delta > 0) {
        size_t n = strlen(host) + 1;
        c = xcalloc(1, sizeof *c + n);
        memcpy(c->host, host, n);
        HASH_ADD_KEYPTR(hh, l->deep, c->host, n - 1, c);
    }
    if (!c)
        return;
    c->n += delta;
    if (c->n > 0)
        return;
    HASH_DEL(l->deep, c);
    free(c);
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

void listener_clear(struct listener *l)
{
    free(l->name);
    free(l->hostname);
    free(l->protocol_name);
    jb_free(l->selector);
    jb_free(l->catch_all);
    verdict_clear(&l->conflicted);
    verdict_clear(&l->accepted);
    verdict_clear(&l->resolved);
    verdict_clear(&l->programmed);
    for (int k = 0; k < l->n_certs; k++)
        cert_release(&l->certs[k]);
    free(l->certs);
    while (l->deep)
        count_host(l, -l->deep->n, l->deep->host);
}

static const char port_taken[] = "another Gateway uses the port with another protocol, and came first";

void listener_tell(const struct listener *l, int index, struct findings *fs)
{
    static const enum finding_id ids[] = {F_LISTENER_INVALID, F_LISTENER_INVALID, F_REF_UNRESOLVED,
                                          F_LISTENER_INVALID};
    const struct verdict *verdicts[] = {&l->conflicted, &l->accepted, &l->resolved, &l->programmed};
    for (size_t i = 0; i < N_ELEMS(verdicts); i++) {
        if (!verdicts[i]->reason)
            continue;
        tell(fs, index, ids[i], verdicts[i]->member, verdicts[i]->message);
        return;
    }
    if (l->port_is_taken)
        tell(fs, index, F_LISTENER_INVALID, "port", port_taken);
}

void listener_carry_counts(struct listener *to, struct listener *from)
{
    to->attached = from->attached;
    to->deep = from->deep;
    from->deep = NULL;
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
    for (const struct host_count *c = l->deep; c; c = c->hh.next)
        jb_add_str(&list, c->host);
    return jb_sorted(list);
}

jv listener_resolved(const struct listener *l)
{
    jv o = jb_obj();
    jb_put_str(&o, "name", l->name);
    jb_put_str(&o, "protocol", l->protocol_name);
    jb_put_int(&o, "port", l->port);
    if (*l->hostname)
        jb_put_str(&o, "hostname", l->hostname);
    jb_put_int(&o, "attachedRoutes", l->attached);
    jb_put_bool(&o, "programmed", listener_is_programmed(l));
    if (l->protocol == PROTOCOL_HTTPS && listener_is_programmed(l)) {
        jb_put(&o, "certificates", certificates_json(l));
        if (l->deep)
            jb_put(&o, "routeHostnames", deep_hosts_json(l));
        if (l->waits_for_secret)
            jb_put_bool(&o, "held", true);
    }
    if (!jx_is_none(l->catch_all))
        jb_put(&o, "catchAll", jb_copy(l->catch_all));
    return o;
}

static void add_condition(jv *list, const char *type, const struct verdict *v, int64_t generation)
{
    jb_add(list, status_condition(type, !v->reason, v->reason ? v->reason : type, v->message, generation));
}

static jv supported_kinds(const struct listener *l)
{
    jv kinds = jb_arr();
    for (size_t i = 0; i < N_ELEMS(route_kinds); i++) {
        if (!(l->kinds & route_kinds[i].bit))
            continue;
        jv kind = jb_obj();
        jb_put_str(&kind, "group", GATEWAY_GROUP_NAME);
        jb_put_str(&kind, "kind", route_kinds[i].name);
        jb_add(&kinds, kind);
    }
    return kinds;
}

/* A conflict is the reason for all that it prevents. */
static const struct verdict *or_conflict(const struct listener *l, const struct verdict *v)
{
    return l->conflicted.reason ? &l->conflicted : v;
}

jv listener_status(const struct listener *l, int64_t generation)
{
    jv o = jb_obj(), conditions = jb_arr();
    const struct verdict taken = {"PortUnavailable", NULL, (char *)port_taken};
    bool is_taken = l->port_is_taken && !l->accepted.reason && !l->conflicted.reason;
    add_condition(&conditions, "Accepted", is_taken ? &taken : or_conflict(l, &l->accepted), generation);
    if (is_taken)
        add_condition(&conditions, "Programmed", &taken, generation);
    else if (l->barred && !l->programmed.reason && !l->conflicted.reason)
        jb_add(&conditions, status_condition("Programmed", false, "Pending", l->barred, generation));
    else
        add_condition(&conditions, "Programmed", or_conflict(l, &l->programmed), generation);
    add_condition(&conditions, "ResolvedRefs", &l->resolved, generation);
    if (l->conflicted.reason)
        jb_add(&conditions,
               status_condition("Conflicted", true, l->conflicted.reason, l->conflicted.message, generation));
    if (l->overlaps)
        jb_add(&conditions, status_condition("OverlappingTLSConfig", true, "OverlappingHostnames",
                                             "another HTTPS listener on this port shares hostnames with this "
                                             "one; requests for them that come in by the wrong one get 421",
                                             generation));
    jb_put_str(&o, "name", l->name);
    jb_put(&o, "supportedKinds", supported_kinds(l));
    jb_put_int(&o, "attachedRoutes", l->attached);
    jb_put(&o, "conditions", conditions);
    return o;
}

void listener_view(const struct listener *l, struct buf *b)
{
    buf_addf(b, "%s %s %d %s %d %u %d ", l->name, l->hostname, l->port, l->protocol_name, l->from, l->kinds,
             listener_is_programmed(l));
    jx_dump_sorted(b, l->selector);
    buf_addc(b, '\n');
}

#include "gw/route.h"

#include <stdio.h>
#include <stdlib.h>

#include "gw/attach.h"
#include "gw/bindings.h"
#include "gw/grpc.h"
#include "gw/hostname.h"
#include "gw/retry.h"
#include "gw/status.h"

/* What the kinds of route differ in. */
struct route_kind {
    enum node_kind node;
    const char *name;
    unsigned bit;
    void (*variant)(jv rule, char out[VARIANT_MAX]);
    jv (*rules)(jv rules); /* as those of an HTTPRoute; owned */
    bool has_hops;         /* its requests may come back by APISIX's internal port (gw-record(7)) */
};

/* Retries belong to an upstream. */
static void http_variant(jv rule, char out[VARIANT_MAX])
{
    struct retry retry = retry_read(rule);
    if (retry.attempts != RETRY_ANY)
        snprintf(out, VARIANT_MAX, "retry%d", retry.attempts);
    else
        *out = '\0';
}

static void grpc_variant(jv rule, char out[VARIANT_MAX])
{
    (void)rule;
    snprintf(out, VARIANT_MAX, "grpc");
}

static const struct route_kind route_kinds[] = {
    {NODE_HTTPROUTE, "HTTPRoute", ROUTES_HTTP, http_variant, jb_copy, true},
    {NODE_GRPCROUTE, "GRPCRoute", ROUTES_GRPC, grpc_variant, grpc_rules_as_http, false},
};

static const struct route_kind *kind_of(const struct node *n)
{
    size_t i = 0;
    while (route_kinds[i].node != n->kind)
        i++;
    return &route_kinds[i];
}

/* One computation under way. */
struct work {
    struct route_context *c;
    struct node *node;
    struct route *route;
    const struct route_kind *kind;
    jv object, spec;
    int64_t generation;
    struct findings findings;
    int n_others; /* parents that are another controller's */
    struct served_list served;
    struct finding_condition problem; /* the first broken reference, for ResolvedRefs */
    char problem_text[640];
    bool uses_hops;
    jv parents; /* status entries without ResolvedRefs yet */
};

/* ---- counts that live elsewhere ---- */

/* Takes it off the lists of those who claim listeners; that may be for a moment. Owned by the caller. */
static struct claims take_claims(struct node *n)
{
    struct route *r = n->facts;
    struct claims claims = {0};
    if (!r)
        return claims;
    exclusion_leave(n);
    claims = r->claims;
    r->claims = (struct claims){0};
    return claims;
}

static void compare_claims(struct route_context *c, struct node *n, struct claims *before)
{
    exclusion_compare(c->exclusion, n, before);
    claims_clear(before);
}

void route_detach(struct route_context *c, struct node *n)
{
    struct route *r = n->facts;
    if (!r)
        return;
    struct claims claims = take_claims(n);
    for (size_t i = 0; i < r->attachments.n; i++) {
        attachment_count(&r->attachments.items[i], -1);
        c->touch(r->attachments.items[i].parent, c->ctx);
    }
    for (int i = 0; i < r->n_uses; i++)
        c->touch(r->uses[i].service, c->ctx);
    for (int i = 0; i < r->n_ties; i++)
        rank_leave(c->ranks, &r->ties[i]);
    c->n_wide_hops -= r->has_wide_hops;
    route_clear(r);
    free(r);
    n->facts = NULL;
    compare_claims(c, n, &claims);
}

static void count_attachments(struct work *w)
{
    struct attachments *all = &w->route->attachments;
    attachments_note(all, &w->served);
    for (size_t i = 0; i < all->n; i++) {
        all->items[i].is_counted = !w->route->is_held;
        attachment_count(&all->items[i], 1);
        w->c->touch(all->items[i].parent, w->c->ctx);
    }
}

/* ---- parents ---- */

static void add_parent_status(struct work *w, jv parent_ref, enum attach_outcome outcome, const char *message)
{
    jv entry = jb_obj(), conditions = jb_arr();
    jb_add(&conditions, status_condition("Accepted", outcome == ATTACH_ACCEPTED, attach_reason(outcome),
                                         message, w->generation));
    jb_put(&entry, "parentRef", jb_copy(parent_ref));
    jb_put_str(&entry, "controllerName", w->c->controller_name);
    jb_put(&entry, "conditions", conditions);
    jb_add(&w->parents, entry);
}

static void refuse_parent(struct work *w, const char *path, enum attach_outcome outcome, const char *message)
{
    struct finding_condition condition = {"Accepted", "False", attach_reason(outcome)};
    findings_add(&w->findings,
                 &(struct finding){
                     .id = F_ROUTE_NOT_ACCEPTED, .path = path, .message = message, .condition = &condition});
}

/* The node that a parentRef names; NULL when it is of somebody else's kind. */
static struct node *look_at_parent(struct work *w, jv ref)
{
    static const struct {
        const char *name;
        enum node_kind node;
    } kinds[] = {{"Gateway", NODE_GATEWAY}, {"ListenerSet", NODE_LISTENERSET}};
    const char *kind = jx_getstr_or(ref, "kind", "Gateway");
    if (!str_eq(jx_getstr_or(ref, "group", GATEWAY_GROUP_NAME), GATEWAY_GROUP_NAME))
        return NULL;
    for (size_t i = 0; i < N_ELEMS(kinds); i++)
        if (str_eq(kind, kinds[i].name))
            return world_look(w->c->world, w->node, kinds[i].node,
                              jx_getstr_or(ref, "namespace", w->node->ns), jx_getstr_or(ref, "name", ""));
    return NULL;
}

/* What older routes of another kind leave of it. */
static void admit(struct work *w, struct attach *a, size_t since, struct buf *why)
{
    if (a->outcome == ATTACH_ACCEPTED &&
        !exclusion_admit(w->c->exclusion, w->node, w->route->stamp, &w->served, since, why))
        a->outcome = ATTACH_EXCLUDED;
}

static void resolve_parent(struct work *w, jv ref, int i)
{
    char path[64];
    snprintf(path, sizeof path, "spec.parentRefs[%d]", i);
    struct node *parent = look_at_parent(w, ref);
    const struct parent *p = parent ? parent_facts(parent) : NULL;
    w->n_others += !parent || (parent->present && p && p->is_others && !p->is_held);
    if (!parent)
        return;
    bool waits = node_is_unknown(w->c->world, parent) || (parent->present && p && p->is_held);
    if (waits)
        w->route->is_held = true;
    else if (!parent->present)
        findings_addf(&w->findings, F_PARENT_UNKNOWN, path, "%s %s/%s does not exist",
                      jx_getstr_or(ref, "kind", "Gateway"), parent->ns, parent->name);
    if (!p || !p->gateway || !(p->is_ours || waits))
        return;
    size_t before = w->served.n;
    struct attach a =
        attach_to(w->c->world, w->node, w->kind->bit, ref, jx_get(w->spec, "hostnames"), parent, &w->served);
    if (a.is_waiting)
        w->route->is_held = true;
    struct buf message;
    buf_init(&message, BUF_MAX_SCRATCH);
    admit(w, &a, before, &message);
    if (waits) {
        buf_free(&message);
        return; /* what is live for it keeps its rank and its backends; that is all there is to know */
    }
    attach_describe(&message, a.outcome, w->node, w->kind->name, ref, parent);
    if (a.outcome == ATTACH_ACCEPTED && message.len > 0)
        findings_addf(&w->findings, F_ROUTE_NOT_ACCEPTED, path, "%s", message.p);
    if (a.outcome != ATTACH_ACCEPTED) {
        w->served.n = before;
        refuse_parent(w, path, a.outcome, message.p);
    }
    add_parent_status(w, ref, a.outcome, message.p);
    buf_free(&message);
}

/* ---- backends ---- */

static void note_problem(struct work *w, const struct backend *b, const char *path)
{
    struct finding_condition condition = {"ResolvedRefs", "False", b->reason};
    findings_add(&w->findings,
                 &(struct finding){
                     .id = F_REF_UNRESOLVED, .path = path, .message = b->message, .condition = &condition});
    if (w->problem.reason)
        return;
    w->problem = condition;
    snprintf(w->problem_text, sizeof w->problem_text, "%s: %s", path, b->message);
}

static void note_use(struct route *r, const struct backend *b, const char *variant)
{
    for (int i = 0; i < r->n_uses; i++)
        if (r->uses[i].service == b->service && r->uses[i].port == b->port &&
            str_eq(r->uses[i].variant, variant))
            return;
    r->uses = xreallocarray(r->uses, (size_t)r->n_uses + 1, sizeof *r->uses);
    struct use *u = &r->uses[r->n_uses++];
    *u = (struct use){.service = b->service, .port = b->port};
    snprintf(u->variant, sizeof u->variant, "%s", variant);
}

static jv resolve_backend(struct work *w, jv ref, const char *variant, const char *path)
{
    struct backend b;
    jv o = jb_obj();
    int64_t weight = jx_getint_or(ref, "weight", 1);
    backend_resolve(&b, w->c->world, w->node, w->kind->name, ref);
    w->route->is_held |= b.is_waiting;
    if (b.reason) {
        note_problem(w, &b, path);
        jb_put_str(&o, "reason", b.reason);
    } else if (b.service) {
        jb_put(&o, "service", jb_strf("%s/%s", b.service->ns, b.service->name));
        jb_put_int(&o, "port", b.port);
        if (b.app_protocol && *b.app_protocol)
            jb_put_str(&o, "appProtocol", b.app_protocol);
        if (*variant)
            jb_put_str(&o, "variant", variant);
        if (weight > 0)
            note_use(w->route, &b, variant);
    }
    jb_put_int(&o, "weight", weight);
    return o;
}

/* A copy of a call of gRPC goes to one address, whichever comes first; none where there are no endpoints. */
static void put_endpoint(struct work *w, const char *service, int port, jv *backend)
{
    char ns[256];
    const char *slash = strchr(service, '/');
    int n;
    snprintf(ns, sizeof ns, "%.*s", (int)(slash - service), service);
    world_look(w->c->world, w->node, NODE_SLICES, ns, slash + 1); /* the route depends on them */
    struct node *node = world_look(w->c->world, w->node, NODE_SERVICE, ns, slash + 1);
    jv all = backend_port_json(w->c->world, node, port, &n), first = jx_at(jx_get(all, "endpoints"), 0);
    if (jx_is_obj(first))
        jb_put(backend, "endpoint", jb_copy(first));
    jb_free(all);
}

/* One entry for each filter that has this member, for its backendRef, or JX_NONE. */
static jv resolve_filters(struct work *w, jv filters, const char *member, const char *variant,
                          const char *where)
{
    jv list = JX_NONE;
    for (int i = 0; i < jx_len(filters); i++) {
        char path[160];
        jv ref = jx_get(jx_get(jx_at(filters, i), member), "backendRef");
        if (!jx_is_obj(ref))
            continue;
        snprintf(path, sizeof path, "%s.filters[%d].%s.backendRef", where, i, member);
        if (jx_is_none(list))
            list = jb_arr();
        jv backend = resolve_backend(w, ref, variant, path);
        const char *service = jx_getstr(backend, "service");
        if (service && !w->kind->has_hops && str_eq(member, "requestMirror"))
            put_endpoint(w, service, (int)jx_getint_or(backend, "port", 0), &backend);
        jb_add(&list, backend);
    }
    return list;
}

static jv resolve_extension(struct work *w, jv ref, const char *path)
{
    struct backend b;
    jv o = jb_obj(), plugins = backend_resolve_extension(&b, w->c->world, w->node, ref);
    w->route->is_held |= b.is_waiting;
    if (b.reason) {
        note_problem(w, &b, path);
        jb_put_str(&o, "reason", b.reason);
    } else if (!b.is_waiting) {
        jb_put(&o, "plugins", jb_copy(plugins));
    }
    return o;
}

/* One entry for each ExtensionRef among the filters, or JX_NONE. */
static jv resolve_extensions(struct work *w, jv filters, const char *where)
{
    jv list = JX_NONE;
    for (int i = 0; i < jx_len(filters); i++) {
        char path[160];
        jv ref = jx_get(jx_at(filters, i), "extensionRef");
        if (!jx_is_obj(ref))
            continue;
        snprintf(path, sizeof path, "%s.filters[%d].extensionRef", where, i);
        if (jx_is_none(list))
            list = jb_arr();
        jb_add(&list, resolve_extension(w, ref, path));
    }
    return list;
}

/* Adds to `o`, the rule or backend of these filters, what other Services they need. */
static void put_filters(struct work *w, jv filters, const char *where, jv *o)
{
    char variant[VARIANT_MAX];
    w->kind->variant(JX_NONE, variant);
    jv mirrors = resolve_filters(w, filters, "requestMirror", variant, where),
       auth = resolve_filters(w, filters, "externalAuth", "", where),
       extensions = resolve_extensions(w, filters, where);
    if (!jx_is_none(mirrors)) {
        w->uses_hops |= w->kind->has_hops;
        jb_put(o, "mirrors", mirrors);
    }
    if (!jx_is_none(auth))
        jb_put(o, "auth", auth);
    if (!jx_is_none(extensions))
        jb_put(o, "extensions", extensions);
}

static bool redirects(jv rule)
{
    jv filters = jx_get(rule, "filters");
    for (int i = 0; i < jx_len(filters); i++)
        if (jx_is_obj(jx_get(jx_at(filters, i), "requestRedirect")))
            return true;
    return false;
}

/* That is valid, and seldom meant. */
static void note_no_backends(struct work *w, jv rule, const char *where)
{
    jv refs = jx_get(rule, "backendRefs");
    char path[96];
    for (int k = 0; k < jx_len(refs); k++)
        if (jx_getint_or(jx_at(refs, k), "weight", 1) > 0)
            return;
    if (redirects(rule))
        return;
    snprintf(path, sizeof path, "%s.backendRefs", where);
    findings_addf(&w->findings, F_BACKENDS_NONE, path, "%s: requests get %s",
                  jx_len(refs) > 0 ? "all weights are 0" : "there are none",
                  str_eq(w->kind->name, "GRPCRoute") ? "UNAVAILABLE" : "500");
}

static jv resolve_rule(struct work *w, jv rule, int i)
{
    char where[64], variant[VARIANT_MAX];
    snprintf(where, sizeof where, "spec.rules[%d]", i);
    w->kind->variant(rule, variant);
    jv o = jb_obj(), backends = jb_arr(), refs = jx_get(rule, "backendRefs");
    note_no_backends(w, rule, where);
    put_filters(w, jx_get(rule, "filters"), where, &o);
    w->uses_hops |= w->kind->has_hops && retry_read(rule).has_loop;
    for (int k = 0; k < jx_len(refs); k++) {
        char path[96];
        snprintf(path, sizeof path, "spec.rules[%d].backendRefs[%d]", i, k);
        jv backend = resolve_backend(w, jx_at(refs, k), variant, path);
        put_filters(w, jx_get(jx_at(refs, k), "filters"), path, &backend);
        jb_add(&backends, backend);
    }
    jb_put(&o, "backends", backends);
    return o;
}

/* ---- precedence ---- */

/* The hostnames and ports that the route is served on; `served` is sorted by hostname. */
static struct tie_place *places_of(const struct served_list *served, int *n)
{
    struct tie_place *places = xcalloc(served->n, sizeof *places);
    *n = 0;
    for (size_t i = 0; i < served->n; i++) {
        struct tie_place at = {served->items[i].host, served->items[i].listener->port};
        bool is_known = false;
        for (int k = *n - 1; k >= 0 && !is_known && str_eq(places[k].host, at.host); k--)
            is_known = places[k].port == at.port;
        if (!is_known)
            places[(*n)++] = at;
    }
    return places;
}

static void enter_ranks(struct work *w, jv rules)
{
    struct route *r = w->route;
    int n_places, at = 0;
    struct tie_place *places = places_of(&w->served, &n_places);
    for (int i = 0; i < jx_len(rules); i++)
        r->n_ties += rule_n_matches(jx_at(rules, i));
    r->ties = xcalloc((size_t)r->n_ties, sizeof *r->ties);
    for (int i = 0; i < jx_len(rules); i++) {
        for (int k = 0; k < rule_n_matches(jx_at(rules, i)); k++) {
            struct tie *t = &r->ties[at++];
            struct match m = rule_match(jx_at(rules, i), k);
            *t = (struct tie){.route = w->node, .stamp = r->stamp, .rule = i, .match = k};
            rank_enter(w->c->ranks, t, &m, places, n_places);
        }
    }
    free(places);
}

static void add_ranks(const struct route *r, struct buf *b)
{
    bool any = false;
    for (int i = 0; i < r->n_ties; i++)
        any |= r->ties[i].rank != 0;
    if (!any)
        return;
    buf_adds(b, ",\"ranks\":[");
    for (int i = 0; i < r->n_ties; i++) {
        bool starts_rule = r->ties[i].match == 0;
        bool ends_rule = i + 1 == r->n_ties || r->ties[i + 1].match == 0;
        buf_addf(b, "%s%s%d%s", i ? "," : "", starts_rule ? "[" : "", r->ties[i].rank, ends_rule ? "]" : "");
    }
    buf_addc(b, ']');
}

void route_resolved_text(const struct route *r, struct buf *b)
{
    buf_adds(b, r->resolved);
    add_ranks(r, b);
    buf_addc(b, '}');
}

/* ---- the whole ---- */

static const struct node *gateway_of(const struct attachment *a)
{
    return parent_facts(a->parent)->gateway;
}

static jv gateways_json(const struct route *r)
{
    jv list = jb_arr();
    for (size_t i = 0; i < r->attachments.n; i++) {
        const struct node *g = gateway_of(&r->attachments.items[i]);
        bool is_listed = false;
        for (size_t k = 0; k < i; k++)
            is_listed |= gateway_of(&r->attachments.items[k]) == g;
        if (!is_listed)
            jb_add(&list, jb_strf("%s/%s", g->ns, g->name));
    }
    return jb_sorted(list);
}

static char *text_of(jv owned, bool is_open)
{
    struct buf b;
    buf_init(&b, BUF_MAX_LINE);
    jx_dump(&b, owned);
    if (is_open && b.len > 0)
        b.p[--b.len] = '\0';
    jb_free(owned);
    char *text = xstrndup(b.p, b.len); /* without the slack */
    buf_free(&b);
    return text;
}

static jv finish_status(struct work *w)
{
    jv status = jb_obj(), parents = jb_arr();
    bool is_resolved = !w->problem.reason;
    for (int i = 0; i < jx_len(w->parents); i++) {
        jv entry = jb_copy(jx_at(w->parents, i));
        jv conditions = jb_copy(jx_get(entry, "conditions"));
        jb_add(&conditions,
               status_condition("ResolvedRefs", is_resolved, is_resolved ? "ResolvedRefs" : w->problem.reason,
                                is_resolved ? NULL : w->problem_text, w->generation));
        jb_put(&entry, "conditions", conditions);
        jb_add(&parents, entry);
    }
    jb_put(&status, "parents", parents);
    return status;
}

static bool serves_wildcard(const struct served_list *served)
{
    for (size_t i = 0; i < served->n; i++)
        if (!*served->items[i].host || host_is_wildcard(served->items[i].host))
            return true;
    return false;
}

static void work(struct work *w)
{
    struct route *r = w->route;
    jv meta = jx_get(w->object, "metadata"), refs = jx_get(w->spec, "parentRefs"),
       rules = w->kind->rules(jx_get(w->spec, "rules"));
    w->generation = jx_getint_or(meta, "generation", 0);
    r->stamp = xstrdup(jx_getstr_or(meta, "creationTimestamp", ""));
    if (jx_len(refs) == 0)
        findings_addf(&w->findings, F_PARENT_UNKNOWN, "spec.parentRefs",
                      "no Gateway is named; nothing serves this route");
    for (int i = 0; i < jx_len(refs); i++)
        resolve_parent(w, jx_at(refs, i), i);

    jv resolved = jb_obj(), rules_out = jb_arr();
    for (int i = 0; i < jx_len(rules); i++)
        jb_add(&rules_out, resolve_rule(w, jx_at(rules, i), i));
    count_attachments(w);
    jv bindings = bindings_json(&w->served, w->c->plane, w->c->world, w->node); /* reduces `served` */
    r->is_bound = w->served.n > 0;
    /* Not of a route that was never accepted: its fault must change no other. */
    r->has_wide_hops = w->uses_hops && w->node->present && serves_wildcard(&w->served);
    w->c->n_wide_hops += r->has_wide_hops;
    if (r->is_bound)
        enter_ranks(w, rules);
    jb_free(rules);
    jb_put(&resolved, "gateways", gateways_json(r));
    jb_put(&resolved, "bindings", bindings);
    jb_put(&resolved, "rules", rules_out);
    r->resolved = text_of(resolved, true);
    r->status = text_of(finish_status(w), false);
    for (int i = 0; i < r->n_uses; i++)
        w->c->touch(r->uses[i].service, w->c->ctx);
}

void route_compute(struct route_context *c, struct node *n)
{
    struct rec rec;
    struct claims claims = take_claims(n);
    route_detach(c, n);
    world_forget_deps(c->world, n);
    world_look(c->world, n, NODE_PLANE, "", "");
    const char *line = n->present ? n->text : n->rejected;
    if (rec_parse(&rec, line, strlen(line), 0)) { /* it parsed when it came */
        compare_claims(c, n, &claims);
        return;
    }
    struct route *r = xcalloc(1, sizeof *r);
    r->is_held = !n->present;
    struct work w = {.c = c,
                     .node = n,
                     .kind = kind_of(n),
                     .route = r,
                     .object = rec.object,
                     .spec = jx_get(rec.object, "spec"),
                     .parents = jb_arr()};
    findings_init(&w.findings);
    n->facts = r;
    work(&w);
    exclusion_join(n);
    compare_claims(c, n, &claims);
    if (w.n_others > 0 && w.n_others == jx_len(jx_get(w.spec, "parentRefs"))) {
        /* What it refers to may well mean something to the one whose route it is. */
        findings_release(&w.findings);
        findings_init(&w.findings);
    }
    r->findings = w.findings.list; /* moved */
    jb_free(w.parents);
    free(w.served.items);
    rec_release(&rec);
}

void route_clear(struct route *r)
{
    attachments_clear(&r->attachments);
    for (int i = 0; i < r->n_ties; i++)
        free(r->ties[i].groups);
    claims_clear(&r->claims);
    free(r->uses);
    free(r->ties);
    free(r->stamp);
    free(r->resolved);
    free(r->status);
    jb_free(r->findings);
}

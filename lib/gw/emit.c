#include "gw/emit.h"

#include <stdio.h>
#include <stdlib.h>

#include "gw/proxy.h"
#include "gw/status.h"

/* What is added to a record. Texts are borrowed or NULL. */
struct additions {
    struct findings findings;
    struct buf members; /* ,"resolved":{...},"status":{...} */
    bool is_waiting;    /* as everything is: findings are all that there is to say */
};

static void additions_init(struct additions *a)
{
    findings_init(&a->findings);
    buf_init(&a->members, BUF_MAX_OUTPUT);
}

static void additions_release(struct additions *a)
{
    findings_release(&a->findings);
    if (a->members.p)
        explicit_bzero(a->members.p, a->members.len); /* keys of certificates pass through here */
    buf_free(&a->members);
}

static void add_member(struct additions *a, const char *name, jv owned)
{
    if (!a->is_waiting) {
        buf_addf(&a->members, ",\"%s\":", name);
        jx_dump(&a->members, owned);
    }
    jb_free(owned);
}

static void add_list(struct additions *a, jv borrowed)
{
    for (int i = 0; i < jx_len(borrowed); i++) {
        const char *severity = jx_getstr(jx_at(borrowed, i), "severity");
        if (severity && str_eq(severity, "error"))
            a->findings.errors++;
        jb_add(&a->findings.list, jb_copy(jx_at(borrowed, i)));
    }
}

static void hold(struct additions *a, const char *why)
{
    if (a->is_waiting)
        return;
    findings_addf(&a->findings, F_HELD, NULL, "%s; what is live for it stays untouched", why);
    buf_adds(&a->members, ",\"held\":true");
}

/* ---- by kind ---- */

static jv supported_features(void)
{
    static const char *const names[] = {
#define FEATURE(name, section, row) name,
#include "gw/features.def"
#undef FEATURE
    };
    jv list = jb_arr();
    for (size_t i = 0; i < N_ELEMS(names); i++) {
        jv o = jb_obj();
        jb_put_str(&o, "name", names[i]);
        jb_add(&list, o);
    }
    return list;
}

static void add_class(struct additions *a, const struct node *n)
{
    const struct gateway_class *c = n->facts;
    if (!c || !c->is_ours)
        return;
    jv status = jb_obj(), conditions = jb_arr();
    jb_add(&conditions, status_condition("Accepted", true, "Accepted", NULL, c->generation));
    jb_put(&status, "conditions", conditions);
    jb_put(&status, "supportedFeatures", supported_features());
    add_member(a, "status", status);
}

static void add_parent_findings(struct additions *a, const struct parent *p)
{
    struct findings fs;
    findings_init(&fs);
    parent_tell(p, &fs);
    add_list(a, fs.list);
    findings_release(&fs);
}

static void add_proxy(struct emission *e, struct additions *a, struct node *n)
{
    const struct resolver *r = e->resolver;
    if (!n->facts)
        return;
    jv resolved = proxy_resolved(&e->resolver->world, n, &r->gateway_options, &a->findings);
    if (jx_is_none(resolved))
        hold(a, "it or a Gateway that names it waits for another object");
    else
        add_member(a, "resolved", resolved);
}

static const char *why_it_waits(const struct emission *e)
{
    return e->resolver->world.unread
               ? "it depends on an object that was rejected, or not read, and has no good version known"
               : "it depends on an object that was rejected and has no good version known";
}

/* For which names a certificate is shown depends on the routes below a wildcard. */
static bool may_lack_names(const struct emission *e, const struct parent *p)
{
    bool is_unread =
        p->is_ours && (e->resolver->world.unread & (KIND_BIT(NODE_HTTPROUTE) | KIND_BIT(NODE_GRPCROUTE)));
    for (int i = 0; is_unread && !resolver_waits(e->resolver) && i < p->n_listeners; i++)
        if (p->listeners[i].protocol == PROTOCOL_HTTPS &&
            (p->listeners[i].hostname[0] == '\0' || p->listeners[i].hostname[0] == '*'))
            return true;
    return false;
}

static void add_gateway(const struct emission *e, struct additions *a, const struct node *n)
{
    const struct gateway *g = n->facts;
    if (!g)
        return;
    if (may_lack_names(e, &g->base)) {
        hold(a, "routes that could not be read may give its certificates more names");
        return;
    }
    if (g->base.is_held) {
        hold(a, g->waits_for ? g->waits_for : why_it_waits(e));
        return;
    }
    add_parent_findings(a, &g->base);
    add_member(a, "resolved", gateway_resolved(g, n)); /* that of a Gateway that is not ours is empty */
    if (g->base.is_ours)
        add_member(a, "status", gateway_status(g));
}

static void add_listener_set(const struct emission *e, struct additions *a, const struct node *n)
{
    const struct listener_set *s = n->facts;
    if (!s)
        return;
    if (may_lack_names(e, &s->base)) {
        hold(a, "routes that could not be read may give its certificates more names");
        return;
    }
    if (s->base.is_held) {
        hold(a, why_it_waits(e));
        return;
    }
    add_member(a, "resolved", listener_set_resolved(s));
    if (!s->base.is_ours)
        return;
    if (s->refusal)
        findings_addf(&a->findings, F_SET_REFUSED, "spec.parentRef", "%s", s->because);
    else
        add_parent_findings(a, &s->base);
    jv status = listener_set_status(s);
    add_member(a, "status", status);
}

static void add_route(const struct emission *e, struct additions *a, const struct node *n)
{
    const struct route *r = n->facts;
    if (!r)
        return;
    add_list(a, r->findings);
    if (r->is_held) {
        hold(a, why_it_waits(e));
        return;
    }
    if (a->is_waiting)
        return;
    buf_adds(&a->members, ",\"resolved\":");
    route_resolved_text(r, &a->members);
    buf_addf(&a->members, ",\"status\":%s", r->status);
}

/* ---- Services: the ports that routes use ---- */

struct ports {
    const struct use **items; /* one for each port and variant */
    size_t n, cap;
};

static int by_port(const void *a, const void *b)
{
    const struct use *x = *(const struct use *const *)a, *y = *(const struct use *const *)b;
    return x->port != y->port ? x->port - y->port : strcmp(x->variant, y->variant);
}

static void add_unique(struct ports *p, const struct use *use)
{
    for (size_t i = 0; i < p->n; i++)
        if (by_port(&p->items[i], &use) == 0)
            return;
    VEC_GROW(p);
    p->items[p->n++] = use;
}

static void gather_uses(const struct node *service, struct ports *ports, struct nodes *gateways)
{
    for (size_t i = 0; i < service->users.n; i++) {
        const struct node *user = service->users.items[i].peer;
        const struct route *r = node_is_route(user) ? user->facts : NULL;
        bool uses = false;
        for (int k = 0; r && r->is_bound && k < r->n_uses; k++) {
            if (r->uses[k].service != service)
                continue;
            add_unique(ports, &r->uses[k]);
            uses = true;
        }
        for (size_t k = 0; uses && k < r->attachments.n; k++) {
            bool is_known = false;
            for (size_t j = 0; j < gateways->n && !is_known; j++)
                is_known = gateways->items[j] == parent_facts(r->attachments.items[k].parent)->gateway;
            if (!is_known)
                nodes_add(gateways, parent_facts(r->attachments.items[k].parent)->gateway);
        }
    }
    if (ports->n > 1)
        qsort(ports->items, ports->n, sizeof *ports->items, by_port);
    nodes_sort(gateways);
}

/* The data planes of Gateways, each once, sorted; JX_NONE when that is just the one without a name. */
static jv planes_of(const struct nodes *gateways)
{
    jv list = jb_arr();
    bool has_named = false;
    for (size_t i = 0; i < gateways->n; i++) {
        const char *plane = parent_facts(gateways->items[i])->plane;
        bool is_known = false;
        for (int k = 0; k < jx_len(list) && !is_known; k++)
            is_known = str_same(jx_str(jx_at(list, k)), plane);
        if (!is_known)
            jb_add_str(&list, plane);
        has_named |= *plane != '\0';
    }
    if (has_named)
        return jb_sorted(list);
    jb_free(list);
    return JX_NONE;
}

/* Its endpoints are not known whole. */
static bool waits_for_slice(struct emission *e, struct node *service)
{
    struct world *w = &e->resolver->world;
    return slices_are_unknown(w, world_look(w, service, NODE_SLICES, service->ns, service->name));
}

/* False when no route uses the Service, now or when it was last emitted. */
static bool add_service(struct emission *e, struct additions *a, struct node *n)
{
    struct ports ports = {0};
    struct nodes gateways = {0};
    gather_uses(n, &ports, &gateways);
    bool is_worth_it = ports.n > 0 || n->was_emitted;
    if (is_worth_it && waits_for_slice(e, n)) {
        hold(a, e->resolver->world.unread & KIND_BIT(NODE_SLICE)
                    ? "not all EndpointSlices could be read"
                    : "one of its EndpointSlices was rejected and no good version of it is known");
    } else if (is_worth_it) {
        jv resolved = jb_obj(), ports_json = jb_arr(), names = jb_arr();
        for (size_t i = 0; i < gateways.n; i++)
            jb_add(&names, jb_strf("%s/%s", gateways.items[i]->ns, gateways.items[i]->name));
        for (size_t i = 0; i < ports.n; i++) {
            int n_endpoints;
            const struct use *u = ports.items[i];
            jv port = backend_port_json(&e->resolver->world, n, u->port, &n_endpoints);
            if (*u->variant)
                jb_put_str(&port, "variant", u->variant);
            jb_add(&ports_json, port);
            if (n_endpoints == 0 && (i == 0 || ports.items[i - 1]->port != u->port))
                findings_addf(&a->findings, F_ENDPOINTS_NONE, NULL,
                              "port %d is used by routes and has no ready endpoint; they answer 503",
                              u->port);
        }
        jv planes = planes_of(&gateways);
        jb_put(&resolved, "gateways", names);
        if (!jx_is_none(planes))
            jb_put(&resolved, "planes", planes);
        jb_put(&resolved, "ports", ports_json);
        add_member(a, "resolved", resolved);
    }
    free(ports.items);
    free(gateways.items);
    return is_worth_it;
}

/* ---- the record ---- */

/* The rejected version's complaints go along with the good one that stays in force. */
static void add_rejection(struct additions *a, const struct node *n)
{
    struct rec r;
    if (rec_parse(&r, n->rejected, strlen(n->rejected), 0))
        return;
    jv list = rec_get(&r, "findings");
    for (int i = 0; i < jx_len(list); i++)
        jb_add(&a->findings.list, jb_copy(jx_at(list, i)));
    findings_addf(&a->findings, F_STALE, NULL,
                  "a newer version was rejected; the last good one stays in force");
    rec_release(&r);
}

/* Says findings once, however often the record around them changes. */
static void tell_news(struct emission *e, struct node *n, const struct rec *r, const struct findings *fs)
{
    struct digest d = digest_json(fs->list);
    if (n->was_emitted && digest_equal(d, n->told))
        return;
    n->told = d;
    e->sink->tell(r, fs->list, e->sink->ctx);
    e->n_errors += fs->errors;
}

/* Appends text to the line as it was read; only findings beside earlier ones make it be written anew. */
static void compose(struct emission *e, struct node *n, struct buf *out, struct additions *a)
{
    const char *line = n->present ? n->text : n->rejected;
    size_t len = strlen(line);
    struct rec r;
    if (jx_len(a->findings.list) == 0) {
        n->told = (struct digest){{0}};
        buf_add(out, line, len - 1); /* without the brace */
    } else if (!rec_parse(&r, line, len, 0)) {
        tell_news(e, n, &r, &a->findings);
        rec_add_findings(&r, &a->findings, false);
        rec_emit(&r, out);
        out->len -= 2; /* the brace and the LF */
        rec_release(&r);
    }
    buf_add(out, a->members.p, a->members.len);
    buf_addc(out, '}');
}

static void say_farewell(struct emission *e, struct node *n)
{
    if (n->was_emitted && n->farewell)
        e->sink->emit(n->farewell, strlen(n->farewell), e->sink->ctx);
    free(n->farewell);
    n->farewell = NULL;
    n->was_emitted = false;
}

static bool waits_for_all(const struct emission *e, const struct node *n)
{
    return n->kind != NODE_CLASS && resolver_waits(e->resolver);
}

static bool gather(struct emission *e, struct additions *a, struct node *n)
{
    if (!n->present) {
        if (n->kind == NODE_SERVICE && n->users.n == 0 && !n->was_emitted)
            return false;
        hold(a, "it was rejected and no good version of it is known");
        return true;
    }
    bool is_worth_it = true;
    a->is_waiting = waits_for_all(e, n);
    switch (n->kind) {
    case NODE_CLASS: add_class(a, n); break;
    case NODE_PROXY: add_proxy(e, a, n); break;
    case NODE_GATEWAY: add_gateway(e, a, n); break;
    case NODE_LISTENERSET: add_listener_set(e, a, n); break;
    case NODE_HTTPROUTE:
    case NODE_GRPCROUTE: add_route(e, a, n); break;
    case NODE_SERVICE: is_worth_it = add_service(e, a, n); break;
    default: break;
    }
    if (a->is_waiting) /* for a reason that is told once (resolver_waits()) */
        buf_adds(&a->members, ",\"held\":true");
    if (n->rejected && is_worth_it)
        add_rejection(a, n);
    return is_worth_it;
}

void emit_node(struct emission *e, struct node *n)
{
    if (!n->present && !n->rejected) {
        say_farewell(e, n);
        return;
    }
    free(n->farewell);
    n->farewell = NULL;
    struct additions a;
    additions_init(&a);
    if (gather(e, &a, n)) {
        struct buf out;
        buf_init(&out, BUF_MAX_OUTPUT);
        compose(e, n, &out, &a);
        struct digest d = digest_of(out.p, out.len);
        if (e->is_full || !n->was_emitted || !digest_equal(d, n->said))
            e->sink->emit(out.p, out.len, e->sink->ctx);
        n->said = d;
        n->was_emitted = true;
        explicit_bzero(out.p, out.len);
        buf_free(&out);
    }
    additions_release(&a);
}

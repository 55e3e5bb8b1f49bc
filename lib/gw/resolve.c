#include "gw/resolve.h"

#include <stdlib.h>

#include "gw/emit.h"
#include "gw/proxy.h"

static void touch(struct node *n, void *ctx)
{
    struct resolver *r = ctx;
    if (n->present)
        world_mark_stale(&r->world, n);
}

struct resolver *resolver_new(const struct gateway_options *o)
{
    struct resolver *r = xcalloc(1, sizeof *r);
    r->gateway_options = *o;
    r->exclusion.is_off = o->shares_hostnames;
    r->route_context = (struct route_context){.world = &r->world,
                                              .ranks = &r->ranks,
                                              .plane = &r->plane,
                                              .exclusion = &r->exclusion,
                                              .controller_name = o->controller_name,
                                              .touch = touch,
                                              .ctx = r};
    return r;
}

void resolver_free(struct resolver *r)
{
    world_free(&r->world);
    ranks_free(&r->ranks);
    plane_clear(&r->plane);
    exclusion_free(&r->exclusion);
    free(r->parents.items);
    free(r);
}

bool resolver_is_pending(const struct resolver *r)
{
    return r->world.has_pending;
}

/* ---- taking ---- */

static bool is_emitted_kind(enum node_kind kind)
{
    return kind <= NODE_GRPCROUTE;
}

static bool is_computed_kind(enum node_kind kind)
{
    return kind == NODE_GATEWAY || kind == NODE_LISTENERSET || kind == NODE_HTTPROUTE ||
           kind == NODE_GRPCROUTE;
}

/* The line without the members that we would add ourselves (a stream that was resolved before). */
static char *line_of(struct rec *rec, size_t *len)
{
    static const char *const ours[] = {"resolved", "status", "held"};
    struct buf b;
    buf_init(&b, BUF_MAX_OUTPUT);
    for (size_t i = 0; i < N_ELEMS(ours); i++)
        rec_drop(rec, ours[i]);
    rec_emit(rec, &b);
    while (b.len > 0 && strchr(" \t\r\n", b.p[b.len - 1])) /* so that the last byte is the brace */
        b.len--;
    *len = b.len;
    char *line = xstrndup(b.p, b.len);
    buf_free(&b);
    return line;
}

/* What depends on the object looks again; what the object itself says is computed or emitted anew. */
static void changed(struct resolver *r, struct node *n)
{
    struct world *w = &r->world;
    switch (n->kind) {
    case NODE_GATEWAY:
    case NODE_LISTENERSET:
    case NODE_HTTPROUTE:
    case NODE_GRPCROUTE: world_mark(w, n); break;
    default: world_mark_users(w, n); break;
    }
    if (is_emitted_kind(n->kind))
        world_mark_stale(w, n);
}

static struct node *bucket_of(struct resolver *r, const struct node *n, jv object)
{
    const char *ns, *name;
    if (n->kind == NODE_GRANT)
        return world_node(&r->world, NODE_GRANTS, n->ns, "");
    if (n->kind == NODE_LISTENERSET)
        return listener_set_parent(object, n->ns, &ns, &name) ? world_node(&r->world, NODE_SETS, ns, name)
                                                              : NULL;
    if (n->kind == NODE_PROXY) {
        const struct proxy *p = n->facts;
        return p && p->plane ? world_node(&r->world, NODE_CONTROL_PLANE, "", p->plane) : NULL;
    }
    const char *service = n->kind == NODE_SLICE ? slice_service_name(object) : NULL;
    return service ? world_node(&r->world, NODE_SLICES, n->ns, service) : NULL;
}

/* Puts the node where it belongs; a family that it leaves or joins is to be settled. */
static void enlist(struct resolver *r, struct node *n, struct node *bucket)
{
    if (n->kind == NODE_LISTENERSET && n->bucket)
        world_mark(&r->world, n->bucket);
    world_enlist(&r->world, n, bucket);
    if (n->kind == NODE_LISTENERSET && bucket)
        world_mark(&r->world, bucket);
}

static void remember_parent(struct resolver *r, struct node *n)
{
    for (size_t i = 0; i < r->parents.n; i++)
        if (r->parents.items[i] == n)
            return;
    nodes_add(&r->parents, n);
}

static void forget_parent(struct resolver *r, struct node *n)
{
    for (size_t i = 0; i < r->parents.n; i++)
        if (r->parents.items[i] == n)
            r->parents.items[i--] = r->parents.items[--r->parents.n];
}

static void reject(struct resolver *r, struct node *n, struct rec *rec)
{
    size_t len;
    bool was_unknown = node_is_rejected(n);
    free(n->rejected);
    n->rejected = line_of(rec, &len);
    if (is_emitted_kind(n->kind))
        world_mark_stale(&r->world, n);
    if (is_computed_kind(n->kind) && !n->present)
        world_mark(&r->world, n); /* for the ports, ranks and backends that it has in use */
    if ((n->kind == NODE_SERVICE || n->kind == NODE_PROXY) && !n->present) {
        facts_read(n, rec->object); /* for the ports that it had live; for its data plane */
        was_unknown = false;
    }
    if (n->present || was_unknown)
        return;
    world_mark_users(&r->world, n); /* from now on they wait instead of doing without */
    enlist(r, n, bucket_of(r, n, rec->object));
}

static void read_class(struct resolver *r, struct node *n, jv object)
{
    struct gateway_class *c = n->facts ? n->facts : xcalloc(1, sizeof *c);
    c->is_ours = str_eq(jx_getstr_or(jx_get(object, "spec"), "controllerName", ""),
                        r->gateway_options.controller_name);
    c->generation = jx_getint_or(jx_get(object, "metadata"), "generation", 0);
    n->facts = c;
}

/* Routes see of a Service only its ports: an annotation does not wake them. */
static void accept_service(struct resolver *r, struct node *n, jv object)
{
    const struct service *old = n->facts;
    bool was_present = n->present && old;
    struct digest before = was_present ? old->route_view : (struct digest){{0}};
    facts_read(n, object);
    const struct service *now = n->facts;
    if (!was_present || !digest_equal(before, now->route_view))
        world_mark_users(&r->world, n);
    world_mark_stale(&r->world, n);
}

static void accept(struct resolver *r, struct node *n, struct rec *rec)
{
    bool was_rejected = n->rejected != NULL, was_unknown = node_is_rejected(n);
    size_t len;
    free(n->rejected);
    n->rejected = NULL;
    char *line = line_of(rec, &len);
    if (is_emitted_kind(n->kind)) {
        bool is_same = n->text && n->len == len && memcmp(n->text, line, len) == 0;
        free(n->text);
        n->text = line;
        n->len = len;
        if (is_same && n->present) {
            if (was_rejected)
                world_mark_stale(&r->world, n);
            return;
        }
    } else {
        struct digest d = digest_of(line, len);
        bool is_same = n->present && digest_equal(d, n->said);
        n->said = d;
        free(line);
        if (is_same)
            return;
    }
    if (n->kind == NODE_SERVICE) {
        accept_service(r, n, rec->object);
        n->present = true;
        return;
    }
    n->present = true;
    if (n->kind == NODE_CLASS)
        read_class(r, n, rec->object);
    else if (!is_computed_kind(n->kind)) /* whose facts carry counts from one computation to the next */
        facts_read(n, rec->object);
    if (n->kind == NODE_GRANT || n->kind == NODE_SLICE || n->kind == NODE_LISTENERSET ||
        n->kind == NODE_PROXY)
        enlist(r, n, bucket_of(r, n, rec->object));
    changed(r, n);
    if (was_unknown)
        world_mark_users(&r->world, n);
}

/* What a GatewayProxy comes to depends on the Gateways that name it. */
static void touch_proxies(struct resolver *r, const struct node *gateway)
{
    for (size_t i = 0; i < gateway->deps.n; i++)
        if (gateway->deps.items[i].peer->kind == NODE_PROXY)
            touch(gateway->deps.items[i].peer, r);
}

/* `farewell` is the DELETED record; owned from here on. */
static void forget(struct resolver *r, struct node *n, char *farewell)
{
    struct world *w = &r->world;
    world_mark_users(w, n);
    enlist(r, n, NULL);
    if (node_is_route(n))
        route_detach(&r->route_context, n);
    if (n->kind == NODE_GATEWAY) {
        touch_proxies(r, n);
        world_mark(w, world_node(w, NODE_SETS, n->ns, n->name));
    }
    if (n->kind == NODE_GATEWAY || n->kind == NODE_LISTENERSET) {
        r->plane_is_dirty = true;
        forget_parent(r, n);
    }
    facts_free(n);
    free(n->text);
    free(n->rejected);
    free(n->farewell);
    n->text = n->rejected = NULL;
    n->len = 0;
    n->present = false;
    n->farewell = farewell;
    world_forget_deps(w, n);
    world_mark_stale(w, n);
}

bool resolver_take(struct resolver *r, struct rec *rec)
{
    enum node_kind kind = node_kind_of(&rec->id);
    if (kind == NODE_OTHER)
        return false;
    struct node *n = world_node(&r->world, kind, rec->id.ns, rec->id.name);
    size_t len;
    n->epoch = r->world.epoch;
    r->world.has_pending = true;
    if (rec->type == REC_DELETED)
        forget(r, n, line_of(rec, &len));
    else if (rec_has_error(rec))
        reject(r, n, rec);
    else
        accept(r, n, rec);
    return true;
}

/* ---- a full list leaves out what is gone ---- */

static char *farewell_for(const struct node *n)
{
    struct rec rec;
    size_t len;
    const char *line = n->text ? n->text : n->rejected;
    if (!line || rec_parse(&rec, line, strlen(line), 0))
        return NULL;
    rec_put(&rec, "type", jb_str("DELETED"));
    char *farewell = line_of(&rec, &len);
    rec_release(&rec);
    return farewell;
}

static void sweep(struct resolver *r)
{
    struct node *n, *next;
    struct nodes gone = {0}; /* forgetting retires others: not while iterating */
    HASH_ITER(hh, r->world.nodes, n, next)
    {
        if (!n->present && !n->rejected)
            continue;
        if (n->epoch != r->world.epoch)
            nodes_add(&gone, n);
        else if (is_emitted_kind(n->kind))
            world_mark_stale(&r->world, n);
    }
    for (size_t i = 0; i < gone.n; i++)
        forget(r, gone.items[i], farewell_for(gone.items[i]));
    free(gone.items);
    r->world.epoch++;
}

/* ---- computing ---- */

static struct nodes take_list(struct nodes *list)
{
    struct nodes taken = *list;
    *list = (struct nodes){0};
    nodes_sort(&taken);
    return taken;
}

/* Gateways and ListenerSets, each by itself; then their families. */
static void compute_parents(struct resolver *r, enum node_kind kind)
{
    struct nodes list = take_list(&r->world.dirty[kind]);
    for (size_t i = 0; i < list.n; i++) {
        struct node *n = list.items[i];
        n->is_dirty = false;
        world_mark_stale(&r->world, n);
        if (!n->present && !n->rejected)
            continue;
        remember_parent(r, n);
        touch_proxies(r, n);
        if (kind == NODE_GATEWAY)
            gateway_compute(&r->world, n, &r->gateway_options, ++r->serial);
        else
            listener_set_compute(&r->world, n, &r->gateway_options, ++r->serial);
        touch_proxies(r, n);
        struct node *family =
            kind == NODE_GATEWAY ? world_node(&r->world, NODE_SETS, n->ns, n->name) : n->bucket;
        if (family)
            world_mark(&r->world, family);
    }
    free(list.items);
}

static void parent_changed(struct node *n, void *ctx)
{
    touch(n, ctx);
}

static void parent_reattach(struct node *n, void *ctx)
{
    struct resolver *r = ctx;
    world_mark_users(&r->world, n);
}

static void settle_families(struct resolver *r)
{
    struct nodes list = take_list(&r->world.dirty[NODE_SETS]);
    for (size_t i = 0; i < list.n; i++) {
        list.items[i]->is_dirty = false;
        family_settle(&r->world, list.items[i], &(struct family_sink){parent_changed, parent_reattach, r});
        r->plane_is_dirty = true;
    }
    for (size_t i = 0; i < list.n; i++)
        world_retire(&r->world, list.items[i]);
    free(list.items);
}

/* ---- the data plane ---- */

static void cell_differs(const char *place, const char *hostname, void *ctx)
{
    struct resolver *r = ctx;
    struct node *n = world_node(&r->world, NODE_PLANE, place, hostname);
    world_mark_users(&r->world, n);
    world_retire(&r->world, n);
}

static void port_changed(struct node *n, void *ctx)
{
    parent_changed(n, ctx);
    parent_reattach(n, ctx);
}

static void put_catch_alls(struct resolver *r)
{
    for (size_t i = 0; i < r->parents.n; i++) {
        struct node *n = r->parents.items[i];
        struct parent *p = parent_facts(n);
        for (int k = 0; p && k < p->n_listeners; k++) {
            struct listener *l = &p->listeners[k];
            bool is_served = (p->is_ours || p->is_held) && listener_is_programmed(l);
            jv now = is_served ? plane_catch_all(&r->plane, p->group, l) : JX_NONE;
            if (!jx_equal(now, l->catch_all))
                touch(n, r);
            jb_free(l->catch_all);
            l->catch_all = now;
        }
    }
}

/* What else the data plane listens for decides what a route must test beside its hostname. */
static void compute_plane(struct resolver *r)
{
    if (!r->plane_is_dirty)
        return;
    r->plane_is_dirty = false;
    struct plane now = {0};
    plane_settle_ports(&r->parents, port_changed, r);
    for (size_t i = 0; i < r->parents.n; i++) {
        const struct parent *p = parent_facts(r->parents.items[i]);
        for (int k = 0; p && (p->is_ours || p->is_held) && k < p->n_listeners; k++)
            if (listener_is_programmed(&p->listeners[k]))
                plane_add(&now, p->group, &p->listeners[k]);
    }
    plane_finish(&now);
    now.has_internal = r->plane.has_internal;
    if (!r->plane.seen || !str_eq(now.seen, r->plane.seen))
        world_mark_users(&r->world, world_node(&r->world, NODE_PLANE, "", ""));
    plane_compare(&r->plane, &now, cell_differs, r);
    plane_clear(&r->plane);
    r->plane = now;
    put_catch_alls(r);
}

/* The first such route that comes, and the last that goes, change what everything must test. */
static bool settle_internal(struct resolver *r)
{
    bool is_needed = r->route_context.n_wide_hops > 0;
    if (is_needed == r->plane.has_internal)
        return false;
    r->plane.has_internal = is_needed;
    world_mark_users(&r->world, world_node(&r->world, NODE_PLANE, "", ""));
    put_catch_alls(r);
    return true;
}

static void rank_changed(struct tie *t, void *ctx)
{
    struct resolver *r = ctx;
    world_mark_stale(&r->world, t->route);
}

static void excluded(struct node *route, void *ctx)
{
    struct resolver *r = ctx;
    world_mark(&r->world, route);
}

static void compute_routes(struct resolver *r, enum node_kind kind)
{
    struct nodes list = take_list(&r->world.dirty[kind]);
    for (size_t i = 0; i < list.n; i++) {
        struct node *n = list.items[i];
        n->is_dirty = false;
        if (n->present || n->rejected)
            route_compute(&r->route_context, n);
        world_mark_stale(&r->world, n);
    }
    free(list.items);
}

/* A Service or class has nothing to compute beside what is emitted. */
static void compute_rest(struct resolver *r)
{
    for (int kind = 0; kind < NODE_OTHER; kind++) {
        if (is_computed_kind((enum node_kind)kind))
            continue;
        struct nodes list = take_list(&r->world.dirty[kind]);
        for (size_t i = 0; i < list.n; i++) {
            list.items[i]->is_dirty = false;
            if (is_emitted_kind(list.items[i]->kind))
                world_mark_stale(&r->world, list.items[i]);
        }
        free(list.items);
    }
}

static unsigned unread_bits(jv unread)
{
    unsigned bits = jx_is_arr(unread) ? 0 : UNREAD_ANY;
    for (int i = 0; i < jx_len(unread); i++) {
        const char *kind = jx_str(jx_at(unread, i));
        bits |= kind ? node_kind_bits(kind) : UNREAD_ANY;
    }
    return bits;
}

/* What listens where decides what every route must test, so nothing is known of any without that. */
bool resolver_waits(const struct resolver *r)
{
    return r->world.unread & (KIND_BIT(NODE_CLASS) | KIND_BIT(NODE_PROXY) | KIND_BIT(NODE_GATEWAY) |
                              KIND_BIT(NODE_LISTENERSET));
}

/* What was decided for want of something is open again; that is rare, so all is. */
static void note_unread(struct resolver *r, bool full, jv unread)
{
    unsigned bits = full || r->is_whole ? 0 : unread_bits(unread);
    r->is_whole |= full;
    if (bits == r->world.unread)
        return;
    r->world.unread = bits;
    r->plane_is_dirty = true;
    for (struct node *n = r->world.nodes; n; n = n->hh.next) {
        world_mark(&r->world, n);
        if (is_emitted_kind(n->kind))
            world_mark_stale(&r->world, n);
    }
}

int resolver_sync(struct resolver *r, bool full, jv unread, const struct resolver_sink *sink)
{
    struct emission e = {.resolver = r, .sink = sink, .is_full = full};
    note_unread(r, full, unread);
    if (full)
        sweep(r);
    compute_parents(r, NODE_GATEWAY);
    compute_parents(r, NODE_LISTENERSET);
    settle_families(r);
    compute_plane(r);
    compute_routes(r, NODE_HTTPROUTE);
    compute_routes(r, NODE_GRPCROUTE);
    if (exclusion_settle(&r->exclusion, excluded, r)) {
        compute_routes(r, NODE_HTTPROUTE);
        compute_routes(r, NODE_GRPCROUTE);
    }
    if (settle_internal(r)) {
        compute_routes(r, NODE_HTTPROUTE);
        compute_routes(r, NODE_GRPCROUTE);
    }
    rank_settle(&r->ranks, rank_changed, r);
    compute_rest(r);
    for (int kind = 0; kind < NODE_OTHER; kind++) {
        struct nodes list = take_list(&r->world.stale[kind]);
        for (size_t i = 0; i < list.n; i++) {
            list.items[i]->is_stale = false;
            if (is_emitted_kind(list.items[i]->kind))
                emit_node(&e, list.items[i]);
        }
        for (size_t i = 0; i < list.n; i++)
            world_retire(&r->world, list.items[i]);
        free(list.items);
    }
    r->exclusion.is_settled = false;
    r->world.has_pending = false;
    return e.n_errors;
}

/* ---- what people may have meant otherwise ---- */

bool resolver_has_gateway(const struct resolver *r, const char *name)
{
    for (const struct node *n = r->world.nodes; n; n = n->hh.next) {
        size_t len = strlen(n->ns);
        if (n->kind == NODE_GATEWAY && (n->present || n->rejected) && strncmp(name, n->ns, len) == 0 &&
            name[len] == '/' && str_eq(name + len + 1, n->name))
            return true;
    }
    return false;
}

const char *resolver_foreign_class(const struct resolver *r)
{
    const char *first = NULL;
    for (const struct node *n = r->world.nodes; n; n = n->hh.next) {
        const struct gateway_class *c = n->kind == NODE_CLASS && n->present ? n->facts : NULL;
        if (c && c->is_ours)
            return NULL;
        if (c && (!first || strcmp(n->name, first) < 0))
            first = n->name;
    }
    return first;
}

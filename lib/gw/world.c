#include "gw/world.h"

#include <stdio.h>
#include <stdlib.h>

#define GATEWAY_GROUP "gateway.networking.k8s.io"

/* A separator that no valid name holds. */
#define KEY_FORMAT "%d\x1f%s\x1f%s"

static const struct {
    const char *group, *kind;
    enum node_kind node;
} kinds[] = {
    {GATEWAY_GROUP, "GatewayClass", NODE_CLASS},
    {GATEWAY_GROUP, "Gateway", NODE_GATEWAY},
    {GATEWAY_GROUP, "ListenerSet", NODE_LISTENERSET},
    {GATEWAY_GROUP, "HTTPRoute", NODE_HTTPROUTE},
    {GATEWAY_GROUP, "GRPCRoute", NODE_GRPCROUTE},
    {GATEWAY_GROUP, "ReferenceGrant", NODE_GRANT},
    {"", "Service", NODE_SERVICE},
    {"", "Secret", NODE_SECRET},
    {"", "ConfigMap", NODE_CONFIGMAP},
    {"", "Namespace", NODE_NAMESPACE},
    {"apisix.apache.org", "GatewayProxy", NODE_PROXY},
    {"apisix.apache.org", "PluginConfig", NODE_PLUGINS},
    {"discovery.k8s.io", "EndpointSlice", NODE_SLICE},
};

enum node_kind node_kind_of(const struct ident *id)
{
    for (size_t i = 0; i < N_ELEMS(kinds); i++)
        if (str_eq(id->kind, kinds[i].kind) && str_eq(id->group, kinds[i].group))
            return kinds[i].node;
    return NODE_OTHER;
}

unsigned node_kind_bits(const char *kind)
{
    unsigned bits = 0;
    for (size_t i = 0; i < N_ELEMS(kinds); i++)
        if (has_prefix(kinds[i].kind, kind))
            bits |= KIND_BIT(kinds[i].node);
    return bits;
}

bool node_kind_is_gateway_api(const struct ident *id)
{
    return str_eq(id->group, GATEWAY_GROUP) || str_eq(id->group, "gateway.networking.x-k8s.io");
}

struct node *world_node(struct world *w, enum node_kind kind, const char *ns, const char *name)
{
    char room[640];
    int len = snprintf(room, sizeof room, KEY_FORMAT, (int)kind, ns, name);
    char *key = len < (int)sizeof room ? room : xasprintf(KEY_FORMAT, (int)kind, ns, name);
    struct node *n;
    HASH_FIND_STR(w->nodes, key, n);
    if (!n) {
        n = xcalloc(1, sizeof *n);
        n->kind = kind;
        n->key = xstrdup(key);
        n->ns = xstrdup(ns);
        n->name = xstrdup(name);
        HASH_ADD_KEYPTR(hh, w->nodes, n->key, strlen(n->key), n);
    }
    if (key != room)
        free(key);
    return n;
}

static void unhook(struct edges *users, size_t slot)
{
    users->items[slot] = users->items[--users->n];
    if (slot == users->n)
        return;
    /* the edge that moved here must be found again by its other half */
    struct edge *moved = &users->items[slot];
    moved->peer->deps.items[moved->slot].slot = (uint32_t)slot;
}

void world_forget_deps(struct world *w, struct node *user)
{
    while (user->deps.n > 0) {
        struct edge e = user->deps.items[--user->deps.n];
        unhook(&e.peer->users, e.slot);
        world_retire(w, e.peer);
    }
}

void world_depend(struct node *user, struct node *on)
{
    for (size_t i = 0; i < user->deps.n; i++)
        if (user->deps.items[i].peer == on)
            return;
    VEC_GROW(&user->deps);
    VEC_GROW(&on->users);
    user->deps.items[user->deps.n] = (struct edge){on, (uint32_t)on->users.n};
    on->users.items[on->users.n] = (struct edge){user, (uint32_t)user->deps.n};
    user->deps.n++;
    on->users.n++;
}

struct node *world_look(struct world *w, struct node *user, enum node_kind kind, const char *ns,
                        const char *name)
{
    struct node *n = world_node(w, kind, ns, name);
    world_depend(user, n);
    return n;
}

int node_age_cmp(const char *stamp_x, const struct node *x, const char *stamp_y, const struct node *y)
{
    int d = !*stamp_x - !*stamp_y;
    d = d ? d : strcmp(stamp_x, stamp_y);
    d = d ? d : strcmp(x->ns, y->ns);
    return d ? d : strcmp(x->name, y->name);
}

void nodes_add(struct nodes *v, struct node *n)
{
    VEC_GROW(v);
    v->items[v->n++] = n;
}

static int by_name(const void *a, const void *b)
{
    const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
    int d = strcmp(x->ns, y->ns);
    return d ? d : strcmp(x->name, y->name);
}

void nodes_sort(struct nodes *v)
{
    if (v->n > 1)
        qsort(v->items, v->n, sizeof *v->items, by_name);
}

void world_mark(struct world *w, struct node *n)
{
    if (n->is_dirty)
        return;
    n->is_dirty = true;
    nodes_add(&w->dirty[n->kind], n);
}

void world_mark_stale(struct world *w, struct node *n)
{
    if (n->is_stale)
        return;
    n->is_stale = true;
    nodes_add(&w->stale[n->kind], n);
}

void world_mark_users(struct world *w, struct node *n)
{
    for (size_t i = 0; i < n->users.n; i++)
        world_mark(w, n->users.items[i].peer);
}

void world_enlist(struct world *w, struct node *n, struct node *bucket)
{
    if (n->bucket && n->bucket != bucket) {
        struct nodes *m = &n->bucket->members;
        for (size_t i = 0; i < m->n; i++)
            if (m->items[i] == n)
                m->items[i--] = m->items[--m->n];
        world_mark_users(w, n->bucket);
    }
    if (bucket && n->bucket != bucket)
        nodes_add(&bucket->members, n);
    n->bucket = bucket;
    if (bucket)
        world_mark_users(w, bucket);
}

static void node_free(struct node *n)
{
    facts_free(n);
    free(n->key);
    free(n->ns);
    free(n->name);
    free(n->text);
    free(n->rejected);
    free(n->farewell);
    free(n->members.items);
    free(n->users.items);
    free(n->deps.items);
    free(n);
}

void world_retire(struct world *w, struct node *n)
{
    if (n->present || n->rejected || n->is_dirty || n->is_stale || n->users.n > 0 || n->members.n > 0)
        return;
    world_forget_deps(w, n);
    HASH_DEL(w->nodes, n);
    node_free(n);
}

void world_free(struct world *w)
{
    struct node *n, *next;
    HASH_ITER(hh, w->nodes, n, next)
    {
        HASH_DEL(w->nodes, n);
        node_free(n);
    }
    for (size_t i = 0; i < N_ELEMS(w->dirty); i++) {
        free(w->dirty[i].items);
        free(w->stale[i].items);
    }
    *w = (struct world){0};
}

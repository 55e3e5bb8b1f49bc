#include "gw/rank.h"

#include <stdlib.h>

struct tie_group {
    UT_hash_handle hh;
    struct digest key;
    struct tie **items;
    size_t n, cap;
    int last_rank; /* scratch: of the last member settled */
    bool is_dirty;
};

struct ties {
    struct tie **items;
    size_t n, cap;
};

/* Matches on different methods, or on different paths, never meet in one request; all else may. Regular
   expressions are level when they are equally long, or for calls of gRPC when both parts are. */
static struct digest key_of(const struct match *m, const struct tie_place *at)
{
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_addf(&b, "%s\n%d\n%d\n%s\n%d\n%d\n", at->host, at->port, (int)m->type, m->method ? m->method : "",
             m->n_headers, m->n_queries);
    if (m->type == PATH_REGEX)
        buf_addf(&b, "%zu", m->call_length ? (size_t)m->call_length : m->path_len);
    else
        buf_add_decoded(&b, m->path, m->path_len); /* as the router compares it */
    struct digest d = digest_of(b.p, b.len);
    buf_free(&b);
    return d;
}

static void mark(struct ranks *r, struct tie_group *g)
{
    if (g->is_dirty)
        return;
    g->is_dirty = true;
    if (r->n_dirty == r->cap_dirty) {
        r->cap_dirty = r->cap_dirty ? 2 * r->cap_dirty : 16;
        r->dirty = xreallocarray(r->dirty, r->cap_dirty, sizeof *r->dirty);
    }
    r->dirty[r->n_dirty++] = g;
}

static struct tie_group *group_for(struct ranks *r, struct digest key)
{
    struct tie_group *g;
    HASH_FIND(hh, r->groups, &key, sizeof key, g);
    if (!g) {
        g = xcalloc(1, sizeof *g);
        g->key = key;
        HASH_ADD(hh, r->groups, key, sizeof g->key, g);
    }
    return g;
}

void rank_enter(struct ranks *r, struct tie *t, const struct match *m, const struct tie_place *places, int n)
{
    t->groups = xcalloc((size_t)n, sizeof *t->groups);
    t->n_groups = n;
    for (int i = 0; i < n; i++) {
        struct tie_group *g = group_for(r, key_of(m, &places[i]));
        VEC_GROW(g);
        g->items[g->n++] = t;
        t->groups[i] = g;
        mark(r, g);
    }
}

void rank_leave(struct ranks *r, struct tie *t)
{
    for (int i = 0; i < t->n_groups; i++) {
        struct tie_group *g = t->groups[i];
        for (size_t k = 0; k < g->n; k++)
            if (g->items[k] == t)
                g->items[k--] = g->items[--g->n];
        mark(r, g);
    }
    free(t->groups);
    t->groups = NULL;
    t->n_groups = 0;
}

static int by_age(const void *a, const void *b)
{
    const struct tie *x = *(struct tie *const *)a, *y = *(struct tie *const *)b;
    int d = node_age_cmp(x->stamp, x->route, y->stamp, y->route);
    d = d ? d : (int)x->route->kind - (int)y->route->kind;
    d = d ? d : x->rule - y->rule;
    return d ? d : x->match - y->match;
}

/* All that is tied, over any number of steps, to a member of a dirty group. */
static void reach(struct ranks *r, struct ties *all)
{
    for (size_t i = 0; i < r->n_dirty; i++) { /* the list grows as groups are reached */
        struct tie_group *g = r->dirty[i];
        g->last_rank = -1;
        for (size_t k = 0; k < g->n; k++) {
            struct tie *t = g->items[k];
            if (t->is_reached)
                continue;
            t->is_reached = true;
            VEC_GROW(all);
            all->items[all->n++] = t;
            for (int j = 0; j < t->n_groups; j++)
                mark(r, t->groups[j]);
        }
    }
}

static int settle_one(struct tie *t)
{
    int rank = 0;
    for (int i = 0; i < t->n_groups; i++)
        if (t->groups[i]->last_rank + 1 > rank)
            rank = t->groups[i]->last_rank + 1;
    rank = rank > RANK_MAX ? RANK_MAX : rank;
    for (int i = 0; i < t->n_groups; i++)
        t->groups[i]->last_rank = rank;
    return rank;
}

static void drop_empty(struct ranks *r)
{
    for (size_t i = 0; i < r->n_dirty; i++) {
        struct tie_group *g = r->dirty[i];
        g->is_dirty = false;
        if (g->n > 0)
            continue;
        HASH_DEL(r->groups, g);
        free(g->items);
        free(g);
    }
    r->n_dirty = 0;
}

void rank_settle(struct ranks *r, void (*on_change)(struct tie *, void *ctx), void *ctx)
{
    struct ties all = {0};
    reach(r, &all);
    if (all.n > 1)
        qsort(all.items, all.n, sizeof *all.items, by_age);
    for (size_t i = 0; i < all.n; i++) {
        struct tie *t = all.items[i];
        int rank = settle_one(t);
        t->is_reached = false;
        if (rank != t->rank) {
            t->rank = rank;
            on_change(t, ctx);
        }
    }
    free(all.items);
    drop_empty(r);
}

void ranks_free(struct ranks *r)
{
    struct tie_group *g, *next;
    HASH_ITER(hh, r->groups, g, next)
    {
        HASH_DEL(r->groups, g);
        free(g->items);
        free(g);
    }
    free(r->dirty);
    *r = (struct ranks){0};
}

#include "gw/exclusion.h"

#include <stdlib.h>

#include "gw/hostname.h"
#include "gw/route.h"

enum { HTTP, GRPC, N_KINDS };

/* More routes of the other kind than this are not compared one by one: all is decided anew. */
enum { MOST_COMPARED = 64 };

/* Who does not get the listener, and whom it is left to, in words. */
struct loser {
    struct node *route;
    char *winner; /* owned: "GRPCRoute ns/name" */
};

struct losers {
    struct loser *items; /* by address of the route */
    size_t n, cap;
};

struct meeting {
    UT_hash_handle hh;
    char *key;
    struct nodes routes[N_KINDS]; /* who claims it */
    struct losers losers;
    bool is_open;
};

static int by_address(const void *a, const void *b)
{
    const struct loser *x = a, *y = b;
    return x->route < y->route ? -1 : x->route > y->route;
}

static int kind_of(const struct node *route)
{
    return route->kind == NODE_GRPCROUTE ? GRPC : HTTP;
}

static struct claims *claims_of(const struct node *route)
{
    struct route *r = route->facts;
    return r ? &r->claims : NULL;
}

/* ---- meetings ---- */

/* Made when it is new. */
static struct meeting *meeting_of(struct exclusion *e, const struct node *parent, const char *listener)
{
    char *key = xasprintf("%s %s", parent->key, listener);
    struct meeting *m;
    HASH_FIND_STR(e->meetings, key, m);
    if (m) {
        free(key);
        return m;
    }
    m = xcalloc(1, sizeof *m);
    m->key = key;
    HASH_ADD_KEYPTR(hh, e->meetings, m->key, strlen(m->key), m);
    return m;
}

static void losers_clear(struct losers *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->items[i].winner);
    free(l->items);
    *l = (struct losers){0};
}

static void meeting_free(struct exclusion *e, struct meeting *m)
{
    HASH_DEL(e->meetings, m);
    for (int k = 0; k < N_KINDS; k++)
        free(m->routes[k].items);
    losers_clear(&m->losers);
    free(m->key);
    free(m);
}

void exclusion_free(struct exclusion *e)
{
    while (e->meetings)
        meeting_free(e, e->meetings);
}

/* ---- claims ---- */

void claims_clear(struct claims *c)
{
    for (size_t i = 0; i < c->n; i++) {
        for (int k = 0; k < c->items[i].n_hosts; k++)
            free(c->items[i].hosts[k]);
        free(c->items[i].hosts);
    }
    free(c->items);
    free(c->stamp);
    *c = (struct claims){0};
}

static struct claim *claim_at(const struct claims *c, const struct meeting *m)
{
    for (size_t i = 0; c && i < c->n; i++)
        if (c->items[i].at == m)
            return &c->items[i];
    return NULL;
}

static bool has_host(const struct claim *c, const char *host)
{
    for (int i = 0; i < c->n_hosts; i++)
        if (str_eq(c->hosts[i], host))
            return true;
    return false;
}

static void claim_host(struct claims *all, struct meeting *m, const char *host, const char *stamp)
{
    struct claim *c = claim_at(all, m);
    if (!c) {
        VEC_GROW(all);
        c = &all->items[all->n++];
        *c = (struct claim){.at = m};
    }
    if (!all->stamp)
        all->stamp = xstrdup(stamp);
    if (has_host(c, host))
        return;
    c->hosts = xreallocarray(c->hosts, (size_t)c->n_hosts + 1, sizeof *c->hosts);
    c->hosts[c->n_hosts++] = xstrdup(host);
}

static bool is_same_claim(const struct claim *a, const struct claim *b)
{
    if (a->n_hosts != b->n_hosts)
        return false;
    for (int i = 0; i < a->n_hosts; i++)
        if (!has_host(b, a->hosts[i]))
            return false;
    return true;
}

void exclusion_join(struct node *route)
{
    struct claims *all = claims_of(route);
    for (size_t i = 0; i < all->n; i++) {
        struct nodes *list = &all->items[i].at->routes[kind_of(route)];
        all->items[i].slot = list->n;
        nodes_add(list, route);
    }
}

void exclusion_leave(struct node *route)
{
    struct claims *all = claims_of(route);
    for (size_t i = 0; i < all->n; i++) {
        const struct claim *c = &all->items[i];
        struct nodes *list = &c->at->routes[kind_of(route)];
        struct node *last = list->items[--list->n];
        list->items[c->slot] = last;
        claim_at(claims_of(last), c->at)->slot = c->slot;
    }
}

/* ---- what is open ---- */

static bool meets(const struct claim *a, const struct claim *b)
{
    for (int i = 0; i < a->n_hosts; i++)
        for (int k = 0; k < b->n_hosts; k++)
            if (host_intersect(a->hosts[i], b->hosts[k]))
                return true;
    return false;
}

/* Opens the meeting about this claim when it may matter to somebody. */
static void open_if_met(const struct node *route, const struct claim *c)
{
    struct meeting *m = c->at;
    const struct nodes *others = &m->routes[!kind_of(route)];
    m->is_open |= others->n > MOST_COMPARED;
    m->is_open |= others->n == 0 && m->routes[kind_of(route)].n == 0; /* to be freed */
    for (size_t i = 0; i < others->n && !m->is_open; i++)
        m->is_open = meets(c, claim_at(claims_of(others->items[i]), m));
}

/* Those of `some` that are not in `others`. */
static void open_changed(const struct node *route, const struct claims *some, const struct claims *others)
{
    bool has_aged = !others || !some->stamp || !others->stamp || !str_eq(some->stamp, others->stamp) ||
                    some->is_doubtful != others->is_doubtful;
    for (size_t i = 0; i < some->n; i++) {
        const struct claim *c = &some->items[i], *other = claim_at(others, c->at);
        if (!other || has_aged || !is_same_claim(c, other))
            open_if_met(route, c);
    }
}

static struct loser *loser_in(const struct meeting *m, const struct node *route)
{
    const struct loser key = {.route = (struct node *)route};
    return m->losers.n > 0 ? bsearch(&key, m->losers.items, m->losers.n, sizeof *m->losers.items, by_address)
                           : NULL;
}

/* The route may be gone for good. */
static void forget_losses(const struct node *route, const struct claims *before, const struct claims *now)
{
    for (size_t i = 0; i < before->n; i++) {
        struct losers *all = &before->items[i].at->losers;
        struct loser *l = claim_at(now, before->items[i].at) ? NULL : loser_in(before->items[i].at, route);
        if (!l)
            continue;
        free(l->winner);
        memmove(l, l + 1, (size_t)(all->items + all->n - (l + 1)) * sizeof *l);
        all->n--;
    }
}

void exclusion_compare(const struct exclusion *e, const struct node *route, const struct claims *before)
{
    const struct claims *now = claims_of(route);
    forget_losses(route, before, now);
    if (e->is_settled)
        return;
    open_changed(route, before, now);
    if (now)
        open_changed(route, now, before);
}

/* ---- deciding ---- */

/* Who has the listener for sure, and who may have it. */
enum { SURE, DOUBTFUL, N_TABLES };

/* A hostname of somebody who has the listener, or one that covers such. */
struct taken {
    UT_hash_handle hh;
    const struct node *by[N_KINDS];    /* who has it, the first; NULL: nobody */
    const struct node *below[N_KINDS]; /* who has one that it covers */
    char host[];
};

static struct taken *taken_make(struct taken **all, const char *host)
{
    struct taken *t;
    size_t len = strlen(host);
    HASH_FIND_STR(*all, host, t);
    if (t)
        return t;
    t = xcalloc(1, sizeof *t + len + 1);
    memcpy(t->host, host, len);
    HASH_ADD_STR(*all, host, t);
    return t;
}

static void take(struct taken **all, const char *host, const struct node *route)
{
    int kind = kind_of(route);
    char room[HOST_MAX + 1];
    struct taken *t = taken_make(all, host);
    if (!t->by[kind])
        t->by[kind] = route;
    for (const char *h = host_wider(host, room); h; h = host_wider(h, room)) {
        t = taken_make(all, h);
        if (!t->below[kind])
            t->below[kind] = route;
    }
}

/* Who of the other kind has a hostname that meets this one, or NULL. */
static const struct node *taken_by(struct taken *all, const char *host, int other)
{
    struct taken *t;
    char room[HOST_MAX + 1];
    HASH_FIND_STR(all, host, t);
    if (t && (t->by[other] || t->below[other]))
        return t->by[other] ? t->by[other] : t->below[other];
    for (const char *h = host_wider(host, room); h; h = host_wider(h, room)) {
        HASH_FIND_STR(all, h, t);
        if (t && t->by[other])
            return t->by[other];
    }
    return NULL;
}

static int by_age(const void *a, const void *b)
{
    const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
    int d = node_age_cmp(claims_of(x)->stamp, x, claims_of(y)->stamp, y);
    return d ? d : kind_of(x) - kind_of(y);
}

/* The first who stands in the way of the claim, or NULL. */
static const struct node *winner_over(struct taken *all, const struct claim *c, const struct node *route)
{
    const struct node *winner = NULL;
    for (int i = 0; i < c->n_hosts && !winner; i++)
        winner = taken_by(all, c->hosts[i], !kind_of(route));
    return winner;
}

static void decide_one(const struct meeting *m, struct node *route, struct taken *taken[N_TABLES],
                       struct losers *losers)
{
    const struct claim *c = claim_at(claims_of(route), m);
    bool is_doubtful = claims_of(route)->is_doubtful;
    const struct node *winner = is_doubtful ? NULL : winner_over(taken[SURE], c, route);
    if (winner) {
        VEC_GROW(losers);
        losers->items[losers->n++] =
            (struct loser){route, xasprintf("%s %s/%s", kind_of(winner) == GRPC ? "GRPCRoute" : "HTTPRoute",
                                            winner->ns, winner->name)};
        return;
    }
    is_doubtful |= winner_over(taken[DOUBTFUL], c, route) != NULL;
    for (int i = 0; i < c->n_hosts; i++)
        take(&taken[is_doubtful ? DOUBTFUL : SURE], c->hosts[i], route);
}

static void taken_free(struct taken *all)
{
    struct taken *t, *next;
    HASH_ITER(hh, all, t, next)
    {
        HASH_DEL(all, t);
        free(t);
    }
}

static struct losers decide(const struct meeting *m)
{
    struct losers losers = {0};
    struct nodes all = {0};
    struct taken *taken[N_TABLES] = {0};
    if (m->routes[HTTP].n == 0 || m->routes[GRPC].n == 0)
        return losers;
    for (int k = 0; k < N_KINDS; k++)
        for (size_t i = 0; i < m->routes[k].n; i++)
            nodes_add(&all, m->routes[k].items[i]);
    qsort(all.items, all.n, sizeof *all.items, by_age);
    for (size_t i = 0; i < all.n; i++)
        decide_one(m, all.items[i], taken, &losers);
    for (int i = 0; i < N_TABLES; i++)
        taken_free(taken[i]);
    free(all.items);
    if (losers.n > 1)
        qsort(losers.items, losers.n, sizeof *losers.items, by_address);
    return losers;
}

/* Calls for those who are in one list only, or have lost to another one. Of those who are gone there is no
 * word. */
static size_t tell_difference(const struct losers *a, const struct losers *b,
                              void (*changed)(struct node *route, void *ctx), void *ctx)
{
    size_t i = 0, k = 0, n = 0;
    while (i < a->n || k < b->n) {
        int d = i == a->n ? 1 : k == b->n ? -1 : by_address(&a->items[i], &b->items[k]);
        bool is_same = d == 0 && str_eq(a->items[i].winner, b->items[k].winner);
        struct node *route = d <= 0 ? a->items[i].route : b->items[k].route;
        i += d <= 0;
        k += d >= 0;
        if (is_same)
            continue;
        changed(route, ctx);
        n++;
    }
    return n;
}

size_t exclusion_settle(struct exclusion *e, void (*changed)(struct node *route, void *ctx), void *ctx)
{
    struct meeting *next;
    size_t n = 0;
    for (struct meeting *m = e->meetings; m; m = next) {
        next = m->hh.next;
        if (!m->is_open)
            continue;
        struct losers now = decide(m);
        n += tell_difference(&m->losers, &now, changed, ctx);
        losers_clear(&m->losers);
        m->losers = now;
        m->is_open = false;
        if (m->routes[HTTP].n + m->routes[GRPC].n == 0)
            meeting_free(e, m);
    }
    e->is_settled = true;
    return n;
}

/* ---- admission ---- */

bool exclusion_admit(struct exclusion *e, struct node *route, const char *stamp, struct served_list *served,
                     size_t since, struct buf *why)
{
    size_t n = since;
    const struct listener *said = NULL; /* hosts of one listener stand together */
    if (e->is_off)
        return true;
    claims_of(route)->is_doubtful = !route->present;
    for (size_t i = since; i < served->n; i++) {
        struct served s = served->items[i];
        struct meeting *m = meeting_of(e, s.parent, s.listener->name);
        const struct loser *loser = route->present ? loser_in(m, route) : NULL; /* of its good version */
        claim_host(claims_of(route), m, s.host, stamp);
        if (!loser)
            served->items[n++] = s;
        else if (said != s.listener)
            buf_addf(why,
                     "%slistener %.64s of %s/%s serves %s, which comes first: an HTTPRoute and a GRPCRoute "
                     "cannot share a hostname (see --share-hostnames)",
                     why->len ? "; " : "", s.listener->name, s.parent->ns, s.parent->name, loser->winner);
        said = loser ? s.listener : said;
    }
    served->n = n;
    return n > since;
}

#include "gw/family.h"

#include <stdio.h>
#include <stdlib.h>

#include "gw/hostname.h"

/* Who was first at a port, and at a hostname of it. */
struct claim {
    UT_hash_handle hh;
    const struct listener *listener;
    struct listener *mine; /* the same, of this family, to be marked */
    const struct node *node;
    char key[];
};

struct family {
    struct world *w;
    struct node *bucket, *gateway;
    struct nodes parents; /* the Gateway, then the sets it takes, in order of precedence */
    struct claim *claims; /* uthash: "PORT" and "PORT/HOSTNAME" */
};

/* ---- which sets ---- */

static enum answer lets_in(const struct family *f, const struct gateway *g, const struct node *set)
{
    if (!g->takes_sets)
        return ANSWER_NO;
    switch (g->sets_from) {
    case FROM_ALL: return ANSWER_YES;
    case FROM_SAME: return str_eq(set->ns, f->gateway->ns) ? ANSWER_YES : ANSWER_NO;
    default: return namespace_matches(f->w, f->bucket, set->ns, g->sets_selector);
    }
}

/* Settles what the set is to its Gateway. */
static void admit(const struct family *f, struct node *n)
{
    struct listener_set *s = n->facts;
    const struct gateway *g = f->gateway->facts;
    bool is_there = (f->gateway->present || f->gateway->rejected) && g;
    s->base.gateway = is_there ? f->gateway : NULL;
    s->base.is_ours = is_there && g->base.is_ours;
    s->base.is_others = is_there && g->base.is_others;
    /* A Gateway of no class of ours holds nothing up, whatever became of it. */
    bool waits = is_there && !f->gateway->present && g->base.is_ours;
    s->base.is_held = is_there ? g->base.is_held || waits : node_is_unknown(f->w, f->gateway);
    s->refusal = s->because = NULL;
    s->base.is_refused = false;
    s->is_gateway_fine = is_there && !gateway_bar(g);
    free(s->base.plane);
    free(s->base.group);
    s->base.plane = xstrdup(is_there ? g->base.plane : "");
    s->base.group = xstrdup(is_there ? g->base.group : "");
    if (!is_there)
        return;
    enum answer answer = lets_in(f, g, n);
    if (answer == ANSWER_WAIT)
        s->base.is_held = true;
    if (answer == ANSWER_NO) {
        s->refusal = "NotAllowed";
        s->because = "the Gateway does not allow ListenerSets from this namespace (allowedListeners)";
    } else if (g->accepted.reason) {
        s->refusal = "ParentNotAccepted";
        s->because = "the Gateway is not accepted";
    }
    s->base.is_refused = answer == ANSWER_NO;
}

static int by_age(const void *a, const void *b)
{
    const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
    return node_age_cmp(parent_facts(x)->stamp, x, parent_facts(y)->stamp, y);
}

static void gather(struct family *f)
{
    struct nodes sets = {0};
    if (f->gateway->facts)
        nodes_add(&f->parents, f->gateway);
    for (size_t i = 0; i < f->bucket->members.n; i++) {
        struct node *n = f->bucket->members.items[i];
        if (!n->facts)
            continue;
        admit(f, n);
        nodes_add(&sets, n);
    }
    if (sets.n > 1)
        qsort(sets.items, sets.n, sizeof *sets.items, by_age);
    for (size_t i = 0; i < sets.n; i++)
        nodes_add(&f->parents, sets.items[i]);
    free(sets.items);
}

/* ---- conflicts ---- */

/* Speaks TCP below: two of these cannot share a port. What nobody knows is only unsupported. */
static bool is_of_tcp(const struct listener *l)
{
    return l->protocol != PROTOCOL_OTHER || str_eq(l->protocol_name, "TCP") ||
           str_eq(l->protocol_name, "TLS");
}

static void clash(struct listener *l, const char *reason, const struct listener *with, const struct node *of)
{
    const char *where = of ? of->kind == NODE_GATEWAY ? " of the Gateway" : " of another ListenerSet" : "";
    if (str_eq(reason, "ProtocolConflict"))
        verdict_refuse(&l->conflicted, reason, "port", "listener %s%s uses port %d with protocol %s",
                       with->name, where, with->port, with->protocol_name);
    else
        verdict_refuse(&l->conflicted, reason, "hostname", "listener %s%s has the same port and hostname",
                       with->name, where);
}

/*
 * Within one object. HTTP and HTTPS on one port are distinct by the letter, but no port of APISIX, or of most
 * servers, speaks both.
 */
static void find_conflicts_within(struct parent *p)
{
    for (int i = 0; i < p->n_listeners; i++) {
        for (int k = 0; k < p->n_listeners; k++) {
            struct listener *a = &p->listeners[i];
            const struct listener *b = &p->listeners[k];
            if (i == k || a->port != b->port || a->protocol == PROTOCOL_OTHER ||
                b->protocol == PROTOCOL_OTHER)
                continue;
            if (a->protocol != b->protocol)
                clash(a, "ProtocolConflict", b, NULL);
            else if (str_eq(a->hostname, b->hostname))
                clash(a, "HostnameConflict", b, NULL);
        }
    }
}

static struct claim *find_claim(const struct family *f, int port, const char *hostname)
{
    char key[300];
    struct claim *c;
    snprintf(key, sizeof key, hostname ? "%d/%s" : "%d", port, hostname);
    HASH_FIND_STR(f->claims, key, c);
    return c;
}

static void add_claim(struct family *f, int port, const char *hostname, struct listener *l,
                      const struct node *n)
{
    if (find_claim(f, port, hostname))
        return;
    char key[300];
    int len = snprintf(key, sizeof key, hostname ? "%d/%s" : "%d", port, hostname);
    size_t room = len < (int)sizeof key ? (size_t)len + 1 : sizeof key;
    struct claim *c = xcalloc(1, sizeof *c + room);
    memcpy(c->key, key, room - 1);
    c->listener = c->mine = l;
    c->node = n;
    HASH_ADD_KEYPTR(hh, f->claims, c->key, strlen(c->key), c);
}

static void find_conflicts_among(struct family *f, struct node *n)
{
    struct parent *p = parent_facts(n);
    for (int i = 0; i < p->n_listeners; i++) {
        struct listener *l = &p->listeners[i];
        if (l->conflicted.reason || !is_of_tcp(l))
            continue;
        const struct claim *at_port = find_claim(f, l->port, NULL),
                           *at_host = find_claim(f, l->port, l->hostname);
        if (at_port && at_port->node != n && !str_eq(at_port->listener->protocol_name, l->protocol_name))
            clash(l, "ProtocolConflict", at_port->listener, at_port->node);
        else if (at_host && at_host->node != n)
            clash(l, "HostnameConflict", at_host->listener, at_host->node);
        if (l->conflicted.reason)
            continue;
        add_claim(f, l->port, NULL, l, n);
        add_claim(f, l->port, l->hostname, l, n);
    }
}

/* HTTPS listeners of a port whose hostnames lie in one another. */
static void find_overlap(struct family *f, struct claim *c)
{
    char room[HOST_MAX + 1];
    if (!strchr(c->key, '/') || c->listener->protocol != PROTOCOL_HTTPS)
        return;
    for (const char *h = host_wider(c->listener->hostname, room); h; h = host_wider(h, room)) {
        struct claim *other = find_claim(f, c->listener->port, h);
        if (other)
            c->mine->overlaps = other->mine->overlaps = true;
    }
}

static void find_overlaps(struct family *f)
{
    struct claim *c, *next;
    HASH_ITER(hh, f->claims, c, next)
    {
        find_overlap(f, c);
    }
}

static bool takes_part(const struct family *f, const struct node *n)
{
    const struct listener_set *s = n->facts;
    return n == f->gateway || (s->base.gateway && !s->refusal);
}

static void settle_listeners(struct family *f)
{
    const struct gateway *g = f->gateway->facts;
    for (size_t i = 0; i < f->parents.n; i++) {
        struct node *n = f->parents.items[i];
        struct parent *p = parent_facts(n);
        const char *bar = !takes_part(f, n) ? "the Gateway does not have the ListenerSet" : gateway_bar(g);
        for (int k = 0; k < p->n_listeners; k++) {
            verdict_clear(&p->listeners[k].conflicted);
            p->listeners[k].overlaps = false;
            p->listeners[k].barred = bar;
        }
        find_conflicts_within(p);
        if (takes_part(f, n))
            find_conflicts_among(f, n);
    }
    find_overlaps(f);
}

static void count_sets(struct family *f)
{
    struct gateway *g = f->gateway->facts;
    if (!g)
        return;
    g->n_sets = 0;
    for (size_t i = 0; i < f->parents.n; i++) {
        const struct node *n = f->parents.items[i];
        const struct parent *p = parent_facts(n);
        bool any = false;
        for (int k = 0; k < p->n_listeners; k++)
            any |= listener_is_valid(&p->listeners[k]);
        g->n_sets += n != f->gateway && takes_part(f, n) && any;
    }
}

/* ---- what that changes ---- */

static struct digest route_view(const struct parent *p)
{
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_addf(&b, "%d %d %d %d %u %s %s\n", p->is_ours, p->is_others, p->is_refused, p->is_held, p->serial,
             p->group, p->gateway ? p->gateway->key : "");
    for (int i = 0; i < p->n_listeners; i++)
        listener_view(&p->listeners[i], &b);
    struct digest d = digest_of(b.p, b.len);
    buf_free(&b);
    return d;
}

static void add_verdict(struct buf *b, const struct verdict *v)
{
    buf_addf(b, "%s %s\n", v->reason ? v->reason : "", v->message ? v->message : "");
}

static struct digest own_view(const struct node *n)
{
    const struct parent *p = parent_facts(n);
    const struct listener_set *s = n->kind == NODE_LISTENERSET ? n->facts : NULL;
    const struct gateway *g = n->kind == NODE_GATEWAY ? n->facts : NULL;
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    if (s)
        buf_addf(&b, "%s %d\n", s->refusal ? s->refusal : "", s->is_gateway_fine);
    if (g)
        buf_addf(&b, "%d\n", g->n_sets);
    for (int i = 0; i < p->n_listeners; i++) {
        add_verdict(&b, &p->listeners[i].conflicted);
        buf_addf(&b, "%d\n", p->listeners[i].overlaps);
    }
    struct digest d = digest_of(b.p, b.len);
    buf_free(&b);
    return d;
}

static void report(struct node *n, const struct family_sink *sink)
{
    struct parent *p = parent_facts(n);
    struct digest own = own_view(n), of_routes = route_view(p);
    if (!digest_equal(own, p->view))
        sink->changed(n, sink->ctx);
    if (!digest_equal(of_routes, p->route_view)) {
        sink->changed(n, sink->ctx);
        sink->reattach(n, sink->ctx);
    }
    p->view = own;
    p->route_view = of_routes;
}

static void release(struct family *f)
{
    struct claim *c, *next;
    HASH_ITER(hh, f->claims, c, next)
    {
        HASH_DEL(f->claims, c);
        free(c);
    }
    free(f->parents.items);
}

void family_settle(struct world *w, struct node *bucket, const struct family_sink *sink)
{
    struct family f = {.w = w, .bucket = bucket};
    world_forget_deps(w, bucket);
    f.gateway = world_look(w, bucket, NODE_GATEWAY, bucket->ns, bucket->name);
    gather(&f);
    settle_listeners(&f);
    count_sets(&f);
    for (size_t i = 0; i < f.parents.n; i++)
        report(f.parents.items[i], sink);
    release(&f);
}

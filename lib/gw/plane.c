#include "gw/plane.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "gw/hostname.h"

static int compare_cells(const void *a, const void *b)
{
    const struct cell *x = a, *y = b;
    int d = strcmp(x->group, y->group);
    d = d ? d : x->port - y->port;
    return d ? d : strcmp(x->hostname, y->hostname);
}

/* ---- whose port ---- */

static const struct parent *gateway_of(const struct node *n)
{
    const struct node *g = parent_facts(n)->gateway;
    return g ? parent_facts(g) : NULL;
}

static int by_precedence(const void *a, const void *b)
{
    const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
    const struct node *g = parent_facts(x)->gateway, *h = parent_facts(y)->gateway;
    int d = node_age_cmp(gateway_of(x)->stamp, g, gateway_of(y)->stamp, h);
    d = d ? d : (int)x->kind - (int)y->kind;
    d = d ? d : strcmp(x->ns, y->ns);
    return d ? d : strcmp(x->name, y->name);
}

/* Whether the port is to be had; takes it when nobody has. */
static bool claim_port(struct plane_port **ports, size_t *n, const char *group, const struct listener *l)
{
    bool is_https = l->protocol == PROTOCOL_HTTPS;
    for (size_t i = 0; i < *n; i++)
        if ((*ports)[i].port == l->port && str_eq((*ports)[i].group, group))
            return (*ports)[i].is_https == is_https;
    *ports = xreallocarray(*ports, *n + 1, sizeof **ports);
    (*ports)[(*n)++] = (struct plane_port){group, l->port, is_https};
    return true;
}

static bool settle_parent(struct parent *p, struct plane_port **ports, size_t *n)
{
    bool differs = false;
    for (int i = 0; i < p->n_listeners; i++) {
        struct listener *l = &p->listeners[i];
        bool was_taken = l->port_is_taken;
        l->port_is_taken = false;
        if (listener_is_programmed(l))
            l->port_is_taken = !claim_port(ports, n, p->group, l);
        differs |= l->port_is_taken != was_taken;
    }
    return differs;
}

void plane_settle_ports(const struct nodes *parents, void (*changed)(struct node *parent, void *ctx),
                        void *ctx)
{
    struct nodes sorted = {0};
    struct plane_port *ports = NULL;
    size_t n = 0;
    for (size_t i = 0; i < parents->n; i++) {
        const struct parent *p = parent_facts(parents->items[i]);
        if (p && (p->is_ours || p->is_held) && p->gateway && gateway_of(parents->items[i]))
            nodes_add(&sorted, parents->items[i]);
    }
    if (sorted.n > 1)
        qsort(sorted.items, sorted.n, sizeof *sorted.items, by_precedence);
    for (size_t i = 0; i < sorted.n; i++)
        if (settle_parent(parent_facts(sorted.items[i]), &ports, &n))
            changed(sorted.items[i], ctx);
    free(ports);
    free(sorted.items);
}

/* ---- cells ---- */

void plane_add(struct plane *p, const char *group, const struct listener *l)
{
    if (p->n == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 16;
        p->cells = xreallocarray(p->cells, p->cap, sizeof *p->cells);
    }
    p->cells[p->n++] = (struct cell){.group = xstrdup(group),
                                     .hostname = xstrdup(l->hostname),
                                     .port = l->port,
                                     .is_https = l->protocol == PROTOCOL_HTTPS,
                                     .sni = JX_NONE};
}

const struct cell *plane_cell(const struct plane *p, const char *group, int port, const char *hostname)
{
    struct cell key = {.group = (char *)group, .hostname = (char *)hostname, .port = port};
    return p->n ? bsearch(&key, p->cells, p->n, sizeof *p->cells, compare_cells) : NULL;
}

/* ---- deriving ---- */

static void cell_clear(struct cell *c)
{
    free(c->group);
    free(c->hostname);
    jb_free(c->sni);
}

static void drop_repetitions(struct plane *p)
{
    size_t n = 0;
    if (p->n > 1)
        qsort(p->cells, p->n, sizeof *p->cells, compare_cells);
    for (size_t i = 0; i < p->n; i++) {
        if (n > 0 && compare_cells(&p->cells[n - 1], &p->cells[i]) == 0) {
            p->cells[n - 1].is_https |= p->cells[i].is_https;
            cell_clear(&p->cells[i]);
        } else {
            p->cells[n++] = p->cells[i];
        }
    }
    p->n = n;
}

static bool shares_port(const struct cell *a, const struct cell *b)
{
    return a->port == b->port && str_eq(a->group, b->group);
}

/* The closest wider cell of the same port, or NULL. */
static const struct cell *wider_cell(const struct plane *p, const struct cell *c)
{
    char room[HOST_MAX + 1];
    for (const char *h = host_wider(c->hostname, room); h; h = host_wider(h, room)) {
        const struct cell *wider = plane_cell(p, c->group, c->port, h);
        if (wider)
            return wider;
    }
    return NULL;
}

/*
 * Of each cell, the names of the cells next below it must not be the server name of its requests; what lies
 * below those is covered by them.
 */
static void put_sni(struct plane *p, size_t from, size_t to)
{
    jv *below = xcalloc(to - from, sizeof *below);
    for (size_t i = from; i < to; i++)
        below[i - from] = jb_arr();
    for (size_t i = from; i < to; i++) {
        const struct cell *wider = wider_cell(p, &p->cells[i]);
        if (wider)
            jb_add_str(&below[wider - p->cells - (ptrdiff_t)from], p->cells[i].hostname);
    }
    for (size_t i = from; i < to; i++) {
        struct cell *c = &p->cells[i];
        if (jx_len(below[i - from]) > SNI_MAX) {
            jb_free(below[i - from]);
            continue;
        }
        c->sni = jb_obj();
        if (*c->hostname)
            jb_put_str(&c->sni, "in", c->hostname);
        jb_put(&c->sni, "notIn", below[i - from]);
    }
    free(below);
}

static void list_ports(struct plane *p)
{
    struct buf b;
    buf_init(&b, BUF_MAX_OUTPUT);
    p->ports = xcalloc(p->n, sizeof *p->ports);
    for (size_t i = 0; i < p->n; i++) {
        const struct cell *c = &p->cells[i];
        if (i > 0 && shares_port(&p->cells[i - 1], c) && p->cells[i - 1].is_https == c->is_https)
            continue;
        p->ports[p->n_ports++] = (struct plane_port){c->group, c->port, c->is_https};
        buf_addf(&b, "%s|%d|%d\n", c->group, c->port, c->is_https);
    }
    p->seen = xstrdup(b.p ? b.p : "");
    buf_free(&b);
}

void plane_finish(struct plane *p)
{
    drop_repetitions(p);
    for (size_t i = 0, k; i < p->n; i = k) {
        for (k = i + 1; k < p->n && shares_port(&p->cells[i], &p->cells[k]);)
            k++;
        if (p->cells[i].is_https && k - i > 1)
            put_sni(p, i, k);
    }
    list_ports(p);
}

void plane_clear(struct plane *p)
{
    for (size_t i = 0; i < p->n; i++)
        cell_clear(&p->cells[i]);
    free(p->cells);
    free(p->ports);
    free(p->seen);
    *p = (struct plane){0};
}

const char *plane_place(const char *group, int port, char *room, size_t n)
{
    snprintf(room, n, "%.*s|%d", (int)n - 12, group, port);
    return room;
}

void plane_compare(const struct plane *a, const struct plane *b,
                   void (*differs)(const char *place, const char *hostname, void *ctx), void *ctx)
{
    for (size_t i = 0, k = 0; i < a->n || k < b->n;) {
        int d = i == a->n ? 1 : k == b->n ? -1 : compare_cells(&a->cells[i], &b->cells[k]);
        const struct cell *c = d <= 0 ? &a->cells[i] : &b->cells[k];
        char room[800];
        if (d != 0 || a->cells[i].is_https != b->cells[k].is_https ||
            !jx_equal(a->cells[i].sni, b->cells[k].sni))
            differs(plane_place(c->group, c->port, room, sizeof room), c->hostname, ctx);
        i += d <= 0;
        k += d >= 0;
    }
}

bool plane_is_owner(const struct plane *p, struct world *w, struct node *user, const char *group, int port,
                    const char *hostname, const char *host)
{
    char room[HOST_MAX + 1], place[800];
    bool is_owner = true;
    plane_place(group, port, place, sizeof place);
    for (const char *h = host; h && !str_eq(h, hostname); h = host_wider(h, room)) {
        world_look(w, user, NODE_PLANE, place, h);
        is_owner &= !plane_cell(p, group, port, h);
    }
    world_look(w, user, NODE_PLANE, place, hostname); /* for its sni */
    return is_owner;
}

/* ---- conditions ---- */

static bool is_mine(const struct plane_port *c, const struct port_use *mine, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (mine[i].port == c->port && mine[i].is_https == c->is_https)
            return true;
    return false;
}

static const char *limit_of(const struct plane *p, const char *group, const struct port_use *mine, size_t n)
{
    bool has_mine[2] = {false, false}, has_others[2] = {false, false};
    for (size_t i = 0; i < p->n_ports; i++) {
        const struct plane_port *c = &p->ports[i];
        if (str_eq(c->group, group))
            (is_mine(c, mine, n) ? has_mine : has_others)[c->is_https] = true;
    }
    if (!has_others[0] && !has_others[1])
        return NULL;
    return (has_mine[0] && has_others[0]) || (has_mine[1] && has_others[1]) ? "port" : "scheme";
}

/* How long the part is that names the data plane. */
static size_t plane_length(const char *group)
{
    const char *end = strchr(group, ';');
    return end ? (size_t)(end + 1 - group) : 0;
}

static bool same_plane(const char *a, const char *b)
{
    size_t n = plane_length(a);
    return n == plane_length(b) && memcmp(a, b, n) == 0;
}

static void add_addresses(jv *list, const char *group)
{
    group += plane_length(group);
    while (*group) {
        size_t n = strcspn(group, ",");
        jb_add(list, jb_strf("%.*s", (int)n, group));
        group += n + (group[n] == ',');
    }
}

static void put_addresses(const struct plane *p, const char *group, jv *o)
{
    jv own = jb_arr(), others = jb_arr();
    bool has_others = false;
    add_addresses(&own, group);
    for (size_t i = 0; i < p->n_ports; i++) {
        const struct plane_port *c = &p->ports[i];
        if (str_eq(c->group, group) || !same_plane(c->group, group))
            continue;
        has_others = true;
        if (i == 0 || !str_eq(p->ports[i - 1].group, c->group))
            add_addresses(&others, c->group);
    }
    if (has_others && group[plane_length(group)])
        jb_put(o, "addresses", jb_copy(own));
    else if (has_others)
        jb_put(o, "notAddresses", jb_copy(others));
    jb_free(own);
    jb_free(others);
}

void plane_put_limits(const struct plane *p, const char *group, const struct port_use *mine, size_t n, jv *o)
{
    const char *limit = limit_of(p, group, mine, n);
    jb_put_str(o, "limit", limit);
    /* by the ports that it has not: those that it has are APISIX's own configuration, which --port-map must
     * tell */
    if (p->has_internal && !(limit && str_eq(limit, "port")))
        jb_put_bool(o, "notInternal", true);
    put_addresses(p, group, o);
}

jv plane_catch_all(const struct plane *p, const char *group, const struct listener *l)
{
    const struct cell *c = plane_cell(p, group, l->port, l->hostname);
    if (!c || (!wider_cell(p, c) && jx_is_none(c->sni)))
        return JX_NONE;
    struct port_use mine = {c->port, c->is_https};
    jv o = jb_obj();
    plane_put_limits(p, group, &mine, 1, &o);
    if (!jx_is_none(c->sni)) {
        jb_put(&o, "sni", jb_copy(c->sni));
        jb_put_bool(&o, "misdirected", true);
    }
    return o;
}

#include "gw/bindings.h"

#include <stdlib.h>

static const char *group_of(const struct served *s)
{
    return parent_facts(s->parent)->group;
}

/* What keeps listeners of one hostname in different bindings: equal or not is all that counts. */
static int by_part(const struct served *x, const struct served *y)
{
    const struct cell *a = x->cell, *b = y->cell;
    bool a_sni = !jx_is_none(a->sni), b_sni = !jx_is_none(b->sni);
    int d = strcmp(a->group, b->group);
    d = d ? d : a_sni - b_sni;
    if (d || !a_sni)
        return d;
    return a->port != b->port ? a->port - b->port : strcmp(a->hostname, b->hostname);
}

static int by_host(const void *a, const void *b)
{
    const struct served *x = a, *y = b;
    int d = strcmp(x->host, y->host);
    d = d ? d : by_part(x, y);
    d = d ? d : strcmp(x->parent->ns, y->parent->ns);
    d = d ? d : strcmp(x->parent->name, y->parent->name);
    d = d ? d : (int)x->parent->kind - (int)y->parent->kind;
    return d ? d : strcmp(x->listener->name, y->listener->name);
}

/* Whether requests for the host get there at all; finds the cell. */
static bool is_served(struct served *s, const struct plane *p, struct world *w, struct node *route)
{
    const struct listener *l = s->listener;
    if (!listener_is_programmed(l))
        return false;
    s->cell = plane_cell(p, group_of(s), l->port, l->hostname);
    return plane_is_owner(p, w, route, group_of(s), l->port, l->hostname, s->host) && s->cell;
}

/* Sorts, and drops repetitions and what is not served. */
static void tidy(struct served_list *list, const struct plane *p, struct world *w, struct node *route)
{
    size_t n = 0, k = 0;
    for (size_t i = 0; i < list->n; i++)
        if (is_served(&list->items[i], p, w, route))
            list->items[n++] = list->items[i];
    if (n > 1)
        qsort(list->items, n, sizeof *list->items, by_host);
    for (size_t i = 0; i < n; i++)
        if (k == 0 || by_host(&list->items[k - 1], &list->items[i]) != 0)
            list->items[k++] = list->items[i];
    list->n = k;
}

/* The run of entries for one hostname and part that starts at i. */
static size_t run_length(const struct served_list *list, size_t i)
{
    size_t n = 1;
    while (i + n < list->n && str_eq(list->items[i + n].host, list->items[i].host) &&
           by_part(&list->items[i + n], &list->items[i]) == 0)
        n++;
    return n;
}

static bool same_listeners(const struct served *a, size_t n, const struct served *b, size_t m)
{
    if (n != m)
        return false;
    for (size_t i = 0; i < n; i++)
        if (a[i].listener != b[i].listener)
            return false;
    return true;
}

static jv listeners_json(const struct served *run, size_t n)
{
    jv list = jb_arr();
    for (size_t i = 0; i < n; i++) {
        const struct node *parent = run[i].parent, *gateway = parent_facts(parent)->gateway;
        jv o = jb_obj();
        jb_put(&o, "gateway", jb_strf("%s/%s", gateway->ns, gateway->name));
        if (parent != gateway)
            jb_put(&o, "listenerSet", jb_strf("%s/%s", parent->ns, parent->name));
        jb_put_str(&o, "name", run[i].listener->name);
        jb_put_str(&o, "protocol", run[i].listener->protocol_name);
        jb_put_int(&o, "port", run[i].listener->port);
        jb_add(&list, o);
    }
    return list;
}

static void put_place(const struct served *run, size_t n, const struct plane *plane, jv *o)
{
    struct port_use *mine = xcalloc(n, sizeof *mine);
    for (size_t i = 0; i < n; i++)
        mine[i] = (struct port_use){run[i].listener->port, run[i].listener->protocol == PROTOCOL_HTTPS};
    jb_put_str(o, "plane", *parent_facts(run->parent)->plane ? parent_facts(run->parent)->plane : NULL);
    plane_put_limits(plane, run->cell->group, mine, n, o);
    if (!jx_is_none(run->cell->sni))
        jb_put(o, "sni", jb_copy(run->cell->sni));
    free(mine);
}

jv bindings_json(struct served_list *list, const struct plane *plane, struct world *w, struct node *route)
{
    jv bindings = jb_arr();
    tidy(list, plane, w, route);
    bool *is_done = xcalloc(list->n, sizeof *is_done);
    for (size_t i = 0; i < list->n; i++) {
        if (is_done[i])
            continue;
        const struct served *run = &list->items[i];
        size_t n = run_length(list, i);
        jv o = jb_obj(), hosts = jb_arr();
        for (size_t k = i; k < list->n; k += run_length(list, k)) {
            size_t m = run_length(list, k);
            if (is_done[k] || !same_listeners(run, n, &list->items[k], m))
                continue;
            memset(is_done + k, true, m);
            if (*list->items[k].host)
                jb_add_str(&hosts, list->items[k].host);
        }
        jb_put(&o, "hostnames", hosts);
        jb_put(&o, "listeners", listeners_json(run, n));
        put_place(run, n, plane, &o);
        jb_add(&bindings, o);
    }
    free(is_done);
    return bindings;
}

#include "gw/bindings.h"

#include <stdlib.h>

#include "gw/route.h"

static int by_host(const void *a, const void *b)
{
    const struct served *x = a, *y = b;
    int d = strcmp(x->host, y->host);
    if (!d)
        d = strcmp(x->gateway->ns, y->gateway->ns);
    if (!d)
        d = strcmp(x->gateway->name, y->gateway->name);
    return d ? d : strcmp(x->listener->name, y->listener->name);
}

static bool is_same(const struct served *a, const struct served *b)
{
    return by_host(a, b) == 0;
}

/* Sorts, and drops repetitions and listeners that are not programmed. */
static void tidy(struct served_list *list)
{
    size_t n = 0;
    if (list->n > 1)
        qsort(list->items, list->n, sizeof *list->items, by_host);
    for (size_t i = 0; i < list->n; i++)
        if (!list->items[i].listener->programmed.reason &&
            (n == 0 || !is_same(&list->items[n - 1], &list->items[i])))
            list->items[n++] = list->items[i];
    list->n = n;
}

/* The run of entries for one hostname that starts at i. */
static size_t run_length(const struct served_list *list, size_t i)
{
    size_t n = 1;
    while (i + n < list->n && str_eq(list->items[i + n].host, list->items[i].host))
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

static bool serves_port(const struct served *run, size_t n, const struct plane_port *p)
{
    for (size_t i = 0; i < n; i++)
        if (run[i].listener->port == p->port && (run[i].listener->protocol == PROTOCOL_HTTPS) == p->is_https)
            return true;
    return false;
}

static const char *limit_of(const struct served *run, size_t n, const struct plane *plane)
{
    bool mine[2] = {false, false}, others[2] = {false, false};
    for (size_t i = 0; i < plane->n; i++) {
        const struct plane_port *p = &plane->items[i];
        (serves_port(run, n, p) ? mine : others)[p->is_https] = true;
    }
    if (!others[0] && !others[1])
        return NULL;
    return (mine[0] && others[0]) || (mine[1] && others[1]) ? "port" : "scheme";
}

static jv listeners_json(const struct served *run, size_t n)
{
    jv list = jb_arr();
    for (size_t i = 0; i < n; i++) {
        jv o = jb_obj();
        jb_put(&o, "gateway", jb_strf("%s/%s", run[i].gateway->ns, run[i].gateway->name));
        jb_put_str(&o, "name", run[i].listener->name);
        jb_put_str(&o, "protocol", run[i].listener->protocol_name);
        jb_put_int(&o, "port", run[i].listener->port);
        jb_add(&list, o);
    }
    return list;
}

jv bindings_json(struct served_list *list, const struct plane *plane)
{
    jv bindings = jb_arr();
    tidy(list);
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
        jb_put_str(&o, "limit", limit_of(run, n, plane));
        jb_add(&bindings, o);
    }
    free(is_done);
    return bindings;
}

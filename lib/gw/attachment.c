#include "gw/attachment.h"

#include <stdlib.h>

#include "gw/hostname.h"

static struct attachment *attachment_for(struct attachments *all, const struct served *s)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->items[i].parent == s->parent && str_eq(all->items[i].listener, s->listener->name))
            return &all->items[i];
    VEC_GROW(all);
    struct attachment *a = &all->items[all->n++];
    *a = (struct attachment){.parent = s->parent,
                             .serial = parent_facts(s->parent)->serial,
                             .listener = xstrdup(s->listener->name)};
    return a;
}

/* A wildcard certificate of APISIX covers one label; names further down must be listed (see cert docs). */
static void note_deep_host(struct attachment *a, const struct served *s)
{
    if (s->listener->protocol != PROTOCOL_HTTPS || !host_is_deep_under(s->listener->hostname, s->host))
        return;
    for (int i = 0; i < a->n_deep_hosts; i++)
        if (str_eq(a->deep_hosts[i], s->host))
            return;
    a->deep_hosts = xreallocarray(a->deep_hosts, (size_t)a->n_deep_hosts + 1, sizeof *a->deep_hosts);
    a->deep_hosts[a->n_deep_hosts++] = xstrdup(s->host);
}

void attachments_note(struct attachments *all, const struct served_list *served)
{
    for (size_t i = 0; i < served->n; i++)
        note_deep_host(attachment_for(all, &served->items[i]), &served->items[i]);
}

void attachment_count(const struct attachment *a, int delta)
{
    struct parent *p = parent_facts(a->parent);
    struct listener *l = p && p->serial == a->serial ? parent_listener(p, a->listener) : NULL;
    if (!l)
        return;
    if (a->is_counted)
        listener_count_routes(l, delta);
    listener_count_hosts(l, delta, (const char *const *)a->deep_hosts, a->n_deep_hosts);
}

void attachments_clear(struct attachments *all)
{
    for (size_t i = 0; i < all->n; i++) {
        struct attachment *a = &all->items[i];
        for (int k = 0; k < a->n_deep_hosts; k++)
            free(a->deep_hosts[k]);
        free(a->deep_hosts);
        free(a->listener);
    }
    free(all->items);
    *all = (struct attachments){0};
}

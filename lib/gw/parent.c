#include "gw/parent.h"

#include <stdlib.h>

struct listener *parent_listener(struct parent *p, const char *name)
{
    for (int i = 0; p && i < p->n_listeners; i++)
        if (str_eq(p->listeners[i].name, name))
            return &p->listeners[i];
    return NULL;
}

static void carry_over(struct parent *to, struct parent *from)
{
    for (int i = 0; i < to->n_listeners; i++) {
        struct listener *old = parent_listener(from, to->listeners[i].name);
        if (old)
            listener_carry_counts(&to->listeners[i], old);
    }
    to->serial = from->serial;
    to->route_view = from->route_view;
    to->view = from->view;
}

void parent_read(struct parent *p, struct parent *old, unsigned serial, struct listener_reading *at,
                 jv object, bool wants_listeners)
{
    jv meta = jx_get(object, "metadata"), list = jx_path(object, "spec.listeners");
    p->serial = serial;
    p->plane = xstrdup("");
    p->group = xstrdup("");
    p->generation = jx_getint_or(meta, "generation", 0);
    p->stamp = xstrdup(jx_getstr_or(meta, "creationTimestamp", ""));
    p->n_listeners = wants_listeners ? jx_len(list) : 0;
    p->listeners = xcalloc((size_t)p->n_listeners, sizeof *p->listeners);
    for (int i = 0; i < p->n_listeners; i++)
        listener_read(&p->listeners[i], at, jx_at(list, i), i);
    p->findings = jb_copy(at->findings->list);
    if (old)
        carry_over(p, old);
}

void parent_clear(struct parent *p)
{
    for (int i = 0; i < p->n_listeners; i++)
        listener_clear(&p->listeners[i]);
    free(p->listeners);
    free(p->plane);
    free(p->group);
    free(p->stamp);
    jb_free(p->findings);
}

int parent_n_programmed(const struct parent *p)
{
    int n = 0;
    for (int i = 0; i < p->n_listeners; i++)
        n += listener_is_programmed(&p->listeners[i]);
    return n;
}

void parent_tell(const struct parent *p, struct findings *fs)
{
    for (int i = 0; i < jx_len(p->findings); i++)
        jb_add(&fs->list, jb_copy(jx_at(p->findings, i)));
    for (int i = 0; i < p->n_listeners; i++)
        listener_tell(&p->listeners[i], i, fs);
}

jv parent_listeners_resolved(const struct parent *p)
{
    jv list = jb_arr();
    for (int i = 0; i < p->n_listeners; i++)
        jb_add(&list, listener_resolved(&p->listeners[i]));
    return list;
}

jv parent_listeners_status(const struct parent *p)
{
    jv list = jb_arr();
    for (int i = 0; i < p->n_listeners; i++)
        jb_add(&list, listener_status(&p->listeners[i], p->generation));
    return list;
}

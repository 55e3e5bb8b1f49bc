#include "gw/listener_set.h"

#include <stdlib.h>

#include "gw/status.h"

bool listener_set_parent(jv object, const char *own_ns, const char **ns, const char **name)
{
    jv ref = jx_path(object, "spec.parentRef");
    *ns = jx_getstr_or(ref, "namespace", own_ns);
    *name = jx_getstr_or(ref, "name", "");
    return **name && str_eq(jx_getstr_or(ref, "group", GATEWAY_GROUP_NAME), GATEWAY_GROUP_NAME) &&
           str_eq(jx_getstr_or(ref, "kind", "Gateway"), "Gateway");
}

void listener_set_compute(struct world *w, struct node *n, const struct gateway_options *o, unsigned serial)
{
    struct rec r;
    struct findings fs;
    const char *line = n->present ? n->text : n->rejected;
    if (rec_parse(&r, line, strlen(line), 0)) /* it parsed when it came */
        return;
    struct listener_set *old = n->facts, *s = xcalloc(1, sizeof *s);
    findings_init(&fs);
    world_forget_deps(w, n);
    struct listener_reading at = {
        .w = w, .node = n, .owner_kind = "ListenerSet", .now = o->now, .findings = &fs};
    parent_read(&s->base, old ? &old->base : NULL, serial, &at, r.object, true);
    if (old) {
        listener_set_clear(old);
        free(old);
    }
    n->facts = s;
    findings_release(&fs);
    rec_release(&r);
}

jv listener_set_resolved(const struct listener_set *s)
{
    const struct node *g = s->base.gateway;
    jv resolved = jb_obj(), gateways = jb_arr();
    if (s->base.is_ours && g && !s->refusal)
        jb_add(&gateways, jb_strf("%s/%s", g->ns, g->name));
    jb_put(&resolved, "gateways", gateways);
    if (*s->base.plane)
        jb_put_str(&resolved, "plane", s->base.plane);
    jb_put(&resolved, "listeners",
           s->base.is_ours && !s->refusal ? parent_listeners_resolved(&s->base) : jb_arr());
    return resolved;
}

/* Both conditions, since nothing of a set that is not accepted is programmed. */
static void refuse(jv *conditions, const char *reason, const char *message, int64_t generation)
{
    jb_add(conditions, status_condition("Accepted", false, reason, message, generation));
    jb_add(conditions, status_condition("Programmed", false, reason, message, generation));
}

jv listener_set_status(const struct listener_set *s)
{
    jv status = jb_obj(), conditions = jb_arr();
    int good = 0, n = s->base.n_listeners;
    int64_t generation = s->base.generation;
    for (int i = 0; i < n; i++)
        good += listener_is_valid(&s->base.listeners[i]);
    if (s->refusal) {
        refuse(&conditions, s->refusal, s->because, generation);
    } else if (good == 0) {
        refuse(&conditions, "ListenersNotValid", "no listener is valid", generation);
    } else {
        jb_add(&conditions, status_condition("Accepted", true, good == n ? "Accepted" : "ListenersNotValid",
                                             good == n ? NULL : "some listeners are not valid", generation));
        jb_add(&conditions,
               status_condition("Programmed", s->is_gateway_fine,
                                s->is_gateway_fine ? "Programmed" : "ParentNotProgrammed",
                                s->is_gateway_fine ? NULL : "the Gateway is not programmed", generation));
    }
    jb_put(&status, "conditions", conditions);
    jb_put(&status, "listeners", s->refusal ? jb_arr() : parent_listeners_status(&s->base));
    return status;
}

void listener_set_clear(struct listener_set *s)
{
    parent_clear(&s->base);
}

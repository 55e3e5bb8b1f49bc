/*
 * listener_set: what a ListenerSet says by itself. (Gateway API: ListenerSet.)
 * Whether its Gateway takes it, and which of its listeners others have already, is in family.h.
 */
#ifndef GW_LISTENER_SET_H
#define GW_LISTENER_SET_H

#include "gw/gateway.h"

struct listener_set {
    struct parent base;
    bool is_waiting;      /* a rejected Namespace decides whether it is let in */
    const char *refusal;  /* reason why the Gateway does not have it; NULL: it has */
    const char *because;  /* the message for that; static */
    bool is_gateway_fine; /* accepted and programmed */
};

/* The Gateway that a ListenerSet names; *ns and *name are borrowed from the object. False: of another kind.
 */
bool listener_set_parent(jv object, const char *own_ns, const char **ns, const char **name);

/* Reads n->text (or the rejected one) into n->facts. */
void listener_set_compute(struct world *w, struct node *n, const struct gateway_options *o, unsigned serial);

jv listener_set_resolved(const struct listener_set *s);
jv listener_set_status(const struct listener_set *s);
void listener_set_clear(struct listener_set *s);

#endif

/*
 * parent: what a route can attach to, a Gateway or a ListenerSet, as far as routes see it.
 * The first member of the facts of both.
 */
#ifndef GW_PARENT_H
#define GW_PARENT_H

#include "gw/listener.h"

struct parent {
    unsigned serial; /* of this incarnation; a route remembers which one counted it */
    bool is_ours;    /* the GatewayClass is ours */
    bool is_others;  /* it is there, and another controller's */
    bool is_refused; /* a ListenerSet that its Gateway does not allow: no route can attach */
    bool is_held; /* the GatewayClass, or of a ListenerSet the Gateway, is known by a rejected version only */
    struct node *gateway; /* itself, or that of the ListenerSet; NULL: there is none */
    char *plane;          /* the data plane that serves it; "" is the one that is not named */
    char *group;          /* which addresses of which data plane those are (plane.h); "" is the default */
    int64_t generation;
    char *stamp; /* metadata.creationTimestamp, "" when not known */
    struct listener *listeners;
    int n_listeners;
    jv findings; /* owned array: of the object and its references, without its listeners' verdicts */
    struct digest route_view; /* of all that decides how routes attach */
    struct digest view;       /* of what its own record says */
};

/* Of a Gateway or ListenerSet; NULL when nothing is known of it. */
static inline struct parent *parent_facts(const struct node *n)
{
    return n->facts;
}

/* NULL when it has no such listener. */
struct listener *parent_listener(struct parent *p, const char *name);

/*
 * Reads what both kinds have in common; of the listeners only when `wants_listeners`. `old` (may be NULL) is
 * what it was before: counts and views go over.
 */
void parent_read(struct parent *p, struct parent *old, unsigned serial, struct listener_reading *at,
                 jv object, bool wants_listeners);
void parent_clear(struct parent *p);

/* How many listeners serve requests. */
int parent_n_programmed(const struct parent *p);

/* All there is to say of it. Appends. */
void parent_tell(const struct parent *p, struct findings *fs);

jv parent_listeners_resolved(const struct parent *p);
jv parent_listeners_status(const struct parent *p);

#endif

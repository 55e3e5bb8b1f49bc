/*
 * attach: may this route attach to this parent, and on which listeners and hostnames.
 * (Gateway API: ParentReference, AllowedRoutes, hostname intersection.)
 */
#ifndef GW_ATTACH_H
#define GW_ATTACH_H

#include "gw/plane.h"

/* How far the best listener got; the order is that of the reasons given. */
enum attach_outcome {
    ATTACH_NO_MATCHING_PARENT,
    ATTACH_NOT_ALLOWED,
    ATTACH_NO_HOSTNAME,
    ATTACH_EXCLUDED, /* by routes of another kind (exclusion.h) */
    ATTACH_ACCEPTED,
};

/* A hostname served on a listener: "" is any. */
struct served {
    const char *host;    /* borrowed from the route or the listener */
    struct node *parent; /* Gateway or ListenerSet */
    struct listener *listener;
    const struct cell *cell; /* where it is served; set once it is known that it is (bindings.c) */
};

struct served_list {
    struct served *items;
    size_t n, cap;
};

struct attach {
    enum attach_outcome outcome;
    bool is_waiting; /* a rejected Namespace decides it */
};

/*
 * Tries every listener of the parent that `parent_ref` selects, appending what is served to `out`.
 * `kind` is the route's (ROUTES_HTTP and so on), `hostnames` its list (may be none or empty: any).
 */
struct attach attach_to(struct world *w, struct node *route, unsigned kind, jv parent_ref, jv hostnames,
                        struct node *parent, struct served_list *out);

/* The reason for the route's Accepted condition. */
const char *attach_reason(enum attach_outcome o);

/* Its message: what is wrong, and what would have been right. Nothing when accepted. */
void attach_describe(struct buf *b, enum attach_outcome o, const struct node *route, const char *kind,
                     jv parent_ref, const struct node *parent);

#endif

/*
 * route: how an HTTPRoute or GRPCRoute attaches to its parents and what its references come to.
 * (Gateway API: CommonRouteSpec.parentRefs, HTTPRoute, GRPCRoute; section "attachment" of
 * docs/architecture.md.)
 */
#ifndef GW_ROUTE_H
#define GW_ROUTE_H

#include "gw/attachment.h"
#include "gw/backend.h"
#include "gw/exclusion.h"
#include "gw/plane.h"
#include "gw/rank.h"

/*
 * What a rule needs of an upstream that another rule with the same backend may not: "" for the plain one,
 * "grpc", "retryN" (N further attempts). One upstream is made of a Service port for each (gw-record(7)).
 */
enum { VARIANT_MAX = 24 };

/* A Service port that the route sends traffic to. */
struct use {
    struct node *service;
    int port;
    char variant[VARIANT_MAX];
};

struct route {
    struct attachments attachments;
    struct claims claims;
    struct use *uses;
    int n_uses;
    struct tie *ties; /* one a match, in order of rule and match */
    int n_ties;
    char *stamp;        /* metadata.creationTimestamp, "" when not known */
    bool is_bound;      /* some programmed listener serves it, or would if it were not held */
    bool is_held;       /* waits for a rejected object */
    bool has_wide_hops; /* requests that come back by the internal port, for hosts that it does not name */

    /* What the last computation said. Kept as text: a change of rank is then emitted without it. */
    char *resolved; /* without "ranks" and the closing brace; owned */
    char *status;   /* owned */
    jv findings;    /* owned array */
};

struct route_context {
    struct world *world;
    struct ranks *ranks;
    const struct plane *plane;
    struct exclusion *exclusion;
    const char *controller_name;
    int n_wide_hops; /* routes that have one */
    /* Called for each Gateway, ListenerSet or Service whose own output the route bears on, before and after.
     */
    void (*touch)(struct node *n, void *ctx);
    void *ctx;
};

/*
 * Reads n->text, replaces n->facts, and moves the counts at listeners and Services. Of a route known only by
 * a rejected version that is read: what is live for it keeps its place among those it ties with, and the
 * Services that it uses.
 */
void route_compute(struct route_context *c, struct node *n);

/* Takes the route out of every count; before the object goes away. */
void route_detach(struct route_context *c, struct node *n);

/* The text of the `resolved` member with the ranks of this moment. Appends to b. */
void route_resolved_text(const struct route *r, struct buf *b);

void route_clear(struct route *r);

#endif

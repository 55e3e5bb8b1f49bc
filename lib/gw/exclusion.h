/*
 * exclusion: HTTPRoutes and GRPCRoutes do not share a hostname on a listener.
 * (Gateway API: GRPCRouteSpec.hostnames.)
 *
 * Of two routes of different kinds that attach to a listener with hostnames that meet, the older is served
 * there and the other one is not, with any of its hostnames. So what becomes of a route depends on others
 * that it has nothing to do with, and on those that these lose to: routes are gone through by age, listener
 * by listener.
 *
 * Of a route known only by a rejected version nobody can tell whether it is served now. Nothing is taken from
 * it, nor from another for its sake; and one that might lose to it takes nothing from a third, which may have
 * what it has because that is so. In doubt they share the hostname until it is known.
 *
 * Every route says what it lays claim to, whether it gets it or not. Where the claims on a listener have
 * changed so that it may matter, exclusion_settle() decides anew, and names the routes to be computed once
 * more. On listeners with one kind of routes, which is nearly all, nothing is ever compared.
 */
#ifndef GW_EXCLUSION_H
#define GW_EXCLUSION_H

#include "gw/attach.h"

/* One listener, and the hostnames there. */
struct claim {
    struct meeting *at; /* of those who claim it; borrowed, it stays at least until the next settling */
    char **hosts;
    int n_hosts;
    size_t slot; /* in its list */
};

struct claims {
    struct claim *items;
    size_t n, cap;
    char *stamp;      /* metadata.creationTimestamp of the route; NULL while there are no claims */
    bool is_doubtful; /* a rejected version makes them */
};

struct exclusion {
    bool is_off;              /* both kinds are served */
    struct meeting *meetings; /* uthash; one for each listener that routes claim */
    bool is_settled;          /* since the last SYNC: what is computed now changes no claims */
};

/*
 * `served` from `since` on is what `route` may have, by `stamp`. Notes it in the claims of its facts, and
 * takes out what it must leave to an older one: nothing of a rejected version. Appends to `why` a sentence
 * for each such listener. True when something remains.
 */
bool exclusion_admit(struct exclusion *e, struct node *route, const char *stamp, struct served_list *served,
                     size_t since, struct buf *why);

/* The claims in the facts of the route come into force, or go. */
void exclusion_join(struct node *route);
void exclusion_leave(struct node *route);

/*
 * The claims of the route were `before` and are those in its facts now (or none, without facts): where they
 * differ and meet others, it is to be decided anew. After both have left, or joined.
 */
void exclusion_compare(const struct exclusion *e, const struct node *route, const struct claims *before);

/* Decides what is open. Calls `changed` for each route that got or lost a listener; how many these are. */
size_t exclusion_settle(struct exclusion *e, void (*changed)(struct node *route, void *ctx), void *ctx);

/* Empties it. */
void claims_clear(struct claims *c);
void exclusion_free(struct exclusion *e);

#endif

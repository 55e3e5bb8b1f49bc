/*
 * rank: the order among matches that the Gateway API's rules of precedence leave level.
 *
 * Two matches tie when a request may meet both and everything that counts (hostname, path, method, number
 * of headers and of query parameters) is equal. Then the older route goes first, then namespace and name,
 * then the order within the route. A match's rank is 0 when nothing that it ties with comes before it,
 * else one more than the highest rank that does. So most matches have rank 0, and a route that comes or
 * goes moves only the ranks of those it ties with, directly or through others.
 */
#ifndef GW_RANK_H
#define GW_RANK_H

#include "gw/match.h"
#include "gw/world.h"

enum { RANK_MAX = 99999 }; /* what fits the priority of an APISIX route; later ones share it */

struct tie_group;

/* Where a match is served. Ports keep apart what no request can meet both of: the redirect to https on
   port 80 and the site itself on 443. */
struct tie_place {
    const char *host; /* "" is any */
    int port;
};

struct tie {
    struct node *route;
    const char *stamp; /* creationTimestamp, borrowed from the route's facts; "" sorts last */
    int rule, match;
    int rank;
    struct tie_group **groups; /* one a place; owned array */
    int n_groups;
    bool is_reached; /* scratch of rank_settle() */
};

struct ranks {
    struct tie_group *groups; /* uthash */
    struct tie_group **dirty;
    size_t n_dirty, cap_dirty;
};

/* Enters a match under each of the places. */
void rank_enter(struct ranks *r, struct tie *t, const struct match *m, const struct tie_place *places, int n);
void rank_leave(struct ranks *r, struct tie *t);

/* Recomputes the ranks that changes since the last call can have moved; `on_change` is called for each
   that did. */
void rank_settle(struct ranks *r, void (*on_change)(struct tie *, void *ctx), void *ctx);

void ranks_free(struct ranks *r);

#endif

/*
 * family: a Gateway and the ListenerSets that name it, whose listeners share its ports.
 * (Gateway API: allowedListeners; distinctness of listeners; section "ListenerSet" of the precedence rules.)
 *
 * Each was read by itself before. Here it is settled which sets the Gateway takes, and which listener has a
 * port and hostname that several want: the Gateway's own come first, then the sets by age, then by name. In
 * one object there is no winner: all that clash are refused.
 */
#ifndef GW_FAMILY_H
#define GW_FAMILY_H

#include "gw/listener_set.h"

struct family_sink {
    void (*changed)(struct node *parent, void *ctx);  /* its own record says something else now */
    void (*reattach)(struct node *parent, void *ctx); /* its routes must look again */
    void *ctx;
};

/* `bucket` is the NODE_SETS node of the Gateway's namespace and name, whether the Gateway is there or not. */
void family_settle(struct world *w, struct node *bucket, const struct family_sink *sink);

#endif

/*
 * attachment: the listeners that have accepted a route, and what it adds to their counts.
 * (Gateway API: ListenerStatus.attachedRoutes.)
 */
#ifndef GW_ATTACHMENT_H
#define GW_ATTACHMENT_H

#include "gw/attach.h"

/* One listener, and what was counted there. */
struct attachment {
    struct node *parent; /* Gateway or ListenerSet */
    unsigned serial;     /* of the incarnation that counted it */
    char *listener;
    bool is_counted;   /* in attachedRoutes: not while the route is held */
    char **deep_hosts; /* counted in any case: their certificate stays */
    int n_deep_hosts;
};

struct attachments {
    struct attachment *items;
    size_t n, cap;
};

/* One for each listener in `served`, not counted yet. */
void attachments_note(struct attachments *all, const struct served_list *served);

/* Adds it to the counts of its listener, or takes it off (-1), unless that has gone since. */
void attachment_count(const struct attachment *a, int delta);

/* Empties it. */
void attachments_clear(struct attachments *all);

#endif

/* emit: from a node to the record that goes downstream. Internal to the resolver. */
#ifndef GW_EMIT_H
#define GW_EMIT_H

#include "gw/family.h"
#include "gw/resolve.h"
#include "gw/route.h"

struct resolver {
    struct world world;
    struct ranks ranks;
    struct plane plane;
    bool plane_is_dirty;
    bool is_whole; /* there was a full SYNC */
    struct exclusion exclusion;
    struct nodes parents; /* all Gateways and ListenerSets that are known, in no order */
    unsigned serial;      /* of their incarnations */
    struct gateway_options gateway_options;
    struct route_context route_context;
};

struct emission {
    struct resolver *resolver;
    const struct resolver_sink *sink;
    bool is_full; /* say it even when it was said before */
    int n_errors;
};

/* Emits the node's record if it differs from what was last emitted, or the emission is full. */
void emit_node(struct emission *e, struct node *n);

#endif

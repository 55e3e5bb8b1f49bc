/*
 * gateway: what a Gateway says by itself: its class, its addresses, its listeners.
 * (Gateway API: Gateway, GatewaySpec.) What the ListenerSets attached to it make of that is in family.h.
 */
#ifndef GW_GATEWAY_H
#define GW_GATEWAY_H

#include "gw/parent.h"

/* An address of the data plane (--gateway-address). */
struct plane_address {
    const char *gateway; /* "NS/NAME" that it is for; NULL: for every Gateway that has no other */
    const char *address;
};

/* A Gateway whose data plane is not the one that all others share (--data-plane). */
struct plane_choice {
    const char *gateway; /* "NS/NAME" */
    const char *plane;   /* a name (rec/record.h) */
};

struct gateway_options {
    const char *controller_name;
    int64_t now; /* seconds since the epoch, for certificate validity */
    const struct plane_address *addresses;
    size_t n_addresses; /* 0: nobody said, so any address may be usable */
    const struct plane_choice *planes;
    size_t n_planes;
    bool shares_hostnames; /* HTTPRoutes and GRPCRoutes (exclusion.h) */
    bool has_proxies;      /* GatewayProxies name data planes (--gateway-proxies) */
};

struct gateway {
    struct parent base;
    bool class_is_missing;
    char *class_name;
    struct verdict accepted;   /* of the Gateway as a whole, beside its listeners */
    struct verdict programmed; /* its addresses */
    char **addresses;          /* that it has, sorted; owned */
    int n_addresses;
    jv shown;                   /* owned: addresses to show instead of those, or JX_NONE */
    char *waits_for;            /* why it is held, when that is no rejected object; NULL */
    enum routes_from sets_from; /* whom allowedListeners lets in */
    bool takes_sets;            /* false: none */
    jv sets_selector;           /* owned, or JX_NONE */
    int n_sets;                 /* accepted ListenerSets */
};

struct gateway_class {
    bool is_ours;
    int64_t generation;
};

/*
 * Reads n->text into n->facts, or where only a rejected version is known that: a held Gateway goes on being
 * served, so its ports are in use as far as its text still tells.
 */
void gateway_compute(struct world *w, struct node *n, const struct gateway_options *o, unsigned serial);

/* Why nothing of it is served, or NULL. Static. */
const char *gateway_bar(const struct gateway *g);

/* The `resolved` member: listeners with certificates and the extra names that routes bring. Owned. */
jv gateway_resolved(const struct gateway *g, const struct node *n);

/* The `status` stanza. Owned. */
jv gateway_status(const struct gateway *g);

void gateway_clear(struct gateway *g);

#endif

/*
 * gateway: what a Gateway's listeners are, whom they let in, and what its status says.
 * (Gateway API: Gateway, GatewaySpec.listeners; sections "Listener" conditions and "allowedRoutes".)
 *
 * gateway_compute() reads the object and everything it refers to; routes then attach, which counts them
 * here; gateway_resolved() and gateway_status() say the outcome.
 */
#ifndef GW_GATEWAY_H
#define GW_GATEWAY_H

#include "gw/cert.h"
#include "gw/lookup.h"

enum protocol { PROTOCOL_HTTP, PROTOCOL_HTTPS, PROTOCOL_OTHER };

enum routes_from { FROM_SAME, FROM_ALL, FROM_SELECTOR };

/* A listener's verdict on one condition. Zeroed means "fine". */
struct verdict {
    const char *reason; /* NULL: the condition is True */
    char *member;       /* of the listener that is wrong, "" for the whole; owned */
    char *message;      /* owned; NULL when the condition is True */
};

/* A hostname below a wildcard listener that routes use, and how many do. */
struct host_count {
    char *host;
    int n;
};

struct listener {
    char *name;
    char *hostname; /* "" when it takes any */
    char *protocol_name;
    enum protocol protocol;
    int port;

    enum routes_from from;
    jv selector; /* owned; JX_NONE unless FROM_SELECTOR */
    bool takes_http_routes;

    struct verdict conflicted; /* reason set: Conflicted=True */
    struct verdict accepted;
    struct verdict resolved;
    struct verdict programmed;

    struct cert *certs; /* usable ones, in the order of certificateRefs */
    int n_certs;
    bool waits_for_secret; /* a certificate is known only by a rejected version: keep what is live */

    int attached; /* routes accepted by it, for attachedRoutes */
    struct host_count *deep;
    size_t n_deep, cap_deep;
};

struct gateway {
    unsigned serial; /* of this incarnation; a route remembers which one counted it */
    bool is_ours;
    bool is_held; /* its class is known only by a rejected version */
    bool class_is_missing;
    char *class_name;
    int64_t generation;
    struct listener *listeners;
    int n_listeners;
    struct digest route_view; /* of all that decides how routes attach */
    jv findings;              /* owned array: what the last computation complained of */
};

struct gateway_class {
    bool is_ours;
    int64_t generation;
};

struct gateway_options {
    const char *controller_name;
    int64_t now; /* seconds since the epoch, for certificate validity */
};

/*
 * Reads n->text into n->facts, or where only a rejected version is known that: a held Gateway goes on being
 * served, so its ports are in use as far as its text still tells. Counts of routes are carried over by
 * listener name. Returns true when routes have to look again.
 */
bool gateway_compute(struct world *w, struct node *n, const struct gateway_options *o, unsigned serial);

/* NULL when the Gateway has no such listener. */
struct listener *gateway_listener(struct gateway *g, const char *name);

/* Counts a route (1) or discounts it (-1), and so the hostnames below a wildcard that it brings. */
void listener_count_routes(struct listener *l, int delta);
void listener_count_hosts(struct listener *l, int delta, const char *const *hosts, int n_hosts);

/* The `resolved` member: listeners with certificates and the extra names that routes bring. Owned. */
jv gateway_resolved(const struct gateway *g, const struct node *n);

/* The `status` stanza. Owned. */
jv gateway_status(const struct gateway *g);

void gateway_clear(struct gateway *g);

#endif

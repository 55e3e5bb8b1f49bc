/*
 * listener: one listener of a Gateway or entry of a ListenerSet: what it serves, whom it lets in, with which
 * certificates, and what is wrong with it.
 * (Gateway API: Listener, ListenerEntry, AllowedRoutes, ListenerTLSConfig.)
 *
 * Its verdicts come in two steps. What the object alone and its references decide is found by
 * listener_read(); whether another listener has its place is found where all of them meet (family.h), and
 * may change without the object.
 */
#ifndef GW_LISTENER_H
#define GW_LISTENER_H

#include "gw/cert.h"
#include "gw/lookup.h"

#define GATEWAY_GROUP_NAME "gateway.networking.k8s.io"

enum protocol { PROTOCOL_HTTP, PROTOCOL_HTTPS, PROTOCOL_OTHER };

/* Kinds of route, as bits. */
enum { ROUTES_HTTP = 1, ROUTES_GRPC = 2 };

enum routes_from { FROM_SAME, FROM_ALL, FROM_SELECTOR };

/* A listener's verdict on one condition. Zeroed means "fine". */
struct verdict {
    const char *reason; /* NULL: the condition is True */
    char *member;       /* of the listener that is wrong, "" for the whole; owned */
    char *message;      /* owned; NULL when the condition is True */
};

/* A hostname below a wildcard listener that routes use, and how many do. */
struct host_count {
    UT_hash_handle hh;
    int n;
    char host[];
};

struct listener {
    char *name;
    char *hostname; /* "" when it takes any */
    char *protocol_name;
    enum protocol protocol;
    int port;

    enum routes_from from;
    jv selector;    /* owned; JX_NONE unless FROM_SELECTOR */
    unsigned kinds; /* of routes that may attach */

    struct verdict accepted; /* by itself */
    struct verdict resolved;
    struct verdict programmed; /* by itself: not accepted, or nothing to serve it with */
    struct verdict conflicted; /* by others: reason set means Conflicted=True and neither of the above */

    bool port_is_taken; /* a Gateway before this one has the port, with another protocol */
    const char *barred; /* why the whole object is out of service (static), or NULL */

    struct cert *certs; /* usable ones, in the order of certificateRefs */
    int n_certs;
    bool waits_for_secret; /* a certificate is known only by a rejected version, or was not read: keep what is
                              live */
    bool overlaps;         /* another HTTPS listener on the port shares hostnames: OverlappingTLSConfig */

    jv catch_all; /* owned, or JX_NONE: what answers for it when no route does (plane.h) */

    int attached;            /* routes accepted by it, for attachedRoutes */
    struct host_count *deep; /* uthash by host */
};

/* Who reads, and where complaints go. */
struct listener_reading {
    struct world *w;
    struct node *node;      /* the Gateway or ListenerSet, which comes to depend on what is looked up */
    const char *owner_kind; /* "Gateway" or "ListenerSet", as ReferenceGrants name it */
    int64_t now;
    struct findings *findings;
    bool wants_client_certs; /* spec.tls.frontend asks for what is not supported */
};

/* Reads `spec` into the zeroed `l`; `index` is its place in spec.listeners. */
void listener_read(struct listener *l, const struct listener_reading *at, jv spec, int index);
void listener_clear(struct listener *l);

/* Says what is wrong with it, by itself or by others. */
void listener_tell(const struct listener *l, int index, struct findings *fs);

/* Whether it could be served, were its Gateway. */
static inline bool listener_is_valid(const struct listener *l)
{
    return !l->programmed.reason && !l->conflicted.reason && !l->port_is_taken;
}

/* Whether requests can reach it. */
static inline bool listener_is_programmed(const struct listener *l)
{
    return listener_is_valid(l) && !l->barred;
}

/* The first complaint stands. */
void verdict_refuse(struct verdict *v, const char *reason, const char *member, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void verdict_clear(struct verdict *v);

/* Counts a route (1) or discounts it (-1), and so the hostnames below a wildcard that it brings. */
void listener_count_routes(struct listener *l, int delta);
void listener_count_hosts(struct listener *l, int delta, const char *const *hosts, int n_hosts);

/* Takes over what was counted at `from`, the same listener before it was read again. */
void listener_carry_counts(struct listener *to, struct listener *from);

/* Its part of the `resolved` member and of status.listeners. Owned. */
jv listener_resolved(const struct listener *l);
jv listener_status(const struct listener *l, int64_t generation);

/* What decides how routes attach to it and what they are told. Appends text. */
void listener_view(const struct listener *l, struct buf *b);

#endif

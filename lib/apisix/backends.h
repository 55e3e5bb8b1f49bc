/*
 * backends: where the requests of a rule go: one upstream, several by weight, or an error for the share of
 * the references that are broken.
 */
#ifndef GW_BACKENDS_H
#define GW_BACKENDS_H

#include "json/jx.h"

struct backends {
    jv upstreams;      /* owned: [{upstream_id, weight}], one entry an upstream */
    int64_t valid;     /* sum of weights of usable references */
    int64_t broken;    /* sum of weights of the others: they are answered 500 (BackendRef.weight) */
    bool is_websocket; /* some Service port says kubernetes.io/ws */
    jv h2c;            /* owned: [upstream_id] of those that say kubernetes.io/h2c */
};

/* `resolved` is the list `backends` of an entry of resolved.rules, or a part of it. */
struct backends backends_read(jv resolved);

/* Whether all upstreams are among h2c. */
bool backends_are_h2c(const struct backends *b);

/* Completes the route: upstream_id, or the traffic-split and fault-injection plugins. Takes what `b` owns. */
void backends_put(struct backends *b, bool is_grpc, jv *route, jv *plugins);
void backends_release(struct backends *b);

/* Upstreams that it has. */
int backends_n_upstreams(const struct backends *b);
const char *backends_upstream(const struct backends *b, int i);

/* The configuration of fault-injection that answers every request with this status. Owned. */
jv abort_with(int status);

/* The same for a reference that is broken: 500, to callers of gRPC UNAVAILABLE. Owned. */
jv abort_broken(bool is_grpc);

/* A PCRE that of 65536 equally likely four-digit hexadecimal beginnings takes the first n (0 < n < 65536). */
void share_regex(struct buf *out, unsigned n);

#endif

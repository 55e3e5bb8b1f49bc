/*
 * translate: the APISIX objects that one record's object owns.
 *
 * A pure function of the record: what it needs from other objects stands in the record's `resolved`
 * member (gw-record(7)). A Gateway or ListenerSet owns its ssls and catch-all routes, a Service its
 * upstreams, an HTTPRoute its routes.
 */
#ifndef GW_TRANSLATE_H
#define GW_TRANSLATE_H

#include "rec/record.h"

struct port_map {
    int from, to; /* a listener's port, and the one that APISIX listens on for it */
};

struct translate_options {
    const char *instance; /* for the labels */
    const struct port_map *ports;
    size_t n_ports;
    bool no_lua;       /* routes may carry no Lua */
    bool has_h2c;      /* APISIX has the location of h2c.h */
    int internal_port; /* on 127.0.0.1, for requests from APISIX to itself; 0: there is none */
};

/*
 * Sets *set to the `apisix` member, {kind: [objects]}, owned; JX_NONE for an object that owns nothing by its
 * kind. DELETED gives the empty set. Sets *planes to the same for data planes with a name, {plane: {kind:
 * [objects]}}, owned, or JX_NONE when there is none. False when the object may own something and nothing is
 * known of it (gw-resolve-refs has not seen the record): then it must be held rather than taken for one
 * without.
 */
bool translate(const struct translate_options *o, const struct rec *r, struct findings *fs, jv *set,
               jv *planes);

/* Whether it may own something, and gw-translate has not seen it: then too it must be held. */
bool is_untranslated(const struct rec *r);

/* The port that APISIX listens on for a listener's. */
int port_of_plane(const struct translate_options *o, int listener_port);

/* ---- for the modules behind it ---- */

struct translation {
    const struct translate_options *options;
    const struct rec *rec;
    jv resolved; /* borrowed */
    struct findings *findings;
    struct {               /* what goes to each data plane; the first is the one without a name */
        const char *plane; /* borrowed from `resolved` */
        jv set;            /* owned: {kind: [objects]} */
    } * outs;
    size_t n, at; /* outs[at] is where objects go */
};

/* What is added from now on goes to this data plane; NULL: to the one without a name. */
void translation_enter(struct translation *t, const char *plane);

/* A new object of this record's owner: {id, labels}. Owned. */
jv translation_object(const struct translation *t, const char *id);
void translation_add(struct translation *t, const char *kind, jv owned_object);
/* Adds a member to what the owner says to that data plane. */
void translation_put(struct translation *t, const char *member, jv owned);

void translate_http_route(struct translation *t);
void translate_grpc_route(struct translation *t);
void translate_service(struct translation *t);
void translate_gateway(struct translation *t);
void translate_listener_set(struct translation *t);
void translate_gateway_proxy(struct translation *t);

#endif

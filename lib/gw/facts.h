/*
 * facts: what the kinds that are only looked up say, kept compactly.
 *
 * Each is read once, when the record arrives, from an object that gw-validate has accepted; whatever
 * else is inside is left out rather than trusted. NULL facts: the object could not be understood at all.
 */
#ifndef GW_FACTS_H
#define GW_FACTS_H

#include "gw/world.h"

struct service_port {
    char *name; /* "" when unnamed */
    int port;
    bool is_tcp;
    char *app_protocol; /* "" when not set */
};

struct service {
    bool is_external_name; /* has no endpoints by definition */
    bool prefers_ipv6;     /* ipFamilies[0] */
    bool has_families;
    bool has_odd_ports; /* some of spec.ports could not be understood */
    struct service_port *ports;
    int n_ports;
    struct digest route_view; /* of what a route can see: ports and type */
};

struct slice_port {
    char *name; /* "" when unnamed */
    int port;   /* 0: none given */
};

struct endpoint {
    char *address; /* the first; the others are for the same backend */
    bool is_ready;
    bool is_draining; /* serving and terminating */
};

enum address_type { ADDRESS_IPV4, ADDRESS_IPV6, ADDRESS_FQDN };

struct slice {
    enum address_type type;
    struct slice_port *ports;
    int n_ports;
    struct endpoint *endpoints;
    int n_endpoints;
};

struct secret {
    char *cert_base64; /* tls.crt; NULL when absent */
    char *key_base64;  /* tls.key */
    jv others;         /* owned: the rest of `data`, {key: base64} */
};

struct namespace
{
    jv labels; /* owned object */
};

struct plugin_config {
    jv plugins;        /* owned: {name: configuration} */
    bool needs_secret; /* some configuration is in a Secret, which is not read */
};

struct grant_from {
    char *group, *kind, *ns;
};
struct grant_to {
    char *group, *kind, *name; /* name NULL: any */
};
struct grant {
    struct grant_from *from;
    int n_from;
    struct grant_to *to;
    int n_to;
};

/* Reads the object into n->facts, replacing what was there. For the kinds above only. */
void facts_read(struct node *n, jv object);

/* The Service that an EndpointSlice belongs to; NULL when it names none. Borrowed from the object. */
const char *slice_service_name(jv object);

#endif

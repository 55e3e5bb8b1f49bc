/*
 * proxy: the GatewayProxy of APISIX that Gateways name in infrastructure.parametersRef.
 * (apisix.apache.org/v1alpha1: GatewayProxySpec.)
 *
 * It says where the data plane behind its Gateways takes its configuration from, what plugins run there for
 * every request, and which addresses to show. GatewayProxies with the same control plane stand for one data
 * plane: one must stand in each namespace that has a Gateway.
 */
#ifndef GW_PROXY_H
#define GW_PROXY_H

#include "gw/gateway.h"

struct proxy {
    jv spec;     /* owned */
    char *stamp; /* metadata.creationTimestamp, "" when not known */
    char *plane; /* the name of the data plane, made from its control plane; NULL: it names none */
};

/* Owned. */
struct proxy *proxy_read(const char *ns, jv object);
void proxy_clear(struct proxy *p);

/*
 * Whether its Gateways may use the control plane, and if not, why. The key is the proof: of those that name
 * one control plane, the oldest with a key has it, and others need the same. One with another key would have
 * its routes written with the first one's; it waits, so that a key can be changed in one namespace after the
 * other.
 */
enum proxy_state {
    PROXY_FINE,
    PROXY_BAD,     /* it can't be reached */
    PROXY_WAITS,   /* a rejected object decides it */
    PROXY_FOREIGN, /* it is another's */
};

/*
 * *why is owned; NULL when there is nothing to say. Makes `user`, a Gateway of the same namespace, depend on
 * what decides it.
 */
enum proxy_state proxy_judge(struct world *w, struct node *user, const struct node *proxy, char **why);

/*
 * The `resolved` member, see gw-record(7); complaints go to `fs`. Makes `n` depend on the Secret and the
 * Service that it names. JX_NONE: a rejected object decides it. Owned.
 */
jv proxy_resolved(struct world *w, struct node *n, const struct gateway_options *o, struct findings *fs);

#endif

/*
 * backend: from a backendRef to a Service port, and from a Service port to endpoints.
 * (Gateway API BackendObjectReference; discovery.k8s.io/v1 EndpointSlice.)
 */
#ifndef GW_BACKEND_H
#define GW_BACKEND_H

#include "gw/lookup.h"

struct backend {
    struct node *service; /* NULL when the reference is broken */
    int port;
    const char *app_protocol; /* of the Service port, borrowed; NULL when not known */
    const char *reason;       /* "BackendNotFound", "RefNotPermitted", "InvalidKind"; NULL when fine */
    char message[512];
    bool is_waiting; /* a rejected object decides it */
};

/*
 * Resolves one reference of `user`, of kind `from_kind`. Permission is decided before existence: who may
 * not refer must not learn what exists. A Service known only by a rejected version is taken at its word,
 * and where its ports cannot be made out, at the route's: whatever upstream it has live stays, so the
 * route may go on using it.
 */
void backend_resolve(struct backend *b, struct world *w, struct node *user, const char *from_kind, jv ref);

/*
 * The same for the PluginConfig that an extensionRef of `user` names: its plugins, {name: configuration},
 * borrowed; JX_NONE when it has none to give, for a reason or because a rejected version decides it.
 */
jv backend_resolve_extension(struct backend *b, struct world *w, struct node *user, jv ref);

/*
 * One used port of a Service as JSON: {port, name, appProtocol?, endpoints: [{address, port}]}. Endpoints
 * are those that are ready; when none is, those that still serve while terminating. One entry an address
 * and port however many slices name it, sorted. Owned.
 */
jv backend_port_json(struct world *w, struct node *service, int port, int *n_endpoints);

#endif

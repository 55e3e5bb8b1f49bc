/*
 * ids: names of APISIX objects: at most 64 characters of [A-Za-z0-9._-], readable where they fit.
 *
 *   routes      httproute.NAMESPACE.NAME.RULE.MATCH        and _N for further ones of the same match
 *   routes      httproute.NAMESPACE.NAME.RULE_mirror_K     and _N, what copies of requests go through
 *   routes      httproute.NAMESPACE.NAME.RULE_retry        and _N, what tries of a request go through
 *   upstreams   service.NAMESPACE.NAME.PORT                and _VARIANT
 *   ssls        gateway.NAMESPACE.NAME_LISTENER            listenerset.NAMESPACE.NAME_LISTENER
 *   routes      gateway.NAMESPACE.NAME_LISTENER_404        and _421, what answers for a listener at last
 *
 * No two different things get one id: namespaces hold no dot, the number of parts behind the name is fixed
 * for each kind, and '_' stands in no Kubernetes name. What does not fit is cut and ends in "__" and 32 hex
 * digits of the whole, which no readable id does.
 */
#ifndef GW_IDS_H
#define GW_IDS_H

#include "json/jx.h"

enum { ID_MAX = 64 };

struct id {
    char text[ID_MAX + 1];
};

/* printf into an id, shortened when it must be. */
struct id id_make(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* `variant` is "" or what sets it apart from others of that port (gw-record(7)). */
struct id id_of_upstream(const char *ns, const char *service, int port, const char *variant);

/* The upstream of a backend as gw-resolve-refs has it (gw-record(7)); false when the reference is broken. */
bool id_of_backend(jv resolved, struct id *id);

#endif

/*
 * bindings: the hostnames a route is served under, grouped by the listeners that serve them, and what must
 * be tested beside the hostname so that no other port of the data plane serves them too.
 */
#ifndef GW_BINDINGS_H
#define GW_BINDINGS_H

#include "gw/attach.h"

struct plane;

/*
 * [{hostnames: [...], listeners: [{gateway, name, protocol, port}], limit?}] in the order of the hostnames;
 * an empty `hostnames` is any. `limit` is "scheme" when http or https tells the binding's ports from the
 * others of the data plane, "port" when only the port does, absent when it is served on all of them. Only
 * programmed listeners appear. Sorts `list`. Owned.
 */
jv bindings_json(struct served_list *list, const struct plane *plane);

#endif

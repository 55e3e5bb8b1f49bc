/*
 * bindings: the hostnames a route is served under, grouped by the listeners that serve them, and what must
 * be tested beside the hostname so that nothing else of the data plane serves them too.
 */
#ifndef GW_BINDINGS_H
#define GW_BINDINGS_H

#include "gw/attach.h"

/*
 * [{hostnames: [...], listeners: [{gateway, listenerSet?, name, protocol, port}], plane?, limit?,
 * addresses?, notAddresses?, sni?}] in the order of the hostnames; an empty `hostnames` is any. The listeners
 * of one binding have one data plane, address group and one `sni`; for these and the limits see plane.h. Only
 * programmed listeners appear, and of their hostnames those that no narrower listener has. Sorts `list` and
 * reduces it to what appears. `route` comes to depend on all that was asked. Owned.
 */
jv bindings_json(struct served_list *list, const struct plane *plane, struct world *w, struct node *route);

#endif

/*
 * hop: routes behind APISIX's internal port, by which it sends requests to itself: copies for mirrors
 * (mirror.h), the tries of a retry loop (retries.h).
 *
 * Such a request has the name of its route put before its path, as a segment; the route takes it off. Only
 * this machine can reach the port: it listens on 127.0.0.1.
 */
#ifndef GW_HOP_H
#define GW_HOP_H

#include "apisix/translate.h"

/*
 * A route with this id, for requests whose path starts with /NAME and whose host is one of `hosts`; an empty
 * list is any. Owned. What takes the name off goes into `plugins`.
 */
jv hop_route(const struct translation *t, const char *id, const char *name, jv hosts, jv *plugins);

/*
 * The hosts that requests for those of the bindings come with that are of a data plane (NULL: the one without
 * a name), `host` instead when a filter sets it (NULL: none
 * does): a list of lists, of which an empty one is any host; a route is for one of them. Owned.
 */
jv hop_host_sets(jv bindings, const char *plane, const char *host);

/* Whether a route is one of those. */
bool hop_is(jv route, const struct translate_options *o);

#endif

/*
 * retries: a rule's `retry` where it takes a loop in Lua (gw/retry.h): tries after answers with certain
 * codes, pauses between them, a limit on all of them.
 *
 * The route that takes a request sends it to APISIX itself, as often as it takes, through the internal port
 * (hop.h). The route there has the upstream. Without body, answer or pause to keep a request in, the plain
 * way is as it was: what has a large body, or an upgrade, and everything when nothing listens at the internal
 * port, goes to the upstream from the first route, with the retries that APISIX makes by itself.
 */
#ifndef GW_RETRIES_H
#define GW_RETRIES_H

#include "apisix/ways.h"

/* Whether the way's requests go through the loop. */
bool retries_are_looped(const struct rule *r, const struct way *w);

/* Adds the loop. False, with nothing added, when there is no room for it. */
bool retries_put(const struct rule *r, const struct way *w, jv *plugins);

/* Adds the route that the tries take, for each set of hosts (hop.h). */
void retries_add_routes(const struct rule *r, const struct way *w, jv host_sets);

#endif

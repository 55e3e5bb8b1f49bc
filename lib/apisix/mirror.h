/*
 * mirror: RequestMirror filters, as copies that APISIX sends to itself.
 *
 * proxy-mirror sends a copy to one address. So that a mirror is a Service like others (its endpoints, their
 * balance, their protocol), and that there can be several, the copy goes to APISIX's own internal port, with
 * the name of a route put before the path. That route takes the name off, sends the copy on to the Service,
 * and may send a copy of its own to the next:
 *
 *     route             --copy-->  /ID_mirror_1/path on the internal port  -->  first mirror
 *     ID_mirror_1       --copy-->  /ID_mirror_2/path                       -->  second mirror
 *
 * The mirrors stand in falling order of their shares, and each hop takes its share of the one before.
 */
#ifndef GW_MIRROR_H
#define GW_MIRROR_H

#include "apisix/translate.h"

/*
 * A call of gRPC has no room for a name before its path. Its copy goes straight to one endpoint of the
 * mirror, and there can be one mirror only: that with the largest share.
 *
 * The mirrors of a list of filters, of which `resolved` has one entry each, in that order: those that get
 * anything.
 * [{upstream_id, share, h2c, endpoint?}], owned.
 */
jv mirrors_read(jv filters, jv resolved);

/* Adds the copy to the first mirror. `name` is what the routes behind it are called by. */
void mirrors_put(const struct translation *t, jv mirrors, const char *name, jv *plugins);

/* Adds the copy of a call of gRPC, to the first mirror. */
void mirrors_put_grpc(jv mirrors, jv *plugins);

/* Adds the routes behind the mirrors, for requests with the hosts of hop_host_sets(). */
void mirrors_add_routes(struct translation *t, jv mirrors, const char *name, jv host_sets);

#endif

/*
 * h2c: backends that speak HTTP/2 without TLS (appProtocol kubernetes.io/h2c) and are asked for HTTP, not
 * gRPC.
 *
 * nginx can ask such a backend by its gRPC module only, and APISIX has that for content of type
 * application/grpc. So APISIX's config.yaml gets a location that asks by it whatever the type
 * (gw-translate --print-config), and with --h2c routes send their requests there by a function in Lua.
 * An upgrade goes the ordinary way.
 */
#ifndef GW_H2C_H
#define GW_H2C_H

#include "apisix/translate.h"

/* Whether an entry of resolved.rules[].backends or mirrors is such a backend. */
bool h2c_is(jv resolved);

/*
 * Has the requests that go to one of these upstreams, [id], asked that way; `is_all` when the route has no
 * others. To be called when all other functions are there. False, with nothing added, when there is no room.
 */
bool h2c_put(const struct translate_options *o, jv ids, bool is_all, jv *plugins);

/* Whether a route sends requests to that location; and the location, for config.yaml, appended. */
bool h2c_is_used(jv route);
void h2c_print_config(struct buf *out);

#endif

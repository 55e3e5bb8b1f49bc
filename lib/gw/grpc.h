/*
 * grpc: GRPCRoute rules as the HTTPRoute rules that take the same requests.
 *
 * A gRPC call is a POST to /SERVICE/METHOD: so a match of both is an exact path, of a service a prefix, and
 * of a method alone, or by expressions, a regular expression. The order of GRPCRouteRule "matches" comes out
 * by itself: an exact service before none, then an exact method before none, then headers.
 */
#ifndef GW_GRPC_H
#define GW_GRPC_H

#include "json/jx.h"

/* The rules with their matches translated, everything else as it is. Owned. */
jv grpc_rules_as_http(jv rules);

#endif

/*
 * grpc: GRPCRoute rules as the HTTPRoute rules that take the same requests.
 *
 * A gRPC call is a POST to /SERVICE/METHOD: so a match of both is an exact path, of a service a prefix, and
 * of a method alone, or by expressions, a regular expression. The order of GRPCRouteRule "matches"
 * (characters of the service, then of the method, then headers) comes out by itself for the first two;
 * expressions say it in a member `callLength` of their path, by which they stand among themselves, behind the
 * others.
 */
#ifndef GW_GRPC_H
#define GW_GRPC_H

#include "json/jx.h"

/* The rules with their matches translated, everything else as it is. Owned. */
jv grpc_rules_as_http(jv rules);

#endif

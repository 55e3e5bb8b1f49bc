/*
 * rule: a rule of an HTTPRoute, or of a GRPCRoute that was made one (gw/grpc.h), as APISIX routes: one for
 * each match, binding, and way that its requests can go.
 *
 * A rule has one way unless some of its backends have filters of their own, or some are broken. Then each
 * with filters is a way, the backends without are one together, and the references that are broken another,
 * which answers with an error. (Without Lua broken references make no way: an error for a random share does
 * it.) The ways of a match differ in nothing but the share of the requests that they take.
 */
#ifndef GW_RULE_H
#define GW_RULE_H

#include "apisix/translate.h"

/* What the kinds of route differ in. */
struct rule_kind {
    const char *prefix; /* of ids */
    bool is_grpc;       /* errors are gRPC's */
};

/* `rules` as in an HTTPRoute. */
void translate_rules(struct translation *t, const struct rule_kind *kind, jv rules);

#endif

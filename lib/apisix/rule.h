/*
 * rule: a rule of an HTTPRoute, or of a GRPCRoute that was made one (gw/grpc.h), as APISIX routes: one for
 * each match, binding, and way that its requests can go (ways.h).
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

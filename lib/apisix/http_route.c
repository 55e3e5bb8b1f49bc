/* http_route: what HTTPRoutes and GRPCRoutes own in APISIX. */
#include "apisix/rule.h"
#include "gw/grpc.h"

void translate_http_route(struct translation *t)
{
    translate_rules(t, &(struct rule_kind){"httproute", false}, jx_path(t->rec->object, "spec.rules"));
}

void translate_grpc_route(struct translation *t)
{
    jv rules = grpc_rules_as_http(jx_path(t->rec->object, "spec.rules"));
    translate_rules(t, &(struct rule_kind){"grpcroute", true}, rules);
    jb_free(rules);
}

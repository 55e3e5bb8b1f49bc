/* rules_apisix: what holds for several fields of the APISIX kinds together. */
#include "gw/rules.h"

void rule_admin_key(struct walk *w, jv key)
{
    if (has(key, "value") == has(key, "valueFrom"))
        walk_complain(w, F_RULE, "", "exactly one of value and valueFrom is expected");
}

void rule_control_plane(struct walk *w, jv plane)
{
    if (has(plane, "endpoints") == has(plane, "service"))
        walk_complain(w, F_RULE, "", "exactly one of endpoints and service is expected");
}

void rule_load_balancer(struct walk *w, jv balancer)
{
    if (has(balancer, "key") && !str_eq(jx_getstr_or(balancer, "type", "roundrobin"), "chash"))
        walk_complain(w, F_RULE, ".key", "is only allowed when type is chash");
}

void rule_l4_targets(struct walk *w, jv refs)
{
    for (int i = 0; i < jx_len(refs); i++) {
        char below[64];
        const char *kind = text(jx_at(refs, i), "kind");
        if (!str_eq(kind, "TCPRoute") && !str_eq(kind, "UDPRoute") && !str_eq(kind, "TLSRoute"))
            walk_complain(w, F_RULE, at(below, "", i, ".kind"),
                          "is not allowed; one of TCPRoute, UDPRoute, TLSRoute is expected");
        if (!str_eq(text(jx_at(refs, i), "group"), GATEWAY_GROUP))
            walk_complain(w, F_RULE, at(below, "", i, ".group"),
                          "is not allowed; " GATEWAY_GROUP " is expected");
    }
}

void rule_service_targets(struct walk *w, jv refs)
{
    for (int i = 0; i < jx_len(refs); i++) {
        char below[64];
        if (!str_eq(text(jx_at(refs, i), "kind"), "Service") || *text(jx_at(refs, i), "group"))
            walk_complain(w, F_RULE, at(below, "", i, ""),
                          "is not of kind Service and group \"\", as expected");
    }
}

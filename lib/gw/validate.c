#include "gw/validate.h"

#include <stdio.h>

#include "gw/fields.h"
#include "gw/near.h"
#include "gw/support.h"

static const struct kind kinds[] = {
    {GATEWAY_GROUP, "GatewayClass", "v1|v1beta1", &schema_gateway_class, true, &format_subdomain, false},
    {GATEWAY_GROUP, "Gateway", "v1|v1beta1", &schema_gateway, false, &format_subdomain, false},
    {GATEWAY_GROUP, "ListenerSet", "v1", &schema_listener_set, false, &format_subdomain, false},
    {GATEWAY_GROUP, "HTTPRoute", "v1|v1beta1", &schema_http_route, false, &format_subdomain, false},
    {GATEWAY_GROUP, "GRPCRoute", "v1", &schema_grpc_route, false, &format_subdomain, false},
    {GATEWAY_GROUP, "TLSRoute", "v1|v1alpha3", &schema_tls_route, false, &format_subdomain, false},
    {GATEWAY_GROUP, "TLSRoute", "v1alpha2", &schema_tls_route_v1alpha2, false, &format_subdomain, false},
    {GATEWAY_GROUP, "TCPRoute", "v1", &schema_tcp_route, false, &format_subdomain, false},
    {GATEWAY_GROUP, "TCPRoute", "v1alpha2", &schema_tcp_route_v1alpha2, false, &format_subdomain, false},
    {GATEWAY_GROUP, "UDPRoute", "v1", &schema_tcp_route, false, &format_subdomain, false},
    {GATEWAY_GROUP, "UDPRoute", "v1alpha2", &schema_tcp_route_v1alpha2, false, &format_subdomain, false},
    {GATEWAY_GROUP, "ReferenceGrant", "v1|v1beta1", &schema_reference_grant, false, &format_subdomain, false},
    {GATEWAY_GROUP, "BackendTLSPolicy", "v1|v1alpha3", &schema_backend_tls_policy, false, &format_subdomain,
     false},
    {EXPERIMENTAL_GROUP, "XBackend", "v1alpha1", &schema_xbackend, false, &format_subdomain, false},
    {EXPERIMENTAL_GROUP, "XBackendTrafficPolicy", "v1alpha1", &schema_xbackend_traffic_policy, false,
     &format_subdomain, false},
    {EXPERIMENTAL_GROUP, "XMesh", "v1alpha1", &schema_xmesh, true, &format_subdomain, false},
    {APISIX_GROUP, "GatewayProxy", "v1alpha1", &schema_gateway_proxy, false, &format_subdomain, true},
    {APISIX_GROUP, "HTTPRoutePolicy", "v1alpha1", &schema_http_route_policy, false, &format_subdomain, false},
    {APISIX_GROUP, "BackendTrafficPolicy", "v1alpha1", &schema_traffic_policy, false, &format_subdomain,
     false},
    {APISIX_GROUP, "PluginConfig", "v1alpha1", &schema_plugin_config, false, &format_subdomain, true},
    {APISIX_GROUP, "Consumer", "v1alpha1", &schema_consumer, false, &format_subdomain, true},
    {APISIX_GROUP, "L4RoutePolicy", "v1alpha1", &schema_l4_route_policy, false, &format_subdomain, true},
    {"", "Service", "v1", &schema_service, false, &format_service_name, false},
    {"", "Secret", "v1", &schema_secret, false, &format_subdomain, true},
    {"", "ConfigMap", "v1", &schema_config_map, false, &format_subdomain, false},
    {"", "Namespace", "v1", &schema_namespace, true, &format_label, false},
    {"discovery.k8s.io", "EndpointSlice", "v1", &schema_endpoint_slice, false, &format_subdomain, false},
};

static bool has_channels(const struct kind *k)
{
    return str_eq(k->group, GATEWAY_GROUP) || str_eq(k->group, EXPERIMENTAL_GROUP);
}

static bool serves(const struct kind *k, const char *version, bool is_standard)
{
    bool has_alpha = !is_standard || !has_channels(k);
    for (const char *v = k->versions; *v;) {
        size_t n = strcspn(v, "|");
        /* of the Gateway API, alpha versions are served by the experimental channel only */
        if (strlen(version) == n && strncmp(v, version, n) == 0)
            return has_alpha || !strstr(version, "alpha");
        v += n + (v[n] == '|');
    }
    return false;
}

/* The row for the identity; *is_known when the kind is ours in some version. */
static const struct kind *find_kind(const struct ident *id, bool is_standard, bool *is_known)
{
    *is_known = false;
    for (size_t i = 0; i < N_ELEMS(kinds); i++) {
        if (!str_eq(kinds[i].kind, id->kind) || !str_eq(kinds[i].group, id->group))
            continue;
        *is_known = true;
        if (serves(&kinds[i], id->version, is_standard))
            return &kinds[i];
    }
    return NULL;
}

static void check_identity(const struct kind *k, const struct ident *id, struct findings *fs)
{
    bool is_dns_label = k->name == &format_label || k->name == &format_service_name;
    if (!k->name->matches(id->name) || strlen(id->name) > (is_dns_label ? 63 : 253))
        findings_addf(fs, F_METADATA, "metadata.name",
                      "\"%.64s\" is not valid; expected %s of at most %d characters", id->name,
                      k->name->words, is_dns_label ? 63 : 253);
    if (k->is_cluster_scoped && *id->ns)
        findings_addf(fs, F_METADATA, "metadata.namespace", "%s is not namespaced; leave it out", id->kind);
    else if (*id->ns && (!format_label.matches(id->ns) || strlen(id->ns) > 63))
        findings_addf(fs, F_METADATA, "metadata.namespace", "\"%.64s\" is not valid; expected %s", id->ns,
                      format_label.words);
}

/* "v1, v1beta1": what is served of the kind */
static const char *list_versions(const struct ident *id, bool is_standard, char *room, size_t size)
{
    size_t n = 0;
    *room = '\0';
    for (size_t i = 0; i < N_ELEMS(kinds); i++) {
        if (!str_eq(kinds[i].kind, id->kind) || !str_eq(kinds[i].group, id->group))
            continue;
        for (const char *v = kinds[i].versions; *v && n < size;) {
            size_t len = strcspn(v, "|");
            char version[24];
            snprintf(version, sizeof version, "%.*s", (int)len, v);
            if (serves(&kinds[i], version, is_standard))
                n += (size_t)snprintf(room + n, size - n, "%s%s", n ? ", " : "", version);
            v += len + (v[len] == '|');
        }
    }
    return room;
}

static void complain_version(const struct ident *id, bool is_standard, struct findings *fs)
{
    char served[80];
    const char *channel = is_standard ? " by the standard channel" : "";
    if (*list_versions(id, is_standard, served, sizeof served))
        findings_addf(fs, F_VERSION_UNKNOWN, "apiVersion", "%s is not served in version %.32s%s, but in %s",
                      id->kind, id->version, channel, served);
    else
        findings_addf(fs, F_VERSION_UNKNOWN, "apiVersion", "%s is not served%s", id->kind, channel);
}

/*
 * The kind that was probably meant: one that is nearly spelt so, or one of another group. In the core group,
 * which has many kinds that we do not know, only the case of letters may differ.
 */
static const struct kind *meant_kind(const struct ident *id)
{
    bool is_core = !*id->group;
    for (size_t i = 0; i < N_ELEMS(kinds); i++) {
        const char *group = kinds[i].group;
        if (str_eq(group, id->group)
                ? is_near(id->kind, kinds[i].kind, is_core ? 0 : 2)
                : str_eq(kinds[i].kind, id->kind) && *group && (is_core || is_near(id->group, group, 3)))
            return &kinds[i];
    }
    return NULL;
}

/* An API server refuses a kind that it does not have; passed over, a misspelt route would silently go
 * unserved. */
static enum verdict tell_unknown_kind(const struct ident *id, struct findings *fs)
{
    const struct kind *meant = meant_kind(id);
    if (!meant) {
        findings_addf(fs, F_KIND_UNKNOWN, "kind", "objects of kind %.100s%s%.100s are passed on unchecked",
                      id->group, *id->group ? "/" : "", id->kind);
        return VERDICT_UNKNOWN_KIND;
    }
    if (str_eq(meant->group, id->group))
        findings_addf(fs, F_KIND_MISSPELT, "kind", "there is no kind \"%.64s\"; did you mean %s?", id->kind,
                      meant->kind);
    else
        findings_addf(fs, F_KIND_MISSPELT, "apiVersion", "%s is not of \"%.64s\"; did you mean %s/%.*s?",
                      id->kind, *id->group ? id->group : id->version, meant->group,
                      (int)strcspn(meant->versions, "|"), meant->versions);
    return fs->errors > 0 ? VERDICT_INVALID : VERDICT_VALID;
}

enum verdict validate(const struct validate_options *o, const struct rec *r, struct findings *fs)
{
    bool is_known;
    const struct kind *k = find_kind(&r->id, o->is_standard, &is_known);
    if (!is_known)
        return tell_unknown_kind(&r->id, fs);
    if (!k) {
        complain_version(&r->id, o->is_standard, fs);
        return fs->errors > 0 ? VERDICT_INVALID : VERDICT_VALID;
    }
    struct schema_options options = {.is_standard = o->is_standard, .is_secret = k->is_secret};
    check_identity(k, &r->id, fs);
    bool is_complete = schema_check(k->schema, &options, r->object, fs);
    is_complete = is_complete && (k->is_cluster_scoped || *r->id.ns);
    if (o->is_for_apisix && fs->errors == 0)
        support_check(k->kind, r->object, fs);
    return fs->errors > 0 ? VERDICT_INVALID : is_complete ? VERDICT_VALID : VERDICT_INCOMPLETE;
}

/* ---- filling in ---- */

static jv put_namespace(jv object, const char *ns)
{
    jv meta = jb_copy(jx_get(object, "metadata"));
    jb_put_str(&meta, "namespace", ns);
    jb_put(&object, "metadata", meta);
    return object;
}

jv validate_fill(const struct rec *r)
{
    bool is_known, changed = false;
    const struct kind *k = find_kind(&r->id, false, &is_known);
    if (!k)
        return JX_NONE;
    jv object = schema_fill(k->schema, jb_copy(r->object), &changed);
    if (!k->is_cluster_scoped && !*r->id.ns) {
        object = put_namespace(object, "default");
        changed = true;
    }
    if (changed)
        return object;
    jb_free(object);
    return JX_NONE;
}

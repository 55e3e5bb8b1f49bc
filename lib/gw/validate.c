#include "gw/validate.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "gw/fields.h"
#include "rec/lines.h"

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
    {"", "Service", "v1", &schema_service, false, &format_service_name, false},
    {"", "Secret", "v1", &schema_secret, false, &format_subdomain, true},
    {"", "ConfigMap", "v1", &schema_config_map, false, &format_subdomain, false},
    {"", "Namespace", "v1", &schema_namespace, true, &format_label, false},
    {"discovery.k8s.io", "EndpointSlice", "v1", &schema_endpoint_slice, false, &format_subdomain, false},
};

static bool serves(const struct kind *k, const char *version, bool is_standard)
{
    for (const char *v = k->versions; *v;) {
        size_t n = strcspn(v, "|");
        /* alpha versions are served by the experimental channel only */
        if (strlen(version) == n && strncmp(v, version, n) == 0)
            return !is_standard || !strstr(version, "alpha");
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

enum verdict validate(const struct validate_options *o, const struct rec *r, struct findings *fs)
{
    bool is_known;
    const struct kind *k = find_kind(&r->id, o->is_standard, &is_known);
    if (!is_known)
        return VERDICT_UNKNOWN_KIND;
    if (!k) {
        findings_addf(fs, F_VERSION_UNKNOWN, "apiVersion", "%s is not served in version %.32s%s", r->id.kind,
                      r->id.version, o->is_standard ? " by the standard channel" : "");
        return VERDICT_INVALID;
    }
    struct schema_options options = {.is_standard = o->is_standard, .is_secret = k->is_secret};
    check_identity(k, &r->id, fs);
    schema_check(k->schema, &options, r->object, fs);
    return fs->errors > 0 ? VERDICT_INVALID : VERDICT_VALID;
}

/* ---- filling in ---- */

static char *base64(const char *s)
{
    size_t n = strlen(s);
    char *out = xmalloc(n / 3 * 4 + 5);
    EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)s, (int)n);
    return out;
}

/* stringData is for writing only: the API server stores it in data. */
static jv fold_string_data(jv secret, bool *changed)
{
    jv strings = jx_get(secret, "stringData");
    if (!jx_is_obj(strings))
        return secret;
    jv data = jx_is_obj(jx_get(secret, "data")) ? jb_copy(jx_get(secret, "data")) : jb_obj();
    for (struct jx_iter it = jx_iter(strings); jx_next(&it);) {
        const char *value = jx_str(it.value);
        char *encoded = base64(value ? value : "");
        jb_put_str(&data, it.key, encoded);
        explicit_bzero(encoded, strlen(encoded));
        free(encoded);
    }
    jb_put(&secret, "data", data);
    jb_del(&secret, "stringData");
    *changed = true;
    return secret;
}

/* Sets metadata[member] = value; for nested ones metadata.labels[member]. */
static void put_metadata(jv *object, const char *group, const char *member, const char *value)
{
    jv meta = jb_copy(jx_get(*object, "metadata"));
    if (group) {
        jv nested = jx_is_obj(jx_get(meta, group)) ? jb_copy(jx_get(meta, group)) : jb_obj();
        jb_put_str(&nested, member, value);
        jb_put(&meta, group, nested);
    } else {
        jb_put_str(&meta, member, value);
    }
    jb_put(object, "metadata", meta);
}

jv validate_fill(const struct rec *r)
{
    bool is_known, changed = false;
    const struct kind *k = find_kind(&r->id, false, &is_known);
    if (!k)
        return JX_NONE;
    jv object = schema_fill(k->schema, jb_copy(r->object), &changed);
    if (k->is_secret)
        object = fold_string_data(object, &changed);
    if (!k->is_cluster_scoped && !*r->id.ns) {
        put_metadata(&object, NULL, "namespace", "default");
        changed = true;
    }
    if (k->schema == &schema_namespace &&
        !jx_getstr(jx_path(object, "metadata.labels"), "kubernetes.io/metadata.name")) {
        put_metadata(&object, "labels", "kubernetes.io/metadata.name", r->id.name);
        changed = true;
    }
    if (changed)
        return object;
    jb_free(object);
    return JX_NONE;
}

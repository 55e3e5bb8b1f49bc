/* fields_other: TLSRoute, TCPRoute, UDPRoute, BackendTLSPolicy, and the kinds of x-k8s.io. */
#include "gw/fields.h"

/* ---- routes of streams ---- */

static const struct field backend[] = {BACKEND_REF_FIELDS};
static const struct schema schema_backend = {SCHEMA_FIELDS(backend), .rule = rule_backend_port};
static const struct field item_backend = {.type = TYPE_OBJECT, .of = &schema_backend};
static const struct field stream_rule[] = {
    {.name = "name", .type = TYPE_STRING, .min = 1, .max = 253, .format = &format_subdomain},
    {.name = "backendRefs",
     .type = TYPE_LIST,
     .flags = REQUIRED,
     .min = 1,
     .max = 16,
     .items = &item_backend},
};
static const struct schema schema_stream_rule = {SCHEMA_FIELDS(stream_rule)};
static const struct field item_stream_rule = {.type = TYPE_OBJECT, .of = &schema_stream_rule};

#define STREAM_FIELDS(most)                                                                                  \
    ROUTE_FIELDS,                                                                                            \
    {                                                                                                        \
        .name = "rules", .type = TYPE_LIST, .flags = REQUIRED, .min = 1, .max = (most),                      \
        .items = &item_stream_rule, .rule = rule_named_rules                                                 \
    }

static const struct field tls_spec[] = {
    STREAM_FIELDS(1),
    {.name = "hostnames",
     .type = TYPE_LIST,
     .flags = REQUIRED,
     .min = 1,
     .max = 1024,
     .items = &field_hostname_item,
     .rule = rule_tls_hostnames},
};
static const struct schema schema_tls_spec = {SCHEMA_FIELDS(tls_spec)};
static const struct field tls_route[] = {OBJECT_FIELDS, SPEC(schema_tls_spec)};
const struct schema schema_tls_route = {SCHEMA_FIELDS(tls_route)};

static const struct field tls_spec_v1alpha2[] = {
    STREAM_FIELDS(16),
    {.name = "hostnames", .type = TYPE_LIST, .max = 16, .items = &field_hostname_item},
};
static const struct schema schema_tls_spec_v1alpha2 = {SCHEMA_FIELDS(tls_spec_v1alpha2)};
static const struct field tls_route_v1alpha2[] = {OBJECT_FIELDS, SPEC(schema_tls_spec_v1alpha2)};
const struct schema schema_tls_route_v1alpha2 = {SCHEMA_FIELDS(tls_route_v1alpha2)};

static const struct field tcp_spec[] = {STREAM_FIELDS(1)};
static const struct schema schema_tcp_spec = {SCHEMA_FIELDS(tcp_spec)};
static const struct field tcp_route[] = {OBJECT_FIELDS, SPEC(schema_tcp_spec)};
const struct schema schema_tcp_route = {SCHEMA_FIELDS(tcp_route)};

static const struct field tcp_spec_v1alpha2[] = {STREAM_FIELDS(16)};
static const struct schema schema_tcp_spec_v1alpha2 = {SCHEMA_FIELDS(tcp_spec_v1alpha2)};
static const struct field tcp_route_v1alpha2[] = {OBJECT_FIELDS, SPEC(schema_tcp_spec_v1alpha2)};
const struct schema schema_tcp_route_v1alpha2 = {SCHEMA_FIELDS(tcp_route_v1alpha2)};

/* ---- BackendTLSPolicy ---- */

static const struct field target_ref[] = {
    {.name = "group", .type = TYPE_STRING, .flags = REQUIRED, .max = 253, .format = &format_group},
    {.name = "kind", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 63, .format = &format_kind},
    {.name = "name", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 253},
    {.name = "sectionName", .type = TYPE_STRING, .min = 1, .max = 253, .format = &format_subdomain},
};
static const struct schema schema_target_ref = {SCHEMA_FIELDS(target_ref)};
static const struct field item_target_ref = {.type = TYPE_OBJECT, .of = &schema_target_ref};
static const struct field item_local_ref = {.type = TYPE_OBJECT, .of = &schema_local_ref};
static const struct field alt_name[] = {
    {.name = "type", .type = TYPE_STRING, .flags = REQUIRED, .choices = "Hostname|URI"},
    {.name = "hostname", .type = TYPE_STRING, .min = 1, .max = 253, .format = &format_hostname},
    {.name = "uri", .type = TYPE_STRING, .min = 1, .max = 253, .format = &format_uri},
};
static const struct variant alt_name_variants[] = {{"type", "Hostname", "hostname"}, {"type", "URI", "uri"}};
static const struct schema schema_alt_name = {SCHEMA_FIELDS(alt_name), SCHEMA_VARIANTS(alt_name_variants)};
static const struct field item_alt_name = {.type = TYPE_OBJECT, .of = &schema_alt_name};
static const struct field validation[] = {
    {.name = "caCertificateRefs", .type = TYPE_LIST, .max = 8, .items = &item_local_ref},
    {.name = "wellKnownCACertificates",
     .type = TYPE_STRING,
     .min = 1,
     .max = 253,
     .format = &format_well_known_ca},
    {.name = "hostname",
     .type = TYPE_STRING,
     .flags = REQUIRED,
     .min = 1,
     .max = 253,
     .format = &format_subdomain},
    {.name = "subjectAltNames", .type = TYPE_LIST, .max = 5, .items = &item_alt_name},
};
const struct schema schema_tls_validation = {SCHEMA_FIELDS(validation), .rule = rule_tls_validation};
static const struct field policy_spec[] = {
    {.name = "targetRefs",
     .type = TYPE_LIST,
     .flags = REQUIRED,
     .min = 1,
     .max = 16,
     .items = &item_target_ref,
     .rule = rule_target_refs},
    {.name = "validation", .type = TYPE_OBJECT, .flags = REQUIRED, .of = &schema_tls_validation},
    {.name = "options", .type = TYPE_MAP, .max = 16, .items = &field_annotation_value},
};
static const struct schema schema_policy_spec = {SCHEMA_FIELDS(policy_spec)};
static const struct field policy[] = {OBJECT_FIELDS, SPEC(schema_policy_spec)};
const struct schema schema_backend_tls_policy = {SCHEMA_FIELDS(policy)};

/* ---- XBackend ---- */

static const struct field external_hostname[] = {
    {.name = "hostname",
     .type = TYPE_STRING,
     .flags = REQUIRED,
     .min = 1,
     .max = 253,
     .format = &format_subdomain},
};
static const struct schema schema_external_hostname = {SCHEMA_FIELDS(external_hostname),
                                                       .rule = rule_external_hostname};
static const struct field xbackend_port[] = {
    {.name = "name", .type = TYPE_STRING, .max = 63, .format = &format_label_or_empty},
    {.name = "port", .type = TYPE_INT, .flags = REQUIRED, .min = 1, .max = 65535},
};
static const struct schema schema_xbackend_port = {SCHEMA_FIELDS(xbackend_port)};
static const struct field xbackend_tls[] = {
    {.name = "mode", .type = TYPE_STRING, .flags = REQUIRED, .choices = "None|ServerOnly|ClientAndServer"},
    {.name = "clientCertificateRef", .type = TYPE_OBJECT, .of = &schema_secret_ref},
    {.name = "validation", .type = TYPE_OBJECT, .of = &schema_tls_validation},
};
static const struct variant xbackend_tls_variants[] = {{"mode", "ClientAndServer", "clientCertificateRef"}};
static const struct schema schema_xbackend_tls = {SCHEMA_FIELDS(xbackend_tls),
                                                  SCHEMA_VARIANTS(xbackend_tls_variants)};
static const struct field xbackend_spec[] = {
    {.name = "type", .type = TYPE_STRING, .flags = REQUIRED, .choices = "ExternalHostname"},
    {.name = "externalHostname", .type = TYPE_OBJECT, .of = &schema_external_hostname},
    {.name = "port", .type = TYPE_OBJECT, .flags = REQUIRED, .of = &schema_xbackend_port},
    {.name = "protocol", .type = TYPE_STRING, .choices = "TCP|HTTP|HTTP2|HTTP11|H2C|MCP"},
    {.name = "tls", .type = TYPE_OBJECT, .of = &schema_xbackend_tls},
};
static const struct variant xbackend_variants[] = {{"type", "ExternalHostname", "externalHostname"}};
static const struct schema schema_xbackend_spec = {SCHEMA_FIELDS(xbackend_spec),
                                                   SCHEMA_VARIANTS(xbackend_variants)};
static const struct field xbackend[] = {OBJECT_FIELDS, SPEC(schema_xbackend_spec)};
const struct schema schema_xbackend = {SCHEMA_FIELDS(xbackend)};

/* ---- XBackendTrafficPolicy ---- */

static const struct field retry_budget[] = {
    {.name = "percent", .type = TYPE_INT, .otherwise = "20", .min = 0, .max = 100},
    {.name = "interval", .type = TYPE_STRING, .otherwise = "\"10s\"", .format = &format_duration},
};
static const struct schema schema_retry_budget = {SCHEMA_FIELDS(retry_budget), .rule = rule_retry_budget};
static const struct field retry_rate[] = {
    {.name = "count", .type = TYPE_INT, .min = 1, .max = 1000000},
    {.name = "interval", .type = TYPE_STRING, .format = &format_duration},
};
static const struct schema schema_retry_rate = {SCHEMA_FIELDS(retry_rate), .rule = rule_retry_rate};
static const struct field retry_constraint[] = {
    {.name = "budget",
     .type = TYPE_OBJECT,
     .otherwise = "{\"interval\":\"10s\",\"percent\":20}",
     .of = &schema_retry_budget},
    {.name = "minRetryRate",
     .type = TYPE_OBJECT,
     .otherwise = "{\"count\":10,\"interval\":\"1s\"}",
     .of = &schema_retry_rate},
};
static const struct schema schema_retry_constraint = {SCHEMA_FIELDS(retry_constraint)};
static const struct field item_whole_target = {.type = TYPE_OBJECT, .of = &schema_local_ref};
static const struct field traffic_spec[] = {
    {.name = "targetRefs",
     .type = TYPE_LIST,
     .flags = REQUIRED,
     .min = 1,
     .max = 16,
     .items = &item_whole_target,
     .rule = rule_target_refs},
    {.name = "retryConstraint", .type = TYPE_OBJECT, .of = &schema_retry_constraint},
    {.name = "sessionPersistence", .type = TYPE_OBJECT, .of = &schema_session},
};
static const struct schema schema_traffic_spec = {SCHEMA_FIELDS(traffic_spec)};
static const struct field traffic_policy[] = {OBJECT_FIELDS, SPEC(schema_traffic_spec)};
const struct schema schema_xbackend_traffic_policy = {SCHEMA_FIELDS(traffic_policy)};

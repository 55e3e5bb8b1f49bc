/*
 * fields_apisix: the kinds of apisix.apache.org/v1alpha1 that users of APISIX's own controller (2.2) have:
 * GatewayProxy, HTTPRoutePolicy, BackendTrafficPolicy, PluginConfig, Consumer and L4RoutePolicy.
 *
 * Configurations of plugins are anything; what APISIX itself says of them is not looked at here.
 */
#include "gw/fields.h"

static bool is_seconds(const char *s)
{
    size_t n = strspn(s, "0123456789");
    return n > 0 && str_eq(s + n, "s");
}

static const struct format format_seconds = {"whole seconds, as 60s", is_seconds};

static const struct field item_string = {.type = TYPE_STRING};
static const struct field item_any = {.type = TYPE_ANY};
static const struct field item_status = {.type = TYPE_INT, .min = INT32_MIN, .max = INT32_MAX};

/* ---- plugins ---- */

static const struct field name_ref[] = {{.name = "name", .type = TYPE_STRING}};
static const struct schema schema_name_ref = {SCHEMA_FIELDS(name_ref)};
static const struct field plugin[] = {
    {.name = "name", .type = TYPE_STRING, .flags = REQUIRED},
    {.name = "config", .type = TYPE_ANY},
    {.name = "secretRef", .type = TYPE_OBJECT, .of = &schema_name_ref},
};
static const struct schema schema_plugin = {SCHEMA_FIELDS(plugin)};
static const struct field item_plugin = {.type = TYPE_OBJECT, .of = &schema_plugin};

static const struct field plugin_config_spec[] = {
    {.name = "plugins", .type = TYPE_LIST, .flags = REQUIRED, .items = &item_plugin},
};
static const struct schema schema_plugin_config_spec = {SCHEMA_FIELDS(plugin_config_spec)};
static const struct field plugin_config[] = {OBJECT_FIELDS, SPEC(schema_plugin_config_spec)};
const struct schema schema_plugin_config = {SCHEMA_FIELDS(plugin_config)};

/* ---- GatewayProxy ---- */

static const struct field key_ref[] = {
    {.name = "name", .type = TYPE_STRING, .flags = REQUIRED},
    {.name = "key", .type = TYPE_STRING, .flags = REQUIRED},
};
static const struct schema schema_key_ref = {SCHEMA_FIELDS(key_ref)};
static const struct field value_from[] = {
    {.name = "secretKeyRef", .type = TYPE_OBJECT, .of = &schema_key_ref},
};
static const struct schema schema_value_from = {SCHEMA_FIELDS(value_from)};
static const struct field admin_key[] = {
    {.name = "value", .type = TYPE_STRING},
    {.name = "valueFrom", .type = TYPE_OBJECT, .of = &schema_value_from},
};
static const struct schema schema_admin_key = {SCHEMA_FIELDS(admin_key), .rule = rule_admin_key};
static const struct field auth[] = {
    {.name = "type", .type = TYPE_STRING, .flags = REQUIRED, .choices = "AdminKey"},
    {.name = "adminKey", .type = TYPE_OBJECT, .of = &schema_admin_key},
};
static const struct variant auth_variants[] = {{"type", "AdminKey", "adminKey"}};
static const struct schema schema_auth = {SCHEMA_FIELDS(auth), SCHEMA_VARIANTS(auth_variants)};
static const struct field plane_service[] = {
    {.name = "name", .type = TYPE_STRING, .flags = REQUIRED},
    {.name = "port", .type = TYPE_INT, .min = 1, .max = 65535},
};
static const struct schema schema_plane_service = {SCHEMA_FIELDS(plane_service)};
static const struct field ca_cert[] = {{.name = "value", .type = TYPE_STRING, .flags = REQUIRED}};
static const struct schema schema_ca_cert = {SCHEMA_FIELDS(ca_cert)};
/* tlsVerify has no default here: releases differ. */
static const struct field item_endpoint = {.type = TYPE_STRING, .format = &format_endpoint};
static const struct field control_plane[] = {
    {.name = "mode", .type = TYPE_STRING},
    {.name = "endpoints", .type = TYPE_LIST, .min = 1, .items = &item_endpoint},
    {.name = "service", .type = TYPE_OBJECT, .of = &schema_plane_service},
    {.name = "tlsVerify", .type = TYPE_BOOL},
    {.name = "caCert", .type = TYPE_OBJECT, .of = &schema_ca_cert},
    {.name = "auth", .type = TYPE_OBJECT, .flags = REQUIRED, .of = &schema_auth},
};
static const struct schema schema_control_plane = {SCHEMA_FIELDS(control_plane), .rule = rule_control_plane};
static const struct field provider[] = {
    {.name = "type", .type = TYPE_STRING, .flags = REQUIRED, .choices = "ControlPlane"},
    {.name = "controlPlane", .type = TYPE_OBJECT, .of = &schema_control_plane},
};
static const struct variant provider_variants[] = {{"type", "ControlPlane", "controlPlane"}};
static const struct schema schema_provider = {SCHEMA_FIELDS(provider), SCHEMA_VARIANTS(provider_variants)};
static const struct field proxy_plugin[] = {
    {.name = "name", .type = TYPE_STRING},
    {.name = "enabled", .type = TYPE_BOOL},
    {.name = "config", .type = TYPE_ANY},
};
static const struct schema schema_proxy_plugin = {SCHEMA_FIELDS(proxy_plugin)};
static const struct field item_proxy_plugin = {.type = TYPE_OBJECT, .of = &schema_proxy_plugin};
static const struct field proxy_spec[] = {
    {.name = "publishService", .type = TYPE_STRING},
    {.name = "statusAddress", .type = TYPE_LIST, .items = &item_string},
    {.name = "provider", .type = TYPE_OBJECT, .of = &schema_provider},
    {.name = "plugins", .type = TYPE_LIST, .items = &item_proxy_plugin},
    {.name = "pluginMetadata", .type = TYPE_MAP, .items = &item_any},
};
static const struct schema schema_proxy_spec = {SCHEMA_FIELDS(proxy_spec)};
static const struct field proxy[] = {OBJECT_FIELDS, SPEC(schema_proxy_spec)};
const struct schema schema_gateway_proxy = {SCHEMA_FIELDS(proxy)};

/* ---- policies ---- */

#define TARGET_REFS(schema_of_ref, rule_of_refs)                                                             \
    {                                                                                                        \
        .name = "targetRefs", .type = TYPE_LIST, .flags = REQUIRED, .min = 1, .max = 16,                     \
        .items = &(schema_of_ref), .rule = (rule_of_refs)                                                    \
    }

static const struct field target_ref[] = {
    {.name = "group", .type = TYPE_STRING, .flags = REQUIRED, .max = 253, .format = &format_group},
    {.name = "kind", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 63, .format = &format_kind},
    {.name = "name", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 253},
    {.name = "sectionName", .type = TYPE_STRING, .min = 1, .max = 253, .format = &format_subdomain},
};
static const struct schema schema_target_ref = {SCHEMA_FIELDS(target_ref)};
static const struct field item_target_ref = {.type = TYPE_OBJECT, .of = &schema_target_ref};

static const struct field route_policy_spec[] = {
    TARGET_REFS(item_target_ref, NULL),
    {.name = "priority", .type = TYPE_INT, .min = INT64_MIN, .max = INT64_MAX},
    {.name = "vars", .type = TYPE_LIST, .items = &item_any},
};
static const struct schema schema_route_policy_spec = {SCHEMA_FIELDS(route_policy_spec)};
static const struct field route_policy[] = {OBJECT_FIELDS, SPEC(schema_route_policy_spec)};
const struct schema schema_http_route_policy = {SCHEMA_FIELDS(route_policy)};

static const struct field l4_policy_spec[] = {
    TARGET_REFS(item_target_ref, rule_l4_targets),
    {.name = "plugins", .type = TYPE_LIST, .items = &item_plugin},
};
static const struct schema schema_l4_policy_spec = {SCHEMA_FIELDS(l4_policy_spec)};
static const struct field l4_policy[] = {OBJECT_FIELDS, SPEC(schema_l4_policy_spec)};
const struct schema schema_l4_route_policy = {SCHEMA_FIELDS(l4_policy)};

/* ---- BackendTrafficPolicy ---- */

static const struct field load_balancer[] = {
    {.name = "type",
     .type = TYPE_STRING,
     .otherwise = "\"roundrobin\"",
     .choices = "roundrobin|chash|ewma|least_conn"},
    {.name = "hashOn",
     .type = TYPE_STRING,
     .otherwise = "\"vars\"",
     .choices = "vars|header|cookie|consumer|vars_combinations"},
    {.name = "key", .type = TYPE_STRING},
};
static const struct schema schema_load_balancer = {SCHEMA_FIELDS(load_balancer), .rule = rule_load_balancer};
static const struct field timeout[] = {
    {.name = "connect", .type = TYPE_STRING, .otherwise = "\"60s\"", .format = &format_seconds},
    {.name = "send", .type = TYPE_STRING, .otherwise = "\"60s\"", .format = &format_seconds},
    {.name = "read", .type = TYPE_STRING, .otherwise = "\"60s\"", .format = &format_seconds},
};
static const struct schema schema_timeout = {SCHEMA_FIELDS(timeout)};

#define HTTP_CODES                                                                                           \
    {                                                                                                        \
        .name = "httpCodes", .type = TYPE_LIST, .min = 1, .items = &item_status                              \
    }
#define SUCCESSES                                                                                            \
    {                                                                                                        \
        .name = "successes", .type = TYPE_INT, .max = 254                                                    \
    }
#define FAILURES                                                                                             \
    HTTP_CODES, {.name = "httpFailures", .type = TYPE_INT, .max = 254},                                      \
        {.name = "tcpFailures", .type = TYPE_INT, .max = 254},                                               \
    {                                                                                                        \
        .name = "timeouts", .type = TYPE_INT, .min = 1, .max = 254                                           \
    }
#define CHECK_TYPE                                                                                           \
    {                                                                                                        \
        .name = "type", .type = TYPE_STRING, .otherwise = "\"http\"", .choices = "http|https|tcp"            \
    }
static const struct field healthy[] = {HTTP_CODES, SUCCESSES};
static const struct schema schema_healthy = {SCHEMA_FIELDS(healthy)};
static const struct field unhealthy[] = {FAILURES};
static const struct schema schema_unhealthy = {SCHEMA_FIELDS(unhealthy)};
static const struct field active_healthy[] = {
    HTTP_CODES, SUCCESSES, {.name = "interval", .type = TYPE_STRING}};
static const struct schema schema_active_healthy = {SCHEMA_FIELDS(active_healthy)};
static const struct field active_unhealthy[] = {FAILURES, {.name = "interval", .type = TYPE_STRING}};
static const struct schema schema_active_unhealthy = {SCHEMA_FIELDS(active_unhealthy)};
static const struct field active[] = {
    CHECK_TYPE,
    {.name = "timeout", .type = TYPE_STRING},
    {.name = "concurrency", .type = TYPE_INT, .max = INT32_MAX},
    {.name = "host", .type = TYPE_STRING},
    {.name = "port", .type = TYPE_INT, .min = 1, .max = 65535},
    {.name = "httpPath", .type = TYPE_STRING},
    {.name = "strictTLS", .type = TYPE_BOOL},
    {.name = "requestHeaders", .type = TYPE_LIST, .items = &item_string},
    {.name = "healthy", .type = TYPE_OBJECT, .of = &schema_active_healthy},
    {.name = "unhealthy", .type = TYPE_OBJECT, .of = &schema_active_unhealthy},
};
static const struct schema schema_active = {SCHEMA_FIELDS(active)};
static const struct field passive[] = {
    CHECK_TYPE,
    {.name = "healthy", .type = TYPE_OBJECT, .of = &schema_healthy},
    {.name = "unhealthy", .type = TYPE_OBJECT, .of = &schema_unhealthy},
};
static const struct schema schema_passive = {SCHEMA_FIELDS(passive)};
static const struct field health_check[] = {
    {.name = "active", .type = TYPE_OBJECT, .flags = REQUIRED, .of = &schema_active},
    {.name = "passive", .type = TYPE_OBJECT, .of = &schema_passive},
};
static const struct schema schema_health_check = {SCHEMA_FIELDS(health_check)};
static const struct field traffic_spec[] = {
    TARGET_REFS(item_target_ref, rule_service_targets),
    {.name = "loadbalancer", .type = TYPE_OBJECT, .of = &schema_load_balancer},
    {.name = "scheme",
     .type = TYPE_STRING,
     .otherwise = "\"http\"",
     .choices = "http|https|grpc|grpcs|tcp|tls|udp"},
    {.name = "retries", .type = TYPE_INT},
    {.name = "timeout", .type = TYPE_OBJECT, .of = &schema_timeout},
    {.name = "passHost", .type = TYPE_STRING, .otherwise = "\"pass\"", .choices = "pass|node|rewrite"},
    {.name = "upstreamHost", .type = TYPE_STRING, .min = 1, .max = 253, .format = &format_hostname},
    {.name = "healthCheck", .type = TYPE_OBJECT, .of = &schema_health_check},
};
static const struct schema schema_traffic_spec = {SCHEMA_FIELDS(traffic_spec)};
static const struct field traffic_policy[] = {OBJECT_FIELDS, SPEC(schema_traffic_spec)};
const struct schema schema_traffic_policy = {SCHEMA_FIELDS(traffic_policy)};

/* ---- Consumer ---- */

static const struct field gateway_ref[] = {
    {.name = "group", .type = TYPE_STRING, .otherwise = "\"" GATEWAY_GROUP "\""},
    {.name = "kind", .type = TYPE_STRING, .otherwise = "\"Gateway\""},
    {.name = "name", .type = TYPE_STRING, .flags = REQUIRED, .min = 1},
    {.name = "namespace", .type = TYPE_STRING},
};
static const struct schema schema_gateway_ref = {SCHEMA_FIELDS(gateway_ref)};
static const struct field credential_secret[] = {
    {.name = "name", .type = TYPE_STRING, .flags = REQUIRED},
    {.name = "namespace", .type = TYPE_STRING},
};
static const struct schema schema_credential_secret = {SCHEMA_FIELDS(credential_secret)};
static const struct field credential[] = {
    {.name = "type",
     .type = TYPE_STRING,
     .flags = REQUIRED,
     .choices = "jwt-auth|basic-auth|key-auth|hmac-auth"},
    {.name = "name", .type = TYPE_STRING},
    {.name = "config", .type = TYPE_ANY},
    {.name = "secretRef", .type = TYPE_OBJECT, .of = &schema_credential_secret},
};
static const struct schema schema_credential = {SCHEMA_FIELDS(credential)};
static const struct field item_credential = {.type = TYPE_OBJECT, .of = &schema_credential};
static const struct field consumer_spec[] = {
    {.name = "gatewayRef", .type = TYPE_OBJECT, .of = &schema_gateway_ref},
    {.name = "credentials", .type = TYPE_LIST, .items = &item_credential},
    {.name = "plugins", .type = TYPE_LIST, .items = &item_plugin},
};
static const struct schema schema_consumer_spec = {SCHEMA_FIELDS(consumer_spec)};
static const struct field consumer[] = {OBJECT_FIELDS, SPEC(schema_consumer_spec)};
const struct schema schema_consumer = {SCHEMA_FIELDS(consumer)};

/* fields_core: the Kubernetes kinds, as far as we read them. They have many more fields: those are open. */
#include "gw/fields.h"

static const struct field service_port[] = {
    {.name = "name", .type = TYPE_STRING, .max = 63},
    {.name = "port", .type = TYPE_INT, .flags = REQUIRED, .min = 1, .max = 65535},
    {.name = "protocol", .type = TYPE_STRING, .otherwise = "\"TCP\"", .choices = "TCP|UDP|SCTP"},
    {.name = "appProtocol", .type = TYPE_STRING},
    {.name = "targetPort", .type = TYPE_ANY},
};
static const struct schema schema_service_port = {SCHEMA_FIELDS(service_port), .is_open = true};
static const struct field item_service_port = {.type = TYPE_OBJECT, .of = &schema_service_port};
static const struct field item_family = {.type = TYPE_STRING, .choices = "IPv4|IPv6"};
static const struct field service_spec[] = {
    {.name = "type",
     .type = TYPE_STRING,
     .otherwise = "\"ClusterIP\"",
     .choices = "ClusterIP|NodePort|LoadBalancer|ExternalName"},
    {.name = "ports", .type = TYPE_LIST, .items = &item_service_port},
    {.name = "selector", .type = TYPE_MAP},
    {.name = "ipFamilies", .type = TYPE_LIST, .max = 2, .items = &item_family},
    {.name = "sessionAffinity", .type = TYPE_STRING, .otherwise = "\"None\"", .choices = "None|ClientIP"},
};
static const struct schema schema_service_spec = {SCHEMA_FIELDS(service_spec), .is_open = true};
static const struct field service[] = {
    OBJECT_FIELDS,
    {.name = "spec", .type = TYPE_OBJECT, .flags = REQUIRED, .of = &schema_service_spec},
};
const struct schema schema_service = {SCHEMA_FIELDS(service)};

static const struct field slice_port[] = {
    {.name = "name", .type = TYPE_STRING, .otherwise = "\"\"", .max = 63},
    {.name = "port", .type = TYPE_INT, .min = 1, .max = 65535},
    {.name = "protocol", .type = TYPE_STRING, .otherwise = "\"TCP\"", .choices = "TCP|UDP|SCTP"},
    {.name = "appProtocol", .type = TYPE_STRING},
};
static const struct schema schema_slice_port = {SCHEMA_FIELDS(slice_port), .is_open = true};
static const struct field item_slice_port = {.type = TYPE_OBJECT, .of = &schema_slice_port};
static const struct field conditions[] = {
    {.name = "ready", .type = TYPE_BOOL},
    {.name = "serving", .type = TYPE_BOOL},
    {.name = "terminating", .type = TYPE_BOOL},
};
static const struct schema schema_conditions = {SCHEMA_FIELDS(conditions)};
static const struct field item_address = {.type = TYPE_STRING, .min = 1};
static const struct field endpoint[] = {
    {.name = "addresses", .type = TYPE_LIST, .flags = REQUIRED, .min = 1, .max = 100, .items = &item_address},
    {.name = "conditions", .type = TYPE_OBJECT, .of = &schema_conditions},
};
static const struct schema schema_endpoint = {SCHEMA_FIELDS(endpoint), .is_open = true};
static const struct field item_endpoint = {.type = TYPE_OBJECT, .of = &schema_endpoint};
static const struct field slice[] = {
    OBJECT_FIELDS,
    {.name = "addressType", .type = TYPE_STRING, .flags = REQUIRED, .choices = "IPv4|IPv6|FQDN"},
    {.name = "ports", .type = TYPE_LIST, .max = 20000, .items = &item_slice_port},
    {.name = "endpoints", .type = TYPE_LIST, .max = 1000, .items = &item_endpoint},
};
const struct schema schema_endpoint_slice = {SCHEMA_FIELDS(slice), .rule = rule_endpoint_addresses};

static const struct field secret[] = {
    OBJECT_FIELDS,
    {.name = "type", .type = TYPE_STRING, .otherwise = "\"Opaque\""},
    {.name = "data", .type = TYPE_MAP, .format = &format_base64},
    {.name = "stringData", .type = TYPE_MAP},
    {.name = "immutable", .type = TYPE_BOOL},
};
const struct schema schema_secret = {SCHEMA_FIELDS(secret), .rule = rule_tls_secret};

static const struct field config_map[] = {
    OBJECT_FIELDS,
    {.name = "data", .type = TYPE_MAP},
    {.name = "binaryData", .type = TYPE_MAP, .format = &format_base64},
    {.name = "immutable", .type = TYPE_BOOL},
};
const struct schema schema_config_map = {SCHEMA_FIELDS(config_map)};

static const struct field namespace[] = {
    OBJECT_FIELDS,
    {.name = "spec", .type = TYPE_ANY},
};
const struct schema schema_namespace = {SCHEMA_FIELDS(namespace)};

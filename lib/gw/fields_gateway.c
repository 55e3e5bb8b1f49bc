/* fields_gateway: GatewayClass, Gateway, ListenerSet, ReferenceGrant. */
#include "gw/fields.h"

/* ---- GatewayClass ---- */

/* A reference to anything, with the group spelt out: parameters and CA certificates. */
static const struct field object_ref[] = {
    {.name = "group", .type = TYPE_STRING, .flags = REQUIRED, .max = 253, .format = &format_group},
    {.name = "kind", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 63, .format = &format_kind},
    {.name = "name", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 253},
    {.name = "namespace", .type = TYPE_STRING, .min = 1, .max = 63, .format = &format_label},
};
static const struct schema schema_object_ref = {SCHEMA_FIELDS(object_ref)};
static const struct field class_spec[] = {
    {.name = "controllerName",
     .type = TYPE_STRING,
     .flags = REQUIRED,
     .min = 1,
     .max = 253,
     .format = &format_controller},
    {.name = "description", .type = TYPE_STRING, .max = 64},
    {.name = "parametersRef", .type = TYPE_OBJECT, .of = &schema_object_ref},
};
const struct schema schema_class_spec = {SCHEMA_FIELDS(class_spec)};
static const struct field class[] = {OBJECT_FIELDS, SPEC(schema_class_spec)};
const struct schema schema_gateway_class = {SCHEMA_FIELDS(class)};
const struct schema schema_xmesh = {SCHEMA_FIELDS(class)};

/* ---- listeners ---- */

static const struct field namespaces[] = {
    {.name = "from", .type = TYPE_STRING, .otherwise = "\"Same\"", .choices = "All|Selector|Same"},
    {.name = "selector", .type = TYPE_OBJECT, .of = &schema_label_selector},
};
static const struct schema schema_namespaces = {SCHEMA_FIELDS(namespaces)};
static const struct field route_kind[] = {
    {.name = "group",
     .type = TYPE_STRING,
     .otherwise = "\"" GATEWAY_GROUP "\"",
     .max = 253,
     .format = &format_group},
    {.name = "kind", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 63, .format = &format_kind},
};
static const struct schema schema_route_kind = {SCHEMA_FIELDS(route_kind)};
static const struct field item_route_kind = {.type = TYPE_OBJECT, .of = &schema_route_kind};
static const struct field allowed_routes[] = {
    {.name = "namespaces", .type = TYPE_OBJECT, .otherwise = "{\"from\":\"Same\"}", .of = &schema_namespaces},
    {.name = "kinds", .type = TYPE_LIST, .max = 8, .items = &item_route_kind},
};
static const struct schema schema_allowed_routes = {SCHEMA_FIELDS(allowed_routes)};
static const struct field item_secret_ref = {.type = TYPE_OBJECT, .of = &schema_secret_ref};
static const struct field listener_tls[] = {
    {.name = "mode", .type = TYPE_STRING, .otherwise = "\"Terminate\"", .choices = "Terminate|Passthrough"},
    {.name = "certificateRefs", .type = TYPE_LIST, .max = 64, .items = &item_secret_ref},
    {.name = "options", .type = TYPE_MAP, .max = 16, .items = &field_annotation_value},
};
static const struct schema schema_listener_tls = {SCHEMA_FIELDS(listener_tls), .rule = rule_listener_tls};
static const struct field listener[] = {
    {.name = "name",
     .type = TYPE_STRING,
     .flags = REQUIRED,
     .min = 1,
     .max = 253,
     .format = &format_subdomain},
    {.name = "hostname", .type = TYPE_STRING, .min = 1, .max = 253, .format = &format_hostname},
    {.name = "port", .type = TYPE_INT, .flags = REQUIRED, .min = 1, .max = 65535},
    {.name = "protocol",
     .type = TYPE_STRING,
     .flags = REQUIRED,
     .min = 1,
     .max = 255,
     .format = &format_protocol},
    {.name = "tls", .type = TYPE_OBJECT, .of = &schema_listener_tls},
    {.name = "allowedRoutes",
     .type = TYPE_OBJECT,
     .otherwise = "{\"namespaces\":{\"from\":\"Same\"}}",
     .of = &schema_allowed_routes},
};
static const struct schema schema_listener = {SCHEMA_FIELDS(listener), .rule = rule_listener};
static const struct field item_listener = {.type = TYPE_OBJECT, .of = &schema_listener};
#define LISTENERS                                                                                            \
    {                                                                                                        \
        .name = "listeners", .type = TYPE_LIST, .flags = REQUIRED, .min = 1, .max = 64,                      \
        .items = &item_listener, .key = "name", .rule = rule_listeners                                       \
    }

/* ---- Gateway ---- */

static const struct field address[] = {
    {.name = "type",
     .type = TYPE_STRING,
     .otherwise = "\"IPAddress\"",
     .min = 1,
     .max = 253,
     .format = &format_address_type},
    {.name = "value", .type = TYPE_STRING, .max = 253},
};
static const struct schema schema_address = {SCHEMA_FIELDS(address)};
static const struct field item_address = {.type = TYPE_OBJECT, .of = &schema_address};
static const struct field listener_namespaces[] = {
    {.name = "from", .type = TYPE_STRING, .otherwise = "\"None\"", .choices = "All|Selector|Same|None"},
    {.name = "selector", .type = TYPE_OBJECT, .of = &schema_label_selector},
};
static const struct schema schema_listener_namespaces = {SCHEMA_FIELDS(listener_namespaces)};
static const struct field allowed_listeners[] = {
    {.name = "namespaces",
     .type = TYPE_OBJECT,
     .otherwise = "{\"from\":\"None\"}",
     .of = &schema_listener_namespaces},
};
static const struct schema schema_allowed_listeners = {SCHEMA_FIELDS(allowed_listeners)};
static const struct field infrastructure[] = {
    {.name = "labels", .type = TYPE_MAP, .max = 8, .items = &field_label_value, .rule = rule_label_keys},
    {.name = "annotations",
     .type = TYPE_MAP,
     .max = 16,
     .items = &field_annotation_value,
     .rule = rule_label_keys},
    {.name = "parametersRef", .type = TYPE_OBJECT, .of = &schema_local_ref},
};
static const struct schema schema_infrastructure = {SCHEMA_FIELDS(infrastructure)};
static const struct field item_object_ref = {.type = TYPE_OBJECT, .of = &schema_object_ref};
static const struct field frontend_validation[] = {
    {.name = "caCertificateRefs",
     .type = TYPE_LIST,
     .flags = REQUIRED,
     .min = 1,
     .max = 16,
     .items = &item_object_ref},
    {.name = "mode",
     .type = TYPE_STRING,
     .otherwise = "\"AllowValidOnly\"",
     .choices = "AllowValidOnly|AllowInsecureFallback"},
};
static const struct schema schema_frontend_validation = {SCHEMA_FIELDS(frontend_validation)};
static const struct field frontend_config[] = {
    {.name = "validation", .type = TYPE_OBJECT, .of = &schema_frontend_validation},
};
static const struct schema schema_frontend_config = {SCHEMA_FIELDS(frontend_config)};
static const struct field frontend_port[] = {
    {.name = "port", .type = TYPE_INT, .flags = REQUIRED, .min = 1, .max = 65535},
    {.name = "tls", .type = TYPE_OBJECT, .flags = REQUIRED, .of = &schema_frontend_config},
};
static const struct schema schema_frontend_port = {SCHEMA_FIELDS(frontend_port)};
static const struct field item_frontend_port = {.type = TYPE_OBJECT, .of = &schema_frontend_port};
static const struct field frontend[] = {
    {.name = "default", .type = TYPE_OBJECT, .flags = REQUIRED, .of = &schema_frontend_config},
    {.name = "perPort", .type = TYPE_LIST, .max = 64, .items = &item_frontend_port, .key = "port"},
};
static const struct schema schema_frontend = {SCHEMA_FIELDS(frontend)};
static const struct field backend_tls[] = {
    {.name = "clientCertificateRef", .type = TYPE_OBJECT, .of = &schema_secret_ref},
};
static const struct schema schema_backend_tls = {SCHEMA_FIELDS(backend_tls)};
static const struct field gateway_tls[] = {
    {.name = "backend", .type = TYPE_OBJECT, .of = &schema_backend_tls},
    {.name = "frontend", .type = TYPE_OBJECT, .of = &schema_frontend},
};
static const struct schema schema_gateway_tls = {SCHEMA_FIELDS(gateway_tls)};
static const struct field gateway_spec[] = {
    {.name = "gatewayClassName", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 253},
    LISTENERS,
    {.name = "addresses", .type = TYPE_LIST, .max = 16, .items = &item_address, .rule = rule_addresses},
    {.name = "infrastructure", .type = TYPE_OBJECT, .of = &schema_infrastructure},
    {.name = "allowedListeners", .type = TYPE_OBJECT, .of = &schema_allowed_listeners},
    {.name = "tls", .type = TYPE_OBJECT, .of = &schema_gateway_tls},
    {.name = "defaultScope", .type = TYPE_STRING, .flags = EXPERIMENTAL, .choices = "All|None"},
};
static const struct schema schema_gateway_spec = {SCHEMA_FIELDS(gateway_spec)};
static const struct field gateway[] = {OBJECT_FIELDS, SPEC(schema_gateway_spec)};
const struct schema schema_gateway = {SCHEMA_FIELDS(gateway)};

/* ---- ListenerSet ---- */

static const struct field set_parent_ref[] = {
    {.name = "group",
     .type = TYPE_STRING,
     .otherwise = "\"" GATEWAY_GROUP "\"",
     .max = 253,
     .format = &format_group},
    {.name = "kind",
     .type = TYPE_STRING,
     .otherwise = "\"Gateway\"",
     .min = 1,
     .max = 63,
     .format = &format_kind},
    {.name = "name", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 253},
    {.name = "namespace", .type = TYPE_STRING, .min = 1, .max = 63, .format = &format_label},
};
static const struct schema schema_set_parent_ref = {SCHEMA_FIELDS(set_parent_ref)};
static const struct field set_spec[] = {
    {.name = "parentRef", .type = TYPE_OBJECT, .flags = REQUIRED, .of = &schema_set_parent_ref},
    LISTENERS,
};
static const struct schema schema_set_spec = {SCHEMA_FIELDS(set_spec)};
static const struct field listener_set[] = {OBJECT_FIELDS, SPEC(schema_set_spec)};
const struct schema schema_listener_set = {SCHEMA_FIELDS(listener_set)};

/* ---- ReferenceGrant ---- */

static const struct field grant_from[] = {
    {.name = "group", .type = TYPE_STRING, .flags = REQUIRED, .max = 253, .format = &format_group},
    {.name = "kind", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 63, .format = &format_kind},
    {.name = "namespace",
     .type = TYPE_STRING,
     .flags = REQUIRED,
     .min = 1,
     .max = 63,
     .format = &format_label},
};
static const struct schema schema_grant_from = {SCHEMA_FIELDS(grant_from)};
static const struct field item_grant_from = {.type = TYPE_OBJECT, .of = &schema_grant_from};
static const struct field grant_to[] = {
    {.name = "group", .type = TYPE_STRING, .flags = REQUIRED, .max = 253, .format = &format_group},
    {.name = "kind", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 63, .format = &format_kind},
    {.name = "name", .type = TYPE_STRING, .min = 1, .max = 253},
};
static const struct schema schema_grant_to = {SCHEMA_FIELDS(grant_to)};
static const struct field item_grant_to = {.type = TYPE_OBJECT, .of = &schema_grant_to};
static const struct field grant_spec[] = {
    {.name = "from", .type = TYPE_LIST, .flags = REQUIRED, .min = 1, .max = 16, .items = &item_grant_from},
    {.name = "to", .type = TYPE_LIST, .flags = REQUIRED, .min = 1, .max = 16, .items = &item_grant_to},
};
static const struct schema schema_grant_spec = {SCHEMA_FIELDS(grant_spec)};
static const struct field grant[] = {OBJECT_FIELDS, SPEC(schema_grant_spec)};
const struct schema schema_reference_grant = {SCHEMA_FIELDS(grant)};

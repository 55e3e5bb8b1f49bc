/*
 * fields: the schemas by kind, and the structs that several kinds share. Sections and limits are those of
 * the Gateway API v1.6 reference; rules are the CEL rules of its CRDs.
 */
#ifndef GW_FIELDS_H
#define GW_FIELDS_H

#include "gw/schema.h"

struct kind {
    const char *group, *kind;
    const char *versions; /* "v1|v1beta1": served */
    const struct schema *schema;
    bool is_cluster_scoped;
    const struct format *name; /* of metadata.name */
    bool is_secret;            /* its values are never quoted */
};

#define GATEWAY_GROUP      "gateway.networking.k8s.io"
#define EXPERIMENTAL_GROUP "gateway.networking.x-k8s.io"
#define APISIX_GROUP       "apisix.apache.org"

/* apiVersion, kind, metadata and status rows, the first of every kind's table. */
#define OBJECT_FIELDS                                                                                        \
    {.name = "apiVersion", .type = TYPE_STRING}, {.name = "kind", .type = TYPE_STRING},                      \
        {.name = "metadata", .type = TYPE_OBJECT, .of = &schema_metadata},                                   \
    {                                                                                                        \
        .name = "status", .type = TYPE_OBJECT, .of = &schema_anything                                        \
    }

#define SPEC(schema_of_spec)                                                                                 \
    {                                                                                                        \
        .name = "spec", .type = TYPE_OBJECT, .flags = REQUIRED, .of = &(schema_of_spec)                      \
    }

extern const struct schema schema_metadata;
extern const struct schema schema_anything; /* an object, whatever is in it */
extern const struct schema schema_label_selector;
extern const struct schema schema_parent_ref;
extern const struct schema schema_secret_ref;
extern const struct schema schema_backend_object_ref;
extern const struct schema schema_local_ref;

extern const struct field item_parent_ref;     /* of lists of parents */
extern const struct field field_hostname_item; /* of lists of hostnames */
extern const struct field field_label_value;   /* of maps */
extern const struct field field_annotation_value;

/* What the spec of every route begins with (CommonRouteSpec). */
#define ROUTE_FIELDS                                                                                         \
    {.name = "parentRefs",                                                                                   \
     .type = TYPE_LIST,                                                                                      \
     .max = 32,                                                                                              \
     .items = &item_parent_ref,                                                                              \
     .rule = rule_parent_refs},                                                                              \
    {                                                                                                        \
        .name = "useDefaultGateways", .type = TYPE_STRING, .flags = EXPERIMENTAL, .choices = "All|None"      \
    }

/* A backendRef of any route, but for the filters that some have (BackendRef). */
#define BACKEND_REF_FIELDS                                                                                   \
    {.name = "group", .type = TYPE_STRING, .otherwise = "\"\"", .max = 253, .format = &format_group},        \
        {.name = "kind",                                                                                     \
         .type = TYPE_STRING,                                                                                \
         .otherwise = "\"Service\"",                                                                         \
         .min = 1,                                                                                           \
         .max = 63,                                                                                          \
         .format = &format_kind},                                                                            \
        {.name = "name", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 253},                      \
        {.name = "namespace", .type = TYPE_STRING, .min = 1, .max = 63, .format = &format_label},            \
        {.name = "port", .type = TYPE_INT, .min = 1, .max = 65535},                                          \
    {                                                                                                        \
        .name = "weight", .type = TYPE_INT, .otherwise = "1", .min = 0, .max = 1000000                       \
    }

extern const struct schema schema_gateway_class;
extern const struct schema schema_gateway;
extern const struct schema schema_listener_set;
extern const struct schema schema_reference_grant;
extern const struct schema schema_http_route;
extern const struct schema schema_grpc_route;
extern const struct schema schema_tls_route;
extern const struct schema schema_tls_route_v1alpha2;
extern const struct schema schema_tcp_route; /* UDPRoute too */
extern const struct schema schema_tcp_route_v1alpha2;
extern const struct schema schema_backend_tls_policy;
extern const struct schema schema_class_spec;     /* XMesh has the same */
extern const struct schema schema_tls_validation; /* of backends */
extern const struct schema schema_session;
extern const struct schema schema_xbackend;
extern const struct schema schema_xbackend_traffic_policy;
extern const struct schema schema_xmesh;
extern const struct schema schema_gateway_proxy;
extern const struct schema schema_http_route_policy;
extern const struct schema schema_traffic_policy;
extern const struct schema schema_plugin_config;
extern const struct schema schema_consumer;
extern const struct schema schema_l4_route_policy;
extern const struct schema schema_service;
extern const struct schema schema_endpoint_slice;
extern const struct schema schema_secret;
extern const struct schema schema_config_map;
extern const struct schema schema_namespace;

/* Rules that more than one table uses. */
void rule_parent_refs(struct walk *w, jv refs);
void rule_backend_port(struct walk *w, jv ref); /* a Service needs a port */
void rule_match_total(struct walk *w, jv rules);
void rule_named_rules(struct walk *w, jv rules);
void rule_http_rules(struct walk *w, jv rules);
void rule_http_rule(struct walk *w, jv rule);
void rule_filters(struct walk *w, jv filters);
void rule_mirror(struct walk *w, jv mirror);
void rule_cors(struct walk *w, jv cors);
void rule_path(struct walk *w, jv path);
void rule_regex_value(struct walk *w, jv match); /* header and query matches */
void rule_timeouts(struct walk *w, jv timeouts);
void rule_session(struct walk *w, jv session);
void rule_listeners(struct walk *w, jv listeners);
void rule_listener(struct walk *w, jv listener);
void rule_listener_tls(struct walk *w, jv tls);
void rule_addresses(struct walk *w, jv addresses);
void rule_grpc_method(struct walk *w, jv method);
void rule_tls_hostnames(struct walk *w, jv hostnames);
void rule_target_refs(struct walk *w, jv refs);
void rule_tls_validation(struct walk *w, jv validation);
void rule_label_keys(struct walk *w, jv map);
void rule_annotations(struct walk *w, jv map);
void rule_endpoint_addresses(struct walk *w, jv slice);
void rule_secret(struct walk *w, jv secret);
void rule_data_keys(struct walk *w, jv map);
void rule_service_spec(struct walk *w, jv spec);
void rule_service_port(struct walk *w, jv port);
void rule_namespace(struct walk *w, jv namespace);
void rule_external_hostname(struct walk *w, jv host);
void rule_admin_key(struct walk *w, jv key);
void rule_control_plane(struct walk *w, jv plane);
void rule_load_balancer(struct walk *w, jv balancer);
void rule_l4_targets(struct walk *w, jv refs);
void rule_service_targets(struct walk *w, jv refs);
void rule_retry_budget(struct walk *w, jv budget);
void rule_retry_rate(struct walk *w, jv rate);

#endif

/* fields_core: the Kubernetes kinds, as far as we read them. They have many more fields: those are open. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "gw/fields.h"

/* ---- defaults that are no constants ---- */

/* targetPort is port when it is absent, or said to be nothing. */
static jv fill_target_port(jv port, bool *changed)
{
    jv target = jx_get(port, "targetPort"), number = jx_get(port, "port");
    int64_t n;
    bool is_nothing = jx_is_none(target) || str_same(jx_str(target), "") || (jx_int(target, &n) && n == 0);
    if (!is_nothing || !jx_is_num(number))
        return port;
    jb_put(&port, "targetPort", jb_copy(number));
    *changed = true;
    return port;
}

static char *base64(const char *s)
{
    size_t n = strlen(s);
    char *out = xmalloc(n / 3 * 4 + 5);
    EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)s, (int)n);
    return out;
}

/* stringData is for writing only: the API server stores it in data. */
static jv fill_string_data(jv secret, bool *changed)
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

#define NAME_LABEL "kubernetes.io/metadata.name"

/* Every namespace is labelled with its name, whatever its manifest says. */
static jv fill_namespace_label(jv namespace, bool *changed)
{
    jv meta = jx_get(namespace, "metadata"), labels = jx_get(meta, "labels");
    const char *name = jx_getstr(meta, "name");
    if (!name || str_same(jx_getstr(labels, NAME_LABEL), name))
        return namespace;
    jv new_meta = jb_copy(meta), new_labels = jx_is_obj(labels) ? jb_copy(labels) : jb_obj();
    jb_put_str(&new_labels, NAME_LABEL, name);
    jb_put(&new_meta, "labels", new_labels);
    jb_put(&namespace, "metadata", new_meta);
    *changed = true;
    return namespace;
}

/* ---- Service ---- */

/* a field that we know of and do not read: one more spelling to be near to */
#define NOT_READ(field_name)                                                                                 \
    {                                                                                                        \
        .name = (field_name), .type = TYPE_ANY                                                               \
    }

static const struct field service_port[] = {
    {.name = "name", .type = TYPE_STRING, .max = 63, .format = &format_label_or_empty},
    {.name = "port", .type = TYPE_INT, .flags = REQUIRED, .min = 1, .max = 65535},
    {.name = "protocol", .type = TYPE_STRING, .otherwise = "\"TCP\"", .choices = "TCP|UDP|SCTP"},
    {.name = "appProtocol", .type = TYPE_STRING},
    {.name = "targetPort", .type = TYPE_ANY},
    {.name = "nodePort", .type = TYPE_INT, .min = 0, .max = 65535},
};
static const struct schema schema_service_port = {SCHEMA_FIELDS(service_port), .rule = rule_service_port,
                                                  .fill = fill_target_port, .is_open = true};
static const struct field item_service_port = {.type = TYPE_OBJECT, .of = &schema_service_port};
static const struct field item_family = {.type = TYPE_STRING, .choices = "IPv4|IPv6"};
static const struct field service_spec[] = {
    {.name = "type",
     .type = TYPE_STRING,
     .otherwise = "\"ClusterIP\"",
     .choices = "ClusterIP|NodePort|LoadBalancer|ExternalName"},
    {.name = "ports", .type = TYPE_LIST, .items = &item_service_port},
    {.name = "selector",
     .type = TYPE_MAP,
     .flags = NULL_IS_EMPTY,
     .items = &field_label_value,
     .rule = rule_label_keys},
    {.name = "clusterIP", .type = TYPE_STRING},
    {.name = "externalName", .type = TYPE_STRING, .max = 253},
    {.name = "ipFamilies", .type = TYPE_LIST, .max = 2, .items = &item_family},
    {.name = "sessionAffinity", .type = TYPE_STRING, .otherwise = "\"None\"", .choices = "None|ClientIP"},
    NOT_READ("clusterIPs"),
    NOT_READ("externalIPs"),
    NOT_READ("sessionAffinityConfig"),
    NOT_READ("loadBalancerIP"),
    NOT_READ("loadBalancerClass"),
    NOT_READ("loadBalancerSourceRanges"),
    NOT_READ("externalTrafficPolicy"),
    NOT_READ("internalTrafficPolicy"),
    NOT_READ("healthCheckNodePort"),
    NOT_READ("publishNotReadyAddresses"),
    NOT_READ("ipFamilyPolicy"),
    NOT_READ("allocateLoadBalancerNodePorts"),
    NOT_READ("trafficDistribution"),
};
static const struct schema schema_service_spec = {SCHEMA_FIELDS(service_spec), .rule = rule_service_spec,
                                                  .is_open = true};
static const struct field service[] = {OBJECT_FIELDS, SPEC(schema_service_spec)};
const struct schema schema_service = {SCHEMA_FIELDS(service)};

/* ---- EndpointSlice ---- */

static const struct field slice_port[] = {
    {.name = "name", .type = TYPE_STRING, .otherwise = "\"\"", .max = 63, .format = &format_label_or_empty},
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
    {.name = "hostname", .type = TYPE_STRING},
    {.name = "nodeName", .type = TYPE_STRING},
    {.name = "zone", .type = TYPE_STRING},
    NOT_READ("targetRef"),
    NOT_READ("hints"),
    NOT_READ("deprecatedTopology"),
};
static const struct schema schema_endpoint = {SCHEMA_FIELDS(endpoint), .is_open = true};
static const struct field item_endpoint = {.type = TYPE_OBJECT, .of = &schema_endpoint};
static const struct field slice[] = {
    OBJECT_FIELDS,
    {.name = "addressType", .type = TYPE_STRING, .flags = REQUIRED, .choices = "IPv4|IPv6|FQDN"},
    {.name = "ports", .type = TYPE_LIST, .max = 20000, .items = &item_slice_port, .key = "name"},
    {.name = "endpoints", .type = TYPE_LIST, .max = 1000, .items = &item_endpoint},
};
const struct schema schema_endpoint_slice = {SCHEMA_FIELDS(slice), .rule = rule_endpoint_addresses};

/* ---- Secret, ConfigMap, Namespace ---- */

static const struct field item_base64 = {.type = TYPE_STRING, .format = &format_base64};
static const struct field secret[] = {
    OBJECT_FIELDS,
    {.name = "type", .type = TYPE_STRING, .otherwise = "\"Opaque\""},
    {.name = "data", .type = TYPE_MAP, .flags = NULL_IS_EMPTY, .items = &item_base64, .rule = rule_data_keys},
    {.name = "stringData", .type = TYPE_MAP, .flags = NULL_IS_EMPTY, .rule = rule_data_keys},
    {.name = "immutable", .type = TYPE_BOOL},
};
const struct schema schema_secret = {SCHEMA_FIELDS(secret), .rule = rule_secret, .fill = fill_string_data};

static const struct field config_map[] = {
    OBJECT_FIELDS,
    {.name = "data", .type = TYPE_MAP, .flags = NULL_IS_EMPTY, .rule = rule_data_keys},
    {.name = "binaryData",
     .type = TYPE_MAP,
     .flags = NULL_IS_EMPTY,
     .items = &item_base64,
     .rule = rule_data_keys},
    {.name = "immutable", .type = TYPE_BOOL},
};
const struct schema schema_config_map = {SCHEMA_FIELDS(config_map)};

static const struct field namespace[] = {
    OBJECT_FIELDS,
    {.name = "spec", .type = TYPE_OBJECT, .of = &schema_anything},
};
const struct schema schema_namespace = {SCHEMA_FIELDS(namespace), .rule = rule_namespace,
                                        .fill = fill_namespace_label};

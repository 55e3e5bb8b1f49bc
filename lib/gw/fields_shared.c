/* fields_shared: metadata, references and selectors. */
#include "gw/fields.h"

const struct schema schema_anything = {.is_open = true};
static const struct field item_anything = {.type = TYPE_OBJECT, .of = &schema_anything};
static const struct field item_string = {.type = TYPE_STRING};
const struct field field_label_value = {.type = TYPE_STRING, .format = &format_label_value};
const struct field field_annotation_value = {.type = TYPE_STRING, .max = 4096};

static const struct field metadata[] = {
    /* name and namespace are checked with the kind at hand (validate.c) */
    {.name = "name", .type = TYPE_STRING, .flags = REQUIRED},
    {.name = "namespace", .type = TYPE_STRING},
    {.name = "labels",
     .type = TYPE_MAP,
     .flags = NULL_IS_EMPTY,
     .items = &field_label_value,
     .rule = rule_label_keys},
    {.name = "annotations", .type = TYPE_MAP, .flags = NULL_IS_EMPTY, .rule = rule_annotations},
    /* what the API server and controllers write */
    {.name = "generateName", .type = TYPE_STRING},
    {.name = "selfLink", .type = TYPE_STRING},
    {.name = "uid", .type = TYPE_STRING},
    {.name = "resourceVersion", .type = TYPE_STRING},
    {.name = "generation", .type = TYPE_INT, .max = INT64_MAX},
    {.name = "creationTimestamp", .type = TYPE_STRING},
    {.name = "deletionTimestamp", .type = TYPE_STRING},
    {.name = "deletionGracePeriodSeconds", .type = TYPE_INT, .max = INT64_MAX},
    {.name = "finalizers", .type = TYPE_LIST, .items = &item_string},
    {.name = "ownerReferences", .type = TYPE_LIST, .items = &item_anything},
    {.name = "managedFields", .type = TYPE_LIST, .items = &item_anything},
};
const struct schema schema_metadata = {SCHEMA_FIELDS(metadata)};

static const struct field expression[] = {
    {.name = "key", .type = TYPE_STRING, .flags = REQUIRED, .format = &format_label_key},
    {.name = "operator", .type = TYPE_STRING, .flags = REQUIRED, .choices = "In|NotIn|Exists|DoesNotExist"},
    {.name = "values", .type = TYPE_LIST, .items = &item_string},
};
static const struct schema schema_expression = {SCHEMA_FIELDS(expression)};
static const struct field item_expression = {.type = TYPE_OBJECT, .of = &schema_expression};
static const struct field label_selector[] = {
    {.name = "matchLabels", .type = TYPE_MAP, .items = &field_label_value, .rule = rule_label_keys},
    {.name = "matchExpressions", .type = TYPE_LIST, .items = &item_expression},
};
const struct schema schema_label_selector = {SCHEMA_FIELDS(label_selector)};

static const struct field parent_ref[] = {
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
    {.name = "namespace", .type = TYPE_STRING, .min = 1, .max = 63, .format = &format_label},
    {.name = "name", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 253},
    {.name = "sectionName", .type = TYPE_STRING, .min = 1, .max = 253, .format = &format_subdomain},
    {.name = "port", .type = TYPE_INT, .min = 1, .max = 65535},
};
const struct schema schema_parent_ref = {SCHEMA_FIELDS(parent_ref)};
const struct field item_parent_ref = {.type = TYPE_OBJECT, .of = &schema_parent_ref};

static const struct field secret_ref[] = {
    {.name = "group", .type = TYPE_STRING, .otherwise = "\"\"", .max = 253, .format = &format_group},
    {.name = "kind",
     .type = TYPE_STRING,
     .otherwise = "\"Secret\"",
     .min = 1,
     .max = 63,
     .format = &format_kind},
    {.name = "name", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 253},
    {.name = "namespace", .type = TYPE_STRING, .min = 1, .max = 63, .format = &format_label},
};
const struct schema schema_secret_ref = {SCHEMA_FIELDS(secret_ref)};

static const struct field backend_object_ref[] = {
    {.name = "group", .type = TYPE_STRING, .otherwise = "\"\"", .max = 253, .format = &format_group},
    {.name = "kind",
     .type = TYPE_STRING,
     .otherwise = "\"Service\"",
     .min = 1,
     .max = 63,
     .format = &format_kind},
    {.name = "name", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 253},
    {.name = "namespace", .type = TYPE_STRING, .min = 1, .max = 63, .format = &format_label},
    {.name = "port", .type = TYPE_INT, .min = 1, .max = 65535},
};
const struct schema schema_backend_object_ref = {SCHEMA_FIELDS(backend_object_ref),
                                                 .rule = rule_backend_port};

static const struct field local_ref[] = {
    {.name = "group", .type = TYPE_STRING, .flags = REQUIRED, .max = 253, .format = &format_group},
    {.name = "kind", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 63, .format = &format_kind},
    {.name = "name", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 253},
};
const struct schema schema_local_ref = {SCHEMA_FIELDS(local_ref)};

const struct field field_hostname_item = {
    .type = TYPE_STRING, .min = 1, .max = 253, .format = &format_hostname};

/* fields_http: HTTPRoute and GRPCRoute. */
#include "gw/fields.h"

#define MATCH_ALL "[{\"path\":{\"type\":\"PathPrefix\",\"value\":\"/\"}}]"

/* ---- filters ---- */

static const struct field http_header[] = {
    {.name = "name", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 256, .format = &format_token},
    {.name = "value",
     .type = TYPE_STRING,
     .flags = REQUIRED | FORMAT_EXPERIMENTAL,
     .min = 1,
     .max = 4096,
     .format = &format_header_value},
};
static const struct schema schema_http_header = {SCHEMA_FIELDS(http_header)};
static const struct field item_http_header = {.type = TYPE_OBJECT, .of = &schema_http_header};
static const struct field item_any_string = {.type = TYPE_STRING};
static const struct field header_filter[] = {
    {.name = "set", .type = TYPE_LIST, .max = 16, .items = &item_http_header, .key = "name"},
    {.name = "add", .type = TYPE_LIST, .max = 16, .items = &item_http_header, .key = "name"},
    {.name = "remove", .type = TYPE_LIST, .max = 16, .items = &item_any_string, .key = ""},
};
static const struct schema schema_header_filter = {SCHEMA_FIELDS(header_filter)};

static const struct field fraction[] = {
    {.name = "numerator", .type = TYPE_INT, .flags = REQUIRED, .max = INT32_MAX},
    {.name = "denominator", .type = TYPE_INT, .otherwise = "100", .min = 1, .max = INT32_MAX},
};
static const struct schema schema_fraction = {SCHEMA_FIELDS(fraction)};
static const struct field mirror[] = {
    {.name = "backendRef", .type = TYPE_OBJECT, .flags = REQUIRED, .of = &schema_backend_object_ref},
    {.name = "percent", .type = TYPE_INT, .min = 0, .max = 100},
    {.name = "fraction", .type = TYPE_OBJECT, .of = &schema_fraction},
};
static const struct schema schema_mirror = {SCHEMA_FIELDS(mirror), .rule = rule_mirror};

static const struct field path_modifier[] = {
    {.name = "type", .type = TYPE_STRING, .flags = REQUIRED, .choices = "ReplaceFullPath|ReplacePrefixMatch"},
    {.name = "replaceFullPath", .type = TYPE_STRING, .max = 1024},
    {.name = "replacePrefixMatch", .type = TYPE_STRING, .max = 1024},
};
static const struct variant path_modifier_variants[] = {
    {"type", "ReplaceFullPath", "replaceFullPath"},
    {"type", "ReplacePrefixMatch", "replacePrefixMatch"},
};
static const struct schema schema_path_modifier = {SCHEMA_FIELDS(path_modifier),
                                                   SCHEMA_VARIANTS(path_modifier_variants)};
static const struct field redirect[] = {
    {.name = "scheme", .type = TYPE_STRING, .choices = "http|https"},
    {.name = "hostname", .type = TYPE_STRING, .min = 1, .max = 253, .format = &format_subdomain},
    {.name = "path", .type = TYPE_OBJECT, .of = &schema_path_modifier},
    {.name = "port", .type = TYPE_INT, .min = 1, .max = 65535},
    {.name = "statusCode", .type = TYPE_INT, .otherwise = "302", .choices = "301|302|303|307|308"},
};
static const struct schema schema_redirect = {SCHEMA_FIELDS(redirect)};
static const struct field rewrite[] = {
    {.name = "hostname", .type = TYPE_STRING, .min = 1, .max = 253, .format = &format_subdomain},
    {.name = "path", .type = TYPE_OBJECT, .of = &schema_path_modifier},
};
static const struct schema schema_rewrite = {SCHEMA_FIELDS(rewrite)};

static const struct field item_origin = {
    .type = TYPE_STRING, .min = 1, .max = 253, .format = &format_cors_origin};
static const struct field item_cors_method = {
    .type = TYPE_STRING, .choices = "GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|*"};
static const struct field item_token = {.type = TYPE_STRING, .min = 1, .max = 256, .format = &format_token};
static const struct field cors[] = {
    {.name = "allowOrigins", .type = TYPE_LIST, .max = 64, .items = &item_origin, .key = ""},
    {.name = "allowCredentials", .type = TYPE_BOOL},
    {.name = "allowMethods", .type = TYPE_LIST, .max = 9, .items = &item_cors_method, .key = ""},
    {.name = "allowHeaders", .type = TYPE_LIST, .max = 64, .items = &item_token, .key = ""},
    {.name = "exposeHeaders", .type = TYPE_LIST, .max = 64, .items = &item_token, .key = ""},
    {.name = "maxAge", .type = TYPE_INT, .otherwise = "5", .min = 1, .max = INT32_MAX},
};
static const struct schema schema_cors = {SCHEMA_FIELDS(cors), .rule = rule_cors};

static const struct field auth_grpc[] = {
    {.name = "allowedHeaders", .type = TYPE_LIST, .max = 64, .items = &item_any_string, .key = ""},
};
static const struct schema schema_auth_grpc = {SCHEMA_FIELDS(auth_grpc)};
static const struct field auth_http[] = {
    {.name = "path", .type = TYPE_STRING, .max = 1024, .format = &format_path},
    {.name = "allowedHeaders", .type = TYPE_LIST, .max = 64, .items = &item_any_string, .key = ""},
    {.name = "allowedResponseHeaders", .type = TYPE_LIST, .max = 64, .items = &item_any_string, .key = ""},
};
static const struct schema schema_auth_http = {SCHEMA_FIELDS(auth_http)};
static const struct field forward_body[] = {
    {.name = "maxSize", .type = TYPE_INT, .min = INT64_MIN, .max = INT64_MAX}};
static const struct schema schema_forward_body = {SCHEMA_FIELDS(forward_body)};
static const struct field external_auth[] = {
    {.name = "protocol", .type = TYPE_STRING, .flags = REQUIRED, .choices = "HTTP|GRPC"},
    {.name = "backendRef", .type = TYPE_OBJECT, .flags = REQUIRED, .of = &schema_backend_object_ref},
    {.name = "grpc", .type = TYPE_OBJECT, .of = &schema_auth_grpc},
    {.name = "http", .type = TYPE_OBJECT, .of = &schema_auth_http},
    {.name = "forwardBody", .type = TYPE_OBJECT, .of = &schema_forward_body},
};
static const struct variant external_auth_variants[] = {{"protocol", "GRPC", "grpc"},
                                                        {"protocol", "HTTP", "http"}};
static const struct schema schema_external_auth = {SCHEMA_FIELDS(external_auth),
                                                   SCHEMA_VARIANTS(external_auth_variants)};

static const struct field http_filter[] = {
    {.name = "type",
     .type = TYPE_STRING,
     .flags = REQUIRED,
     .choices = "RequestHeaderModifier|ResponseHeaderModifier|RequestMirror|RequestRedirect|URLRewrite|"
                "ExtensionRef|CORS|+ExternalAuth"},
    {.name = "requestHeaderModifier", .type = TYPE_OBJECT, .of = &schema_header_filter},
    {.name = "responseHeaderModifier", .type = TYPE_OBJECT, .of = &schema_header_filter},
    {.name = "requestMirror", .type = TYPE_OBJECT, .of = &schema_mirror},
    {.name = "requestRedirect", .type = TYPE_OBJECT, .of = &schema_redirect},
    {.name = "urlRewrite", .type = TYPE_OBJECT, .of = &schema_rewrite},
    {.name = "cors", .type = TYPE_OBJECT, .of = &schema_cors},
    {.name = "externalAuth", .type = TYPE_OBJECT, .flags = EXPERIMENTAL, .of = &schema_external_auth},
    {.name = "extensionRef", .type = TYPE_OBJECT, .of = &schema_local_ref},
};
static const struct variant http_filter_variants[] = {
    {"type", "RequestHeaderModifier", "requestHeaderModifier"},
    {"type", "ResponseHeaderModifier", "responseHeaderModifier"},
    {"type", "RequestMirror", "requestMirror"},
    {"type", "RequestRedirect", "requestRedirect"},
    {"type", "URLRewrite", "urlRewrite"},
    {"type", "CORS", "cors"},
    {"type", "ExternalAuth", "externalAuth"},
    {"type", "ExtensionRef", "extensionRef"},
};
static const struct schema schema_http_filter = {SCHEMA_FIELDS(http_filter),
                                                 SCHEMA_VARIANTS(http_filter_variants)};
static const struct field item_http_filter = {.type = TYPE_OBJECT, .of = &schema_http_filter};
#define HTTP_FILTERS                                                                                         \
    {                                                                                                        \
        .name = "filters", .type = TYPE_LIST, .max = 16, .items = &item_http_filter, .rule = rule_filters    \
    }

/* ---- what rules of both kinds share ---- */

static const struct field cookie_config[] = {
    {.name = "lifetimeType", .type = TYPE_STRING, .otherwise = "\"Session\"", .choices = "Permanent|Session"},
};
static const struct schema schema_cookie_config = {SCHEMA_FIELDS(cookie_config)};
static const struct field session[] = {
    {.name = "sessionName", .type = TYPE_STRING, .max = 128},
    {.name = "absoluteTimeout", .type = TYPE_STRING, .format = &format_duration},
    {.name = "type", .type = TYPE_STRING, .otherwise = "\"Cookie\"", .choices = "Cookie|Header"},
    {.name = "cookieConfig", .type = TYPE_OBJECT, .of = &schema_cookie_config},
};
const struct schema schema_session = {SCHEMA_FIELDS(session), .rule = rule_session};
#define SESSION                                                                                              \
    {                                                                                                        \
        .name = "sessionPersistence", .type = TYPE_OBJECT, .flags = EXPERIMENTAL, .of = &schema_session      \
    }
#define RULE_NAME                                                                                            \
    {                                                                                                        \
        .name = "name", .type = TYPE_STRING, .min = 1, .max = 253, .format = &format_subdomain               \
    }

#define MATCH_TYPE                                                                                           \
    {                                                                                                        \
        .name = "type", .type = TYPE_STRING, .otherwise = "\"Exact\"", .choices = "Exact|RegularExpression"  \
    }
#define TOKEN_NAME                                                                                           \
    {                                                                                                        \
        .name = "name", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 256,                        \
        .format = &format_token                                                                              \
    }

/* ---- HTTPRoute ---- */

static const struct field header_match[] = {
    MATCH_TYPE,
    TOKEN_NAME,
    {.name = "value",
     .type = TYPE_STRING,
     .flags = REQUIRED | FORMAT_EXPERIMENTAL,
     .min = 1,
     .max = 4096,
     .format = &format_header_value},
};
static const struct schema schema_header_match = {SCHEMA_FIELDS(header_match), .rule = rule_regex_value};
static const struct field item_header_match = {.type = TYPE_OBJECT, .of = &schema_header_match};
static const struct field query_match[] = {
    MATCH_TYPE,
    TOKEN_NAME,
    {.name = "value", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 1024},
};
static const struct schema schema_query_match = {SCHEMA_FIELDS(query_match), .rule = rule_regex_value};
static const struct field item_query_match = {.type = TYPE_OBJECT, .of = &schema_query_match};
static const struct field path_match[] = {
    {.name = "type",
     .type = TYPE_STRING,
     .otherwise = "\"PathPrefix\"",
     .choices = "Exact|PathPrefix|RegularExpression"},
    {.name = "value", .type = TYPE_STRING, .otherwise = "\"/\"", .max = 1024},
};
static const struct schema schema_path_match = {SCHEMA_FIELDS(path_match), .rule = rule_path};
static const struct field http_match[] = {
    {.name = "path",
     .type = TYPE_OBJECT,
     .otherwise = "{\"type\":\"PathPrefix\",\"value\":\"/\"}",
     .of = &schema_path_match},
    {.name = "headers", .type = TYPE_LIST, .max = 16, .items = &item_header_match, .key = "name"},
    {.name = "queryParams", .type = TYPE_LIST, .max = 16, .items = &item_query_match, .key = "name"},
    {.name = "method",
     .type = TYPE_STRING,
     .choices = "GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH"},
};
static const struct schema schema_http_match = {SCHEMA_FIELDS(http_match)};
static const struct field item_http_match = {.type = TYPE_OBJECT, .of = &schema_http_match};
static const struct field http_backend[] = {BACKEND_REF_FIELDS, HTTP_FILTERS};
static const struct schema schema_http_backend = {SCHEMA_FIELDS(http_backend), .rule = rule_backend_port};
static const struct field item_http_backend = {.type = TYPE_OBJECT, .of = &schema_http_backend};
static const struct field timeouts[] = {
    {.name = "request", .type = TYPE_STRING, .format = &format_duration},
    {.name = "backendRequest", .type = TYPE_STRING, .format = &format_duration},
};
static const struct schema schema_timeouts = {SCHEMA_FIELDS(timeouts), .rule = rule_timeouts};
static const struct field item_retry_code = {.type = TYPE_INT, .min = 400, .max = 599};
static const struct field retry[] = {
    {.name = "codes", .type = TYPE_LIST, .items = &item_retry_code, .key = ""},
    {.name = "attempts", .type = TYPE_INT, .min = 1, .max = INT64_MAX},
    {.name = "backoff", .type = TYPE_STRING, .format = &format_duration},
};
static const struct schema schema_retry = {SCHEMA_FIELDS(retry)};
static const struct field http_rule[] = {
    RULE_NAME,
    {.name = "matches", .type = TYPE_LIST, .otherwise = MATCH_ALL, .max = 64, .items = &item_http_match},
    HTTP_FILTERS,
    {.name = "backendRefs", .type = TYPE_LIST, .max = 16, .items = &item_http_backend},
    {.name = "timeouts", .type = TYPE_OBJECT, .of = &schema_timeouts},
    {.name = "retry", .type = TYPE_OBJECT, .flags = EXPERIMENTAL, .of = &schema_retry},
    SESSION,
};
static const struct schema schema_http_rule = {SCHEMA_FIELDS(http_rule), .rule = rule_http_rule};
static const struct field item_http_rule = {.type = TYPE_OBJECT, .of = &schema_http_rule};
static const struct field http_spec[] = {
    ROUTE_FIELDS,
    {.name = "hostnames", .type = TYPE_LIST, .max = 16, .items = &field_hostname_item},
    {.name = "rules",
     .type = TYPE_LIST,
     .otherwise = "[{\"matches\":" MATCH_ALL "}]",
     .min = 1,
     .max = 16,
     .items = &item_http_rule,
     .rule = rule_http_rules},
};
static const struct schema schema_http_spec = {SCHEMA_FIELDS(http_spec)};
static const struct field http_route[] = {OBJECT_FIELDS, SPEC(schema_http_spec)};
const struct schema schema_http_route = {SCHEMA_FIELDS(http_route)};

/* ---- GRPCRoute ---- */

static const struct field grpc_filter[] = {
    {.name = "type",
     .type = TYPE_STRING,
     .flags = REQUIRED,
     .choices = "RequestHeaderModifier|ResponseHeaderModifier|RequestMirror|ExtensionRef"},
    {.name = "requestHeaderModifier", .type = TYPE_OBJECT, .of = &schema_header_filter},
    {.name = "responseHeaderModifier", .type = TYPE_OBJECT, .of = &schema_header_filter},
    {.name = "requestMirror", .type = TYPE_OBJECT, .of = &schema_mirror},
    {.name = "extensionRef", .type = TYPE_OBJECT, .of = &schema_local_ref},
};
static const struct variant grpc_filter_variants[] = {
    {"type", "RequestHeaderModifier", "requestHeaderModifier"},
    {"type", "ResponseHeaderModifier", "responseHeaderModifier"},
    {"type", "RequestMirror", "requestMirror"},
    {"type", "ExtensionRef", "extensionRef"},
};
static const struct schema schema_grpc_filter = {SCHEMA_FIELDS(grpc_filter),
                                                 SCHEMA_VARIANTS(grpc_filter_variants)};
static const struct field item_grpc_filter = {.type = TYPE_OBJECT, .of = &schema_grpc_filter};
#define GRPC_FILTERS                                                                                         \
    {                                                                                                        \
        .name = "filters", .type = TYPE_LIST, .max = 16, .items = &item_grpc_filter, .rule = rule_filters    \
    }
/* unlike those of HTTPRoutes, the values may hold any character */
static const struct field grpc_header_match[] = {
    MATCH_TYPE,
    TOKEN_NAME,
    {.name = "value", .type = TYPE_STRING, .flags = REQUIRED, .min = 1, .max = 4096},
};
static const struct schema schema_grpc_header_match = {SCHEMA_FIELDS(grpc_header_match),
                                                       .rule = rule_regex_value};
static const struct field item_grpc_header_match = {.type = TYPE_OBJECT, .of = &schema_grpc_header_match};
static const struct field grpc_method[] = {
    MATCH_TYPE,
    {.name = "service", .type = TYPE_STRING, .max = 1024},
    {.name = "method", .type = TYPE_STRING, .max = 1024},
};
static const struct schema schema_grpc_method = {SCHEMA_FIELDS(grpc_method), .rule = rule_grpc_method};
static const struct field grpc_match[] = {
    {.name = "method", .type = TYPE_OBJECT, .of = &schema_grpc_method},
    {.name = "headers", .type = TYPE_LIST, .max = 16, .items = &item_grpc_header_match, .key = "name"},
};
static const struct schema schema_grpc_match = {SCHEMA_FIELDS(grpc_match)};
static const struct field item_grpc_match = {.type = TYPE_OBJECT, .of = &schema_grpc_match};
static const struct field grpc_backend[] = {BACKEND_REF_FIELDS, GRPC_FILTERS};
static const struct schema schema_grpc_backend = {SCHEMA_FIELDS(grpc_backend), .rule = rule_backend_port};
static const struct field item_grpc_backend = {.type = TYPE_OBJECT, .of = &schema_grpc_backend};
static const struct field grpc_rule[] = {
    RULE_NAME,    {.name = "matches", .type = TYPE_LIST, .max = 64, .items = &item_grpc_match},
    GRPC_FILTERS, {.name = "backendRefs", .type = TYPE_LIST, .max = 16, .items = &item_grpc_backend},
    SESSION,
};
static const struct schema schema_grpc_rule = {SCHEMA_FIELDS(grpc_rule)};
static const struct field item_grpc_rule = {.type = TYPE_OBJECT, .of = &schema_grpc_rule};
static const struct field grpc_spec[] = {
    ROUTE_FIELDS,
    {.name = "hostnames", .type = TYPE_LIST, .max = 16, .items = &field_hostname_item},
    {.name = "rules", .type = TYPE_LIST, .max = 16, .items = &item_grpc_rule, .rule = rule_http_rules},
};
static const struct schema schema_grpc_spec = {SCHEMA_FIELDS(grpc_spec)};
static const struct field grpc_route[] = {OBJECT_FIELDS, SPEC(schema_grpc_spec)};
const struct schema schema_grpc_route = {SCHEMA_FIELDS(grpc_route)};

/* format: the named formats of strings in the Gateway API and in Kubernetes metadata. */
#ifndef GW_FORMAT_H
#define GW_FORMAT_H

#include "base/base.h"

struct format {
    const char *words; /* what is expected, to be read after "expected " */
    bool (*matches)(const char *s);
};

extern const struct format format_hostname;  /* precise, or "*." and a domain */
extern const struct format format_subdomain; /* RFC 1123 */
extern const struct format format_label;     /* RFC 1123 */
extern const struct format format_label_or_empty;
extern const struct format format_service_name; /* RFC 1035 label */
extern const struct format format_port_name;    /* of containers: IANA_SVC_NAME */
extern const struct format format_data_key;     /* of Secrets and ConfigMaps */
extern const struct format format_group;        /* "" or a subdomain */
extern const struct format format_kind;
extern const struct format format_controller; /* domain/path */
extern const struct format format_protocol;
extern const struct format format_address_type;
extern const struct format format_token;        /* HTTP field name */
extern const struct format format_header_value; /* visible ASCII */
extern const struct format format_path;         /* what a URI path may hold */
extern const struct format format_duration;     /* GEP-2257 */
extern const struct format format_cors_origin;
extern const struct format format_uri;
extern const struct format format_endpoint; /* of a control plane */
extern const struct format format_well_known_ca;
extern const struct format format_label_value;
extern const struct format format_label_key; /* also of annotations */
extern const struct format format_base64;
extern const struct format format_grpc_service;
extern const struct format format_grpc_method;

bool is_ip_address(const char *s);

/* A GEP-2257 duration that matches its format, in milliseconds. */
int64_t duration_ms(const char *s);

#endif

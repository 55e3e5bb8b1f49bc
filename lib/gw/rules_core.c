/* rules_core: what holds for several fields of the Kubernetes kinds together, and for metadata. */
#include "gw/rules.h"

/* ---- maps ---- */

static void check_keys(struct walk *w, jv map, enum finding_id id, const struct format *format)
{
    jv keys = jb_keys(map);
    for (int i = 0; i < jx_len(keys); i++)
        if (!format->matches(jx_str(jx_at(keys, i))))
            walk_complain_key(w, id, jx_str(jx_at(keys, i)), format->words);
    jb_free(keys);
}

void rule_label_keys(struct walk *w, jv map)
{
    check_keys(w, map, F_METADATA, &format_label_key);
}

void rule_data_keys(struct walk *w, jv map)
{
    check_keys(w, map, F_FIELD_VALUE, &format_data_key);
}

void rule_annotations(struct walk *w, jv map)
{
    size_t total = 0;
    rule_label_keys(w, map);
    for (struct jx_iter it = jx_iter(map); jx_next(&it);)
        total += it.key_len + jx_strlen(it.value);
    if (total > 256 << 10)
        walk_complain(w, F_METADATA, "", "the annotations have %zu bytes in all, at most 262144 are allowed",
                      total);
}

/* ---- Service ---- */

void rule_service_port(struct walk *w, jv port)
{
    jv target = jx_get(port, "targetPort");
    const char *name = jx_str(target);
    int64_t n;
    bool is_number = jx_int(target, &n), is_nothing = !has(port, "targetPort") || str_same(name, "");
    w->is_incomplete |= is_nothing || (is_number && n == 0);
    if (is_nothing || (is_number && n >= 0 && n <= 65535) || (name && format_port_name.matches(name)))
        return;
    walk_complain(w, F_FIELD_VALUE, ".targetPort", "is neither a port number nor %s", format_port_name.words);
}

/* With several ports, each has a name of its own; and none is there twice. */
static void check_service_ports(struct walk *w, jv ports, int n)
{
    char below[64];
    jv seen = jb_obj();
    for (int i = 0; i < n; i++) {
        jv port = jx_at(ports, i);
        char key[90];
        snprintf(below, sizeof below, ".ports[%d].name", i);
        if (n > 1 && !*text(port, "name"))
            walk_complain(w, F_FIELD_REQUIRED, below, "is required where there are several ports");
        snprintf(key, sizeof key, "name %.70s", text(port, "name"));
        if (*text(port, "name") && has(seen, key))
            walk_complain(w, F_FIELD_DUPLICATE, below, "\"%s\" is there already", text(port, "name"));
        jb_put_bool(&seen, key, true);
        snprintf(below, sizeof below, ".ports[%d].port", i);
        snprintf(key, sizeof key, "port %d %s", (int)jx_getint_or(port, "port", 0),
                 jx_getstr_or(port, "protocol", "TCP"));
        if (has(seen, key))
            walk_complain(w, F_FIELD_DUPLICATE, below, "%d is there already, for the same protocol",
                          (int)jx_getint_or(port, "port", 0));
        jb_put_bool(&seen, key, true);
    }
    jb_free(seen);
}

void rule_service_spec(struct walk *w, jv spec)
{
    jv ports = jx_get(spec, "ports");
    bool is_external = str_eq(text(spec, "type"), "ExternalName"),
         is_headless = str_eq(text(spec, "clusterIP"), "None");
    if (is_external && !*text(spec, "externalName"))
        walk_complain(w, F_FIELD_REQUIRED, ".externalName", "is required when type is ExternalName");
    if (!is_external && !is_headless && jx_len(ports) == 0)
        walk_complain(w, F_FIELD_REQUIRED, ".ports", "is required, with at least one port");
    check_service_ports(w, ports, jx_len(ports));
}

/* ---- EndpointSlice ---- */

void rule_endpoint_addresses(struct walk *w, jv slice)
{
    jv endpoints = jx_get(slice, "endpoints");
    bool is_name = str_eq(text(slice, "addressType"), "FQDN"),
         wants_6 = str_eq(text(slice, "addressType"), "IPv6");
    for (int i = 0; i < jx_len(endpoints); i++) {
        jv addresses = jx_get(jx_at(endpoints, i), "addresses");
        for (int k = 0; k < jx_len(addresses); k++) {
            char below[64];
            const char *a = jx_str(jx_at(addresses, k));
            bool is_fine = is_name ? format_subdomain.matches(a)
                                   : is_ip_address(a) && (strchr(a, ':') != NULL) == wants_6;
            snprintf(below, sizeof below, ".endpoints[%d].addresses[%d]", i, k);
            if (!is_fine)
                walk_complain(w, F_FIELD_VALUE, below, "\"%.64s\" is not an address of type %s", a,
                              text(slice, "addressType"));
        }
    }
}

/* ---- Secret, Namespace ---- */

void rule_secret(struct walk *w, jv secret)
{
    static const char *const keys[] = {"tls.crt", "tls.key"};
    w->is_incomplete |= has(secret, "stringData");
    for (size_t i = 0; i < N_ELEMS(keys) && str_eq(text(secret, "type"), "kubernetes.io/tls"); i++) {
        char below[64];
        snprintf(below, sizeof below, ".data[\"%s\"]", keys[i]);
        if (!has(jx_get(secret, "data"), keys[i]) && !has(jx_get(secret, "stringData"), keys[i]))
            walk_complain(w, F_FIELD_REQUIRED, below, "is required in a Secret of type kubernetes.io/tls");
    }
}

void rule_namespace(struct walk *w, jv namespace)
{
    jv meta = jx_get(namespace, "metadata");
    const char *label = jx_getstr(jx_get(meta, "labels"), "kubernetes.io/metadata.name");
    w->is_incomplete |= !str_same(label, jx_getstr(meta, "name"));
}

/*
 * rules: what the CRDs' CEL rules say of several fields together. A rule is called with a value whose
 * fields are each right for themselves.
 */
#include "gw/rules.h"

#include <stdlib.h>

#include "gw/pattern.h"

/* ---- references ---- */

static bool same_parent(jv a, jv b)
{
    return str_eq(jx_getstr_or(a, "group", GATEWAY_GROUP), jx_getstr_or(b, "group", GATEWAY_GROUP)) &&
           str_eq(jx_getstr_or(a, "kind", "Gateway"), jx_getstr_or(b, "kind", "Gateway")) &&
           str_eq(text(a, "name"), text(b, "name")) && str_eq(text(a, "namespace"), text(b, "namespace"));
}

/*
 * References to one parent: all or none name a section, and no two are the same. The experimental channel
 * counts the port to it, the standard one does not.
 */
void rule_parent_refs(struct walk *w, jv refs)
{
    for (int i = 1; i < jx_len(refs); i++) {
        jv a = jx_at(refs, i);
        for (int k = 0; k < i; k++) {
            char below[64];
            jv b = jx_at(refs, k);
            if (!same_parent(a, b))
                continue;
            bool counts_port = !w->options->is_standard;
            bool same_port = !counts_port || jx_getint_or(a, "port", 0) == jx_getint_or(b, "port", 0);
            if (has(a, "sectionName") != has(b, "sectionName") ||
                (counts_port && has(a, "port") != has(b, "port")))
                walk_complain(
                    w, F_RULE, at(below, "", i, ""),
                    "refers to the parent of item %d: sectionName (and port) must then be in both or in none",
                    k);
            else if (str_eq(text(a, "sectionName"), text(b, "sectionName")) && same_port)
                walk_complain(w, F_RULE, at(below, "", i, ""), "is the same reference as item %d", k);
            else
                continue;
            break;
        }
    }
}

void rule_backend_port(struct walk *w, jv ref)
{
    if (!*text(ref, "group") && str_eq(jx_getstr_or(ref, "kind", "Service"), "Service") && !has(ref, "port"))
        walk_complain(w, F_RULE, ".port", "is required for a Service");
}

void rule_target_refs(struct walk *w, jv refs)
{
    for (int i = 1; i < jx_len(refs); i++) {
        jv a = jx_at(refs, i);
        for (int k = 0; k < i; k++) {
            char below[64];
            jv b = jx_at(refs, k);
            if (!str_eq(text(a, "group"), text(b, "group")) || !str_eq(text(a, "kind"), text(b, "kind")) ||
                !str_eq(text(a, "name"), text(b, "name")))
                continue;
            if (has(a, "sectionName") != has(b, "sectionName"))
                walk_complain(w, F_RULE, at(below, "", i, ""),
                              "has the target of item %d: sectionName must then be in both or in none", k);
            else if (str_eq(text(a, "sectionName"), text(b, "sectionName")))
                walk_complain(w, F_RULE, at(below, "", i, ""), "is the same target as item %d", k);
            else
                continue;
            break;
        }
    }
}

/* ---- rules of routes ---- */

void rule_named_rules(struct walk *w, jv rules)
{
    for (int i = 1; i < jx_len(rules) && !w->options->is_standard; i++) {
        for (int k = 0; k < i && has(jx_at(rules, i), "name"); k++) {
            char below[64];
            if (str_eq(text(jx_at(rules, i), "name"), text(jx_at(rules, k), "name"))) {
                walk_complain(w, F_RULE, at(below, "", i, ".name"), "rule %d has this name already", k);
                break;
            }
        }
    }
}

void rule_match_total(struct walk *w, jv rules)
{
    int n = 0;
    for (int i = 0; i < jx_len(rules); i++)
        n += jx_len(jx_get(jx_at(rules, i), "matches"));
    if (n > 128)
        walk_complain(w, F_RULE, "", "the rules have %d matches in all, at most 128 are allowed", n);
}

void rule_http_rules(struct walk *w, jv rules)
{
    rule_match_total(w, rules);
    rule_named_rules(w, rules);
}

/* A filter that replaces the prefix of the path, in redirects and rewrites. */
static bool replaces_prefix(jv filter)
{
    jv redirect = jx_get(filter, "requestRedirect");
    jv path = jx_get(jx_is_none(redirect) ? jx_get(filter, "urlRewrite") : redirect, "path");
    return str_eq(text(path, "type"), "ReplacePrefixMatch");
}

/* Its prefix must be known: exactly one match, by prefix. No matches given means the default, which is one.
 */
static bool has_one_prefix(jv rule)
{
    jv matches = jx_get(rule, "matches");
    if (jx_is_none(matches))
        return true;
    jv path = jx_get(jx_at(matches, 0), "path");
    return jx_len(matches) == 1 && str_eq(jx_getstr_or(path, "type", "PathPrefix"), "PathPrefix");
}

static void check_prefix_filters(struct walk *w, jv rule, jv filters, const char *where)
{
    for (int i = 0; i < jx_len(filters); i++) {
        char below[128];
        if (!replaces_prefix(jx_at(filters, i)) || has_one_prefix(rule))
            continue;
        snprintf(below, sizeof below, "%s[%d]", where, i);
        walk_complain(w, F_RULE, below,
                      "ReplacePrefixMatch needs a rule with exactly one match, of type PathPrefix");
    }
}

void rule_http_rule(struct walk *w, jv rule)
{
    jv filters = jx_get(rule, "filters"), refs = jx_get(rule, "backendRefs");
    int with_filters = 0, last = 0;
    for (int i = 0; i < jx_len(filters) && jx_len(refs) > 0; i++) {
        char below[64];
        if (has(jx_at(filters, i), "requestRedirect"))
            walk_complain(w, F_RULE, at(below, ".filters", i, ""),
                          "a rule that redirects must not have backendRefs");
    }
    check_prefix_filters(w, rule, filters, ".filters");
    for (int i = 0; i < jx_len(refs); i++) {
        jv list = jx_get(jx_at(refs, i), "filters");
        for (int k = 0; k < jx_len(list); k++) {
            if (!replaces_prefix(jx_at(list, k)))
                continue;
            with_filters++;
            last = i;
            break;
        }
    }
    if (with_filters == 1) { /* the CRD's rule speaks of exactly one such backend */
        char where[64];
        check_prefix_filters(w, rule, jx_get(jx_at(refs, last), "filters"),
                             at(where, ".backendRefs", last, ".filters"));
    }
}

void rule_filters(struct walk *w, jv filters)
{
    static const char *const once[] = {"RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect",
                                       "URLRewrite", "CORS"};
    int n[N_ELEMS(once)] = {0};
    for (int i = 0; i < jx_len(filters); i++) {
        const char *type = text(jx_at(filters, i), "type");
        for (size_t k = 0; k < N_ELEMS(once); k++) {
            char below[64];
            if (!str_eq(type, once[k]))
                continue;
            if (n[k]++ > 0)
                walk_complain(w, F_RULE, at(below, "", i, ".type"), "%s may be there only once", once[k]);
        }
    }
    if (n[2] > 0 && n[3] > 0)
        walk_complain(w, F_RULE, "", "RequestRedirect and URLRewrite cannot be used together");
}

void rule_mirror(struct walk *w, jv mirror)
{
    jv fraction = jx_get(mirror, "fraction");
    if (has(mirror, "percent") && has(mirror, "fraction"))
        walk_complain(w, F_RULE, ".fraction", "percent and fraction exclude each other");
    if (jx_getint_or(fraction, "numerator", 0) > jx_getint_or(fraction, "denominator", 100))
        walk_complain(w, F_RULE, ".fraction.numerator", "must not be greater than the denominator");
}

void rule_cors(struct walk *w, jv cors)
{
    static const char *const lists[] = {"allowOrigins", "allowMethods", "allowHeaders"};
    for (size_t k = 0; k < N_ELEMS(lists); k++) {
        jv list = jx_get(cors, lists[k]);
        for (int i = 0; i < jx_len(list) && jx_len(list) > 1; i++) {
            char below[64];
            snprintf(below, sizeof below, ".%s[%d]", lists[k], i);
            if (str_same(jx_str(jx_at(list, i)), "*"))
                walk_complain(w, F_RULE, below, "\"*\" must be the only entry");
        }
    }
}

/* ---- matches ---- */

static void check_pattern(struct walk *w, const char *re, const char *below)
{
    const char *why = pattern_problem(re);
    if (why)
        walk_complain(w, F_REGEX_INVALID, below, "%s", why);
    else if (pattern_is_slow(re))
        walk_complain(w, F_REGEX_SLOW, below, "takes very many steps on some requests (nested repetition?)");
}

/* As other configurations of paths have them. */
static void tell_pattern(struct walk *w, const char *value, const char *type)
{
    const char *what = strchr(value, '*') ? "*" : strstr(value, "/:") ? ":" : NULL;
    if (what)
        walk_complain(w, F_PATH_LITERAL, ".value", "\"%s\" is an ordinary character when type is %s%s", what,
                      type,
                      has_suffix(value, "/*") && !str_eq(type, "Exact")
                          ? "; a prefix takes all that is below it without one"
                          : "; only type RegularExpression has patterns");
}

void rule_path(struct walk *w, jv path)
{
    static const char *const forbidden[] = {"//", "/./", "/../", "%2f", "%2F", "#"};
    const char *value = jx_getstr_or(path, "value", "/"), *type = jx_getstr_or(path, "type", "PathPrefix");
    if (str_eq(type, "RegularExpression")) {
        check_pattern(w, value, ".value");
        return;
    }
    if (*value != '/') {
        walk_complain(w, F_RULE, ".value", "must start with \"/\" when type is %s", type);
        return;
    }
    for (size_t i = 0; i < N_ELEMS(forbidden); i++)
        if (strstr(value, forbidden[i]))
            walk_complain(w, F_RULE, ".value", "must not contain \"%s\" when type is %s", forbidden[i], type);
    if (has_suffix(value, "/..") || has_suffix(value, "/."))
        walk_complain(w, F_RULE, ".value", "must not end with \"/..\" or \"/.\" when type is %s", type);
    if (!strchr(value, '#') && !format_path.matches(value))
        walk_complain(w, F_FIELD_VALUE, ".value", "\"%.64s\" is not valid; expected %s", value,
                      format_path.words);
    tell_pattern(w, value, type);
}

void rule_regex_value(struct walk *w, jv match)
{
    if (str_eq(text(match, "type"), "RegularExpression"))
        check_pattern(w, text(match, "value"), ".value");
}

void rule_grpc_method(struct walk *w, jv method)
{
    const char *service = text(method, "service"), *name = text(method, "method");
    if (str_eq(text(method, "type"), "RegularExpression")) {
        if (*service)
            check_pattern(w, service, ".service");
        if (*name)
            check_pattern(w, name, ".method");
        return;
    }
    if (!has(method, "service") && !has(method, "method"))
        walk_complain(w, F_RULE, "", "service or method is required");
    if (has(method, "service") && !format_grpc_service.matches(service))
        walk_complain(w, F_FIELD_VALUE, ".service", "\"%.64s\" is not valid; expected %s", service,
                      format_grpc_service.words);
    if (has(method, "method") && !format_grpc_method.matches(name))
        walk_complain(w, F_FIELD_VALUE, ".method", "\"%.64s\" is not valid; expected %s", name,
                      format_grpc_method.words);
}

/* ---- times ---- */

void rule_timeouts(struct walk *w, jv timeouts)
{
    if (!has(timeouts, "request") || !has(timeouts, "backendRequest"))
        return;
    int64_t request = duration_ms(text(timeouts, "request"));
    if (request != 0 && duration_ms(text(timeouts, "backendRequest")) > request)
        walk_complain(w, F_RULE, ".backendRequest", "must not be longer than request (%s)",
                      text(timeouts, "request"));
}

void rule_session(struct walk *w, jv session)
{
    jv cookie = jx_get(session, "cookieConfig");
    if (str_eq(text(cookie, "lifetimeType"), "Permanent") && !has(session, "absoluteTimeout"))
        walk_complain(w, F_RULE, ".absoluteTimeout",
                      "is required when cookieConfig.lifetimeType is Permanent");
    if (has(session, "cookieConfig") && str_eq(jx_getstr_or(session, "type", "Cookie"), "Header"))
        walk_complain(w, F_RULE, ".cookieConfig", "is only allowed when type is Cookie");
}

/* ---- Gateways ---- */

void rule_listener_tls(struct walk *w, jv tls)
{
    bool terminates = str_eq(jx_getstr_or(tls, "mode", "Terminate"), "Terminate");
    if (terminates && jx_len(jx_get(tls, "certificateRefs")) == 0 && jx_len(jx_get(tls, "options")) == 0)
        walk_complain(w, F_RULE, ".certificateRefs", "is required when mode is Terminate (or options)");
}

void rule_listener(struct walk *w, jv l)
{
    const char *protocol = text(l, "protocol");
    bool is_http = str_eq(protocol, "HTTP"), is_l4 = str_eq(protocol, "TCP") || str_eq(protocol, "UDP");
    if ((is_http || is_l4) && has(l, "tls"))
        walk_complain(w, F_RULE, ".tls", "is not allowed when protocol is %s", protocol);
    if (is_l4 && *text(l, "hostname"))
        walk_complain(w, F_RULE, ".hostname", "is not allowed when protocol is %s", protocol);
    if (str_eq(protocol, "HTTPS") && has(l, "tls") && str_eq(text(jx_get(l, "tls"), "mode"), "Passthrough"))
        walk_complain(w, F_RULE, ".tls.mode", "must be Terminate when protocol is HTTPS");
    if (str_eq(protocol, "TLS") && !has(l, "tls"))
        walk_complain(w, F_RULE, ".tls", "is required when protocol is TLS");
}

void rule_listeners(struct walk *w, jv listeners)
{
    for (int i = 1; i < jx_len(listeners); i++) {
        jv a = jx_at(listeners, i);
        for (int k = 0; k < i; k++) {
            char below[64];
            jv b = jx_at(listeners, k);
            if (jx_getint_or(a, "port", 0) != jx_getint_or(b, "port", 0) ||
                !str_eq(text(a, "protocol"), text(b, "protocol")) ||
                !str_eq(text(a, "hostname"), text(b, "hostname")))
                continue;
            walk_complain(w, F_RULE, at(below, "", i, ""),
                          "has the port, protocol and hostname of listener \"%s\"", text(b, "name"));
            break;
        }
    }
}

void rule_addresses(struct walk *w, jv addresses)
{
    for (int i = 0; i < jx_len(addresses); i++) {
        char below[64];
        jv a = jx_at(addresses, i);
        const char *type = jx_getstr_or(a, "type", "IPAddress"), *value = text(a, "value");
        at(below, "", i, ".value");
        if (!*value)
            continue;
        if (str_eq(type, "IPAddress") && !is_ip_address(value))
            walk_complain(w, F_FIELD_VALUE, below, "\"%.64s\" is not an IPv4 or IPv6 address", value);
        if (str_eq(type, "Hostname") && !format_hostname.matches(value))
            walk_complain(w, F_FIELD_VALUE, below, "\"%.64s\" is not valid; expected %s", value,
                          format_hostname.words);
        for (int k = 0; k < i; k++) {
            jv b = jx_at(addresses, k);
            bool same = str_eq(jx_getstr_or(b, "type", "IPAddress"), type) && str_eq(text(b, "value"), value);
            if (same && (str_eq(type, "IPAddress") || str_eq(type, "Hostname")))
                walk_complain(w, F_FIELD_DUPLICATE, below, "\"%.64s\" is there already, in item %d", value,
                              k);
        }
    }
}

/* ---- others ---- */

void rule_tls_hostnames(struct walk *w, jv hostnames)
{
    for (int i = 0; i < jx_len(hostnames); i++) {
        char below[64];
        const char *host = jx_str(jx_at(hostnames, i));
        if (is_ip_address(host))
            walk_complain(w, F_RULE, at(below, "", i, ""), "\"%s\" is an IP address; a name is expected",
                          host);
    }
}

void rule_tls_validation(struct walk *w, jv v)
{
    bool has_refs = jx_len(jx_get(v, "caCertificateRefs")) > 0,
         is_well_known = *text(v, "wellKnownCACertificates");
    if (has_refs == is_well_known)
        walk_complain(w, F_RULE, "",
                      "exactly one of caCertificateRefs and wellKnownCACertificates is expected");
}

/* ---- x-k8s.io ---- */

void rule_external_hostname(struct walk *w, jv host)
{
    const char *name = text(host, "hostname");
    if (is_ip_address(name))
        walk_complain(w, F_RULE, ".hostname", "\"%s\" is an IP address; a name is expected", name);
    if (has_suffix(name, ".cluster.local"))
        walk_complain(w, F_RULE, ".hostname", "must be outside of the cluster; it ends with .cluster.local");
}

void rule_retry_budget(struct walk *w, jv budget)
{
    int64_t ms = duration_ms(jx_getstr_or(budget, "interval", "10s"));
    if (ms < 1000 || ms > 3600000)
        walk_complain(w, F_RULE, ".interval", "is \"%s\"; 1s to 1h is expected", text(budget, "interval"));
}

void rule_retry_rate(struct walk *w, jv rate)
{
    int64_t ms = duration_ms(text(rate, "interval"));
    if (has(rate, "interval") && (ms == 0 || ms > 3600000))
        walk_complain(w, F_RULE, ".interval", "is \"%s\"; more than 0s, and at most 1h is expected",
                      text(rate, "interval"));
}

#include "gw/format.h"

#include <arpa/inet.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

static bool is_in(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool all_in(const char *s, size_t n, const char *set)
{
    for (size_t i = 0; i < n; i++)
        if (!is_in(s[i], set))
            return false;
    return true;
}

/* Characters of `set`, with the first and the last from `ends`. */
static bool is_word(const char *s, size_t n, const char *set, const char *ends)
{
    return n > 0 && all_in(s, n, set) && is_in(s[0], ends) && is_in(s[n - 1], ends);
}

static bool is_label_n(const char *s, size_t n)
{
    return is_word(s, n, LOWER DIGIT "-", LOWER DIGIT);
}

static bool is_subdomain_n(const char *s, size_t n)
{
    for (size_t at = 0; at <= n;) {
        const char *dot = memchr(s + at, '.', n - at);
        size_t len = dot ? (size_t)(dot - s) - at : n - at;
        if (!is_label_n(s + at, len))
            return false;
        at += len + 1;
    }
    return true;
}

static bool is_subdomain(const char *s)
{
    return is_subdomain_n(s, strlen(s));
}

static bool is_hostname(const char *s)
{
    return is_subdomain(has_prefix(s, "*.") ? s + 2 : s);
}

static bool is_label(const char *s)
{
    return is_label_n(s, strlen(s));
}

static bool is_service_name(const char *s)
{
    return is_label(s) && is_in(s[0], LOWER);
}

static bool is_label_or_empty(const char *s)
{
    return !*s || is_label(s);
}

static bool is_port_name(const char *s)
{
    return is_label(s) && strlen(s) <= 15 && strpbrk(s, LOWER) && !strstr(s, "--");
}

static bool is_data_key(const char *s)
{
    return *s && strlen(s) <= 253 && all_in(s, strlen(s), LOWER UPPER DIGIT "-._") && !str_eq(s, ".") &&
           !has_prefix(s, "..");
}

static bool is_group(const char *s)
{
    return !*s || is_subdomain(s);
}

static bool is_kind(const char *s)
{
    return is_word(s, strlen(s), LOWER UPPER DIGIT "-", LOWER UPPER DIGIT) && is_in(s[0], LOWER UPPER);
}

/* subdomain, '/', one or more of `set` */
static bool is_domain_path(const char *s, const char *set)
{
    const char *slash = strchr(s, '/');
    return slash && is_subdomain_n(s, (size_t)(slash - s)) && slash[1] &&
           all_in(slash + 1, strlen(slash + 1), set);
}

static bool is_controller(const char *s)
{
    return is_domain_path(s, LOWER UPPER DIGIT "/-._~%!$&'()*+,;=:");
}

static bool is_protocol(const char *s)
{
    return is_word(s, strlen(s), LOWER UPPER DIGIT "-", LOWER UPPER DIGIT) ||
           is_domain_path(s, LOWER UPPER DIGIT);
}

static bool is_address_type(const char *s)
{
    return str_eq(s, "IPAddress") || str_eq(s, "Hostname") || str_eq(s, "NamedAddress") || is_controller(s);
}

static bool is_token(const char *s)
{
    return *s && all_in(s, strlen(s), LOWER UPPER DIGIT "!#$%&'*+-.^_`|~");
}

/* Visible characters, with single blanks between them. */
static bool is_header_value(const char *s)
{
    bool after_blank = true;
    for (; *s; s++) {
        bool is_blank = *s == ' ' || *s == '\t';
        if (is_blank ? after_blank : *s < '!' || *s > '~')
            return false;
        after_blank = is_blank;
    }
    return !after_blank;
}

static bool is_path(const char *s)
{
    if (!*s)
        return false;
    for (; *s; s++) {
        if (*s == '%' && s[1] && s[2] && all_in(s + 1, 2, DIGIT "abcdefABCDEF"))
            s += 2;
        else if (!is_in(*s, LOWER UPPER DIGIT "-/._~!$&'()*+,;=:@"))
            return false;
    }
    return true;
}

/* One "12h" of a duration: its length, 0 when it is none. */
static size_t duration_part(const char *s, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};
    int64_t n = 0;
    size_t digits = 0;
    for (; is_in(s[digits], DIGIT); digits++)
        n = digits < 6 ? n * 10 + (s[digits] - '0') : n;
    if (digits == 0 || digits > 5)
        return 0;
    for (size_t i = 0; i < N_ELEMS(units); i++) {
        if (!has_prefix(s + digits, units[i].unit))
            continue;
        *ms += n * units[i].ms;
        return digits + strlen(units[i].unit);
    }
    return 0;
}

static bool is_duration(const char *s)
{
    int64_t ms = 0;
    int parts = 0;
    while (*s && parts <= 4) {
        size_t n = duration_part(s, &ms);
        if (n == 0)
            return false;
        s += n;
        parts++;
    }
    return parts >= 1 && parts <= 4;
}

int64_t duration_ms(const char *s)
{
    int64_t ms = 0;
    for (size_t n; *s && (n = duration_part(s, &ms)) > 0;)
        s += n;
    return ms;
}

/* "*", or http(s)://host[:port], where the host may be "*" or begin with "*." */
static bool is_cors_origin(const char *s)
{
    if (str_eq(s, "*"))
        return true;
    s = has_prefix(s, "https://") ? s + 8 : has_prefix(s, "http://") ? s + 7 : NULL;
    if (!s)
        return false;
    size_t n = strcspn(s, ":");
    const char *port = s[n] ? s + n + 1 : NULL;
    if (port && (!*port || strlen(port) > 5 || !all_in(port, strlen(port), DIGIT)))
        return false;
    if (n == 1 && *s == '*')
        return true;
    size_t skip = has_prefix(s, "*.") ? 2 : 0;
    bool at_label = true;
    for (size_t i = skip; i < n; i++) {
        if (s[i] == '.' ? at_label : !is_in(s[i], LOWER UPPER DIGIT "-"))
            return false;
        at_label = s[i] == '.';
    }
    return n > skip && !at_label;
}

/* scheme ':' and whatever follows */
static bool is_uri(const char *s)
{
    size_t n = strcspn(s, ":/?#");
    return n > 0 && s[n] == ':';
}

/* What holds a user would show the password wherever the address is shown. */
static bool is_endpoint(const char *s)
{
    const char *host = has_prefix(s, "http://")    ? s + strlen("http://")
                       : has_prefix(s, "https://") ? s + strlen("https://")
                                                   : "";
    size_t n = strcspn(host, "/");
    for (const char *p = s; *p; p++)
        if (*p <= ' ' || *p == 0x7f || *p == '?' || *p == '#')
            return false;
    return n > 0 && !memchr(host, '@', n);
}

static bool is_well_known_ca(const char *s)
{
    if (str_eq(s, "System"))
        return true;
    const char *slash = strchr(s, '/');
    size_t n = slash ? strlen(slash + 1) : 0;
    return slash && is_subdomain_n(s, (size_t)(slash - s)) && n <= 63 &&
           is_word(slash + 1, n, LOWER UPPER DIGIT "-_.", LOWER UPPER DIGIT);
}

static bool is_label_value(const char *s)
{
    return !*s || (strlen(s) <= 63 && is_word(s, strlen(s), LOWER UPPER DIGIT "-_.", LOWER UPPER DIGIT));
}

static bool is_label_key(const char *s)
{
    const char *slash = strchr(s, '/'), *name = slash ? slash + 1 : s;
    size_t n = strlen(name);
    bool has_domain = !slash || ((size_t)(slash - s) <= 253 && is_subdomain_n(s, (size_t)(slash - s)));
    return has_domain && n <= 63 && is_word(name, n, LOWER UPPER DIGIT "-_.", LOWER UPPER DIGIT);
}

static bool is_base64(const char *s)
{
    size_t n = 0, padding = 0;
    for (; *s; s++) {
        if (is_in(*s, "\r\n"))
            continue;
        if (*s == '=' ? ++padding > 2 : padding > 0 || !is_in(*s, LOWER UPPER DIGIT "+/"))
            return false;
        n++;
    }
    return n % 4 == 0;
}

static bool is_identifier_n(const char *s, size_t n)
{
    return n > 0 && all_in(s, n, LOWER UPPER DIGIT "_") && !is_in(s[0], DIGIT);
}

static bool is_grpc_service(const char *s)
{
    s += *s == '.';
    for (;;) {
        size_t n = strcspn(s, ".");
        if (!is_identifier_n(s, n))
            return false;
        if (!s[n])
            return true;
        s += n + 1;
    }
}

static bool is_grpc_method(const char *s)
{
    return is_identifier_n(s, strlen(s));
}

bool is_ip_address(const char *s)
{
    unsigned char room[16];
    return inet_pton(AF_INET, s, room) == 1 || inet_pton(AF_INET6, s, room) == 1;
}

const struct format format_hostname = {"a lowercase DNS name, which may start with \"*.\"", is_hostname};
const struct format format_subdomain = {"a lowercase DNS name: letters, digits, '-' and '.'", is_subdomain};
const struct format format_label = {"a DNS label: lowercase letters, digits and '-'", is_label};
const struct format format_label_or_empty = {"empty, or a DNS label: lowercase letters, digits and '-'",
                                             is_label_or_empty};
const struct format format_port_name = {
    "a port name: at most 15 lowercase letters, digits and '-', with a letter", is_port_name};
const struct format format_data_key = {"letters, digits, '-', '_' and '.'", is_data_key};
const struct format format_service_name = {"a DNS label that starts with a letter", is_service_name};
const struct format format_group = {"an API group: empty, or a lowercase DNS name", is_group};
const struct format format_kind = {"a kind: letters, digits and '-', starting with a letter", is_kind};
const struct format format_controller = {"a domain, '/' and a path, as in example.com/gateway",
                                         is_controller};
const struct format format_protocol = {"HTTP, HTTPS, TLS, TCP, UDP, or a domain, '/' and a name",
                                       is_protocol};
const struct format format_address_type = {"IPAddress, Hostname, or a domain, '/' and a name",
                                           is_address_type};
const struct format format_token = {"an HTTP field name: letters, digits and !#$%&'*+-.^_`|~", is_token};
const struct format format_header_value = {"visible ASCII characters with single blanks between them",
                                           is_header_value};
const struct format format_path = {"characters that a URI path may hold, others as %XX", is_path};
const struct format format_duration = {"a duration as in 1h30m, 10s or 500ms", is_duration};
const struct format format_cors_origin = {"\"*\", or http(s)://HOST[:PORT]", is_cors_origin};
const struct format format_uri = {"an absolute URI", is_uri};
const struct format format_endpoint = {"http(s)://HOST[:PORT], without a user", is_endpoint};
const struct format format_well_known_ca = {"System, or a domain, '/' and a name", is_well_known_ca};
const struct format format_label_value = {"a label value: at most 63 letters, digits, '-', '_' and '.'",
                                          is_label_value};
const struct format format_label_key = {
    "a qualified name: [domain/]name with letters, digits, '-', '_' and '.'", is_label_key};
const struct format format_base64 = {"base64 (plain text goes into stringData; in ConfigMaps into data)",
                                     is_base64};
const struct format format_grpc_service = {"a gRPC service name, as in com.example.Login", is_grpc_service};
const struct format format_grpc_method = {"a gRPC method name: letters, digits and '_'", is_grpc_method};

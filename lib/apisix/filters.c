#include "apisix/filters.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "apisix/cors.h"
#include "apisix/escape.h"
#include "apisix/path.h"

/* One filter being added. */
struct step {
    struct plugins *plugins;
    jv spec; /* the member named after the type */
    const struct match *match;
    int redirect_port;
    const char *path;
    struct findings *findings;
};

static bool cannot(const struct step *s, const char *member, const char *why)
{
    static const struct finding_condition unsupported = {"Accepted", "False", "UnsupportedValue"};
    char path[256];
    snprintf(path, sizeof path, "%s%s%s", s->path, *member ? "." : "", member);
    findings_add(
        s->findings,
        &(struct finding){.id = F_UNSUPPORTED, .path = path, .message = why, .condition = &unsupported});
    return false;
}

static jv own(jv *slot)
{
    jv v = jx_is_none(*slot) ? jb_obj() : *slot;
    *slot = JX_NONE;
    return v;
}

/* Sets container[group][name] = value, in which APISIX resolves variables, keeping the other members. */
static void put_template(jv *container, const char *group, const char *name, const char *value)
{
    jv headers = own(container), members = jx_get(headers, group);
    members = jx_is_none(members) ? jb_obj() : jb_copy(members);
    jb_put(&headers, group, jb_obj()); /* so that `members` is the only reference while it changes */
    jb_put_str(&members, name, value);
    jb_put(&headers, group, members);
    *container = headers;
}

static void put_header(jv *container, const char *group, const char *name, const char *value)
{
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    variable_quote(&b, value);
    put_template(container, group, name, b.p);
    buf_free(&b);
}

static void put_removal(jv *container, const char *name)
{
    char lower[512];
    size_t n = 0;
    for (; name[n] && n + 1 < sizeof lower; n++)
        lower[n] = (char)tolower((unsigned char)name[n]);
    lower[n] = '\0';
    jv headers = own(container), list = jx_get(headers, "remove");
    list = jx_is_none(list) ? jb_arr() : jb_copy(list);
    jb_put(&headers, "remove", jb_arr());
    jb_add_str(&list, lower);
    jb_put(&headers, "remove", list);
    *container = headers;
}

static bool is_host_value(const char *s)
{
    size_t n = strspn(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.");
    if (n == 0)
        return false;
    if (s[n] == ':' && s[n + 1])
        return strspn(s + n + 1, "0123456789") == strlen(s + n + 1) && strlen(s + n + 1) <= 5;
    return s[n] == '\0';
}

static void put_rewrite_str(struct plugins *p, const char *key, const char *value)
{
    jv o = own(&p->rewrite);
    jb_put_str(&o, key, value);
    p->rewrite = o;
}

/* proxy-rewrite ignores Host among its headers; it has a member of its own for it. */
static bool set_request_header(const struct step *s, const char *member, const char *name, const char *value)
{
    if (strcasecmp(name, "Host") != 0) {
        put_header(&s->plugins->rewrite_headers, member, name, value);
        return true;
    }
    if (str_eq(member, "add") || !is_host_value(value))
        return cannot(s, member,
                      "APISIX can set the Host header to a host name with or without a port, nothing else");
    put_rewrite_str(s->plugins, "host", value);
    return true;
}

static bool add_request_headers(const struct step *s)
{
    static const char *const groups[] = {"set", "add"};
    for (size_t g = 0; g < N_ELEMS(groups); g++) {
        jv list = jx_get(s->spec, groups[g]);
        for (int i = 0; i < jx_len(list); i++)
            if (!set_request_header(s, groups[g], jx_getstr_or(jx_at(list, i), "name", ""),
                                    jx_getstr_or(jx_at(list, i), "value", "")))
                return false;
    }
    jv removals = jx_get(s->spec, "remove");
    for (int i = 0; i < jx_len(removals); i++) {
        const char *name = jx_str(jx_at(removals, i));
        if (name && strcasecmp(name, "Host") == 0)
            return cannot(s, "remove", "the Host header cannot be removed");
        if (name)
            put_removal(&s->plugins->rewrite_headers, name);
    }
    return true;
}

/* response-rewrite takes additions as "Name: value" without a further colon or a slash at the end. */
static bool add_response_addition(const struct step *s, const char *name, const char *value)
{
    struct buf b;
    if (strchr(value, ':') && s->plugins->no_lua)
        return cannot(s, "add",
                      "without Lua APISIX cannot add a response header whose value holds a colon; `set` can");
    if (strchr(value, ':')) {
        jv o = jb_obj(), all = jx_is_none(s->plugins->additions) ? jb_arr() : s->plugins->additions;
        jb_put_str(&o, "name", name);
        jb_put_str(&o, "value", value);
        jb_add(&all, o);
        s->plugins->additions = all;
        return true;
    }
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_addf(&b, "%s: ", name);
    variable_quote(&b, value);
    if (has_suffix(value, "/"))
        buf_adds(&b, "${_d??}"); /* nothing, behind the slash */
    jv headers = own(&s->plugins->response_headers), list = jx_get(headers, "add");
    list = jx_is_none(list) ? jb_arr() : jb_copy(list);
    jb_put(&headers, "add", jb_arr());
    jb_add_str(&list, b.p);
    jb_put(&headers, "add", list);
    s->plugins->response_headers = headers;
    buf_free(&b);
    return true;
}

static bool add_response_headers(const struct step *s)
{
    jv set = jx_get(s->spec, "set"), add = jx_get(s->spec, "add"), removals = jx_get(s->spec, "remove");
    for (int i = 0; i < jx_len(set); i++)
        put_header(&s->plugins->response_headers, "set", jx_getstr_or(jx_at(set, i), "name", ""),
                   jx_getstr_or(jx_at(set, i), "value", ""));
    for (int i = 0; i < jx_len(add); i++)
        if (!add_response_addition(s, jx_getstr_or(jx_at(add, i), "name", ""),
                                   jx_getstr_or(jx_at(add, i), "value", "")))
            return false;
    for (int i = 0; i < jx_len(removals); i++)
        if (jx_str(jx_at(removals, i)))
            put_removal(&s->plugins->response_headers, jx_str(jx_at(removals, i)));
    return true;
}

/* A '?' in what comes from a replacement starts the query, however it is written. */
static bool replace_prefix(const struct step *s, jv path)
{
    const char *to = jx_getstr_or(path, "replacePrefixMatch", "");
    if (strchr(to, '?') || strcasestr(to, "%3f"))
        return cannot(
            s, "path.replacePrefixMatch",
            "APISIX cannot put a question mark into a path whose prefix it replaces; the rule answers 500");
    jv o = own(&s->plugins->rewrite);
    jb_put(&o, "regex_uri", path_replace_prefix(s->match, to));
    s->plugins->rewrite = o;
    return true;
}

/*
 * proxy-rewrite encodes what it is given, so it gets the decoded path. A '?' would start the query there:
 * such a path is given encoded instead, with the flag that sends it as it is.
 */
static void replace_full_path(const struct step *s, const char *to)
{
    struct buf decoded, b;
    buf_init(&decoded, BUF_MAX_SCRATCH);
    buf_init(&b, BUF_MAX_SCRATCH);
    if (*to != '/')
        buf_addc(&decoded, '/');
    buf_add_decoded(&decoded, to, strlen(to));
    if (strchr(decoded.p, '?')) {
        jv o = own(&s->plugins->rewrite), regex = jb_arr();
        if (*to != '/')
            buf_addc(&b, '/');
        percent_encode_path(&b, to);
        buf_adds(&b, "$1");
        jb_add_str(&regex, "^[^?]*(\\?[\\s\\S]*)?$"); /* with the flag the query is a part of it */
        jb_add_str(&regex, b.p);
        jb_put(&o, "regex_uri", regex);
        jb_put_bool(&o, "use_real_request_uri_unsafe", true);
        s->plugins->rewrite = o;
    } else {
        variable_quote(&b, decoded.p);
        put_rewrite_str(s->plugins, "uri", b.p);
    }
    buf_free(&decoded);
    buf_free(&b);
}

static bool is_full_path(jv path)
{
    return str_eq(jx_getstr_or(path, "type", ""), "ReplaceFullPath");
}

static bool add_url_rewrite(const struct step *s)
{
    jv path = jx_get(s->spec, "path");
    const char *hostname = jx_getstr(s->spec, "hostname");
    if (hostname)
        put_rewrite_str(s->plugins, "host", hostname);
    if (jx_is_obj(path) && is_full_path(path))
        replace_full_path(s, jx_getstr_or(path, "replaceFullPath", "/"));
    else if (jx_is_obj(path))
        return replace_prefix(s, path);
    return true;
}

static void add_origin(struct buf *b, const struct step *s)
{
    const char *scheme = jx_getstr(s->spec, "scheme"), *hostname = jx_getstr(s->spec, "hostname");
    buf_addf(b, "%s://%s", scheme ? scheme : "$scheme", hostname ? hostname : "$host");
    if (s->redirect_port != 0)
        buf_addf(b, ":%d", s->redirect_port);
}

static bool add_redirect(const struct step *s)
{
    struct buf b;
    jv path = jx_get(s->spec, "path");
    bool has_prefix_path = jx_is_obj(path) && !is_full_path(path);
    if (has_prefix_path && !replace_prefix(s, path))
        return false;
    jv o = jb_obj();
    buf_init(&b, BUF_MAX_SCRATCH);
    add_origin(&b, s);
    if (!jx_is_obj(path)) {
        buf_adds(&b, "$real_request_uri"); /* as it came; $request_uri is decoded in APISIX */
    } else if (has_prefix_path) {
        buf_adds(&b, "$upstream_uri"); /* where proxy-rewrite, which runs first, leaves its result */
    } else {
        const char *to = jx_getstr_or(path, "replaceFullPath", "/");
        if (*to != '/')
            buf_addc(&b, '/');
        percent_encode_path(&b, to);
        jb_put_bool(&o, "append_query_string", true);
    }
    jb_put_str(&o, "uri", b.p);
    jb_put_int(&o, "ret_code", jx_getint_or(s->spec, "statusCode", 302));
    s->plugins->redirect = o;
    buf_free(&b);
    return true;
}

static bool add_cors(const struct step *s)
{
    s->plugins->cors = cors_plugin(s->spec);
    if (cors_echoes_method(s->spec)) /* a response-rewrite runs behind the plugin */
        put_template(&s->plugins->response_headers, "set", "Access-Control-Allow-Methods",
                     "$http_access_control_request_method");
    return true;
}

/* The copies are the rule's (mirror.h). They get the path as it came only behind a proxy-rewrite. */
static bool add_mirror(const struct step *s)
{
    s->plugins->rewrite = own(&s->plugins->rewrite);
    return true;
}

/* The asking is the rule's (ext_auth.h). */
static bool add_ext_auth(const struct step *s)
{
    if (!str_eq(jx_getstr_or(s->spec, "protocol", ""), "HTTP"))
        return cannot(s, "protocol",
                      "APISIX can ask for authorisation over HTTP only; the rule answers 500 rather than let "
                      "requests through");
    return true;
}

/* Its plugins are the rule's, which knows what others there are. */
static bool add_extension(const struct step *s)
{
    return jx_is_obj(s->spec) || cannot(s, "", "there is no reference; the rule answers with an error");
}

static const struct filter_type {
    const char *name, *member;
    bool (*add)(const struct step *s);
} types[] = {
    {"RequestHeaderModifier", "requestHeaderModifier", add_request_headers},
    {"ResponseHeaderModifier", "responseHeaderModifier", add_response_headers},
    {"URLRewrite", "urlRewrite", add_url_rewrite},
    {"RequestRedirect", "requestRedirect", add_redirect},
    {"CORS", "cors", add_cors},
    {"RequestMirror", "requestMirror", add_mirror},
    {"ExternalAuth", "externalAuth", add_ext_auth},
    {"ExtensionRef", "extensionRef", add_extension},
};

static const struct filter_type *type_of(jv filter)
{
    const char *name = jx_getstr_or(filter, "type", "");
    for (size_t i = 0; i < N_ELEMS(types); i++)
        if (str_eq(name, types[i].name))
            return &types[i];
    return NULL;
}

void plugins_init(struct plugins *p, bool no_lua)
{
    *p = (struct plugins){JX_NONE, JX_NONE, JX_NONE, JX_NONE, JX_NONE, JX_NONE, no_lua};
}

bool filter_add(struct plugins *p, jv filter, const struct match *m, int redirect_port, const char *path,
                struct findings *fs)
{
    const struct filter_type *type = type_of(filter);
    struct step s = {.plugins = p, .match = m, .redirect_port = redirect_port, .path = path, .findings = fs};
    if (!type) {
        char why[256];
        snprintf(why, sizeof why,
                 "filter type %s is not supported; the rule answers 500 rather than pass requests without it",
                 jx_getstr_or(filter, "type", ""));
        return cannot(&s, "type", why);
    }
    char member[320];
    s.spec = jx_get(filter, type->member);
    snprintf(member, sizeof member, "%s.%s", path, type->member);
    s.path = member;
    return type->add(&s);
}

static jv redirect_of(jv filters)
{
    for (int i = 0; i < jx_len(filters); i++) {
        jv redirect = jx_get(jx_at(filters, i), "requestRedirect");
        if (jx_is_obj(redirect))
            return redirect;
    }
    return JX_NONE;
}

bool filters_redirect(jv filters)
{
    return !jx_is_none(redirect_of(filters));
}

/* Port given: that one. Else scheme given: the default of that. Else: the listener's own. */
int filters_redirect_port(jv filters, bool is_https, int listener_port)
{
    jv redirect = redirect_of(filters);
    if (jx_is_none(redirect))
        return 0;
    const char *scheme = jx_getstr(redirect, "scheme");
    int usual = (scheme ? str_eq(scheme, "https") : is_https) ? 443 : 80;
    int port = (int)jx_getint_or(redirect, "port", scheme ? usual : listener_port);
    return port == usual ? 0 : port;
}

void plugins_finish(struct plugins *p, jv *to)
{
    bool has_headers = !jx_is_none(p->rewrite_headers), has_rewrite = !jx_is_none(p->rewrite);
    if (has_headers || has_rewrite) {
        jv o = own(&p->rewrite);
        /* Without it the path is decoded, normalised and encoded again though nobody asked for it. */
        if (jx_is_none(jx_get(o, "uri")) && jx_is_none(jx_get(o, "regex_uri")))
            jb_put_bool(&o, "use_real_request_uri_unsafe", true);
        if (has_headers)
            jb_put(&o, "headers", p->rewrite_headers);
        jb_put(to, "proxy-rewrite", o);
    }
    if (!jx_is_none(p->response_headers)) {
        jv o = jb_obj();
        jb_put(&o, "headers", p->response_headers);
        jb_put(to, "response-rewrite", o);
    }
    if (!jx_is_none(p->redirect))
        jb_put(to, "redirect", p->redirect);
    if (!jx_is_none(p->cors))
        jb_put(to, "cors", p->cors);
    jv additions = p->additions;
    plugins_init(p, p->no_lua);
    p->additions = additions;
}

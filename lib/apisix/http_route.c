/*
 * http_route: an HTTPRoute as APISIX routes, one a match and binding.
 *
 * Precedence: host and path order are structural in radixtree_host_uri (the most specific host, then an
 * exact path, then the longest prefix, whatever the priority). `priority` orders what shares a place, in
 * decimal, to be read at sight:
 *
 *     PPPP M HH QQ RRRRR    PPPP weight of the path form (path.h), M has a method, HH header matches,
 *                           QQ query matches; RRRRR is subtracted: the rank among equals (gw/rank.h)
 */
#include <stdio.h>

#include "apisix/backends.h"
#include "apisix/escape.h"
#include "apisix/filters.h"
#include "apisix/ids.h"
#include "apisix/mirror.h"
#include "apisix/path.h"
#include "apisix/place.h"
#include "apisix/translate.h"

/* A binding, or the part of one that redirects to one port: the listeners whose requests it takes. */
struct entry {
    jv binding;
    int redirect_port;
    bool is_split; /* only the listeners with that redirect port */
};

struct rule {
    struct translation *t;
    int index;
    jv spec, resolved, filters;
    jv mirrors;     /* owned */
    struct id name; /* what hops of its mirrors are called by */
    bool is_broken; /* a filter cannot be honoured: every match answers 500 */
};

/* ---- conditions ---- */

static void add_value_condition(jv *vars, const char *var, jv match)
{
    struct buf b;
    const char *value = jx_getstr_or(match, "value", "");
    buf_init(&b, BUF_MAX_SCRATCH);
    if (str_eq(jx_getstr_or(match, "type", "Exact"), "RegularExpression")) {
        buf_adds(&b, "^(?:");
        regex_keep(&b, value);
        buf_adds(&b, ")$");
        jb_add(vars, condition(var, "~~", b.p));
    } else if (holds_file_template(value)) {
        buf_addc(&b, '^');
        regex_quote(&b, value, strlen(value));
        buf_adds(&b, "\\z");
        jb_add(vars, condition(var, "~~", b.p));
    } else {
        jb_add(vars, condition(var, "==", value));
    }
    buf_free(&b);
}

/* "X-Request-Id" to "http_x_request_id"; false when nginx drops such headers before anyone can see them. */
static bool header_variable(char *room, size_t n, const char *name)
{
    size_t at = (size_t)snprintf(room, n, "http_");
    for (; *name && at + 1 < n; name++) {
        bool is_letter = (*name | 32) >= 'a' && (*name | 32) <= 'z', is_digit = *name >= '0' && *name <= '9';
        if (!is_letter && !is_digit && *name != '-' && *name != '_')
            return false;
        room[at++] = is_letter ? (char)(*name | 32) : is_digit ? *name : '_';
    }
    room[at] = '\0';
    return true;
}

static void add_header_conditions(const struct rule *r, int match, jv *vars, jv headers)
{
    for (int i = 0; i < jx_len(headers); i++) {
        char var[300], path[120];
        const char *name = jx_getstr_or(jx_at(headers, i), "name", "");
        if (match_is_repeated(headers, i, true))
            continue;
        snprintf(path, sizeof path, "spec.rules[%d].matches[%d].headers[%d].name", r->index, match, i);
        if (!header_variable(var, sizeof var, name)) {
            findings_addf(r->t->findings, F_NEVER_MATCHES, path,
                          "APISIX drops headers whose names hold other than letters, digits, '-' and '_': "
                          "\"%s\" never arrives",
                          name);
            snprintf(var, sizeof var, "http_%s", name);
        }
        add_value_condition(vars, var, jx_at(headers, i));
    }
}

static void add_query_conditions(jv *vars, jv queries)
{
    for (int i = 0; i < jx_len(queries); i++) {
        char var[300];
        if (match_is_repeated(queries, i, false))
            continue;
        snprintf(var, sizeof var, "arg_%s", jx_getstr_or(jx_at(queries, i), "name", ""));
        add_value_condition(vars, var, jx_at(queries, i));
    }
}

static bool is_https(jv listener)
{
    return str_eq(jx_getstr_or(listener, "protocol", ""), "HTTPS");
}

static bool takes_listener(const struct rule *r, const struct entry *e, jv listener)
{
    return !e->is_split || filters_redirect_port(r->filters, is_https(listener),
                                                 (int)jx_getint_or(listener, "port", 0)) == e->redirect_port;
}

/* The ports of the entry's listeners as APISIX sees them, once each. */
static jv port_list(const struct rule *r, const struct entry *e)
{
    jv listeners = jx_get(e->binding, "listeners"), ports = jb_arr();
    for (int i = 0; i < jx_len(listeners); i++) {
        jv l = jx_at(listeners, i);
        bool is_known = !takes_listener(r, e, l);
        char text[16];
        snprintf(text, sizeof text, "%d", translation_port(r->t, (int)jx_getint_or(l, "port", 0)));
        for (int k = 0; k < jx_len(ports) && !is_known; k++)
            is_known = str_same(jx_str(jx_at(ports, k)), text);
        if (!is_known)
            jb_add_str(&ports, text);
    }
    return ports;
}

/* Which listeners' requests. */
static void add_entry_condition(const struct rule *r, const struct entry *e, jv *vars)
{
    jv ports = port_list(r, e);
    place_add_conditions(&(struct place){.says = e->binding,
                                         .ports = ports,
                                         .is_https = is_https(jx_at(jx_get(e->binding, "listeners"), 0)),
                                         .wants_port = e->is_split},
                         vars);
    jb_free(ports);
}

/* ---- a route ---- */

static int64_t priority_of(const struct match *m, const struct path_form *f, int64_t rank)
{
    int64_t p = f->weight;
    p = p * 10 + (m->method != NULL);
    p = p * 100 + m->n_headers;
    p = p * 100 + m->n_queries;
    return p * 100000 - rank;
}

static void put_match(const struct rule *r, int match, const struct match *m, const struct entry *e,
                      jv *route)
{
    struct path_form f = path_form(m);
    jv hosts = jx_get(e->binding, "hostnames"), vars = jb_arr();
    int64_t rank = 0;
    jx_int(jx_at(jx_at(jx_get(r->t->resolved, "ranks"), r->index), match), &rank);
    int64_t priority = priority_of(m, &f, rank);

    if (jx_len(f.uris) == 1)
        jb_put(route, "uri", jb_copy(jx_at(f.uris, 0)));
    else
        jb_put(route, "uris", jb_copy(f.uris));
    if (jx_len(hosts) > 0)
        jb_put(route, "hosts", jb_copy(hosts));
    if (m->method) {
        jv methods = jb_arr();
        jb_add_str(&methods, m->method);
        jb_put(route, "methods", methods);
    }
    add_entry_condition(r, e, &vars);
    if (!jx_is_none(f.condition))
        jb_add(&vars, jb_copy(f.condition));
    add_header_conditions(r, match, &vars, m->headers);
    add_query_conditions(&vars, m->queries);
    if (jx_len(vars) > 0)
        jb_put(route, "vars", vars);
    else
        jb_free(vars);
    if (priority != 0)
        jb_put_int(route, "priority", priority);
    path_form_release(&f);
}

/* A duration of Gateway API (GEP-2257: "1h30m", "500ms") in seconds; 0 when there is none. */
static double seconds_of(const char *s)
{
    double total = 0;
    while (s && *s) {
        double n = 0;
        for (; *s >= '0' && *s <= '9'; s++)
            n = n * 10 + (*s - '0');
        bool is_ms = has_prefix(s, "ms");
        total += *s == 'h' ? n * 3600 : is_ms ? n / 1000 : *s == 'm' ? n * 60 : n;
        s += is_ms ? 2 : *s != '\0';
    }
    return total;
}

/* APISIX has timers for each step, none for the whole; "0s" means never, which it cannot say. */
static void put_timeouts(const struct rule *r, jv *route)
{
    enum { NEVER = 2147483 };
    jv timeouts = jx_get(r->spec, "timeouts");
    const char *text = jx_getstr(timeouts, "backendRequest");
    text = text ? text : jx_getstr(timeouts, "request");
    if (!text)
        return;
    double seconds = seconds_of(text);
    static const char *const steps[] = {"connect", "send", "read"};
    jv o = jb_obj();
    for (size_t i = 0; i < N_ELEMS(steps); i++)
        jb_put(&o, steps[i], jb_number(seconds > 0 ? seconds : NEVER));
    jb_put(route, "timeout", o);
}

static bool put_filters(struct rule *r, const struct match *m, const struct entry *e, jv *plugins,
                        struct findings *fs)
{
    struct plugins p;
    bool all = true;
    plugins_init(&p);
    for (int i = 0; i < jx_len(r->filters); i++) {
        char path[80];
        snprintf(path, sizeof path, "spec.rules[%d].filters[%d]", r->index, i);
        all &= filter_add(&p, jx_at(r->filters, i), m, e->redirect_port, path, fs);
    }
    plugins_finish(&p, plugins);
    return all;
}

static void put_behaviour(struct rule *r, const struct match *m, const struct entry *e, jv *route)
{
    struct findings said; /* the rule's filters were judged before; do not say it again for each match */
    jv plugins = jb_obj();
    findings_init(&said);
    if (r->is_broken) {
        jb_put(&plugins, "fault-injection", abort_with(500));
    } else {
        put_filters(r, m, e, &plugins, &said);
        mirrors_put(r->t, r->mirrors, r->name.text, &plugins);
        put_timeouts(r, route);
        if (!filters_redirect(r->filters)) {
            struct backends b = backends_read(r->resolved);
            backends_put(&b, route, &plugins);
        }
    }
    findings_release(&said);
    if (jx_len(plugins) > 0)
        jb_put(route, "plugins", plugins);
    else
        jb_free(plugins);
}

static void add_route(struct rule *r, int match, int *n, const struct entry *e)
{
    const struct ident *id = &r->t->rec->id;
    struct match m = rule_match(r->spec, match);
    struct id name = *n == 0 ? id_make("httproute.%s.%s.%d.%d", id->ns, id->name, r->index, match)
                             : id_make("httproute.%s.%s.%d.%d_%d", id->ns, id->name, r->index, match, *n);
    jv route = translation_object(r->t, name.text);
    put_match(r, match, &m, e, &route);
    put_behaviour(r, &m, e, &route);
    translation_add(r->t, "routes", route);
    (*n)++;
}

/* One route for the binding, or one for each port that its requests are redirected to. */
static void add_binding(struct rule *r, int match, int *n, jv binding)
{
    jv listeners = jx_get(binding, "listeners");
    int ports[64], n_ports = 0;
    for (int i = 0; i < jx_len(listeners); i++) {
        jv l = jx_at(listeners, i);
        int port = filters_redirect_port(r->filters, is_https(l), (int)jx_getint_or(l, "port", 0)), k = 0;
        while (k < n_ports && ports[k] != port)
            k++;
        if (k == n_ports && n_ports < (int)N_ELEMS(ports))
            ports[n_ports++] = port;
    }
    for (int k = 0; k < n_ports; k++)
        add_route(r, match, n,
                  &(struct entry){.binding = binding, .redirect_port = ports[k], .is_split = n_ports > 1});
}

/* ---- a rule ---- */

/* What is not translated at all and may be left out without opening a door. */
static void note_ignored(const struct rule *r)
{
    static const char *const members[] = {"retry", "sessionPersistence"};
    for (size_t i = 0; i < N_ELEMS(members); i++) {
        char path[80];
        snprintf(path, sizeof path, "spec.rules[%d].%s", r->index, members[i]);
        if (jx_is_obj(jx_get(r->spec, members[i])))
            findings_addf(r->t->findings, F_NOT_HONOURED, path,
                          "not supported yet; requests are served without it");
    }
}

/* A backend with filters of its own must not be reached without them. */
static bool has_backend_filters(const struct rule *r)
{
    jv refs = jx_get(r->spec, "backendRefs");
    bool any = false;
    for (int i = 0; i < jx_len(refs); i++) {
        char path[80];
        snprintf(path, sizeof path, "spec.rules[%d].backendRefs[%d].filters", r->index, i);
        if (jx_len(jx_get(jx_at(refs, i), "filters")) == 0)
            continue;
        static const struct finding_condition unsupported = {"Accepted", "False", "UnsupportedValue"};
        findings_add(r->t->findings,
                     &(struct finding){
                         .id = F_UNSUPPORTED,
                         .path = path,
                         .message = "filters of single backends are not supported yet; the rule answers 500",
                         .condition = &unsupported});
        any = true;
    }
    return any;
}

static void note_mirrors(const struct rule *r)
{
    char path[80];
    snprintf(path, sizeof path, "spec.rules[%d].filters", r->index);
    if (jx_len(r->mirrors) > 0 && r->t->options->internal_port == 0)
        findings_addf(
            r->t->findings, F_NOT_HONOURED, path,
            "mirrors need APISIX's internal port (--internal-port); requests are served without copies");
}

/* The hosts that copies come with: what a filter sets, else those of the bindings. */
static void add_mirror_routes(struct rule *r, const char *host)
{
    jv bindings = jx_get(r->t->resolved, "bindings"), hosts = jb_arr(), any = jb_arr();
    bool takes_any = false;
    for (int b = 0; b < jx_len(bindings); b++) {
        jv names = jx_get(jx_at(bindings, b), "hostnames");
        takes_any |= jx_len(names) == 0;
        for (int i = 0; !host && i < jx_len(names); i++)
            jb_add(&hosts, jb_copy(jx_at(names, i)));
    }
    if (host) {
        jb_add(&hosts, jb_strf("%.*s", (int)strcspn(host, ":"), host));
        takes_any = false;
    }
    if (jx_len(hosts) > 0)
        mirrors_add_routes(r->t, r->mirrors, r->name.text, 0, hosts);
    if (takes_any)
        mirrors_add_routes(r->t, r->mirrors, r->name.text, jx_len(hosts) > 0, any);
    jb_free(hosts);
    jb_free(any);
}

static void judge(struct rule *r)
{
    jv scratch = jb_obj();
    struct match m = rule_match(r->spec, 0);
    bool is_fine = put_filters(r, &m, &(struct entry){.binding = JX_NONE}, &scratch, r->t->findings);
    r->is_broken = has_backend_filters(r) || !is_fine;
    if (!r->is_broken && jx_len(r->mirrors) > 0)
        add_mirror_routes(r, jx_getstr(jx_get(scratch, "proxy-rewrite"), "host"));
    jb_free(scratch);
    note_ignored(r);
    note_mirrors(r);
}

static void translate_rule(struct rule *r)
{
    jv bindings = jx_get(r->t->resolved, "bindings");
    const struct ident *id = &r->t->rec->id;
    r->mirrors = mirrors_read(r->filters, jx_get(r->resolved, "mirrors"));
    r->name = id_make("httproute.%s.%s.%d", id->ns, id->name, r->index);
    judge(r);
    for (int m = 0; m < rule_n_matches(r->spec); m++) {
        int n = 0;
        for (int b = 0; b < jx_len(bindings); b++)
            add_binding(r, m, &n, jx_at(bindings, b));
    }
    jb_free(r->mirrors);
}

void translate_http_route(struct translation *t)
{
    jv rules = jx_path(t->rec->object, "spec.rules"), resolved = jx_get(t->resolved, "rules");
    if (jx_len(jx_get(t->resolved, "bindings")) == 0)
        return;
    for (int i = 0; i < jx_len(rules); i++) {
        jv spec = jx_at(rules, i);
        translate_rule(&(struct rule){.t = t,
                                      .index = i,
                                      .spec = spec,
                                      .resolved = jx_at(resolved, i),
                                      .filters = jx_get(spec, "filters")});
    }
}

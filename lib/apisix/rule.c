#include "apisix/rule.h"

#include <stdio.h>

#include "apisix/backends.h"
#include "apisix/extension.h"
#include "apisix/filters.h"
#include "apisix/functions.h"
#include "apisix/h2c.h"
#include "apisix/hop.h"
#include "apisix/ids.h"
#include "apisix/lua.h"
#include "apisix/matching.h"
#include "apisix/mirror.h"
#include "apisix/retries.h"
#include "apisix/session.h"
#include "apisix/timers.h"
#include "apisix/ways.h"
#include "gw/retry.h"

/* A binding, or the part of one that redirects to one port: the listeners whose requests it takes. */
struct entry {
    jv binding;
    int redirect_port;
    bool is_split; /* only the listeners with that redirect port */
};

/* ---- where ---- */

static bool is_https(jv listener)
{
    return str_eq(jx_getstr_or(listener, "protocol", ""), "HTTPS");
}

static int redirect_port_of(const struct way *w, jv listener)
{
    return filters_redirect_port(w->filters, is_https(listener), (int)jx_getint_or(listener, "port", 0));
}

/* The ports of the entry's listeners as APISIX sees them, once each. */
static jv port_list(const struct rule *r, const struct way *w, const struct entry *e)
{
    jv listeners = jx_get(e->binding, "listeners"), ports = jb_arr();
    for (int i = 0; i < jx_len(listeners); i++) {
        jv l = jx_at(listeners, i);
        bool is_known = e->is_split && redirect_port_of(w, l) != e->redirect_port;
        char text[16];
        snprintf(text, sizeof text, "%d", port_of_plane(r->t->options, (int)jx_getint_or(l, "port", 0)));
        for (int k = 0; k < jx_len(ports) && !is_known; k++)
            is_known = str_same(jx_str(jx_at(ports, k)), text);
        if (!is_known)
            jb_add_str(&ports, text);
    }
    return ports;
}

/* Which listeners' requests. */
static void add_place(const struct rule *r, const struct way *w, const struct entry *e, jv *vars)
{
    jv ports = port_list(r, w, e);
    place_add_conditions(&(struct place){.says = e->binding,
                                         .ports = ports,
                                         .is_https = is_https(jx_at(jx_get(e->binding, "listeners"), 0)),
                                         .wants_port = e->is_split,
                                         .internal_port = r->t->options->internal_port},
                         vars);
    jb_free(ports);
}

/* ---- what happens ---- */

/* `path` of the i-th filter of a way in the object. */
static void filter_path(const struct rule *r, const struct way *w, int i, char *path, size_t n)
{
    int of_rule = jx_len(jx_get(r->spec, "filters"));
    if (i < of_rule)
        snprintf(path, n, "spec.rules[%d].filters[%d]", r->index, i);
    else
        snprintf(path, n, "spec.rules[%d].backendRefs[%d].filters[%d]", r->index, w->backend, i - of_rule);
}

/* False when something cannot be honoured. */
static bool put_filters(const struct rule *r, const struct way *w, const struct match *m, int redirect_port,
                        jv *plugins, struct findings *fs)
{
    struct plugins p;
    bool all = true;
    plugins_init(&p, r->t->options->no_lua);
    for (int i = 0; i < jx_len(w->filters); i++) {
        char path[120];
        filter_path(r, w, i, path, sizeof path);
        all &= filter_add(&p, jx_at(w->filters, i), m, redirect_port, path, fs);
    }
    plugins_finish(&p, plugins);
    if (jx_len(p.additions) > 0)
        all &= put_functions(plugins, "header_filter", list_of_function(lua_add_headers(p.additions)));
    jb_free(p.additions);
    return all;
}

/* False when something of it cannot be honoured. */
static bool put_behaviour(const struct rule *r, const struct way *w, const struct match *m,
                          const struct entry *e, jv *route)
{
    struct findings said; /* the filters were judged before; do not say it again for each match */
    jv plugins = jb_obj();
    bool all = true, known;
    findings_init(&said);
    if (w->is_broken) {
        jb_put(&plugins, "fault-injection", abort_broken(r->kind->is_grpc));
    } else {
        bool redirects = filters_redirect(w->filters);
        struct backends b = backends_read(w->backends);
        if (!redirects)
            session_put(r, w, m, &b, &plugins);
        if (!redirects && jx_len(w->auth) > 0)
            all = put_functions(&plugins, "access", jb_copy(w->auth));
        if (!redirects && retries_are_looped(r, w))
            all &= retries_put(r, w, &plugins);
        all &= put_filters(r, w, m, e->redirect_port, &plugins, &said);
        if (r->kind->is_grpc)
            mirrors_put_grpc(w->mirrors, &plugins);
        else
            mirrors_put(r->t, w->mirrors, w->name.text, &plugins);
        timers_put(jx_get(r->spec, "timeouts"), route);
        if (!redirects && !r->kind->is_grpc)
            all &= h2c_put(r->t->options, b.h2c, backends_are_h2c(&b), &plugins);
        if (redirects)
            backends_release(&b);
        else
            backends_put(&b, r->kind->is_grpc, route, &plugins);
        extensions_put(w->extensions, &plugins, &known);
    }
    findings_release(&said);
    if (jx_len(plugins) > 0)
        jb_put(route, "plugins", plugins);
    else
        jb_free(plugins);
    return all;
}

/* ---- a route ---- */

static void add_route(const struct rule *r, int way, int match, int *n, const struct entry *e)
{
    const struct ident *id = &r->t->rec->id;
    const struct way *w = &r->ways[way];
    struct match m = rule_match(r->spec, match);
    struct id name =
        *n == 0 ? id_make("%s.%s.%s.%d.%d", r->kind->prefix, id->ns, id->name, r->index, match)
                : id_make("%s.%s.%s.%d.%d_%d", r->kind->prefix, id->ns, id->name, r->index, match, *n);
    jv route = translation_object(r->t, name.text), vars = jb_arr(), hosts = jx_get(e->binding, "hostnames");
    char where[64];
    int64_t rank = 0;
    snprintf(where, sizeof where, "spec.rules[%d].matches[%d]", r->index, match);
    jx_int(jx_at(jx_at(jx_get(r->t->resolved, "ranks"), r->index), match), &rank);
    if (jx_len(hosts) > 0)
        jb_put(&route, "hosts", jb_copy(hosts));
    add_place(r, w, e, &vars);
    matching_put(&m, rank, where, r->t->findings, &route, &vars);
    ways_put_share(r, way, &route, &vars);
    if (jx_len(vars) > 0)
        jb_put(&route, "vars", vars);
    else
        jb_free(vars);
    put_behaviour(r, w, &m, e, &route);
    translation_add(r->t, "routes", route);
    (*n)++;
}

/* One route for the binding, or one for each port that its requests are redirected to. */
static void add_binding(const struct rule *r, int way, int match, int *n, jv binding)
{
    jv listeners = jx_get(binding, "listeners");
    translation_enter(r->t, jx_getstr(binding, "plane"));
    int ports[64], n_ports = 0;
    for (int i = 0; i < jx_len(listeners); i++) {
        int port = redirect_port_of(&r->ways[way], jx_at(listeners, i)), k = 0;
        while (k < n_ports && ports[k] != port)
            k++;
        if (k == n_ports && n_ports < (int)N_ELEMS(ports))
            ports[n_ports++] = port;
    }
    for (int k = 0; k < n_ports; k++)
        add_route(r, way, match, n,
                  &(struct entry){.binding = binding, .redirect_port = ports[k], .is_split = n_ports > 1});
}

/* ---- a rule ---- */

static void note(const struct rule *r, bool is_so, const char *member, const char *text)
{
    char path[80];
    snprintf(path, sizeof path, "spec.rules[%d].%s", r->index, member);
    if (is_so)
        findings_addf(r->t->findings, F_NOT_HONOURED, path, "%s", text);
}

static void refuse(const struct rule *r, const char *member, const char *text)
{
    static const struct finding_condition unsupported = {"Accepted", "False", "UnsupportedValue"};
    char path[80];
    snprintf(path, sizeof path, "spec.rules[%d].%s", r->index, member);
    findings_add(
        r->t->findings,
        &(struct finding){.id = F_UNSUPPORTED, .path = path, .message = text, .condition = &unsupported});
}

static bool has_h2c(const struct rule *r, const struct way *w)
{
    bool has = false;
    for (int i = 0; i < jx_len(w->backends) && !r->kind->is_grpc; i++)
        has |= h2c_is(jx_at(w->backends, i));
    return has;
}

/* What is not translated, or not whole, and may be left out without opening a door. */
static void note_ignored(const struct rule *r)
{
    jv retry = jx_get(r->spec, "retry");
    bool has_mirrors = false, has_more_mirrors = false, is_h2c = false;
    for (int i = 0; i < r->n_ways; i++) {
        has_mirrors |= jx_len(r->ways[i].mirrors) > 0;
        has_more_mirrors |= jx_len(r->ways[i].mirrors) > 1;
        is_h2c |= has_h2c(r, &r->ways[i]);
    }
    bool is_plain = r->n_ways > 0 && !retries_are_looped(r, &r->ways[0]) && retry_read(r->spec).has_loop;
    note(r, is_plain && jx_len(jx_get(retry, "codes")) > 0, "retry.codes",
         "answers are tried again by Lua in routes and APISIX's internal port, in a rule without sessions; "
         "here "
         "they are passed on");
    note(r, is_plain && jx_getstr(retry, "backoff") != NULL, "retry.backoff",
         "pauses need Lua in routes and APISIX's internal port, in a rule without sessions; here there are "
         "none");
    note(r, jx_is_obj(jx_get(r->spec, "sessionPersistence")) && !sessions_are_served(r), "sessionPersistence",
         "sessions need a name that a header may have, Lua in routes, HTTP, and backends without filters of "
         "their own; requests are served without them");
    note(r, is_h2c && !r->t->options->has_h2c, "backendRefs",
         "the Service port speaks HTTP/2 (kubernetes.io/h2c) and is asked by HTTP/1.1: see --h2c in "
         "gw-translate(1)");
    note(r, is_h2c && has_mirrors && r->t->options->has_h2c, "filters",
         "requests to backends that speak HTTP/2 (kubernetes.io/h2c) are not copied to mirrors");
    note(r, has_mirrors && !r->kind->is_grpc && r->t->options->internal_port == 0, "filters",
         "mirrors need APISIX's internal port (--internal-port); requests are served without copies");
    note(r, has_more_mirrors && r->kind->is_grpc, "filters",
         "calls of gRPC are copied to one mirror only; the others get none");
}

static const char *plane_of(jv bindings, int i)
{
    return jx_getstr(jx_at(bindings, i), "plane");
}

/* In each data plane, what requests find when they come back by the internal port. */
static void add_hops(const struct rule *r, const struct way *w, const char *host)
{
    jv bindings = jx_get(r->t->resolved, "bindings");
    for (int b = 0; b < jx_len(bindings); b++) {
        const char *plane = plane_of(bindings, b);
        int first = 0;
        while (!str_same(plane_of(bindings, first), plane))
            first++;
        if (first < b)
            continue;
        jv sets = hop_host_sets(bindings, plane, host);
        translation_enter(r->t, plane);
        if (!r->kind->is_grpc)
            mirrors_add_routes(r->t, w->mirrors, w->name.text, sets);
        if (retries_are_looped(r, w))
            retries_add_routes(r, w, sets);
        jb_free(sets);
    }
}

/*
 * A plugin occurs once in a route: an extension may not bring one that is there by the rest of the rule, and
 * functions in Lua have two places.
 */
static void judge_whole(struct rule *r, struct way *w)
{
    jv route = jb_obj(), extensions = w->extensions;
    struct match m = rule_match(r->spec, 0);
    bool known;
    w->extensions = JX_NONE;
    if (!put_behaviour(r, w, &m, &(struct entry){.binding = JX_NONE}, &route)) {
        refuse(r, "filters",
               "sessions, ExternalAuth or retries, and added response headers that hold a colon are too much "
               "for one route of APISIX together; the rule answers with an error");
        w->is_broken = r->is_invalid = true;
    }
    w->extensions = extensions;
    jv others = jx_get(route, "plugins"), plugins = jx_is_obj(others) ? jb_copy(others) : jb_obj();
    const char *clash = extensions_put(extensions, &plugins, &known);
    if (clash) {
        char text[320];
        snprintf(text, sizeof text,
                 "the plugin %.128s of an extension is taken by another filter or by the backends; the rule "
                 "answers "
                 "with an error",
                 clash);
        refuse(r, "filters", text);
        r->is_invalid = true;
    }
    if (clash || !known)
        w->is_broken = true;
    jb_free(plugins);
    jb_free(route);
}

static void judge(struct rule *r, struct way *w)
{
    jv scratch = jb_obj();
    struct match m = rule_match(r->spec, 0);
    if (!w->is_broken && !put_filters(r, w, &m, 0, &scratch, r->t->findings))
        w->is_broken = r->is_invalid = true;
    if (!w->is_broken && jx_len(w->auth) > 0 && (r->t->options->no_lua || r->kind->is_grpc)) {
        refuse(r, "filters", "ExternalAuth needs HTTP, and Lua in routes; the rule answers with an error");
        w->is_broken = r->is_invalid = true;
    }
    bool has_more = jx_len(w->extensions) > 0 || jx_len(w->auth) > 0 || retries_are_looped(r, w) ||
                    has_h2c(r, w) || jx_is_obj(jx_get(scratch, "serverless-post-function"));
    if (!w->is_broken && has_more)
        judge_whole(r, w);
    if (!w->is_broken)
        add_hops(r, w, jx_getstr(jx_get(scratch, "proxy-rewrite"), "host"));
    jb_free(scratch);
}

static void translate_rule(struct rule *r)
{
    jv bindings = jx_get(r->t->resolved, "bindings");
    ways_find(r);
    for (int i = 0; i < r->n_ways; i++)
        judge(r, &r->ways[i]);
    note_ignored(r);
    for (int m = 0; m < rule_n_matches(r->spec); m++) {
        int n = 0;
        for (int i = 0; i < r->n_ways; i++)
            for (int b = 0; b < jx_len(bindings); b++)
                add_binding(r, i, m, &n, jx_at(bindings, b));
    }
    ways_release(r);
}

void translate_rules(struct translation *t, const struct rule_kind *kind, jv rules)
{
    jv resolved = jx_get(t->resolved, "rules");
    int n_invalid = 0;
    if (jx_len(jx_get(t->resolved, "bindings")) == 0)
        return;
    for (int i = 0; i < jx_len(rules); i++) {
        struct rule r = {
            .t = t, .kind = kind, .index = i, .spec = jx_at(rules, i), .resolved = jx_at(resolved, i)};
        translate_rule(&r);
        n_invalid += r.is_invalid;
    }
    /* A route with a rule left that is whole is accepted (HTTPRoute "PartiallyInvalid"). */
    if (n_invalid > 0 && n_invalid < jx_len(rules))
        findings_recondition(t->findings, "Accepted",
                             &(struct finding_condition){"PartiallyInvalid", "True", "UnsupportedValue"});
}

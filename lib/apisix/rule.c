#include "apisix/rule.h"

#include <stdio.h>
#include <stdlib.h>

#include "apisix/backends.h"
#include "apisix/ext_auth.h"
#include "apisix/extension.h"
#include "apisix/filters.h"
#include "apisix/functions.h"
#include "apisix/ids.h"
#include "apisix/lua.h"
#include "apisix/matching.h"
#include "apisix/mirror.h"
#include "apisix/modifier.h"

enum { MAX_WAYS = 20 };

/* A way that requests can go. */
struct way {
    jv filters;    /* owned: the rule's, then the backend's */
    jv mirrors;    /* owned */
    jv extensions; /* owned: as resolved */
    jv auth;       /* owned: functions that ask whether a request may pass */
    jv backends;   /* owned: of the resolved ones, those that are here */
    int64_t weight;
    int backend;    /* whose filters stand behind the rule's, or -1 */
    bool is_broken; /* a filter cannot be honoured, or it is the way of broken references */
    struct id name; /* what hops of its mirrors are called by */
};

struct rule {
    struct translation *t;
    const struct rule_kind *kind;
    int index;
    jv spec, resolved;
    struct way ways[MAX_WAYS];
    int n_ways;
    bool is_invalid; /* something in it cannot be honoured */
};

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
                                         .wants_port = e->is_split},
                         vars);
    jb_free(ports);
}

/* ---- which share ---- */

/* By the beginning of the random request_id: right on average. */
static void add_random_share(const struct rule *r, int way, jv *vars)
{
    int64_t total = 0, before = 0;
    struct buf b;
    for (int i = 0; i < r->n_ways; i++) {
        before += i < way ? r->ways[i].weight : 0;
        total += r->ways[i].weight;
    }
    if (total == 0)
        return;
    unsigned from = (unsigned)(before * 65536 / total),
             to = (unsigned)((before + r->ways[way].weight) * 65536 / total);
    buf_init(&b, BUF_MAX_SCRATCH);
    if (to == 0) {
        jb_add(vars, condition("request_id", "~~", "^$")); /* less than one in 65536 */
    } else if (to < 65536) {
        share_regex(&b, to);
        jb_add(vars, condition("request_id", "~~", b.p));
    }
    if (from > 0) {
        jv c = jb_arr();
        buf_reset(&b);
        share_regex(&b, from);
        jb_add_str(&c, "request_id");
        jb_add_str(&c, "!");
        jb_add_str(&c, "~~");
        jb_add_str(&c, b.p);
        jb_add(vars, c);
    }
    buf_free(&b);
}

static void put_share(const struct rule *r, int way, jv *route, jv *vars)
{
    int64_t weights[MAX_WAYS];
    if (r->n_ways == 1)
        return;
    if (r->t->options->no_lua) {
        add_random_share(r, way, vars);
        return;
    }
    const struct ident *id = &r->t->rec->id;
    struct id name = id_make("%s.%s.%s.%d", r->kind->prefix, id->ns, id->name, r->index);
    for (int i = 0; i < r->n_ways; i++)
        weights[i] = r->ways[i].weight;
    char *text = lua_share(name.text, weights, r->n_ways, way);
    jb_put_str(route, "filter_func", text);
    free(text);
}

/* ---- what happens ---- */

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

/* ---- sessions ---- */

/* The literal beginning of the path, by which browsers choose which cookies to send. */
static void cookie_path(const struct match *m, struct buf *out)
{
    size_t n = m->type == PATH_REGEX ? strcspn(m->path, "\\^$.[]()?*+{}|") : strlen(m->path);
    while (m->type == PATH_REGEX && n > 0 && m->path[n - 1] != '/')
        n--;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)m->path[i] <= ' ' || m->path[i] == ';' || (unsigned char)m->path[i] >= 0x7f)
            n = i; /* a cookie cannot say it: the path before it is the wider one */
    buf_add(out, m->path, n);
    if (n == 0)
        buf_addc(out, '/');
}

static const char *session_name(const struct rule *r)
{
    return jx_getstr_or(jx_get(r->spec, "sessionPersistence"), "sessionName", "gwpipe-session");
}

/* What the name of a cookie or header may be: an HTTP token. */
static bool is_token(const char *s)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
    return *s && s[strspn(s, letters)] == '\0';
}

static bool serves_sessions(const struct rule *r)
{
    int n_whole = 0;
    for (int i = 0; i < r->n_ways; i++)
        n_whole += !r->ways[i].is_broken;
    return jx_is_obj(jx_get(r->spec, "sessionPersistence")) && !r->t->options->no_lua && n_whole <= 1 &&
           !r->kind->is_grpc && is_token(session_name(r));
}

static void put_session(const struct rule *r, const struct way *w, const struct match *m,
                        const struct backends *b, jv *plugins)
{
    enum { MAX_UPSTREAMS = 20 };
    jv spec = jx_get(r->spec, "sessionPersistence");
    if (!serves_sessions(r) || b->valid == 0)
        return;
    struct buf path;
    buf_init(&path, BUF_MAX_SCRATCH);
    cookie_path(m, &path);
    const char *ids[MAX_UPSTREAMS], *timeout = jx_getstr(spec, "absoluteTimeout"),
                                    *life = jx_getstr_or(jx_get(spec, "cookieConfig"), "lifetimeType", "");
    struct lua_session s = {.name = session_name(r),
                            .path = path.p,
                            .salt = w->name.text,
                            .is_header = str_eq(jx_getstr_or(spec, "type", "Cookie"), "Header"),
                            .is_permanent = str_eq(life, "Permanent"),
                            .max_age = timeout ? (int64_t)seconds_of(timeout) : 0};
    int n = 0;
    while (n < MAX_UPSTREAMS && n < backends_n_upstreams(b)) {
        ids[n] = backends_upstream(b, n);
        n++;
    }
    put_functions_first(plugins, "before_proxy", list_of_function(lua_session(&s)));
    if (n > 1) /* behind traffic-split, whose choice it overrules */
        put_functions(plugins, "access", list_of_function(lua_session_upstream(&s, ids, n)));
    buf_free(&path);
}

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

/* The way to a mirror is told by a name before the path, which a call of gRPC has no room for. */
static bool serves_mirrors(const struct rule *r, const struct way *w)
{
    return !r->kind->is_grpc && jx_len(w->mirrors) > 0;
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
            put_session(r, w, m, &b, &plugins);
        if (!redirects && jx_len(w->auth) > 0)
            all = put_functions(&plugins, "access", jb_copy(w->auth));
        all &= put_filters(r, w, m, e->redirect_port, &plugins, &said);
        if (serves_mirrors(r, w))
            mirrors_put(r->t, w->mirrors, w->name.text, &plugins);
        put_timeouts(r, route);
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
    put_share(r, way, &route, &vars);
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

/* ---- the ways of a rule ---- */

static jv joined(jv a, jv b)
{
    jv list = jb_arr();
    for (int i = 0; i < jx_len(a); i++)
        jb_add(&list, jb_copy(jx_at(a, i)));
    for (int i = 0; i < jx_len(b); i++)
        jb_add(&list, jb_copy(jx_at(b, i)));
    return list;
}

static struct way *add_way(struct rule *r, int backend)
{
    struct way *w = &r->ways[r->n_ways++];
    jv ref = jx_at(jx_get(r->resolved, "backends"), backend), own = JX_NONE;
    const struct ident *id = &r->t->rec->id;
    if (backend >= 0)
        own = jx_get(jx_at(jx_get(r->spec, "backendRefs"), backend), "filters");
    jv copies = joined(jx_get(r->resolved, "mirrors"), backend >= 0 ? jx_get(ref, "mirrors") : JX_NONE);
    jv asked = joined(jx_get(r->resolved, "auth"), backend >= 0 ? jx_get(ref, "auth") : JX_NONE);
    *w = (struct way){.filters = modifiers_joined(joined(jx_get(r->spec, "filters"), own)),
                      .backends = jb_arr(),
                      .auth = jb_arr(),
                      .backend = backend};
    w->is_broken = !ext_auth_functions(w->filters, asked, &w->auth);
    w->extensions =
        joined(jx_get(r->resolved, "extensions"), backend >= 0 ? jx_get(ref, "extensions") : JX_NONE);
    w->is_broken |= !extensions_are_whole(w->filters, w->extensions);
    w->mirrors = mirrors_read(w->filters, copies);
    w->name = backend >= 0 ? id_make("%s.%s.%s.%d_%d", r->kind->prefix, id->ns, id->name, r->index, backend)
                           : id_make("%s.%s.%s.%d", r->kind->prefix, id->ns, id->name, r->index);
    jb_free(copies);
    jb_free(asked);
    return w;
}

static void give(struct way *w, jv backend)
{
    w->weight += jx_getint_or(backend, "weight", 1);
    jb_add(&w->backends, jb_copy(backend));
}

/* Whether some references are broken, some are not, and the share of the broken ones can be exact. */
static bool parts_broken(const struct rule *r, jv resolved)
{
    bool any[2] = {false, false};
    for (int i = 0; i < jx_len(resolved); i++)
        if (jx_getint_or(jx_at(resolved, i), "weight", 1) > 0)
            any[jx_getstr(jx_at(resolved, i), "reason") != NULL] = true;
    return any[false] && any[true] && !r->t->options->no_lua;
}

static void find_ways(struct rule *r)
{
    jv refs = jx_get(r->spec, "backendRefs"), resolved = jx_get(r->resolved, "backends");
    struct way *plain = NULL, *broken = NULL;
    bool splits = parts_broken(r, resolved);
    for (int i = 0; i < jx_len(refs); i++)
        splits |= jx_len(jx_get(jx_at(refs, i), "filters")) > 0;
    for (int i = 0; i < jx_len(resolved) && r->n_ways < MAX_WAYS; i++) {
        jv b = jx_at(resolved, i);
        bool has_own = jx_len(jx_get(jx_at(refs, i), "filters")) > 0,
             is_broken = jx_getstr(b, "reason") != NULL;
        if (splits && jx_getint_or(b, "weight", 1) <= 0)
            continue;
        struct way **w = splits && is_broken ? &broken : &plain;
        if (has_own && !is_broken) {
            give(add_way(r, i), b);
            continue;
        }
        if (!*w)
            *w = add_way(r, -1);
        give(*w, b);
    }
    if (r->n_ways == 0)
        add_way(r, -1);
    if (broken)
        broken->is_broken = true;
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

/* What is not translated, or not whole, and may be left out without opening a door. */
static void note_ignored(const struct rule *r)
{
    jv retry = jx_get(r->spec, "retry");
    bool has_mirrors = false;
    for (int i = 0; i < r->n_ways; i++)
        has_mirrors |= jx_len(r->ways[i].mirrors) > 0;
    note(r, jx_len(jx_get(retry, "codes")) > 0, "retry.codes",
         "APISIX retries what fails to connect or times out; answers with these codes are passed on");
    note(r, jx_getstr(retry, "backoff") != NULL, "retry.backoff", "APISIX retries at once");
    note(r, jx_is_obj(jx_get(r->spec, "sessionPersistence")) && !serves_sessions(r), "sessionPersistence",
         "sessions need a name that a header may have, Lua in routes, HTTP, and backends without filters of "
         "their own; requests are served without them");
    note(r, has_mirrors && r->t->options->internal_port == 0, "filters",
         "mirrors need APISIX's internal port (--internal-port); requests are served without copies");
    note(r, has_mirrors && r->kind->is_grpc, "filters",
         "calls of gRPC are not mirrored yet; they are served without copies");
}

/* The hosts that copies come with: what a filter sets, else those of the bindings. */
static void add_mirror_routes(const struct rule *r, const struct way *w, const char *host)
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
        mirrors_add_routes(r->t, w->mirrors, w->name.text, 0, hosts);
    if (takes_any)
        mirrors_add_routes(r->t, w->mirrors, w->name.text, jx_len(hosts) > 0, any);
    jb_free(hosts);
    jb_free(any);
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
               "sessions, ExternalAuth and added response headers that hold a colon are too much for one "
               "route of "
               "APISIX together; the rule answers with an error");
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
    bool has_more = jx_len(w->extensions) > 0 || jx_len(w->auth) > 0 ||
                    jx_is_obj(jx_get(scratch, "serverless-post-function"));
    if (!w->is_broken && has_more)
        judge_whole(r, w);
    if (!w->is_broken && serves_mirrors(r, w))
        add_mirror_routes(r, w, jx_getstr(jx_get(scratch, "proxy-rewrite"), "host"));
    jb_free(scratch);
}

static void release(struct rule *r)
{
    for (int i = 0; i < r->n_ways; i++) {
        jb_free(r->ways[i].filters);
        jb_free(r->ways[i].mirrors);
        jb_free(r->ways[i].auth);
        jb_free(r->ways[i].extensions);
        jb_free(r->ways[i].backends);
    }
}

static void translate_rule(struct rule *r)
{
    jv bindings = jx_get(r->t->resolved, "bindings");
    find_ways(r);
    for (int i = 0; i < r->n_ways; i++)
        judge(r, &r->ways[i]);
    note_ignored(r);
    for (int m = 0; m < rule_n_matches(r->spec); m++) {
        int n = 0;
        for (int i = 0; i < r->n_ways; i++)
            for (int b = 0; b < jx_len(bindings); b++)
                add_binding(r, i, m, &n, jx_at(bindings, b));
    }
    release(r);
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

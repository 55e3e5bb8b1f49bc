#include "gw/proxy.h"

#include <stdlib.h>

#include "base/token.h"
#include "gw/backend.h"
#include "gw/format.h"
#include "gw/secret.h"

enum { READABLE = PLANE_NAME_MAX - 17, HEX_USED = 16 };

/* ---- reading ---- */

static jv control_plane_of(const struct proxy *p)
{
    return jx_path(p->spec, "provider.controlPlane");
}

static const char *mode_of(jv control_plane)
{
    const char *mode = jx_getstr_or(control_plane, "mode", "");
    return *mode ? mode : "apisix";
}

static bool is_known_mode(const char *mode)
{
    return str_eq(mode, "apisix") || str_eq(mode, "apisix-standalone");
}

/* Owned: sorted, each once. */
static jv endpoints_of(jv control_plane)
{
    jv given = jx_get(control_plane, "endpoints"), once = jb_arr();
    jv list = jb_sorted(jx_is_arr(given) ? jb_copy(given) : jb_arr());
    for (int i = 0; i < jx_len(list); i++)
        if (i == 0 || !jx_equal(jx_at(list, i - 1), jx_at(list, i)))
            jb_add(&once, jb_copy(jx_at(list, i)));
    jb_free(list);
    return once;
}

/* "admin.apisix.svc-9180-0123456789abcdef": something to read, and what tells it from all others. */
static char *name_of_plane(const char *readable, const char *identity)
{
    char hex[DIGEST_HEX + 1], room[READABLE + 1];
    size_t n = 0;
    const char *scheme = strstr(readable, "://"), *from = scheme ? scheme + 3 : readable,
               *user = memrchr(from, '@', strcspn(from, "/")); /* it is refused, and yet not shown */
    for (const char *p = user ? user + 1 : from; *p && n < READABLE; p++)
        room[n++] = strchr(PLANE_NAME_CHARS, *p) ? *p : '-';
    room[n] = '\0';
    digest_hex(digest_of(identity, strlen(identity)), hex);
    return xasprintf("%s-%.*s", room, HEX_USED, hex);
}

static char *plane_of(const char *ns, jv control_plane)
{
    const char *mode = mode_of(control_plane);
    jv service = jx_get(control_plane, "service"), endpoints = endpoints_of(control_plane);
    char *name = NULL;
    if (is_known_mode(mode) && jx_is_obj(service)) {
        char *at = xasprintf("%s.%s-%lld", jx_getstr_or(service, "name", ""), ns,
                             (long long)jx_getint_or(service, "port", 0));
        char *identity = xasprintf("%s service %s", mode, at);
        name = name_of_plane(at, identity);
        free(identity);
        free(at);
    } else if (is_known_mode(mode) && jx_len(endpoints) > 0) {
        struct buf identity;
        buf_init(&identity, BUF_MAX_OUTPUT);
        buf_addf(&identity, "%s endpoints ", mode);
        jx_dump(&identity, endpoints);
        const char *first = jx_str(jx_at(endpoints, 0));
        name = name_of_plane(first ? first : "", identity.p);
        buf_free(&identity);
    }
    jb_free(endpoints);
    return name;
}

struct proxy *proxy_read(const char *ns, jv object)
{
    struct proxy *p = xcalloc(1, sizeof *p);
    jv spec = jx_get(object, "spec");
    p->spec = jx_is_obj(spec) ? jb_copy(spec) : jb_obj();
    p->stamp = xstrdup(jx_getstr_or(jx_get(object, "metadata"), "creationTimestamp", ""));
    jv control_plane = control_plane_of(p);
    p->plane = jx_is_obj(control_plane) ? plane_of(ns, control_plane) : NULL;
    return p;
}

void proxy_clear(struct proxy *p)
{
    jb_free(p->spec);
    free(p->stamp);
    free(p->plane);
}

/* ---- the control plane ---- */

#define AT "spec.provider.controlPlane"

/* What is found out of one GatewayProxy. */
struct reading {
    struct world *w;
    struct node *user; /* who asks */
    const char *ns;    /* of the GatewayProxy */
    struct findings *findings;
    bool waits; /* for a rejected object */
};

static char *key_from_secret(struct reading *in, jv ref)
{
    const char *path = AT ".auth.adminKey.valueFrom.secretKeyRef", *name = jx_getstr_or(ref, "name", ""),
               *key = jx_getstr_or(ref, "key", "");
    struct node *n = world_look(in->w, in->user, NODE_SECRET, in->ns, name);
    const struct secret *s = n->facts;
    const char *base64 = s ? jx_getstr(s->others, key) : NULL;
    char *text = base64 ? secret_text(base64) : NULL;
    if (node_is_unknown(in->w, n))
        in->waits = true;
    else if (!s)
        findings_addf(in->findings, F_REF_UNRESOLVED, path, "Secret %s/%s does not exist", n->ns, name);
    else if (!base64)
        findings_addf(in->findings, F_REF_UNRESOLVED, path, "Secret %s/%s has no data[\"%s\"]", n->ns, name,
                      key);
    else if (!text)
        findings_addf(in->findings, F_REF_UNRESOLVED, path,
                      "data[\"%s\"] of Secret %s/%s is not base64 of a text", key, n->ns, name);
    return text;
}

static void free_key(char *key)
{
    if (key)
        explicit_bzero(key, strlen(key));
    free(key);
}

/* Owned; NULL when it is not known. */
static char *read_key(struct reading *in, jv control_plane)
{
    jv admin = jx_path(control_plane, "auth.adminKey");
    const char *value = jx_getstr(admin, "value");
    char *text = value ? xstrdup(value) : key_from_secret(in, jx_path(admin, "valueFrom.secretKeyRef"));
    char *key = text ? token_of(text) : NULL;
    if (text && !key)
        findings_addf(in->findings, F_REF_UNRESOLVED, AT ".auth.adminKey",
                      "the key is not one line of visible characters");
    free_key(text);
    return key;
}

static jv urls_of_service(struct reading *in, jv service)
{
    jv urls = jb_arr();
    const char *name = jx_getstr_or(service, "name", "");
    int port = (int)jx_getint_or(service, "port", 0), n_endpoints = 0;
    struct node *n = world_look(in->w, in->user, NODE_SERVICE, in->ns, name);
    const struct node *slices = world_look(in->w, in->user, NODE_SLICES, in->ns, name);
    in->waits |= slices_are_unknown(in->w, slices) || node_is_unknown(in->w, n);
    if (!n->present || !n->facts) {
        findings_addf(in->findings, F_REF_UNRESOLVED, AT ".service", "Service %s/%s does not exist", n->ns,
                      name);
        return urls;
    }
    jv found = backend_port_json(in->w, n, port, &n_endpoints), endpoints = jx_get(found, "endpoints");
    for (int i = 0; i < jx_len(endpoints); i++) {
        const char *address = jx_getstr_or(jx_at(endpoints, i), "address", "");
        bool is_ipv6 = strchr(address, ':') != NULL;
        jb_add(&urls, jb_strf("http://%s%s%s:%lld", is_ipv6 ? "[" : "", address, is_ipv6 ? "]" : "",
                              (long long)jx_getint_or(jx_at(endpoints, i), "port", 0)));
    }
    jb_free(found);
    if (n_endpoints == 0)
        findings_addf(in->findings, F_ENDPOINTS_NONE, AT ".service",
                      "Service %s/%s has no ready endpoint for port %d: nothing can be pushed there", n->ns,
                      name, port);
    return urls;
}

/* As gw-validate has it; objects may come without it. */
static bool check_endpoints(struct reading *in, jv control_plane)
{
    jv list = jx_get(control_plane, "endpoints");
    for (int i = 0; jx_is_arr(list) && i < jx_len(list); i++) {
        const char *url = jx_str(jx_at(list, i));
        if (url && format_endpoint.matches(url))
            continue;
        char *path = xasprintf(AT ".endpoints[%d]", i);
        findings_addf(in->findings, F_GATEWAY_INVALID, path, "the address is not valid; expected %s",
                      format_endpoint.words);
        free(path);
        return false;
    }
    return true;
}

/* JX_NONE when it cannot be used; then there is a complaint, or it waits. */
static jv control_plane_resolved(struct reading *in, const struct proxy *p)
{
    jv control_plane = control_plane_of(p), out = jb_obj(), service = jx_get(control_plane, "service");
    char *key = read_key(in, control_plane);
    bool is_fine = check_endpoints(in, control_plane) && key;
    if (key)
        jb_put_str(&out, "apiKey", key);
    free_key(key);
    jb_put_str(&out, "plane", p->plane);
    jb_put_str(&out, "mode", mode_of(control_plane));
    jb_put(&out, "endpoints",
           jx_is_obj(service) ? urls_of_service(in, service) : endpoints_of(control_plane));
    jv verify = jx_get(control_plane, "tlsVerify");
    if (jx_is_bool(verify))
        jb_put(&out, "tlsVerify", jb_copy(verify));
    const char *ca = jx_getstr(jx_get(control_plane, "caCert"), "value");
    if (ca)
        jb_put_str(&out, "caCert", ca);
    if (is_fine && !in->waits)
        return out;
    jb_free(out);
    return JX_NONE;
}

/* Owned; NULL: it has none, or it is not known. */
static char *key_of(struct world *w, struct node *user, const struct node *proxy)
{
    const struct proxy *p = proxy->facts;
    struct findings unheard;
    findings_init(&unheard);
    struct reading in = {.w = w, .user = user, .findings = &unheard, .ns = proxy->ns};
    char *key = read_key(&in, control_plane_of(p));
    findings_release(&unheard);
    return key;
}

/* The older one that has another key, or NULL. */
static const struct node *rival_of(struct world *w, struct node *user, const struct node *proxy)
{
    const struct proxy *p = proxy->facts;
    const struct nodes *all = &world_look(w, user, NODE_CONTROL_PLANE, "", p->plane)->members;
    const struct node *first = proxy;
    char *own = key_of(w, user, proxy), *key = own ? xstrdup(own) : NULL;
    for (size_t i = 0; own && i < all->n; i++) {
        const struct node *n = all->items[i];
        const struct proxy *q = n->facts, *best = first->facts;
        if (!n->present || !q || node_age_cmp(q->stamp, n, best->stamp, first) >= 0)
            continue;
        char *its = key_of(w, user, n);
        if (!its)
            continue;
        free_key(key);
        key = its;
        first = n;
    }
    bool is_same = str_same(own, key);
    free_key(own);
    free_key(key);
    return is_same ? NULL : first;
}

enum proxy_state proxy_judge(struct world *w, struct node *user, const struct node *proxy, char **why)
{
    const struct proxy *p = proxy->facts;
    struct findings fs;
    struct reading in = {.w = w, .user = user, .findings = &fs, .ns = proxy->ns};
    *why = NULL;
    if (!jx_is_obj(control_plane_of(p)))
        return PROXY_FINE;
    if (!p->plane) {
        *why = xstrdup("its control plane is of a mode that is not known");
        return PROXY_BAD;
    }
    findings_init(&fs);
    jb_free(control_plane_resolved(&in, p));
    enum proxy_state state = in.waits ? PROXY_WAITS : fs.errors > 0 ? PROXY_BAD : PROXY_FINE;
    if (state == PROXY_BAD)
        *why = xstrdup(jx_getstr_or(jx_at(fs.list, 0), "message", ""));
    findings_release(&fs);
    const struct node *rival = state == PROXY_FINE ? rival_of(w, user, proxy) : NULL;
    if (!rival)
        return state;
    *why = xasprintf("GatewayProxy %s/%s, which is older, names the same control plane with another key",
                     rival->ns, rival->name);
    return PROXY_FOREIGN;
}

/* ---- the whole ---- */

/* One that is held may be ours. */
static bool has_held_gateway(const struct node *n)
{
    for (size_t i = 0; i < n->users.n; i++) {
        const struct node *user = n->users.items[i].peer;
        const struct gateway *g = user->kind == NODE_GATEWAY ? user->facts : NULL;
        if (g && g->base.is_held)
            return true;
    }
    return false;
}

static struct nodes gateways_of(const struct node *n)
{
    struct nodes found = {0};
    for (size_t i = 0; i < n->users.n; i++) {
        struct node *user = n->users.items[i].peer;
        const struct gateway *g = user->kind == NODE_GATEWAY ? user->facts : NULL;
        if (g && g->base.is_ours)
            nodes_add(&found, user);
    }
    nodes_sort(&found);
    return found;
}

static jv plugins_of(const struct proxy *p)
{
    jv list = jx_get(p->spec, "plugins"), out = jb_obj();
    for (int i = 0; i < jx_len(list); i++) {
        jv plugin = jx_at(list, i), config = jx_get(plugin, "config"), enabled = jx_get(plugin, "enabled");
        if (!jx_is_bool(enabled) || jx_true(enabled))
            jb_put(&out, jx_getstr_or(plugin, "name", ""), jx_is_obj(config) ? jb_copy(config) : jb_obj());
    }
    return out;
}

static void tell_what_is_left(const struct proxy *p, const struct gateway_options *o, struct findings *fs)
{
    jv control_plane = control_plane_of(p);
    if (!jx_is_none(jx_get(p->spec, "publishService")))
        findings_addf(fs, F_NOT_HONOURED, "spec.publishService", "has no effect yet; statusAddress has");
    if (!jx_is_obj(control_plane))
        return;
    if (!is_known_mode(mode_of(control_plane)))
        findings_addf(fs, F_GATEWAY_INVALID, AT ".mode",
                      "\"%.60s\" is not known; apisix or apisix-standalone is expected",
                      mode_of(control_plane));
    else if (!o->has_proxies)
        findings_addf(fs, F_NOT_HONOURED, AT,
                      "has no effect without --gateway-proxies; targets are named by gw-push --to");
}

/*
 * One that no Gateway names: what the last one had there is to go, by whoever pushed it. It may have been
 * made ahead of its Gateways, so nothing is said of what it lacks.
 */
static jv idle_control_plane(struct reading *in, const struct node *n)
{
    const struct proxy *p = n->facts;
    struct findings unheard;
    char *why;
    jv found = JX_NONE;
    findings_init(&unheard);
    enum proxy_state state = p->plane ? proxy_judge(in->w, in->user, n, &why) : PROXY_BAD;
    if (p->plane)
        free(why);
    if (state == PROXY_FINE) {
        struct reading quiet = {.w = in->w, .user = in->user, .ns = in->ns, .findings = &unheard};
        found = control_plane_resolved(&quiet, p);
        jb_put_bool(&found, "idle", true);
    }
    in->waits |= state == PROXY_WAITS;
    findings_release(&unheard);
    return found;
}

jv proxy_resolved(struct world *w, struct node *n, const struct gateway_options *o, struct findings *fs)
{
    const struct proxy *p = n->facts;
    struct reading in = {.w = w, .user = n, .ns = n->ns, .findings = fs, .waits = has_held_gateway(n)};
    struct nodes gateways = gateways_of(n);
    jv resolved = jb_obj(), names = jb_arr(), planes = jb_arr();
    bool is_used = false; /* the control plane, by a Gateway that has no other data plane */
    world_forget_deps(w, n);
    for (size_t i = 0; i < gateways.n; i++) {
        const struct gateway *g = gateways.items[i]->facts;
        jb_add(&names, jb_strf("%s/%s", gateways.items[i]->ns, gateways.items[i]->name));
        if (!g->accepted.reason)
            jb_add_str(&planes, g->base.plane);
        is_used |= str_same(p->plane, g->base.plane);
    }
    bool is_idle = gateways.n == 0;
    if (!is_idle)
        tell_what_is_left(p, o, fs);
    free(gateways.items);
    jb_put(&resolved, "gateways", names);
    jb_put(&resolved, "planes", jb_sorted(planes));
    jb_put(&resolved, "plugins", plugins_of(p));
    if (jx_is_obj(jx_get(p->spec, "pluginMetadata")))
        jb_put(&resolved, "pluginMetadata", jb_copy(jx_get(p->spec, "pluginMetadata")));
    jv control_plane = JX_NONE;
    if (o->has_proxies && is_used)
        control_plane = control_plane_resolved(&in, p);
    else if (o->has_proxies && is_idle && !in.waits)
        control_plane = idle_control_plane(&in, n);
    if (!jx_is_none(control_plane))
        jb_put(&resolved, "controlPlane", control_plane);
    if (!in.waits)
        return resolved;
    jb_free(resolved);
    return JX_NONE;
}

/*
 * listener: what Gateways and ListenerSets own in APISIX: the certificates of their HTTPS listeners, and what
 * answers for a listener when no route of it does and a wider one's would.
 *
 * APISIX picks a certificate by server name alone, whatever the port: of two listeners with one hostname
 * the first with a certificate counts. A wildcard there covers a single label, so the names that routes
 * serve further down are listed beside it. Any host is the string "*" (in a list it does not work).
 */
#include <stdio.h>

#include "apisix/backends.h"
#include "apisix/ids.h"
#include "apisix/place.h"
#include "apisix/translate.h"

/* Behind every route of a host: those of users have priorities from 0 up. */
enum { PRIORITY_NOT_FOUND = -1000, PRIORITY_MISDIRECTED = -1001 };

/* ---- certificates ---- */

static void put_names(jv *o, jv listener)
{
    const char *hostname = jx_getstr(listener, "hostname");
    jv extra = jx_get(listener, "routeHostnames");
    if (!hostname) {
        jb_put_str(o, "sni", "*");
        return;
    }
    jv names = jb_arr();
    jb_add_str(&names, hostname);
    for (int i = 0; i < jx_len(extra); i++)
        jb_add(&names, jb_copy(jx_at(extra, i)));
    jb_put(o, "snis", names);
}

static void put_certificates(jv *o, jv list)
{
    jb_put(o, "cert", jb_copy(jx_get(jx_at(list, 0), "cert")));
    jb_put(o, "key", jb_copy(jx_get(jx_at(list, 0), "key")));
    if (jx_len(list) < 2)
        return;
    jv certs = jb_arr(), keys = jb_arr();
    for (int i = 1; i < jx_len(list); i++) {
        jb_add(&certs, jb_copy(jx_get(jx_at(list, i), "cert")));
        jb_add(&keys, jb_copy(jx_get(jx_at(list, i), "key")));
    }
    jb_put(o, "certs", certs);
    jb_put(o, "keys", keys);
}

/* The earlier listener that has taken this hostname, or none. */
static jv earlier(jv listeners, int before, const char *hostname)
{
    for (int i = 0; i < before; i++) {
        jv l = jx_at(listeners, i);
        if (jx_len(jx_get(l, "certificates")) > 0 && str_same(jx_getstr(l, "hostname"), hostname))
            return l;
    }
    return JX_NONE;
}

static void add_ssl(struct translation *t, jv listeners, int i, const struct id *id)
{
    jv l = jx_at(listeners, i), certificates = jx_get(l, "certificates");
    const char *name = jx_getstr_or(l, "name", "");
    if (jx_len(certificates) == 0)
        return;
    jv other = earlier(listeners, i, jx_getstr(l, "hostname"));
    if (!jx_is_none(other)) {
        if (!jx_equal(jx_get(other, "certificates"), certificates))
            findings_addf(t->findings, F_CERT_CONFLICT, "spec.listeners",
                          "listeners %s and %s have one hostname and different certificates; APISIX "
                          "serves that of %s on both",
                          jx_getstr_or(other, "name", ""), name, jx_getstr_or(other, "name", ""));
        return;
    }
    jv o = translation_object(t, id->text);
    put_names(&o, l);
    put_certificates(&o, certificates);
    translation_add(t, "ssls", o);
}

/* ---- catch-alls ---- */

static void add_catch_all(struct translation *t, jv listener, const char *id, bool is_misdirected)
{
    char port[16];
    const char *hostname = jx_getstr(listener, "hostname");
    jv o = translation_object(t, id), vars = jb_arr(), ports = jb_arr(), plugins = jb_obj();
    snprintf(port, sizeof port, "%d", port_of_plane(t->options, (int)jx_getint_or(listener, "port", 0)));
    jb_add_str(&ports, port);
    jb_put_str(&o, "uri", "/*");
    if (hostname) {
        jv hosts = jb_arr();
        jb_add_str(&hosts, hostname);
        jb_put(&o, "hosts", hosts);
    }
    place_add_conditions(&(struct place){.says = jx_get(listener, "catchAll"),
                                         .ports = ports,
                                         .is_https = str_eq(jx_getstr_or(listener, "protocol", ""), "HTTPS"),
                                         .any_sni = is_misdirected,
                                         .internal_port = t->options->internal_port},
                         &vars);
    jb_free(ports);
    if (jx_len(vars) > 0)
        jb_put(&o, "vars", vars);
    else
        jb_free(vars);
    jb_put_int(&o, "priority", is_misdirected ? PRIORITY_MISDIRECTED : PRIORITY_NOT_FOUND);
    jb_put(&plugins, "fault-injection", abort_with(is_misdirected ? 421 : 404));
    jb_put(&o, "plugins", plugins);
    translation_add(t, "routes", o);
}

static void add_catch_alls(struct translation *t, jv listener, const char *prefix)
{
    jv says = jx_get(listener, "catchAll");
    const char *ns = t->rec->id.ns, *owner = t->rec->id.name, *name = jx_getstr_or(listener, "name", "");
    if (!jx_is_obj(says))
        return;
    add_catch_all(t, listener, id_make("%s.%s.%s_%s_404", prefix, ns, owner, name).text, false);
    if (jx_true(jx_get(says, "misdirected")))
        add_catch_all(t, listener, id_make("%s.%s.%s_%s_421", prefix, ns, owner, name).text, true);
}

/* ---- the whole ---- */

static void translate_listeners(struct translation *t, const char *prefix)
{
    jv listeners = jx_get(t->resolved, "listeners"), keep = jb_arr();
    translation_enter(t, jx_getstr(t->resolved, "plane"));
    for (int i = 0; i < jx_len(listeners); i++) {
        jv l = jx_at(listeners, i);
        struct id id =
            id_make("%s.%s.%s_%s", prefix, t->rec->id.ns, t->rec->id.name, jx_getstr_or(l, "name", ""));
        if (jx_true(jx_get(l, "held"))) /* its Secret was rejected: what is live is better than nothing */
            jb_add(&keep, jb_strf("ssls/%s", id.text));
        else
            add_ssl(t, listeners, i, &id);
        add_catch_alls(t, l, prefix);
    }
    if (jx_len(keep) > 0)
        translation_put(t, "keep", keep);
    else
        jb_free(keep);
}

void translate_gateway(struct translation *t)
{
    translate_listeners(t, "gateway");
}

void translate_listener_set(struct translation *t)
{
    translate_listeners(t, "listenerset");
}

/*
 * ssl: a Gateway's HTTPS listeners as APISIX ssl objects.
 *
 * APISIX picks a certificate by server name alone, whatever the port: of two listeners with one hostname
 * the first with a certificate counts. A wildcard there covers a single label, so the names that routes
 * serve further down are listed beside it. Any host is the string "*" (in a list it does not work).
 */
#include "apisix/ids.h"
#include "apisix/translate.h"

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

void translate_gateway(struct translation *t)
{
    jv listeners = jx_get(t->resolved, "listeners"), keep = jb_arr();
    for (int i = 0; i < jx_len(listeners); i++) {
        jv l = jx_at(listeners, i), certificates = jx_get(l, "certificates");
        const char *name = jx_getstr_or(l, "name", "");
        struct id id = id_make("gateway.%s.%s_%s", t->rec->id.ns, t->rec->id.name, name);
        if (jx_true(jx_get(l, "held"))) { /* its Secret was rejected: what is live is better than nothing */
            jb_add(&keep, jb_strf("ssls/%s", id.text));
            continue;
        }
        if (jx_len(certificates) == 0)
            continue;
        jv other = earlier(listeners, i, jx_getstr(l, "hostname"));
        if (!jx_is_none(other)) {
            if (!jx_equal(jx_get(other, "certificates"), certificates))
                findings_addf(t->findings, F_CERT_CONFLICT, "spec.listeners",
                              "listeners %s and %s have one hostname and different certificates; APISIX "
                              "serves that of %s on both",
                              jx_getstr_or(other, "name", ""), name, jx_getstr_or(other, "name", ""));
            continue;
        }
        jv o = translation_object(t, id.text);
        put_names(&o, l);
        put_certificates(&o, certificates);
        translation_add(t, "ssls", o);
    }
    if (jx_len(keep) > 0)
        jb_put(&t->out, "keep", keep);
    else
        jb_free(keep);
}

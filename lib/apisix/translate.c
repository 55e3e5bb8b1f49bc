#include "apisix/translate.h"

#include <stdlib.h>

#include "apisix/backends.h"
#include "apisix/escape.h"
#include "apisix/owner.h"

static const struct owner_kind {
    const char *group, *kind;
    void (*translate)(struct translation *t);
} owners[] = {
    {"gateway.networking.k8s.io", "Gateway", translate_gateway},
    {"gateway.networking.k8s.io", "ListenerSet", translate_listener_set},
    {"gateway.networking.k8s.io", "HTTPRoute", translate_http_route},
    {"gateway.networking.k8s.io", "GRPCRoute", translate_grpc_route},
    {"", "Service", translate_service},
    {"apisix.apache.org", "GatewayProxy", translate_gateway_proxy},
};

jv translation_object(const struct translation *t, const char *id)
{
    char owner[OWNER_LABEL_MAX + 1];
    jv o = jb_obj(), labels = jb_obj();
    owner_label(&t->rec->id, owner);
    jb_put_str(&labels, LABEL_MANAGED_BY, MANAGED_BY);
    jb_put_str(&labels, LABEL_INSTANCE, t->options->instance);
    jb_put_str(&labels, LABEL_OWNER, owner);
    jb_put_str(&o, "id", id);
    jb_put(&o, "labels", labels);
    return o;
}

/* APISIX would replace it from its environment, or refuse the whole file. The forms that are translated
   avoid it; this is the net below. */
static bool holds_template(jv v)
{
    const char *s = jx_str(v);
    if (s)
        return holds_file_template(s);
    for (int i = 0; jx_is_arr(v) && i < jx_len(v); i++)
        if (holds_template(jx_at(v, i)))
            return true;
    for (struct jx_iter it = jx_iter(v); jx_next(&it);)
        if (holds_file_template(it.key) || holds_template(it.value))
            return true;
    return false;
}

/* Two braces in a row can only come from a string of the record, as they are or as escapes of a path. */
static bool may_hold_template(const struct rec *r)
{
    return r->rewrite || memmem(r->line, r->len, "{{", 2) || memmem(r->line, r->len, "%7", 2);
}

/* What a route matches stays, so that its requests fall to no other, and the answer is 500. */
static jv closed(jv route)
{
    static const char *const dropped[] = {"plugin_config_id", "upstream", "upstream_id", "service_id",
                                          "script"};
    jv out = jb_copy(route), plugins = jb_obj();
    for (size_t i = 0; i < N_ELEMS(dropped); i++)
        jb_del(&out, dropped[i]);
    jb_put(&plugins, "fault-injection", abort_with(500));
    jb_put(&out, "plugins", plugins);
    return out;
}

/* Takes the object; JX_NONE when nothing of it can stay. */
static jv without_template(struct translation *t, const char *kind, jv owned_object)
{
    jv out = str_eq(kind, "routes") ? closed(owned_object) : JX_NONE;
    bool is_fine = !jx_is_none(out) && !holds_template(out);
    findings_addf(t->findings, F_UNSUPPORTED, NULL,
                  "%s %s holds the text \"${{\", which APISIX would replace; %s", kind,
                  jx_getstr_or(owned_object, "id", ""), is_fine ? "it answers 500" : "it is left out");
    jb_free(owned_object);
    if (is_fine)
        return out;
    jb_free(out);
    return JX_NONE;
}

void translation_add(struct translation *t, const char *kind, jv owned_object)
{
    if (may_hold_template(t->rec) && holds_template(owned_object))
        owned_object = without_template(t, kind, owned_object);
    if (jx_is_none(owned_object))
        return;
    jv *out = &t->outs[t->at].set, list = jx_get(*out, kind);
    list = jx_is_none(list) ? jb_arr() : jb_copy(list);
    jb_put(out, kind, jb_bool(false)); /* so that `list` is the only reference while it grows */
    jb_add(&list, owned_object);
    jb_put(out, kind, list);
}

void translation_put(struct translation *t, const char *member, jv owned)
{
    jb_put(&t->outs[t->at].set, member, owned);
}

void translation_enter(struct translation *t, const char *plane)
{
    plane = plane ? plane : "";
    for (t->at = 0; t->at < t->n; t->at++)
        if (str_eq(t->outs[t->at].plane, plane))
            return;
    t->outs = xreallocarray(t->outs, t->n + 1, sizeof *t->outs);
    t->outs[t->n].plane = plane;
    t->outs[t->n++].set = jb_obj();
}

/* Takes what `t` owns. */
static void take_sets(struct translation *t, jv *set, jv *planes)
{
    *set = t->outs[0].set;
    for (size_t i = 1; i < t->n; i++) {
        if (jx_is_none(*planes))
            *planes = jb_obj();
        jb_put(planes, t->outs[i].plane, t->outs[i].set);
    }
    free(t->outs);
}

int port_of_plane(const struct translate_options *o, int listener_port)
{
    for (size_t i = 0; i < o->n_ports; i++)
        if (o->ports[i].from == listener_port)
            return o->ports[i].to;
    return listener_port;
}

static const struct owner_kind *owner_kind_of(const struct rec *r)
{
    for (size_t i = 0; i < N_ELEMS(owners); i++)
        if (str_eq(r->id.kind, owners[i].kind) && str_eq(r->id.group, owners[i].group))
            return &owners[i];
    return NULL;
}

bool is_untranslated(const struct rec *r)
{
    return r->type == REC_UPSERT && !jx_true(rec_get(r, "held")) && jx_is_none(rec_get(r, "apisix")) &&
           jx_is_none(rec_get(r, "planes")) && owner_kind_of(r);
}

bool translate(const struct translate_options *o, const struct rec *r, struct findings *fs, jv *set,
               jv *planes)
{
    struct translation t = {.options = o, .rec = r, .resolved = rec_get(r, "resolved"), .findings = fs};
    *set = *planes = JX_NONE;
    const struct owner_kind *kind = owner_kind_of(r);
    if (!kind)
        return true;
    bool is_gone = r->type == REC_DELETED;
    if (!is_gone && !jx_is_obj(t.resolved)) {
        findings_addf(fs, F_HELD, NULL, "the record was not resolved; what is live for it stays untouched");
        return false;
    }
    translation_enter(&t, NULL);
    if (!is_gone)
        kind->translate(&t);
    take_sets(&t, set, planes);
    return true;
}

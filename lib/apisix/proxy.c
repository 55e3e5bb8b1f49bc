/*
 * A GatewayProxy: what runs on its data planes for every request, and where they take their configuration
 * from. gw-push reads the latter as the member `controlPlane` of what is for a data plane (place.h).
 */
#include "apisix/ids.h"
#include "apisix/translate.h"

/*
 * APISIX runs a plugin in one global rule at most. So a plugin has one rule, whichever GatewayProxy has it:
 * those that agree share it, and it can go over from one to another.
 */
static void add_rule(struct translation *t, const char *plugin, jv config)
{
    jv plugins = jb_obj(), rule = jb_obj();
    struct id id = id_make("gatewayproxy.%s", plugin);
    jb_put(&plugins, plugin, jb_copy(config));
    jb_put_str(&rule, "id", id.text);
    jb_put(&rule, "plugins", plugins);
    translation_add(t, "global_rules", rule);
}

static void add_metadata(struct translation *t, const char *plugin, jv value, bool tells)
{
    if (!jx_is_obj(value)) {
        if (tells)
            findings_addf(t->findings, F_UNSUPPORTED, "spec.pluginMetadata",
                          "\"%.60s\" is of type %s, expected an object", plugin, jx_kind(value));
        return;
    }
    jv metadata = jb_copy(value);
    jb_put_str(&metadata, "id", plugin);
    translation_add(t, "plugin_metadata", metadata);
}

static void add_for_plane(struct translation *t, bool is_first)
{
    for (struct jx_iter it = jx_iter(jx_get(t->resolved, "plugins")); jx_next(&it);)
        add_rule(t, it.key, it.value);
    for (struct jx_iter it = jx_iter(jx_get(t->resolved, "pluginMetadata")); jx_next(&it);)
        add_metadata(t, it.key, it.value, is_first);
}

/* "admin:http://..." of each endpoint, as gw-push names targets. */
static jv targets_of(jv control_plane)
{
    bool is_standalone = str_eq(jx_getstr_or(control_plane, "mode", ""), "apisix-standalone");
    jv endpoints = jx_get(control_plane, "endpoints"), targets = jb_arr();
    /* Of an Admin API with etcd behind it all endpoints are one: whichever is written to, all have it. */
    int n = is_standalone || jx_len(endpoints) == 0 ? jx_len(endpoints) : 1;
    for (int i = 0; i < n; i++)
        if (jx_str(jx_at(endpoints, i)))
            jb_add(&targets,
                   jb_strf("%s:%s", is_standalone ? "standalone" : "admin", jx_str(jx_at(endpoints, i))));
    return targets;
}

static void put_control_plane(struct translation *t, jv control_plane)
{
    static const char *const kept[] = {"apiKey", "caCert", "tlsVerify", "idle"};
    jv out = jb_obj();
    for (size_t i = 0; i < N_ELEMS(kept); i++)
        if (!jx_is_none(jx_get(control_plane, kept[i])))
            jb_put(&out, kept[i], jb_copy(jx_get(control_plane, kept[i])));
    jb_put(&out, "targets", targets_of(control_plane));
    translation_enter(t, jx_getstr(control_plane, "plane"));
    translation_put(t, "controlPlane", out);
}

void translate_gateway_proxy(struct translation *t)
{
    jv planes = jx_get(t->resolved, "planes"), control_plane = jx_get(t->resolved, "controlPlane");
    const char *before = NULL;
    for (int i = 0; i < jx_len(planes); i++) {
        const char *plane = jx_str(jx_at(planes, i));
        if (!plane || str_same(before, plane)) /* they are sorted */
            continue;
        translation_enter(t, plane);
        add_for_plane(t, !before);
        before = plane;
    }
    if (jx_is_obj(control_plane))
        put_control_plane(t, control_plane);
}

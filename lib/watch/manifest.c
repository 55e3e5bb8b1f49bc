#include "watch/manifest.h"

#include <stdio.h>

#include "json/jx.h"

#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"

enum {
    MAX_GROUP = 253,
    ROOM_FOR_MEMBERS = 64 << 10, /* of a record: what is not the object or its lines, findings included */
};

static void complain(struct manifest *m, const struct ynode *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void complain(struct manifest *m, const struct ynode *at, const char *fmt, ...)
{
    char text[500];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    m->errors++;
    m->sink->on_error(&(struct yaml_error){m->document, at->line, at->column, text, NULL, 0}, m->sink->ctx);
}

static const char *text_of(const struct ynode *node)
{
    const char *s = ynode_str(node);
    return s && *s ? s : NULL;
}

/* A namespace may be missing; a number or a plain `no` would be taken for missing. */
static bool has_good_namespace(struct manifest *m, const struct ynode *object)
{
    const struct ynode *ns = ynode_get(ynode_get(object, "metadata"), "namespace");
    if (!ns || ns->kind == Y_NULL || ns->kind == Y_STRING)
        return true;
    complain(m, ns, "metadata.namespace is %s; a string is expected%s", ynode_kind_name(ns),
             ns->kind < Y_STRING ? ", so quote it" : "");
    return false;
}

static const char *hint_for_nameless(const struct ynode *object)
{
    const char *kind = text_of(ynode_get(object, "kind"));
    if (kind && str_eq(kind, "Kustomization"))
        return "; a Kustomization is for kustomize: give what `kustomize build` prints instead";
    if (text_of(ynode_get(ynode_get(object, "metadata"), "generateName")))
        return "; only an API server can make one from generateName";
    return "";
}

/* One complaint for an object that cannot be told from others. */
static bool has_identity(struct manifest *m, const struct ynode *object)
{
    static const char *const fields[] = {"apiVersion", "kind", "name"};
    if (object->kind != Y_MAP) {
        complain(m, object, "a Kubernetes object is expected, not %s", ynode_kind_name(object));
        return false;
    }
    for (size_t i = 0; i < N_ELEMS(fields); i++) {
        bool is_name = str_eq(fields[i], "name");
        const struct ynode *at = is_name ? ynode_get(object, "metadata") : object;
        const struct ynode *node = ynode_get(at, fields[i]);
        if (text_of(node))
            continue;
        if (node && node->kind != Y_NULL && !ynode_str(node))
            complain(m, node, "%s%s is %s; a string is expected%s", is_name ? "metadata." : "", fields[i],
                     ynode_kind_name(node), node->kind < Y_STRING ? ", so quote it" : "");
        else
            complain(m, object, "the object has no %s%s%s", is_name ? "metadata." : "", fields[i],
                     is_name ? hint_for_nameless(object) : "");
        return false;
    }
    return has_good_namespace(m, object);
}

static bool name_object(struct manifest *m, const struct ynode *object)
{
    const struct ynode *meta = ynode_get(object, "metadata");
    const char *api = ynode_getstr(object, "apiVersion"), *kind = ynode_getstr(object, "kind");
    const char *name = ynode_getstr(meta, "name"), *ns = text_of(ynode_get(meta, "namespace"));
    size_t group = strchr(api, '/') ? strcspn(api, "/") : 0;
    if (group > MAX_GROUP) {
        complain(m, object, "apiVersion has a group longer than %d characters", MAX_GROUP);
        return false;
    }
    buf_reset(&m->key);
    buf_reset(&m->title);
    buf_add(&m->key, api, group);
    buf_addf(&m->key, "\n%s\n%s\n%s", kind, ns ? ns : "", name);
    buf_addf(&m->title, "%s %s%s%s", kind, ns ? ns : "", ns ? "/" : "", name);
    return true;
}

static void strip(const struct ynode *object)
{
    struct ynode *meta = ynode_get(object, "metadata"), *notes = ynode_get(meta, "annotations");
    ynode_drop(meta, "managedFields");
    if (!ynode_get(notes, LAST_APPLIED))
        return;
    ynode_drop(notes, LAST_APPLIED);
    if (notes->n == 0)
        ynode_drop(meta, "annotations");
}

/* What has neither an apiVersion nor a kind was no object, whatever it is. */
static void tell_lost(const struct manifest *m, const struct ynode *object)
{
    struct kinds lost = {0};
    const char *kind = ynode_getstr(object, "kind");
    if (kind)
        kinds_add(&lost, kind, strlen(kind));
    else if (object->kind != Y_MAP || ynode_get(object, "kind") || ynode_get(object, "apiVersion"))
        kinds_add_any(&lost);
    m->sink->on_lost(&lost, m->sink->ctx);
    kinds_free(&lost);
}

static void on_object(struct manifest *m, const struct ynode *object)
{
    if (!has_identity(m, object) || !name_object(m, object)) {
        tell_lost(m, object);
        return;
    }
    strip(object);
    buf_reset(&m->json);
    buf_reset(&m->lines);
    ynode_json(&m->json, object);
    ynode_lines(&m->lines, object);
    if (m->json.len + m->lines.len > BUF_MAX_LINE - ROOM_FOR_MEMBERS || m->json.overflow || m->key.overflow) {
        complain(m, object, "the object is larger than a record may be (8 MiB)");
        tell_lost(m, object);
        return;
    }
    m->sink->on_object(&(struct manifest_object){.key = m->key.p,
                                                 .title = m->title.p,
                                                 .json = m->json.p,
                                                 .json_len = m->json.len,
                                                 .lines = m->lines.p,
                                                 .document = m->document,
                                                 .line = (int)object->line},
                       m->sink->ctx);
}

/* A list has items and, unlike an object that is called something-List, no name. */
static bool is_list(const struct ynode *node)
{
    const char *kind = ynode_getstr(node, "kind");
    const struct ynode *items = ynode_get(node, "items");
    return kind && has_suffix(kind, "List") && items && (items->kind == Y_LIST || items->kind == Y_NULL) &&
           !ynode_get(ynode_get(node, "metadata"), "name");
}

static void on_node(struct manifest *m, const struct ynode *node)
{
    if (!is_list(node)) {
        on_object(m, node);
        return;
    }
    const struct ynode *items = ynode_get(node, "items");
    for (size_t i = 0; items->kind == Y_LIST && i < items->n; i++)
        on_node(m, items->items[i]);
}

static void on_document(struct ynode *root, int document, void *ctx)
{
    struct manifest *m = ctx;
    m->document = document;
    on_node(m, root);
}

static void on_error(const struct yaml_error *e, void *ctx)
{
    struct manifest *m = ctx;
    struct kinds lost = {0};
    if (e->text)
        kinds_add_text(&lost, e->text, e->n);
    else
        kinds_add_any(&lost);
    m->sink->on_error(e, m->sink->ctx);
    m->sink->on_lost(&lost, m->sink->ctx);
    kinds_free(&lost);
}

void manifest_open(struct manifest *m, const struct manifest_sink *sink)
{
    *m = (struct manifest){.sink = sink, .handler = {on_document, on_error, m}};
    buf_init(&m->key, BUF_MAX_SCRATCH);
    buf_init(&m->title, BUF_MAX_SCRATCH);
    buf_init(&m->json, BUF_MAX_LINE);
    buf_init(&m->lines, BUF_MAX_LINE);
    yaml_open(&m->yaml, &m->handler);
}

void manifest_feed(struct manifest *m, const char *p, size_t n)
{
    yaml_feed(&m->yaml, p, n);
}

int manifest_close(struct manifest *m)
{
    m->errors += yaml_close(&m->yaml);
    buf_free(&m->key);
    buf_free(&m->title);
    buf_free(&m->json);
    buf_free(&m->lines);
    return m->errors;
}

#include "apisix/mark.h"

#include "apisix/owner.h"

bool kind_needs_mark(enum apisix_kind k)
{
    return apisix_kind(k)->is_written && !apisix_kind(k)->has_labels;
}

struct id mark_id(enum apisix_kind k, const char *id)
{
    return id_make("mark.%s.%s", apisix_kind(k)->name, id);
}

struct item *mark_new(const struct item *of, const char *instance)
{
    struct id id = mark_id(of->kind, of->id);
    jv o = jb_obj(), labels = jb_obj();
    jb_put_str(&labels, LABEL_MANAGED_BY, MANAGED_BY);
    jb_put_str(&labels, LABEL_INSTANCE, instance);
    jb_put_str(&labels, LABEL_OWNER, of->owner);
    jb_put(&o, "desc", jb_strf("tells whose %s/%.64s is", apisix_kind(of->kind)->name, of->id));
    jb_put_str(&o, "id", id.text);
    jb_put(&o, "labels", labels);
    jb_put(&o, "plugins", jb_obj());
    struct item *mark = item_of(AK_PLUGIN_CONFIGS, id.text, of->owner, o);
    jb_free(o);
    return mark;
}

/* Of one id there is one plugin_config of ours at most. */
static const struct item *find_mark(const struct items *live, const struct item *of)
{
    struct id id = mark_id(of->kind, of->id);
    for (size_t i = 0; i < live->n && live->items[i]->kind <= AK_PLUGIN_CONFIGS; i++)
        if (live->items[i]->kind == AK_PLUGIN_CONFIGS && live->items[i]->owner &&
            str_eq(live->items[i]->id, id.text))
            return live->items[i];
    return NULL;
}

void marks_apply(struct items *live)
{
    for (size_t i = 0; i < live->n; i++) {
        struct item *item = live->items[i];
        const struct item *mark = kind_needs_mark(item->kind) ? find_mark(live, item) : NULL;
        if (!mark || (item->owner && str_eq(item->owner, mark->owner)))
            continue;
        live->items[i] = item_new(item->kind, item->id, mark->owner, item->text, item->len);
        item_unref(item);
    }
}

/* fill: what an API server adds to an object, from the defaults of the tables. */
#include "gw/schema.h"

static jv fill_value(const struct field *f, jv owned, bool *changed);

/* Whether something inside of it may have to be filled in. */
static bool is_struct(const struct field *f)
{
    return f->type == TYPE_OBJECT || (f->type == TYPE_LIST && f->items->type == TYPE_OBJECT) ||
           (f->type == TYPE_MAP && f->flags & NULL_IS_EMPTY);
}

static jv fill_map(jv owned, bool *changed)
{
    jv keys = jb_keys(owned);
    for (int i = 0; i < jx_len(keys); i++) {
        const char *key = jx_str(jx_at(keys, i));
        if (!jx_is_null(jx_get(owned, key)))
            continue;
        jb_put_str(&owned, key, "");
        *changed = true;
    }
    jb_free(keys);
    return owned;
}

static jv fill_items(const struct field *item, jv owned, bool *changed)
{
    for (int i = 0; i < jx_len(owned); i++) {
        bool item_changed = false;
        jv filled = fill_value(item, jb_copy(jx_at(owned, i)), &item_changed);
        if (item_changed)
            jb_set(&owned, i, filled);
        else
            jb_free(filled);
        *changed |= item_changed;
    }
    return owned;
}

static jv fill_value(const struct field *f, jv owned, bool *changed)
{
    if (f->type == TYPE_OBJECT && jx_is_obj(owned))
        return schema_fill(f->of, owned, changed);
    if (f->type == TYPE_LIST && jx_is_arr(owned))
        return fill_items(f->items, owned, changed);
    if (f->type == TYPE_MAP && jx_is_obj(owned))
        return fill_map(owned, changed);
    return owned;
}

static jv default_of(const struct field *f)
{
    const char *why;
    return jx_parse(f->otherwise, strlen(f->otherwise), &why);
}

static void fill_struct(const struct field *f, jv *object, bool *changed)
{
    bool value_changed = false;
    jv filled = fill_value(f, jb_copy(jx_get(*object, f->name)), &value_changed);
    if (value_changed)
        jb_put(object, f->name, filled);
    else
        jb_free(filled);
    *changed |= value_changed;
}

jv schema_fill(const struct schema *s, jv owned, bool *changed)
{
    uint64_t present = 0, null = 0; /* by the bits of their rows: one pass, and no look-up a row */
    for (struct jx_iter it = jx_iter(owned); jx_next(&it);) {
        int i = schema_find(s, it.key);
        if (i >= 0)
            *(jx_is_null(it.value) ? &null : &present) |= (uint64_t)1 << i;
    }
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct field *f = &s->fields[i];
        if (null >> i & 1)
            jb_del(&owned, f->name);
        if (!(present >> i & 1) && f->otherwise)
            jb_put(&owned, f->name, default_of(f));
        *changed |= null >> i & 1 || (!(present >> i & 1) && f->otherwise);
        if (is_struct(f) &&
            (present >> i & 1 || f->otherwise)) /* a default may itself leave some to its fields */
            fill_struct(f, &owned, changed);
    }
    return s->fill ? s->fill(owned, changed) : owned;
}

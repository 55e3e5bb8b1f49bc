#include "apisix/item.h"

#include <stdio.h>
#include <stdlib.h>

#include "apisix/owner.h"

const char *item_owner_of(enum apisix_kind kind, jv object, const char *instance)
{
    jv labels = jx_get(object, "labels");
    const char *owner = jx_getstr(labels, LABEL_OWNER);
    bool ours = apisix_kind(kind)->has_labels && owner && *owner &&
                str_same(jx_getstr(labels, LABEL_MANAGED_BY), MANAGED_BY) &&
                str_same(jx_getstr(labels, LABEL_INSTANCE), instance);
    return ours ? owner : NULL;
}

const char *item_id_of(enum apisix_kind kind, jv object, char *room, size_t n)
{
    jv id = jx_get(object, "id");
    int64_t number;
    if (jx_is_none(id))
        id = jx_get(object, apisix_kind(kind)->key);
    if (jx_str(id))
        return jx_str(id);
    if (!jx_int(id, &number))
        return "";
    snprintf(room, n, "%lld", (long long)number);
    return room;
}

struct item *item_new(enum apisix_kind kind, const char *id, const char *owner, const char *text, size_t len)
{
    size_t id_size = strlen(id) + 1, owner_size = owner ? strlen(owner) + 1 : 0;
    struct item *i = xmalloc(sizeof *i + id_size + owner_size + len + 1);
    char *p = (char *)(i + 1);
    *i = (struct item){.kind = kind, .id = p, .owner = owner ? p + id_size : NULL, .len = len};
    atomic_init(&i->refs, 1);
    memcpy(p, id, id_size);
    if (owner)
        memcpy(p + id_size, owner, owner_size);
    p += id_size + owner_size;
    memcpy(p, text, len);
    p[len] = '\0';
    i->text = p;
    i->holds_env_ref = strstr(p, "${{") != NULL;
    return i;
}

struct item *item_of(enum apisix_kind kind, const char *id, const char *owner, jv object)
{
    struct buf b;
    buf_init(&b, BUF_MAX_OUTPUT);
    jx_dump_sorted(&b, object);
    struct item *i = item_new(kind, id, owner, b.p, b.len);
    buf_free(&b);
    return i;
}

struct item *item_ref(struct item *i)
{
    atomic_fetch_add_explicit(&i->refs, 1, memory_order_relaxed);
    return i;
}

void item_unref(struct item *i)
{
    if (i && atomic_fetch_sub_explicit(&i->refs, 1, memory_order_acq_rel) == 1)
        free(i);
}

int item_compare(const struct item *a, const struct item *b)
{
    if (a == b)
        return 0;
    return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : strcmp(a->id, b->id);
}

/* Ours are canonical from the start; only a text that someone else wrote needs a second look. */
bool item_same(const struct item *a, const struct item *b)
{
    if (a == b || (a->len == b->len && memcmp(a->text, b->text, a->len) == 0))
        return true;
    const char *why_a, *why_b;
    jv x = jx_parse(a->text, a->len, &why_a), y = jx_parse(b->text, b->len, &why_b);
    bool same = !why_a && !why_b && jx_equal(x, y);
    jb_free(x);
    jb_free(y);
    return same;
}

bool items_share_plugin(const struct item *a, const struct item *b)
{
    const char *why;
    jv x = jx_parse(a->text, a->len, &why), y = jx_parse(b->text, b->len, &why),
       plugins = jx_get(y, "plugins");
    bool is_shared = false;
    for (struct jx_iter it = jx_iter(jx_get(x, "plugins")); !is_shared && jx_next(&it);)
        is_shared = !jx_is_none(jx_get(plugins, it.key));
    jb_free(x);
    jb_free(y);
    return is_shared;
}

void items_add(struct items *l, struct item *owned)
{
    VEC_GROW(l);
    l->items[l->n++] = owned;
}

void items_release(struct items *l)
{
    for (size_t i = 0; i < l->n; i++)
        item_unref(l->items[i]);
    free(l->items);
    *l = (struct items){0};
}

/* Merging keeps equals in order; glibc's qsort promises no such thing. */
static void merge_sort(struct item **v, struct item **room, size_t n)
{
    size_t half = n / 2, a = 0, b = half, to = 0;
    if (n < 2)
        return;
    merge_sort(v, room, half);
    merge_sort(v + half, room, n - half);
    if (item_compare(v[half - 1], v[half]) <= 0)
        return;
    while (a < half && b < n)
        room[to++] = item_compare(v[a], v[b]) <= 0 ? v[a++] : v[b++];
    while (a < half)
        room[to++] = v[a++];
    memcpy(v, room, to * sizeof *v);
}

void items_sort(struct items *l)
{
    struct item **room = xreallocarray(NULL, l->n, sizeof *room);
    merge_sort(l->items, room, l->n);
    free(room);
}

#include "apisix/wanted.h"

#include <stdlib.h>

#include "apisix/consumer.h"
#include "apisix/mark.h"
#include "apisix/owner.h"
#include "apisix/translate.h"

void wanted_init(struct wanted *w, const char *instance)
{
    *w = (struct wanted){.instance = instance};
}

static void note_change(struct wanted *w, struct owner *o)
{
    if (o->is_changed)
        return;
    o->is_changed = true;
    VEC_GROW(&w->changed);
    w->changed.items[w->changed.n++] = o;
}

static void forget_wishes(struct owner *o)
{
    items_release(&o->items);
    for (size_t i = 0; i < o->n_keep; i++)
        free(o->keep[i]);
    free(o->keep);
    o->keep = NULL;
    o->n_keep = 0;
    o->spares = o->is_held = o->is_gone = false;
    o->set_aside = 0;
}

static void owner_free(struct owner *o)
{
    forget_wishes(o);
    free(o->group);
    free(o);
}

static void forget_owner(struct wanted *w, struct owner *o)
{
    w->has_lost |= o->is_changed || o->items.n > 0;
    w->n_gone -= o->is_gone;
    HASH_DEL(w->owners, o); /* NOLINT(clang-analyzer-unix.Malloc): cannot see that `o` leaves the list */
    owner_free(o);
}

void wanted_release(struct wanted *w)
{
    struct owner *first = w->owners, *next;
    HASH_CLEAR(hh, w->owners); /* the table; the owners stay linked */
    for (struct owner *o = first; o; o = next) {
        next = o->hh.next;
        owner_free(o);
    }
    free(w->claims);
    free(w->changed.items);
    *w = (struct wanted){0};
}

struct owner *wanted_owner(const struct wanted *w, const char *label)
{
    struct owner *o;
    HASH_FIND_STR(w->owners, label, o);
    return o;
}

struct owner *wanted_twin(const struct wanted *w, const struct owner *o)
{
    struct owner *twin;
    HASH_FIND_BYHASHVALUE(hh, w->owners, o->label, o->hh.keylen, o->hh.hashv, twin);
    return twin;
}

static struct owner *owner_new(struct wanted *w, const char *label, const char *group)
{
    size_t size = strlen(label) + 1;
    struct owner *o = xcalloc(1, sizeof *o + size);
    memcpy(o->room, label, size);
    o->label = o->room;
    o->group = xstrdup(group);
    o->slot = w->n_slots++;
    HASH_ADD_KEYPTR(hh, w->owners, o->label, size - 1, o);
    return o;
}

/* ---- one record ---- */

/* Why an object of a record cannot be accepted, NULL when it can. One of another instance is a gap. */
static char *objection(struct wanted *w, const struct owner *o, enum apisix_kind kind, jv object)
{
    char room[32];
    const char *name = apisix_kind(kind)->name, *id = item_id_of(kind, object, room, sizeof room);
    jv labels = jx_get(object, "labels");
    const char *by = jx_getstr(labels, LABEL_MANAGED_BY), *instance = jx_getstr(labels, LABEL_INSTANCE),
               *owner = jx_getstr(labels, LABEL_OWNER);
    if (!jx_is_obj(object))
        return xasprintf("apisix.%s: an item is %s, expected an object", name, jx_kind(object));
    if (!*id)
        return xasprintf("apisix.%s: an object has no \"%s\"", name, apisix_kind(kind)->key);
    if (!apisix_kind(kind)->has_labels)
        return NULL;
    if (!str_same(by, MANAGED_BY) || !instance || !owner)
        return xasprintf("%s \"%s\" lacks the labels %s, %s and %s that gw-translate gives", name, id,
                         LABEL_MANAGED_BY, LABEL_INSTANCE, LABEL_OWNER);
    if (!str_eq(instance, w->instance)) {
        w->has_gaps = true;
        return xasprintf("%s \"%s\" is made for instance \"%s\", but this is \"%s\": give gw-translate and "
                         "gw-push the same --instance",
                         name, id, instance, w->instance);
    }
    if (!str_eq(owner, o->label))
        return xasprintf("%s \"%s\" is labelled as of %s, but stands in the record of %s", name, id, owner,
                         o->label);
    return NULL;
}

static void set_aside(struct owner *o, struct findings *fs, enum finding_id id, char *owned_message)
{
    findings_addf(fs, id, NULL, "%s", owned_message);
    free(owned_message);
    o->set_aside++;
    o->spares = true;
}

static void take_object(struct wanted *w, struct owner *o, enum apisix_kind kind, jv object,
                        struct findings *fs)
{
    char room[32];
    char *why = objection(w, o, kind, object);
    if (why) {
        set_aside(o, fs, F_PUSH_REJECTED, why);
        return;
    }
    struct item *item = item_of(kind, item_id_of(kind, object, room, sizeof room), o->label, object);
    items_add(&o->items, item);
    if (kind_needs_mark(kind))
        items_add(&o->items, mark_new(item, w->instance));
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void take_keep(struct owner *o, jv keep)
{
    o->keep = xcalloc((size_t)jx_len(keep), sizeof *o->keep);
    for (int i = 0; i < jx_len(keep); i++)
        if (jx_str(jx_at(keep, i)))
            o->keep[o->n_keep++] = xstrdup(jx_str(jx_at(keep, i)));
    qsort(o->keep, o->n_keep, sizeof *o->keep, compare_texts);
}

static void take_member(struct wanted *w, struct owner *o, const struct jx_iter *m, struct findings *fs)
{
    int kind = apisix_kind_named(m->key, m->key_len);
    if (str_eq(m->key, "keep") && jx_is_arr(m->value)) {
        take_keep(o, m->value);
        return;
    }
    if (str_eq(m->key, "controlPlane")) /* where the data plane is (push/proxies.h), not what is there */
        return;
    if (kind < 0 || !apisix_kind((enum apisix_kind)kind)->is_for_records) {
        set_aside(o, fs, F_PUSH_REJECTED, xasprintf("apisix.%s: not a kind that gw-push writes", m->key));
        return;
    }
    if (!jx_is_arr(m->value)) {
        set_aside(o, fs, F_PUSH_REJECTED,
                  xasprintf("apisix.%s is %s, expected a list", m->key, jx_kind(m->value)));
        return;
    }
    for (int i = 0; i < jx_len(m->value); i++)
        take_object(w, o, (enum apisix_kind)kind, jx_at(m->value, i), fs);
}

static const struct item *find_item(const struct owner *o, enum apisix_kind kind, const char *id)
{
    for (size_t i = 0; i < o->items.n; i++)
        if (o->items.items[i]->kind == kind && str_eq(o->items.items[i]->id, id))
            return o->items.items[i];
    return NULL;
}

/* A credential goes with its consumer: it is looked for below those of ours only. */
static void drop_strays(struct owner *o, struct findings *fs)
{
    struct items kept = {0}, strays = {0};
    for (size_t i = 0; i < o->items.n; i++) {
        struct item *item = o->items.items[i];
        char *consumer = is_credential(item) ? consumer_of_credential(item->id) : NULL;
        bool is_stray = consumer && !find_item(o, AK_CONSUMERS, consumer);
        items_add(is_stray ? &strays : &kept, item_ref(item));
        free(consumer);
    }
    for (size_t i = 0; i < strays.n; i++)
        set_aside(o, fs, F_PUSH_REJECTED,
                  xasprintf("consumers \"%s\" is a credential of a consumer that the record does not hold",
                            strays.items[i]->id));
    items_release(&strays);
    items_release(&o->items);
    o->items = kept;
}

/* Sorted, and of two objects with one id only the first. */
static void put_in_order(struct owner *o, struct findings *fs)
{
    struct items *l = &o->items;
    size_t n = 0;
    items_sort(l);
    for (size_t i = 0; i < l->n; i++) {
        if (n > 0 && item_compare(l->items[n - 1], l->items[i]) == 0) {
            if (!item_same(l->items[n - 1], l->items[i]))
                set_aside(o, fs, F_PUSH_FOREIGN,
                          xasprintf("two different %s have the id \"%s\"; the first counts",
                                    apisix_kind(l->items[i]->kind)->name, l->items[i]->id));
            item_unref(l->items[i]);
            continue;
        }
        l->items[n++] = l->items[i];
    }
    l->n = n;
}

static void take_wishes(struct wanted *w, struct owner *o, const struct rec *r, jv apisix,
                        struct findings *fs)
{
    o->is_held = r->type != REC_DELETED && jx_true(rec_get(r, "held"));
    o->is_gone = r->type == REC_DELETED;
    o->spares = o->is_held || is_untranslated(r);
    if (o->is_gone)
        return;
    if (!jx_is_none(apisix) && !jx_is_obj(apisix)) {
        set_aside(o, fs, F_PUSH_REJECTED, xasprintf("apisix is %s, expected an object", jx_kind(apisix)));
        return;
    }
    for (struct jx_iter m = jx_iter(apisix); jx_next(&m);)
        take_member(w, o, &m, fs);
    drop_strays(o, fs);
    put_in_order(o, fs);
}

struct owner *wanted_take(struct wanted *w, const struct rec *r, jv set, struct findings *fs)
{
    char label[OWNER_LABEL_MAX + 1];
    owner_label(&r->id, label);
    struct owner *o = wanted_owner(w, label);
    bool speaks = !jx_is_none(set) || jx_true(rec_get(r, "held"));
    if (o && !str_eq(o->group, r->id.group)) {
        if (!speaks)
            return NULL;
        free(o->group);
        o->group = xstrdup(r->id.group);
    }
    if (!o)
        o = owner_new(w, label, r->id.group);
    w->n_gone -= o->is_gone;
    forget_wishes(o);
    take_wishes(w, o, r, set, fs);
    w->n_gone += o->is_gone;
    o->is_fresh = true;
    note_change(w, o);
    return o;
}

void wanted_inherit(struct wanted *w, const struct wanted *from)
{
    for (const struct owner *o = from->owners; o; o = o->hh.next) {
        if (!o->spares)
            continue;
        struct owner *heir = owner_new(w, o->label, o->group);
        heir->is_held = o->is_held;
        heir->spares = true;
        heir->is_fresh = o->is_fresh;
    }
}

/* ---- SYNC ---- */

bool wanted_sync(struct wanted *w, bool full)
{
    struct owner *next;
    for (struct owner *o = full ? w->owners : NULL; o; o = next) {
        next = o->hh.next;
        if (!o->is_fresh)
            forget_owner(w, o);
        else
            o->is_fresh = false;
    }
    bool knows_all = full && !w->has_gaps;
    if (full)
        w->has_gaps = false;
    return knows_all;
}

void wanted_settle(struct wanted *w)
{
    struct owner *next;
    for (struct owner *o = w->n_gone > 0 ? w->owners : NULL; o; o = next) {
        next = o->hh.next;
        if (o->is_gone && !o->has_remains)
            forget_owner(w, o);
    }
}

/* ---- claims ---- */

static int compare_claims(const void *a, const void *b)
{
    const struct claim *x = a, *y = b;
    int c = item_compare(x->item, y->item);
    return c ? c : strcmp(x->owner->label, y->owner->label);
}

static void add_claims(struct claim *to, size_t *n, struct owner *o)
{
    for (size_t i = 0; i < o->items.n; i++)
        to[(*n)++] = (struct claim){o->items.items[i], o};
    o->is_changed = false;
}

static void sort_claims(struct claim *c, size_t n)
{
    if (n > 1)
        qsort(c, n, sizeof *c, compare_claims);
}

static void make_anew(struct wanted *w)
{
    size_t n = 0;
    w->n_slots = w->n_claims = 0;
    for (struct owner *o = w->owners; o; o = o->hh.next) {
        o->slot = w->n_slots++;
        n += o->items.n;
    }
    w->claims = xreallocarray(w->claims, n, sizeof *w->claims);
    for (struct owner *o = w->owners; o; o = o->hh.next)
        add_claims(w->claims, &w->n_claims, o);
    sort_claims(w->claims, w->n_claims);
}

static void drop_changed(struct wanted *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_claims; i++)
        if (!w->claims[i].owner->is_changed)
            w->claims[n++] = w->claims[i];
    w->n_claims = n;
}

/* How many of the first `n` claims stand before `c`. */
static size_t rank_of(const struct wanted *w, size_t n, const struct claim *c)
{
    size_t from = 0;
    while (from < n) {
        size_t mid = from + (n - from) / 2;
        if (compare_claims(&w->claims[mid], c) < 0)
            from = mid + 1;
        else
            n = mid;
    }
    return from;
}

/* The last one first: what stands behind it moves once. */
static void insert(struct wanted *w, const struct claim *sorted, size_t n)
{
    size_t end = w->n_claims;
    w->claims = xreallocarray(w->claims, w->n_claims + n, sizeof *w->claims);
    w->n_claims += n;
    while (n > 0) {
        size_t at = rank_of(w, end, &sorted[--n]);
        memmove(w->claims + at + n + 1, w->claims + at, (end - at) * sizeof *w->claims);
        w->claims[at + n] = sorted[n];
        end = at;
    }
}

static void bring_up_to_date(struct wanted *w)
{
    size_t n = 0, most = 0;
    drop_changed(w);
    for (size_t i = 0; i < w->changed.n; i++)
        most += w->changed.items[i]->items.n;
    struct claim *new = xreallocarray(NULL, most, sizeof *new);
    for (size_t i = 0; i < w->changed.n; i++)
        add_claims(new, &n, w->changed.items[i]);
    sort_claims(new, n);
    insert(w, new, n);
    free(new);
}

void wanted_claims(struct wanted *w)
{
    bool is_sparse = w->n_slots > 2 * (size_t)HASH_COUNT(w->owners) + 64;
    if (w->has_lost || is_sparse)
        make_anew(w);
    else if (w->changed.n > 0)
        bring_up_to_date(w);
    else
        return; /* several threads may ask at the same time */
    w->changed.n = 0;
    w->has_lost = false;
}

static int compare_item(const void *item, const void *claim)
{
    return item_compare(item, ((const struct claim *)claim)->item);
}

bool wanted_has(const struct wanted *w, const struct item *like)
{
    return w->n_claims > 0 && bsearch(like, w->claims, w->n_claims, sizeof *w->claims, compare_item);
}

bool wanted_gives_up(const struct wanted *w, const struct item *live, bool prunes)
{
    if (!live->owner)
        return false;
    const struct owner *o = wanted_owner(w, live->owner);
    if (!o)
        return prunes;
    if (o->spares || o->n_keep == 0)
        return !o->spares;
    char *name = xasprintf("%s/%s", apisix_kind(live->kind)->name, live->id);
    bool is_kept = bsearch(&name, o->keep, o->n_keep, sizeof *o->keep, compare_texts) != NULL;
    free(name);
    return !is_kept;
}

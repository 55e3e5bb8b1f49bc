#include "apisix/configs.h"

#include <stdio.h>
#include <stdlib.h>

#include "apisix/split.h"
#include "json/digest.h"

static const char version_suffix[] = "_conf_version";
static const char index_member[] = "modifiedIndex";

/* Of these APISIX's schemas know no modifiedIndex. */
static bool has_index(enum apisix_kind k)
{
    return k != AK_PLUGIN_METADATA && k != AK_SECRETS;
}

/* ---- versions ---- */

static int compare_versions(const void *a, const void *b)
{
    return strcmp(((const struct conf_version *)a)->kind, ((const struct conf_version *)b)->kind);
}

static struct conf_version *version_of(const struct configs *c, const char *kind)
{
    struct conf_version key = {.kind = (char *)kind};
    return c->versions.n == 0 ? NULL
                              : bsearch(&key, c->versions.items, c->versions.n, sizeof key, compare_versions);
}

static void add_version(struct configs *c, const char *kind, size_t len, int64_t number)
{
    VEC_GROW(&c->versions);
    c->versions.items[c->versions.n++] = (struct conf_version){xstrndup(kind, len), number};
    if (number > c->newest)
        c->newest = number;
}

static void sort_versions(struct configs *c)
{
    if (c->versions.n > 0)
        qsort(c->versions.items, c->versions.n, sizeof *c->versions.items, compare_versions);
}

/* What a document does not mention has version 0 in APISIX too. */
static void add_missing_versions(struct configs *c)
{
    size_t n = c->versions.n;
    struct configs known = {.versions = {c->versions.items, n, n}};
    bool is_missing[N_APISIX_KINDS + 1];
    for (int k = 0; k <= N_APISIX_KINDS; k++)
        is_missing[k] =
            !version_of(&known, k < N_APISIX_KINDS ? apisix_kind((enum apisix_kind)k)->name : "plugins");
    for (int k = 0; k <= N_APISIX_KINDS; k++) {
        const char *name = k < N_APISIX_KINDS ? apisix_kind((enum apisix_kind)k)->name : "plugins";
        if (is_missing[k])
            add_version(c, name, strlen(name), 0);
    }
    sort_versions(c);
}

/* ---- reading: members ---- */

static bool read_version(struct configs *c, const struct document_member *m)
{
    const char *why;
    int64_t number;
    jv v = jx_parse(m->text, strlen(m->text), &why);
    bool is_fine = jx_int(v, &number) && number >= 0 && number <= CONFIGS_MAX_VERSION;
    if (is_fine)
        add_version(c, m->name, strlen(m->name) - strlen(version_suffix), number);
    jb_free(v);
    return is_fine;
}

static void read_digest(struct configs *c, const struct document_member *m)
{
    const char *why;
    jv v = jx_parse(m->text, strlen(m->text), &why);
    if (jx_str(v))
        c->digest = xstrdup(jx_str(v));
    jb_free(v);
}

/* Takes what is no list of objects out of the document. */
static const char *take_members(struct configs *c, struct document *d)
{
    static _Thread_local char text[200];
    const char *why = NULL;
    size_t n = 0;
    for (size_t i = 0; i < d->others.n; i++) {
        struct document_member *m = &d->others.items[i];
        bool is_version = has_suffix(m->name, version_suffix);
        if (is_version && !read_version(c, m)) {
            snprintf(text, sizeof text, "holds \"%.60s\", which is not a whole number from 0 to %lld",
                     m->name, CONFIGS_MAX_VERSION);
            why = text;
        }
        if (str_eq(m->name, "X-Digest"))
            read_digest(c, m);
        if (!is_version && !has_prefix(m->name, "X-")) {
            d->others.items[n++] = *m;
            continue;
        }
        free(m->name);
        free(m->text);
    }
    d->others.n = n;
    sort_versions(c);
    if (!why && !version_of(c, "routes"))
        why = "has no \"routes_conf_version\": it is not a document of /apisix/admin/configs";
    return why;
}

/* ---- reading: objects ---- */

static struct item *ours_without_index(const struct item *i, int64_t *index)
{
    const char *why;
    jv object = jx_parse(i->text, i->len, &why);
    *index = jx_getint_or(object, index_member, 0);
    jb_del(&object, index_member);
    struct item *clean = item_of(i->kind, i->id, i->owner, object);
    jb_free(object);
    return clean;
}

/* As its author wrote it, but for that one member. */
static struct item *theirs_without_index(const struct item *i, int64_t *index)
{
    struct slice key, value;
    struct buf b;
    buf_init(&b, BUF_MAX_OUTPUT);
    struct split members = split_begin((struct slice){i->text, i->len}, '{');
    while (split_next(&members, &key, &value)) {
        if (key.n == strlen(index_member) + 2 && memcmp(key.p + 1, index_member, key.n - 2) == 0) {
            *index = strtoll(value.p, NULL, 10); /* stops at the ',' or '}' behind it */
            continue;
        }
        buf_addc(&b, b.len ? ',' : '{');
        buf_add(&b, key.p, key.n);
        buf_addc(&b, ':');
        buf_add(&b, value.p, value.n);
    }
    buf_adds(&b, b.len ? "}" : "{}");
    struct item *clean = item_new(i->kind, i->id, i->owner, b.p, b.len);
    buf_free(&b);
    return clean;
}

/* Objects of others in kinds with labels stay whole: nothing of ours is ever compared with them. */
static void take_indexes(struct configs *c, struct document *d)
{
    c->indexes = xcalloc(d->items.n + 1, sizeof *c->indexes);
    for (size_t i = 0; i < d->items.n; i++) {
        struct item *whole = d->items.items[i], *clean;
        int64_t *index = &c->indexes[i];
        if (!has_index(whole->kind) || (!whole->owner && apisix_kind(whole->kind)->has_labels))
            continue;
        clean = whole->owner ? ours_without_index(whole, index) : theirs_without_index(whole, index);
        item_unref(whole);
        d->items.items[i] = clean;
        if (*index < 0 || *index > CONFIGS_MAX_VERSION)
            *index = 0;
    }
}

const char *configs_parse(struct configs *c, struct document *d, const char *p, size_t n,
                          const char *instance)
{
    struct configs read = {.newest = c->newest};
    const char *why = trim((struct slice){p, n}).n == 0 ? "is empty" : NULL;
    *d = (struct document){0};
    if (!why)
        why = document_parse(d, DOCUMENT_JSON, p, n, instance);
    if (!why)
        why = take_members(&read, d);
    if (why) {
        configs_release(&read);
        document_release(d);
        return why;
    }
    add_missing_versions(&read);
    take_indexes(&read, d);
    configs_release(c);
    *c = read;
    return NULL;
}

void configs_release(struct configs *c)
{
    for (size_t i = 0; i < c->versions.n; i++)
        free(c->versions.items[i].kind);
    free(c->versions.items);
    free(c->indexes);
    free(c->digest);
    *c = (struct configs){0};
}

/* ---- writing ---- */

struct writing {
    const struct configs *from;
    const struct document *live, *next;
    struct configs *to;
    int64_t number; /* of what changes */
    struct buf *body;
};

/* The objects of one kind are neighbours: [from, to). */
struct range {
    size_t from, to;
};

static struct range range_of(const struct items *l, enum apisix_kind k, size_t from)
{
    struct range r = {from, from};
    while (r.to < l->n && l->items[r.to]->kind == k)
        r.to++;
    return r;
}

static bool same_objects(const struct writing *w, struct range live, struct range next)
{
    bool same = live.to - live.from == next.to - next.from;
    for (size_t i = 0; same && i < live.to - live.from; i++)
        same = w->live->items.items[live.from + i] == w->next->items.items[next.from + i];
    return same;
}

/* What stays keeps its number. */
static void number_objects(const struct writing *w, struct range live, struct range next)
{
    size_t i = live.from;
    for (size_t k = next.from; k < next.to; k++) {
        const struct item *item = w->next->items.items[k];
        size_t at = i;
        while (at < live.to && w->live->items.items[at] != item &&
               item_compare(w->live->items.items[at], item) <= 0)
            at++;
        bool stays = at < live.to && w->live->items.items[at] == item;
        bool is_whole = !item->owner && apisix_kind(item->kind)->has_labels;
        w->to->indexes[k] = stays ? w->from->indexes[at] : 0;
        if (w->to->indexes[k] == 0 && has_index(item->kind) && !is_whole)
            w->to->indexes[k] = w->number;
        i = stays ? at + 1 : i;
    }
}

static void keep_numbers(const struct writing *w, struct range live, struct range next)
{
    for (size_t i = 0; i < next.to - next.from; i++)
        w->to->indexes[next.from + i] = w->from->indexes[live.from + i];
}

static void add_object(struct buf *body, const struct item *item, int64_t index)
{
    if (index == 0) {
        buf_add(body, item->text, item->len);
        return;
    }
    buf_add(body, item->text, item->len - 1);
    buf_addf(body, "%s\"%s\":%lld}", item->len > 2 ? "," : "", index_member, (long long)index);
}

static void add_name(struct buf *body, const char *kind, const char *suffix)
{
    char *name = xasprintf("%s%s", kind, suffix);
    buf_adds(body, body->len > 1 ? ",\n" : "");
    jx_dump_str(body, name, strlen(name));
    buf_addc(body, ':');
    free(name);
}

static void begin_kind(const struct writing *w, const char *kind, bool is_changed)
{
    const struct conf_version *v = version_of(w->from, kind);
    int64_t number = is_changed ? w->number : v ? v->number : 0;
    add_version(w->to, kind, strlen(kind), number);
    add_name(w->body, kind, version_suffix);
    buf_addf(w->body, "%lld", (long long)number);
    if (is_changed)
        add_name(w->body, kind, "");
}

static void add_kind(const struct writing *w, enum apisix_kind k, struct range live, struct range next)
{
    bool is_changed = !w->from->digest || !same_objects(w, live, next);
    begin_kind(w, apisix_kind(k)->name, is_changed);
    if (!is_changed) {
        keep_numbers(w, live, next);
        return;
    }
    number_objects(w, live, next);
    buf_addc(w->body, '[');
    for (size_t i = next.from; i < next.to; i++) {
        buf_adds(w->body, i == next.from ? "\n" : ",\n");
        add_object(w->body, w->next->items.items[i], w->to->indexes[i]);
    }
    buf_addc(w->body, ']');
}

static const struct document_member *other_named(const struct document *d, const char *name)
{
    for (size_t i = 0; i < d->others.n; i++)
        if (str_eq(d->others.items[i].name, name))
            return &d->others.items[i];
    return NULL;
}

/* What `next` holds under that name and `live` does not. NULL: the same. */
static const char *news(const struct writing *w, const char *name)
{
    const struct document_member *was = other_named(w->live, name), *is = other_named(w->next, name);
    return is && !(was && str_eq(was->text, is->text)) ? is->text : NULL;
}

/* A kind that we do not know: by its version alone, unless the instance has lost it. */
static void add_other(const struct writing *w, const char *kind)
{
    const char *text = news(w, kind);
    begin_kind(w, kind, text != NULL);
    buf_adds(w->body, text ? text : "");
}

static void add_others(const struct writing *w)
{
    for (size_t i = 0; i < w->from->versions.n; i++) {
        const char *kind = w->from->versions.items[i].kind;
        if (apisix_kind_named(kind, strlen(kind)) < 0)
            add_other(w, kind);
    }
    for (size_t i = 0; i < w->next->others.n; i++) {
        const char *name = w->next->others.items[i].name;
        if (!version_of(w->from, name) && news(w, name))
            add_other(w, name);
    }
}

enum { STEP_MOST = 1000 };

static int64_t next_number(const struct configs *from, int64_t now)
{
    if (from->digest)
        return from->newest + 1 + now % STEP_MOST;
    return now > from->newest ? now : from->newest + 1;
}

const char *configs_render(const struct configs *from, const struct document *live,
                           const struct document *next, int64_t now, struct configs *to, struct buf *body)
{
    struct writing w = {from, live, next, to, next_number(from, now), body};
    struct range was = {0, 0}, is = {0, 0};
    if (w.number > CONFIGS_MAX_VERSION)
        return "has used up all versions that APISIX can tell apart: restart APISIX, which then starts anew";
    *to = (struct configs){.newest = w.number, .indexes = xcalloc(next->items.n + 1, sizeof *to->indexes)};
    buf_addc(body, '{');
    for (int k = 0; k < N_APISIX_KINDS; k++) {
        was = range_of(&live->items, (enum apisix_kind)k, was.to);
        is = range_of(&next->items, (enum apisix_kind)k, is.to);
        add_kind(&w, (enum apisix_kind)k, was, is);
    }
    add_others(&w);
    buf_adds(body, "}\n");
    sort_versions(to);
    char digest[DIGEST_HEX + 1];
    digest_hex(digest_of(body->p, body->len), digest);
    to->digest = xstrdup(digest);
    return body->overflow ? "would be larger than 512 MiB" : NULL;
}

size_t configs_size(const struct document *d)
{
    enum { INDEX_BYTES = 32, OTHER_BYTES = 1024 }; /* ,"modifiedIndex":N and a comma; versions and digest */
    size_t n = OTHER_BYTES;
    for (size_t i = 0; i < d->items.n; i++)
        n += d->items.items[i]->len + INDEX_BYTES;
    for (size_t i = 0; i < d->others.n; i++)
        n += strlen(d->others.items[i].name) + strlen(d->others.items[i].text) + 8;
    return n;
}

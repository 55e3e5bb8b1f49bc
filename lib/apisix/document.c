#include "apisix/document.h"

#include <stdio.h>
#include <stdlib.h>

#include "apisix/document_yaml.h"
#include "apisix/mark.h"
#include "apisix/split.h"

struct reading {
    struct document *d;
    const char *instance;
    struct buf piece; /* one value at a time, ended by NUL as jx_parse wants it */
};

/* Complaints name the member; one thread, one document at a time. */
static const char *complain(const char *name, const char *what)
{
    static _Thread_local char text[300];
    snprintf(text, sizeof text, "holds \"%.60s\", which %s", name, what);
    return text;
}

static jv parse_piece(struct reading *in, struct slice s, const char **why)
{
    buf_reset(&in->piece);
    buf_add(&in->piece, s.p, s.n);
    if (in->piece.overflow) {
        *why = "is larger than 64 MiB";
        return JX_NONE;
    }
    return jx_parse(in->piece.p, in->piece.len, why);
}

/* Its text, as its author spelt it. */
static struct item *item_as_written(struct reading *in, enum apisix_kind kind, jv object, struct slice s)
{
    char room[32];
    const char *id = item_id_of(kind, object, room, sizeof room);
    buf_reset(&in->piece);
    squeeze(&in->piece, s);
    return item_new(kind, id, item_owner_of(kind, object, in->instance), in->piece.p, in->piece.len);
}

static const char *add_object(struct reading *in, enum apisix_kind kind, struct slice s)
{
    const char *why;
    jv object = parse_piece(in, s, &why);
    if (why)
        return complain(apisix_kind(kind)->name, why);
    items_add(&in->d->items, item_as_written(in, kind, object, s));
    jb_free(object);
    return NULL;
}

static const char *add_kind(struct reading *in, enum apisix_kind kind, struct slice value)
{
    struct slice key, one;
    if (value.n == 4 && memcmp(value.p, "null", 4) == 0)
        return NULL;
    struct split list = split_begin(value, '[');
    while (split_next(&list, &key, &one)) {
        const char *why = add_object(in, kind, one);
        if (why)
            return why;
    }
    return list.why ? complain(apisix_kind(kind)->name, list.why) : NULL;
}

static const char *add_other(struct reading *in, const char *name, struct slice value)
{
    const char *why;
    struct document *d = in->d;
    for (size_t i = 0; i < d->others.n; i++)
        if (str_eq(d->others.items[i].name, name))
            return complain(name, "stands there twice");
    jb_free(parse_piece(in, value, &why));
    if (why)
        return complain(name, why);
    buf_reset(&in->piece);
    squeeze(&in->piece, value);
    VEC_GROW(&d->others);
    d->others.items[d->others.n++] = (struct document_member){xstrdup(name), xstrdup(in->piece.p)};
    return NULL;
}

static const char *add_member(struct reading *in, struct slice key, struct slice value, unsigned *seen)
{
    const char *why;
    jv name = parse_piece(in, key, &why);
    if (why)
        return why;
    int kind = apisix_kind_named(jx_str(name), jx_strlen(name));
    if (kind < 0)
        why = add_other(in, jx_str(name), value);
    else if (*seen & 1U << kind)
        why = complain(jx_str(name), "stands there twice");
    else
        why = add_kind(in, (enum apisix_kind)kind, value);
    if (kind >= 0)
        *seen |= 1U << kind;
    jb_free(name);
    return why;
}

static const char *read_json(struct reading *in, struct slice text)
{
    struct slice key, value;
    unsigned seen = 0;
    struct split members = split_begin(text, '{');
    while (split_next(&members, &key, &value)) {
        const char *why = add_member(in, key, value, &seen);
        if (why)
            return why;
    }
    return members.why;
}

/* ---- order ---- */

static int compare_members(const void *a, const void *b)
{
    return strcmp(((const struct document_member *)a)->name, ((const struct document_member *)b)->name);
}

/* Of several objects of ours with one id APISIX uses the last. */
static void drop_doubles(struct items *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++) {
        size_t k = n;
        while (l->items[i]->owner && k > 0 && item_compare(l->items[k - 1], l->items[i]) == 0 &&
               !l->items[k - 1]->owner)
            k--;
        bool is_double = l->items[i]->owner && k > 0 && item_compare(l->items[k - 1], l->items[i]) == 0;
        if (is_double) {
            item_unref(l->items[k - 1]);
            l->items[k - 1] = l->items[i];
        } else {
            l->items[n++] = l->items[i];
        }
    }
    l->n = n;
}

static const char *read_yaml(struct reading *in, const char *p, size_t n)
{
    struct buf json;
    if (!document_yaml_is_complete(p, n))
        return "does not end in \"#END\": it is not complete, and APISIX would not read it either";
    buf_init(&json, BUF_MAX_FILE);
    bool is_read = document_yaml_unfold(p, n, &json) && !read_json(in, (struct slice){json.p, json.len});
    const char *why = NULL;
    if (!is_read) {
        document_release(in->d);
        buf_reset(&json);
        why = document_yaml_parse(p, n, &json);
        if (!why)
            why = read_json(in, (struct slice){json.p, json.len});
    }
    buf_free(&json);
    return why;
}

const char *document_parse(struct document *d, enum document_format f, const char *p, size_t n,
                           const char *instance)
{
    struct reading in = {.d = d, .instance = instance};
    *d = (struct document){0};
    if (trim((struct slice){p, n}).n == 0)
        return NULL;
    buf_init(&in.piece, BUF_MAX_OUTPUT);
    const char *why = f == DOCUMENT_YAML ? read_yaml(&in, p, n) : read_json(&in, (struct slice){p, n});
    buf_free(&in.piece);
    if (why) {
        document_release(d);
        return why;
    }
    items_sort(&d->items);
    marks_apply(&d->items);
    drop_doubles(&d->items);
    if (d->others.n > 0)
        qsort(d->others.items, d->others.n, sizeof *d->others.items, compare_members);
    return NULL;
}

void document_release(struct document *d)
{
    items_release(&d->items);
    for (size_t i = 0; i < d->others.n; i++) {
        free(d->others.items[i].name);
        free(d->others.items[i].text);
    }
    free(d->others.items);
    *d = (struct document){0};
}

/* ---- out ---- */

static void add_text(struct buf *out, enum document_format f, const char *text, size_t n)
{
    if (f == DOCUMENT_YAML)
        document_yaml_add(out, text, n);
    else
        buf_add(out, text, n);
}

static void begin_member(struct buf *out, enum document_format f, const char *name, bool is_first)
{
    struct buf quoted;
    buf_init(&quoted, BUF_MAX_OUTPUT);
    jx_dump_str(&quoted, name, strlen(name));
    if (f == DOCUMENT_JSON)
        buf_addf(out, is_first ? "{\n%s:" : ",\n%s:", quoted.p);
    else
        document_yaml_add_key(out, name, quoted.p, quoted.len);
    buf_free(&quoted);
}

static void add_kind_lines(const struct items *l, size_t from, size_t to, enum document_format f,
                           struct buf *out)
{
    if (f == DOCUMENT_JSON)
        buf_addc(out, '[');
    for (size_t i = from; i < to; i++) {
        buf_adds(out, f == DOCUMENT_YAML ? "\n  - " : i == from ? "\n" : ",\n");
        add_text(out, f, l->items[i]->text, l->items[i]->len);
    }
    buf_adds(out, f == DOCUMENT_JSON ? "\n]" : "\n");
}

void document_render(const struct document *d, enum document_format f, struct buf *out)
{
    const struct items *l = &d->items;
    bool is_first = true;
    for (size_t i = 0, k; i < l->n; i = k) {
        for (k = i; k < l->n && l->items[k]->kind == l->items[i]->kind; k++)
            ;
        begin_member(out, f, apisix_kind(l->items[i]->kind)->name, is_first);
        add_kind_lines(l, i, k, f, out);
        is_first = false;
    }
    for (size_t i = 0; i < d->others.n; i++, is_first = false) {
        const struct document_member *m = &d->others.items[i];
        begin_member(out, f, m->name, is_first);
        buf_adds(out, f == DOCUMENT_YAML ? " " : "");
        add_text(out, f, m->text, strlen(m->text));
        buf_adds(out, f == DOCUMENT_YAML ? "\n" : "");
    }
    /* A YAML text without any member is no document to APISIX: it would keep the configuration it has. */
    if (is_first)
        buf_adds(out, f == DOCUMENT_YAML ? "routes: []\n" : "{\n\"routes\":[]");
    buf_adds(out, f == DOCUMENT_YAML ? "#END\n" : "\n}\n");
}

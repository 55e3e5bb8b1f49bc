#include "yaml/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "yaml/arena.h"
#include "yaml/complaint.h"
#include "yaml/scalar.h"
#include "yaml/simple.h"

/* What a node costs where an alias repeats it. */
struct weight {
    size_t nodes, bytes;
    int height; /* levels below, the node's own included */
};

struct anchor {
    const char *name;
    struct ynode *node;
    struct weight weight;
};

/* A list or map that is being read; its children are the builder's items from `start` on. */
struct frame {
    struct ynode *node;
    const char *anchor; /* its own; NULL: none */
    size_t start;
    struct weight weight;
    struct ymember key; /* of the next value; .key NULL: a key is expected (maps only) */
};

struct yaml_builder {
    struct arena arena; /* of the current document */
    struct ymember *items;
    size_t n, cap;
    struct {
        struct anchor *items;
        size_t n, cap;
    } anchors;
    struct frame frames[YAML_MAX_DEPTH];
    int depth;
    struct ynode *root;
    struct weight aliased; /* what aliases have added so far */
    unsigned first_line;
    struct complaint complaint;
};

/* The key `<<`: told from one that was quoted by its address. */
static const char merge_key[] = "<<";

static bool fail(struct yaml_builder *b, yaml_mark_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static bool fail(struct yaml_builder *b, yaml_mark_t at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    complaint_set(&b->complaint, b->first_line + (unsigned)at.line, (unsigned)at.column + 1, fmt, ap);
    va_end(ap);
    return false;
}

/* The same for a line of the file; where in it is not known. */
static bool fail_line(struct yaml_builder *b, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static bool fail_line(struct yaml_builder *b, unsigned line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    complaint_set(&b->complaint, line, 0, fmt, ap);
    va_end(ap);
    return false;
}

static struct ynode *new_node(struct yaml_builder *b, enum ynode_kind kind, yaml_mark_t at)
{
    struct ynode *node = arena_get(&b->arena, sizeof *node);
    *node = (struct ynode){
        .kind = kind, .line = b->first_line + (unsigned)at.line, .column = (unsigned)at.column + 1};
    return node;
}

/* ---- scalars ---- */

static const struct {
    const char *tag;
    enum ynode_kind kind;
    const char *name;
} tags[] = {
    {YAML_STR_TAG, Y_STRING, "!!str"},     {YAML_INT_TAG, Y_NUMBER, "!!int"},
    {YAML_FLOAT_TAG, Y_NUMBER, "!!float"}, {YAML_BOOL_TAG, Y_BOOL, "!!bool"},
    {YAML_NULL_TAG, Y_NULL, "!!null"},     {YAML_SEQ_TAG, Y_LIST, "!!seq"},
    {YAML_MAP_TAG, Y_MAP, "!!map"},        {"!", Y_STRING, "!"},
};

/* The row of a tag; -1 when it is not one of ours, with the complaint made. */
static int find_tag(struct yaml_builder *b, const char *tag, yaml_mark_t at)
{
    for (size_t i = 0; i < N_ELEMS(tags); i++)
        if (str_eq(tags[i].tag, tag))
            return (int)i;
    fail(b, at,
         "the tag \"%.60s\" has no meaning here; use none, or one of !!str !!int !!float !!bool !!null", tag);
    return -1;
}

static bool meets_tag(int row, enum ynode_kind kind, const char *json)
{
    return kind == tags[row].kind && (!str_eq(tags[row].tag, YAML_INT_TAG) || !strpbrk(json, ".eE"));
}

/* The kind of a scalar event, with its JSON text where it is no string; -1: failed. */
static int scalar_kind(struct yaml_builder *b, const yaml_event_t *e, char json[SCALAR_ROOM])
{
    const char *text = (const char *)e->data.scalar.value, *tag = (const char *)e->data.scalar.tag;
    if (!tag && e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return Y_STRING;
    int row = tag ? find_tag(b, tag, e->start_mark) : 0;
    if (row < 0)
        return -1;
    if (tag && tags[row].kind == Y_STRING)
        return Y_STRING;
    int kind = scalar_resolve(text, e->data.scalar.length, json);
    if (kind == SCALAR_NO_JSON) {
        fail(b, e->start_mark, "%.*s is a number that JSON cannot say; quote it if it is meant as text",
             (int)e->data.scalar.length, text);
        return -1;
    }
    if (tag && !meets_tag(row, (enum ynode_kind)kind, json)) {
        fail(b, e->start_mark, "the tag %s does not fit this value", tags[row].name);
        return -1;
    }
    return kind;
}

static bool has_nul(struct yaml_builder *b, const yaml_event_t *e)
{
    if (!memchr(e->data.scalar.value, '\0', e->data.scalar.length))
        return false;
    fail(b, e->start_mark, "a NUL character (\\0) is not allowed in text");
    return true;
}

static struct ynode *read_scalar(struct yaml_builder *b, const yaml_event_t *e)
{
    char json[SCALAR_ROOM];
    int kind = has_nul(b, e) ? -1 : scalar_kind(b, e, json);
    if (kind < 0)
        return NULL;
    struct ynode *node = new_node(b, (enum ynode_kind)kind, e->start_mark);
    node->n = kind == Y_STRING ? e->data.scalar.length : strlen(json);
    node->text = arena_text(&b->arena, kind == Y_STRING ? (const char *)e->data.scalar.value : json, node->n);
    return node;
}

/* ---- where a finished node goes ---- */

static struct frame *top(struct yaml_builder *b)
{
    return b->depth > 0 ? &b->frames[b->depth - 1] : NULL;
}

static bool wants_key(struct yaml_builder *b)
{
    struct frame *f = top(b);
    return f && f->node->kind == Y_MAP && !f->key.key;
}

static bool take_key(struct yaml_builder *b, const struct ynode *node, yaml_mark_t at, bool is_merge)
{
    struct frame *f = top(b);
    if (node->kind == Y_NULL)
        return fail(b, at, "a key is null or missing; keys must be text");
    f->key = (struct ymember){node->text, node->n, b->first_line + (unsigned)at.line, NULL};
    if (is_merge)
        f->key.key = merge_key;
    return true;
}

static void add_weight(struct weight *sum, struct weight part)
{
    sum->nodes += part.nodes;
    sum->bytes += part.bytes;
    if (sum->height < part.height + 1)
        sum->height = part.height + 1;
}

static bool is_mergeable(const struct ynode *node)
{
    if (node->kind != Y_LIST)
        return node->kind == Y_MAP;
    for (size_t i = 0; i < node->n; i++)
        if (node->items[i]->kind != Y_MAP)
            return false;
    return true;
}

static bool put(struct yaml_builder *b, struct ynode *node, struct weight weight, yaml_mark_t at)
{
    struct frame *f = top(b);
    if (!f) {
        b->root = node;
        return true;
    }
    if (f->key.key == merge_key && !is_mergeable(node))
        return fail(b, at, "<< merges maps; a map or a list of maps is expected, not %s",
                    ynode_kind_name(node));
    add_weight(&f->weight, weight);
    f->weight.bytes += f->key.key_len;
    f->key.value = node;
    VEC_GROW(b);
    b->items[b->n++] = f->key;
    f->key = (struct ymember){0};
    return true;
}

static bool add_anchor(struct yaml_builder *b, const char *name, struct ynode *node, struct weight weight,
                       yaml_mark_t at)
{
    if (!name)
        return true;
    if (b->anchors.n == YAML_MAX_ANCHORS)
        return fail(b, at, "more than %d anchors in a document", YAML_MAX_ANCHORS);
    VEC_GROW(&b->anchors);
    b->anchors.items[b->anchors.n++] = (struct anchor){name, node, weight};
    return true;
}

static const char *keep_name(struct yaml_builder *b, const yaml_char_t *name)
{
    return name ? arena_text(&b->arena, (const char *)name, strlen((const char *)name)) : NULL;
}

static bool on_scalar(struct yaml_builder *b, const yaml_event_t *e)
{
    struct ynode *node = read_scalar(b, e);
    struct weight weight = {1, node ? node->n : 0, 0};
    if (!node || !add_anchor(b, keep_name(b, e->data.scalar.anchor), node, weight, e->start_mark))
        return false;
    if (!wants_key(b))
        return put(b, node, weight, e->start_mark);
    bool is_merge = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !e->data.scalar.tag &&
                    str_eq(node->text, merge_key);
    return take_key(b, node, e->start_mark, is_merge);
}

/* ---- aliases ---- */

static struct anchor *find_anchor(struct yaml_builder *b, const char *name)
{
    for (size_t i = b->anchors.n; i-- > 0;)
        if (str_eq(b->anchors.items[i].name, name))
            return &b->anchors.items[i];
    return NULL;
}

static bool is_open(const struct yaml_builder *b, const char *name)
{
    for (int i = 0; i < b->depth; i++)
        if (b->frames[i].anchor && str_eq(b->frames[i].anchor, name))
            return true;
    return false;
}

static bool on_alias(struct yaml_builder *b, const yaml_event_t *e)
{
    const char *name = (const char *)e->data.alias.anchor;
    if (is_open(b, name))
        return fail(b, e->start_mark, "the alias *%.60s stands inside what it names", name);
    struct anchor *a = find_anchor(b, name);
    if (!a)
        return fail(b, e->start_mark, "the alias *%.60s names no anchor before it", name);
    if (wants_key(b) && a->node->kind >= Y_LIST)
        return fail(b, e->start_mark, "a key must be text, not %s", ynode_kind_name(a->node));
    b->aliased.nodes += a->weight.nodes;
    b->aliased.bytes += a->weight.bytes;
    if (b->aliased.nodes > YAML_MAX_ALIASED || b->aliased.bytes > YAML_MAX_ALIASED_BYTES)
        return fail(b, e->start_mark,
                    "aliases make the document grow by more than %d values or %d MiB of text",
                    YAML_MAX_ALIASED, YAML_MAX_ALIASED_BYTES >> 20);
    if (b->depth + a->weight.height > YAML_MAX_DEPTH)
        return fail(b, e->start_mark, "nested deeper than %d levels through the alias *%.60s", YAML_MAX_DEPTH,
                    name);
    if (wants_key(b))
        return take_key(b, a->node, e->start_mark, false);
    return put(b, a->node, a->weight, e->start_mark);
}

/* ---- lists and maps ---- */

static bool on_open(struct yaml_builder *b, const yaml_event_t *e, enum ynode_kind kind)
{
    bool is_map = kind == Y_MAP;
    const yaml_char_t *anchor = is_map ? e->data.mapping_start.anchor : e->data.sequence_start.anchor;
    const char *tag = (const char *)(is_map ? e->data.mapping_start.tag : e->data.sequence_start.tag);
    if (b->depth == YAML_MAX_DEPTH)
        return fail(b, e->start_mark, "nested deeper than %d levels", YAML_MAX_DEPTH);
    if (wants_key(b))
        return fail(b, e->start_mark, "a key must be text, not %s%s", is_map ? "a map" : "a list",
                    is_map ? "; quote text that begins with a brace, and render templates first" : "");
    int row = tag ? find_tag(b, tag, e->start_mark) : 0;
    if (row < 0)
        return false;
    if (tag && tags[row].kind != kind && !str_eq(tag, "!"))
        return fail(b, e->start_mark, "the tag %s does not fit this value", tags[row].name);
    b->frames[b->depth++] = (struct frame){.node = new_node(b, kind, e->start_mark),
                                           .anchor = keep_name(b, anchor),
                                           .start = b->n,
                                           .weight = {1, 0, 1}};
    return true;
}

/* Members by key; of equal ones those of the map itself first, then as merged, earlier before later. */
static int by_key(const void *x, const void *y)
{
    const struct ymember *a = x, *b = y;
    int order = strcmp(a->key, b->key);
    return order ? order : a->line < b->line ? -1 : a->line > b->line;
}

static void sort_members(struct ymember *m, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (by_key(&m[i - 1], &m[i]) > 0) {
            qsort(m, n, sizeof *m, by_key);
            return;
        }
}

static bool has_member(const struct ymember *sorted, size_t n, const struct ymember *m)
{
    size_t from = 0, to = n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        int order = strcmp(sorted[mid].key, m->key);
        if (order == 0)
            return true;
        if (order < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return false;
}

/* Adds to the frame's members, sorted already, those of a map that it has not. */
static void merge_map(struct yaml_builder *b, size_t start, const struct ynode *map)
{
    size_t n = b->n - start;
    for (size_t i = 0; i < map->n; i++)
        if (!has_member(b->items + start, n, &map->members[i])) {
            VEC_GROW(b);
            b->items[b->n++] = map->members[i];
        }
    sort_members(b->items + start, b->n - start);
}

/* Takes the `<<` members out of the frame, and their maps' members in: what comes first wins. */
static void merge_all(struct yaml_builder *b, size_t start, size_t n_merges)
{
    struct ymember *merges = arena_get(&b->arena, n_merges * sizeof *merges);
    size_t kept = start, m = 0;
    for (size_t i = start; i < b->n; i++)
        if (b->items[i].key == merge_key)
            merges[m++] = b->items[i];
        else
            b->items[kept++] = b->items[i];
    b->n = kept;
    sort_members(b->items + start, b->n - start);
    for (size_t i = 0; i < m; i++) {
        const struct ynode *from = merges[i].value;
        if (from->kind == Y_MAP)
            merge_map(b, start, from);
        for (size_t k = 0; from->kind == Y_LIST && k < from->n; k++)
            merge_map(b, start, from->items[k]);
    }
}

static bool close_map(struct yaml_builder *b, struct frame *f)
{
    size_t n_merges = 0;
    for (size_t i = f->start; i < b->n; i++)
        n_merges += b->items[i].key == merge_key;
    if (n_merges > 1)
        return fail_line(b, f->node->line,
                         "a map with several << keys; give one of them the list of what to merge");
    if (n_merges)
        merge_all(b, f->start, n_merges);
    struct ymember *m = b->items + f->start;
    f->node->n = b->n - f->start;
    sort_members(m, f->node->n);
    for (size_t i = 1; i < f->node->n; i++)
        if (str_eq(m[i - 1].key, m[i].key))
            return fail_line(b, m[i].line, "the key \"%.100s\" is here for the second time, after line %u%s",
                             m[i].key, m[i - 1].line,
                             str_eq(m[i].key, "apiVersion") ? "; is a line --- missing before it?" : "");
    f->node->members = arena_get(&b->arena, f->node->n * sizeof *m);
    if (f->node->n)
        memcpy(f->node->members, m, f->node->n * sizeof *m);
    return true;
}

static bool close_list(struct yaml_builder *b, struct frame *f)
{
    f->node->n = b->n - f->start;
    f->node->items = arena_get(&b->arena, f->node->n * sizeof *f->node->items);
    for (size_t i = 0; i < f->node->n; i++)
        f->node->items[i] = b->items[f->start + i].value;
    return true;
}

static bool on_close(struct yaml_builder *b, const yaml_event_t *e)
{
    struct frame *f = top(b);
    if (!(f->node->kind == Y_MAP ? close_map(b, f) : close_list(b, f)))
        return false;
    b->n = f->start;
    b->depth--;
    return add_anchor(b, f->anchor, f->node, f->weight, e->start_mark) &&
           put(b, f->node, f->weight, e->start_mark);
}

/* ---- a text ---- */

static void reset(struct yaml_builder *b)
{
    arena_reset(&b->arena);
    b->n = b->anchors.n = 0;
    b->depth = 0;
    b->root = NULL;
    b->aliased = (struct weight){0};
}

static bool on_event(struct yaml_builder *b, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT: return on_scalar(b, e);
    case YAML_ALIAS_EVENT: return on_alias(b, e);
    case YAML_SEQUENCE_START_EVENT: return on_open(b, e, Y_LIST);
    case YAML_MAPPING_START_EVENT: return on_open(b, e, Y_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return on_close(b, e);
    default: return true;
    }
}

void yaml_complain(const struct yaml_handler *h, int document, unsigned line, const char *message)
{
    h->on_error(&(struct yaml_error){.document = document, .line = line, .message = message}, h->ctx);
}

static bool on_simple_event(void *ctx, const yaml_event_t *e)
{
    return on_event(ctx, e);
}

static bool build_simple(struct yaml_builder *b, const char *text, size_t n, unsigned line)
{
    reset(b);
    b->first_line = line;
    return yaml_simple(text, n, on_simple_event, b);
}

int yaml_build(struct yaml_builder *b, const char *text, size_t n, unsigned line, int *document, bool is_slow,
               const struct yaml_handler *h)
{
    if (!is_slow && build_simple(b, text, n, line)) {
        h->on_document(b->root, ++*document, h->ctx);
        return 0;
    }
    yaml_parser_t parser;
    yaml_event_t e;
    bool is_good = true, is_inside = false, is_end = false;
    if (!yaml_parser_initialize(&parser))
        xreallocarray(NULL, SIZE_MAX, 2); /* out of memory */
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    b->first_line = line;
    while (is_good && !is_end) {
        if (!yaml_parser_parse(&parser, &e)) {
            complaint_from_parser(&b->complaint, &parser, text, n, line);
            is_good = false;
            break;
        }
        if (e.type == YAML_DOCUMENT_START_EVENT) {
            reset(b);
            ++*document;
            is_inside = true;
        }
        is_good = on_event(b, &e);
        if (e.type == YAML_DOCUMENT_END_EVENT) {
            is_inside = false;
            if (b->root->kind != Y_NULL)
                h->on_document(b->root, *document, h->ctx);
        }
        is_end = e.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
    }
    yaml_parser_delete(&parser);
    if (is_good)
        return 0;
    *document += !is_inside;
    h->on_error(
        &(struct yaml_error){*document, b->complaint.line, b->complaint.column, b->complaint.text, text, n},
        h->ctx);
    return 1;
}

struct yaml_builder *yaml_builder_new(void)
{
    struct yaml_builder *b = xcalloc(1, sizeof *b);
    VEC_GROW(b); /* so that `items` is an array even while it is empty */
    return b;
}

void yaml_builder_free(struct yaml_builder *b)
{
    arena_free(&b->arena);
    free(b->items);
    free(b->anchors.items);
    free(b);
}

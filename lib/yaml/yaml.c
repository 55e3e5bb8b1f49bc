#include "yaml/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "yaml/scalar.h"
#include "yaml/split.h"

#define TAG_PREFIX "tag:yaml.org,2002:"

/* ---- memory of one document ---- */

struct chunk {
    struct chunk *next;
    size_t used, size;
    max_align_t bytes[];
};

struct arena {
    struct chunk *chunks;
};

static void *arena_alloc(struct arena *a, size_t n)
{
    n = (n + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (!a->chunks || a->chunks->size - a->chunks->used < n) {
        size_t size = n > 16384 ? n : 16384;
        struct chunk *c = xmalloc(sizeof *c + size);
        *c = (struct chunk){.next = a->chunks, .size = size};
        a->chunks = c;
    }
    void *p = (char *)a->chunks->bytes + a->chunks->used;
    a->chunks->used += n;
    return p;
}

/* Wipes too: Secrets pass through here. */
static void arena_free(struct arena *a)
{
    while (a->chunks) {
        struct chunk *next = a->chunks->next;
        explicit_bzero(a->chunks->bytes, a->chunks->used);
        free(a->chunks);
        a->chunks = next;
    }
}

static const char *arena_text(struct arena *a, const char *s, size_t n)
{
    char *p = arena_alloc(a, n + 1);
    memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

/* ---- parsing one document ---- */

struct anchor {
    char *name;
    struct ynode *node;
};

struct parse {
    yaml_parser_t parser;
    struct arena arena;
    struct {
        struct anchor *items;
        size_t n, cap;
    } anchors;
    size_t aliased; /* nodes that aliases have added */
    int depth;
    int first_line;   /* of the piece in the whole text */
    int line, column; /* of the error */
    char message[512];
};

static struct ynode *fail_at(struct parse *p, yaml_mark_t mark, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int line_of(const struct parse *p, yaml_mark_t mark)
{
    return p->first_line + (int)mark.line;
}

static struct ynode *fail_at(struct parse *p, yaml_mark_t mark, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->message, sizeof p->message, fmt, ap);
    va_end(ap);
    p->line = line_of(p, mark);
    p->column = (int)mark.column + 1;
    return NULL;
}

static void note_parser_error(struct parse *p)
{
    const yaml_parser_t *y = &p->parser;
    const char *problem = y->problem ? y->problem : "cannot be parsed";
    const char *hint = strstr(problem, "cannot start any token")
                           ? " (a tab cannot indent; use spaces, and quote text that starts with @ or `)"
                           : "";
    if (y->context && y->context_mark.line != y->problem_mark.line)
        fail_at(p, y->problem_mark, "%s, %s that starts on line %d%s", problem, y->context,
                line_of(p, y->context_mark), hint);
    else
        fail_at(p, y->problem_mark, "%s%s%s%s", problem, y->context ? " " : "", y->context ? y->context : "",
                hint);
}

static bool next_event(struct parse *p, yaml_event_t *e)
{
    if (yaml_parser_parse(&p->parser, e))
        return true;
    note_parser_error(p);
    return false;
}

static struct ynode *new_node(struct parse *p, enum ynode_kind kind, yaml_mark_t at)
{
    struct ynode *n = arena_alloc(&p->arena, sizeof *n);
    *n = (struct ynode){.kind = kind, .line = line_of(p, at), .column = (int)at.column + 1, .weight = 1};
    return n;
}

static bool set_anchor(struct parse *p, const yaml_char_t *name, struct ynode *n)
{
    if (!name)
        return true;
    for (size_t i = 0; i < p->anchors.n; i++) {
        if (str_eq(p->anchors.items[i].name, (const char *)name)) {
            p->anchors.items[i].node = n; /* YAML lets an anchor be set anew */
            return true;
        }
    }
    if (p->anchors.n == 10000)
        return false;
    VEC_GROW(&p->anchors);
    p->anchors.items[p->anchors.n++] = (struct anchor){xstrdup((const char *)name), n};
    return true;
}

static struct ynode *resolve_alias(struct parse *p, const yaml_event_t *e)
{
    const char *name = (const char *)e->data.alias.anchor;
    for (size_t i = 0; i < p->anchors.n; i++) {
        if (!str_eq(p->anchors.items[i].name, name))
            continue;
        struct ynode *n = p->anchors.items[i].node;
        p->aliased += n->weight;
        if (p->aliased > YAML_MAX_ALIASED)
            return fail_at(p, e->start_mark, "aliases expand to more than %d values", YAML_MAX_ALIASED);
        return n;
    }
    return fail_at(p, e->start_mark, "alias *%s refers to no anchor before it (an anchor cannot hold itself)",
                   name);
}

/* The kind a core tag asks for, by its name; collections are of the kind they look. */
static bool is_core_tag(const char *tag, const char *name)
{
    return has_prefix(tag, TAG_PREFIX) && str_eq(tag + strlen(TAG_PREFIX), name);
}

static struct ynode *make_scalar(struct parse *p, const yaml_event_t *e)
{
    const char *value = (const char *)e->data.scalar.value, *tag = (const char *)e->data.scalar.tag;
    size_t n = e->data.scalar.length;
    char json[64];
    struct ynode *node = new_node(p, YNODE_STRING, e->start_mark);
    if (memchr(value, '\0', n))
        return fail_at(p, e->start_mark, "a string holds a NUL character");
    bool is_string = tag ? str_eq(tag, "!") || is_core_tag(tag, "str") : !e->data.scalar.plain_implicit;
    bool is_typed = tag && (is_core_tag(tag, "int") || is_core_tag(tag, "float") ||
                            is_core_tag(tag, "bool") || is_core_tag(tag, "null"));
    if (tag && !is_string && !is_typed)
        return fail_at(p, e->start_mark, "tag %s is not supported; only the core tags are", tag);
    if (!is_string) {
        const char *why = scalar_resolve(value, n, &node->kind, json);
        if (why)
            return fail_at(p, e->start_mark, "%.*s %s", n > 40 ? 40 : (int)n, value, why);
        bool fits = !is_typed || (is_core_tag(tag, "bool")   ? node->kind == YNODE_BOOL
                                  : is_core_tag(tag, "null") ? node->kind == YNODE_NULL
                                                             : node->kind == YNODE_NUMBER);
        if (!fits)
            return fail_at(p, e->start_mark, "the value does not fit its tag %s", tag);
    }
    if (node->kind == YNODE_STRING) {
        node->text = arena_text(&p->arena, value, n);
        node->len = n;
    } else if (node->kind != YNODE_NULL) {
        node->len = strlen(json);
        node->text = arena_text(&p->arena, json, node->len);
    }
    return node;
}

static struct ynode *parse_node(struct parse *p, const yaml_event_t *e);

struct node_list {
    struct ynode **items;
    size_t n, cap;
};

static bool check_collection_tag(struct parse *p, const yaml_char_t *tag, const char *name, yaml_mark_t at)
{
    if (!tag || str_eq((const char *)tag, "!") || is_core_tag((const char *)tag, name))
        return true;
    fail_at(p, at, "tag %s is not supported; only the core tags are", (const char *)tag);
    return false;
}

/* Reads nodes up to the end event. */
static bool read_children(struct parse *p, yaml_event_type_t end, struct node_list *list)
{
    yaml_event_t e;
    while (next_event(p, &e)) {
        bool is_end = e.type == end;
        struct ynode *child = is_end ? NULL : parse_node(p, &e);
        yaml_event_delete(&e);
        if (is_end)
            return true;
        if (!child)
            return false;
        VEC_GROW(list);
        list->items[list->n++] = child;
    }
    return false;
}

static struct ynode *make_list(struct parse *p, const yaml_event_t *start)
{
    struct node_list children = {0};
    struct ynode *n = new_node(p, YNODE_LIST, start->start_mark);
    bool ok = check_collection_tag(p, start->data.sequence_start.tag, "seq", start->start_mark) &&
              read_children(p, YAML_SEQUENCE_END_EVENT, &children);
    if (ok) {
        n->n = children.n;
        n->items = arena_alloc(&p->arena, children.n * sizeof *n->items);
        for (size_t i = 0; i < children.n; i++) {
            n->items[i] = children.items[i];
            n->weight += children.items[i]->weight;
        }
    }
    free(children.items);
    return ok ? n : NULL;
}

/* ---- maps ---- */

struct pairs {
    struct ypair *items;
    size_t n, cap;
};

static int by_key(const void *a, const void *b)
{
    const struct ypair *x = a, *y = b;
    int d = strcmp(x->key, y->key);
    return d ? d : x->line - y->line;
}

/* The text of a key as kubectl makes it: scalars of any type but null become strings. */
static bool key_text(struct parse *p, const struct ynode *key, struct ypair *pair)
{
    yaml_mark_t at = {.line = (size_t)(key->line - p->first_line), .column = (size_t)(key->column - 1)};
    if (key->kind == YNODE_NULL)
        fail_at(p, at, "a key is null; JSON keys are strings");
    else if (key->kind == YNODE_LIST || key->kind == YNODE_MAP)
        fail_at(p, at, "a key is a collection; JSON keys are strings");
    else {
        *pair = (struct ypair){.key = key->text, .key_len = key->len, .line = key->line};
        return true;
    }
    return false;
}

static bool find_pair(const struct pairs *pairs, size_t n, const char *key)
{
    struct ypair wanted = {.key = key};
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int d = strcmp(pairs->items[mid].key, wanted.key);
        if (d == 0)
            return true;
        if (d < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

static void put_pair(struct pairs *pairs, struct ypair pair)
{
    VEC_GROW(pairs);
    pairs->items[pairs->n++] = pair;
}

/* "<<": members of another map, under what is there explicitly or from an earlier one. */
static bool merge(struct parse *p, struct pairs *pairs, const struct ynode *from)
{
    if (from->kind != YNODE_MAP) {
        yaml_mark_t at = {.line = (size_t)(from->line - p->first_line), .column = (size_t)(from->column - 1)};
        fail_at(p, at, "<< takes a map or a list of maps");
        return false;
    }
    size_t n = pairs->n;
    for (size_t i = 0; i < from->n; i++)
        if (!find_pair(pairs, n, from->pairs[i].key))
            put_pair(pairs, from->pairs[i]);
    qsort(pairs->items, pairs->n, sizeof *pairs->items, by_key);
    return true;
}

static bool merge_all(struct parse *p, struct pairs *pairs, const struct node_list *merges)
{
    for (size_t i = 0; i < merges->n; i++) {
        const struct ynode *m = merges->items[i];
        bool is_list = m->kind == YNODE_LIST;
        for (size_t k = 0; k < (is_list ? m->n : 1); k++)
            if (!merge(p, pairs, is_list ? m->items[k] : m))
                return false;
    }
    return true;
}

static bool check_duplicates(struct parse *p, const struct pairs *pairs)
{
    for (size_t i = 1; i < pairs->n; i++) {
        const struct ypair *a = &pairs->items[i - 1], *b = &pairs->items[i];
        if (!str_eq(a->key, b->key))
            continue;
        yaml_mark_t at = {.line = (size_t)(b->line - p->first_line)};
        fail_at(p, at, "key \"%.100s\" is there twice, first on line %d", b->key, a->line);
        return false;
    }
    return true;
}

static bool sort_out(struct parse *p, const struct node_list *children, const bool *is_merge,
                     struct pairs *pairs)
{
    struct node_list merges = {0};
    bool ok = true;
    for (size_t i = 0; ok && i + 1 < children->n; i += 2) {
        struct ypair pair;
        if (is_merge[i / 2]) {
            VEC_GROW(&merges);
            merges.items[merges.n++] = children->items[i + 1];
            continue;
        }
        ok = key_text(p, children->items[i], &pair);
        pair.value = children->items[i + 1];
        if (ok)
            put_pair(pairs, pair);
    }
    if (ok && pairs->n > 1)
        qsort(pairs->items, pairs->n, sizeof *pairs->items, by_key);
    ok = ok && check_duplicates(p, pairs) && merge_all(p, pairs, &merges);
    free(merges.items);
    return ok;
}

/* Keys and values in turn, and which keys are a plain <<. */
struct members {
    struct node_list nodes;
    struct {
        bool *items;
        size_t n, cap;
    } merges;
};

static bool read_members(struct parse *p, struct members *m)
{
    yaml_event_t e;
    while (next_event(p, &e)) {
        bool is_end = e.type == YAML_MAPPING_END_EVENT, is_key = m->nodes.n % 2 == 0;
        bool is_merge = is_key && e.type == YAML_SCALAR_EVENT && e.data.scalar.plain_implicit &&
                        str_eq((const char *)e.data.scalar.value, "<<");
        struct ynode *child = is_end ? NULL : parse_node(p, &e);
        yaml_event_delete(&e);
        if (is_end)
            return true;
        if (!child)
            return false;
        VEC_GROW(&m->nodes);
        m->nodes.items[m->nodes.n++] = child;
        if (is_key) {
            VEC_GROW(&m->merges);
            m->merges.items[m->merges.n++] = is_merge;
        }
    }
    return false;
}

static struct ynode *make_map(struct parse *p, const yaml_event_t *start)
{
    struct members m = {0};
    struct pairs pairs = {0};
    struct ynode *n = new_node(p, YNODE_MAP, start->start_mark);
    bool ok = check_collection_tag(p, start->data.mapping_start.tag, "map", start->start_mark) &&
              read_members(p, &m) && sort_out(p, &m.nodes, m.merges.items, &pairs);
    if (ok) {
        n->n = pairs.n;
        n->pairs = arena_alloc(&p->arena, pairs.n * sizeof *n->pairs);
        if (pairs.n > 0)
            memcpy(n->pairs, pairs.items, pairs.n * sizeof *n->pairs);
        for (size_t i = 0; i < n->n; i++)
            n->weight += n->pairs[i].value->weight;
    }
    free(m.nodes.items);
    free(m.merges.items);
    free(pairs.items);
    return ok ? n : NULL;
}

static struct ynode *parse_node(struct parse *p, const yaml_event_t *e)
{
    const yaml_char_t *anchor = NULL;
    struct ynode *n = NULL;
    switch (e->type) {
    case YAML_ALIAS_EVENT: return resolve_alias(p, e);
    case YAML_SCALAR_EVENT:
        anchor = e->data.scalar.anchor;
        n = make_scalar(p, e);
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        if (p->depth == JX_MAX_DEPTH)
            return fail_at(p, e->start_mark, "nested deeper than %d levels", JX_MAX_DEPTH);
        p->depth++;
        anchor = e->type == YAML_MAPPING_START_EVENT ? e->data.mapping_start.anchor
                                                     : e->data.sequence_start.anchor;
        n = e->type == YAML_MAPPING_START_EVENT ? make_map(p, e) : make_list(p, e);
        p->depth--;
        break;
    default: return fail_at(p, e->start_mark, "unexpected structure");
    }
    /* only now: inside of itself an anchor is not known, so nothing can hold itself */
    if (n && !set_anchor(p, anchor, n))
        return fail_at(p, e->start_mark, "more than 10000 anchors");
    return n;
}

/* ---- a piece of text ---- */

/* Where libyaml's own check would report only an offset. */
static bool check_bytes(struct parse *p, const struct yaml_piece *piece)
{
    yaml_mark_t at = {0};
    for (size_t i = 0; i < piece->n;) {
        unsigned char c = (unsigned char)piece->p[i];
        size_t len = c < 0x80 ? 1 : utf8_length(piece->p + i, piece->n - i);
        if (len == 0) {
            fail_at(p, at, "byte 0x%02x is not valid UTF-8", c);
            return false;
        }
        if (c == '\0') {
            fail_at(p, at, "a NUL byte");
            return false;
        }
        at.line += c == '\n';
        at.column = c == '\n' ? 0 : at.column + 1;
        i += len;
    }
    return true;
}

static unsigned hex4(const char *s)
{
    unsigned n = 0;
    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef", *d = s[i] ? strchr(digits, s[i] | 32) : NULL;
        if (!d)
            return 0;
        n = n * 16 + (unsigned)(d - digits);
    }
    return n;
}

/* JSON writes characters beyond U+FFFF as two escapes, which libyaml refuses. Joins them. */
static void join_surrogates(struct buf *out, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned high = n - i >= 12 && p[i] == '\\' && p[i + 1] == 'u' ? hex4(p + i + 2) : 0;
        unsigned low =
            high >= 0xd800 && high < 0xdc00 && p[i + 6] == '\\' && p[i + 7] == 'u' ? hex4(p + i + 8) : 0;
        if (low >= 0xdc00 && low < 0xe000) {
            unsigned c = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            char utf8[] = {(char)(0xf0 | c >> 18), (char)(0x80 | (c >> 12 & 63)),
                           (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63))};
            buf_add(out, utf8, sizeof utf8);
            i += 11;
        } else {
            buf_addc(out, p[i]);
            if (p[i] == '\\' && i + 1 < n)
                buf_addc(out, p[++i]);
        }
    }
}

static void release(struct parse *p)
{
    for (size_t i = 0; i < p->anchors.n; i++)
        free(p->anchors.items[i].name);
    free(p->anchors.items);
    arena_free(&p->arena);
    p->anchors.items = NULL;
    p->anchors.n = p->anchors.cap = 0;
    p->aliased = 0;
    p->depth = 0;
}

static bool is_empty(const struct ynode *n)
{
    return n->kind == YNODE_NULL && n->len == 0;
}

/* False when the piece is broken; its documents before the break were handed over. */
static bool read_piece(struct parse *p, int *index, const struct yaml_sink *sink)
{
    yaml_event_t e;
    while (next_event(p, &e)) {
        bool is_done = e.type == YAML_STREAM_END_EVENT;
        bool is_node = e.type == YAML_SCALAR_EVENT || e.type == YAML_SEQUENCE_START_EVENT ||
                       e.type == YAML_MAPPING_START_EVENT || e.type == YAML_ALIAS_EVENT;
        (*index) += e.type == YAML_DOCUMENT_START_EVENT;
        struct ynode *root = is_node ? parse_node(p, &e) : NULL;
        yaml_event_delete(&e);
        if (is_done)
            return true;
        if (is_node && !root)
            return false;
        if (root) {
            if (!is_empty(root))
                sink->on_document(root, *index, sink->ctx);
            release(p);
        }
    }
    return false;
}

static bool parse_piece(const struct yaml_piece *piece, bool is_json, int *index,
                        const struct yaml_sink *sink)
{
    struct parse p = {.first_line = piece->line};
    struct buf joined;
    int before = *index;
    buf_init(&joined, BUF_MAX_FILE);
    if (is_json && memmem(piece->p, piece->n, "\\ud", 3) != NULL)
        join_surrogates(&joined, piece->p, piece->n);
    else if (is_json && memmem(piece->p, piece->n, "\\uD", 3) != NULL)
        join_surrogates(&joined, piece->p, piece->n);
    bool ok = check_bytes(&p, piece);
    if (ok && yaml_parser_initialize(&p.parser)) {
        yaml_parser_set_encoding(&p.parser, YAML_UTF8_ENCODING);
        if (joined.len > 0)
            yaml_parser_set_input_string(&p.parser, (const unsigned char *)joined.p, joined.len);
        else
            yaml_parser_set_input_string(&p.parser, (const unsigned char *)piece->p, piece->n);
        ok = read_piece(&p, index, sink);
        yaml_parser_delete(&p.parser);
    }
    if (!ok) {
        *index += *index == before; /* a document that never started is one all the same */
        sink->on_error(p.line, p.column, *index, p.message, sink->ctx);
    }
    release(&p);
    buf_free(&joined);
    return ok;
}

int yaml_read(const char *p, size_t n, const struct yaml_sink *sink)
{
    static const char bom[] = "\xef\xbb\xbf";
    int errors = 0, index = 0;
    if (n >= 2 && (memcmp(p, "\xff\xfe", 2) == 0 || memcmp(p, "\xfe\xff", 2) == 0)) {
        sink->on_error(1, 1, 1, "the text is UTF-16; UTF-8 is expected", sink->ctx);
        return 1;
    }
    size_t skip = n >= 3 && memcmp(p, bom, 3) == 0 ? 3 : 0;
    struct yaml_text text = {.p = p + skip, .end = p + n};
    struct yaml_piece piece;
    while (yaml_next_piece(&text, &piece))
        errors += !parse_piece(&piece, text.is_json, &index, sink);
    return errors;
}

/* ---- using the tree ---- */

const struct ynode *ynode_get(const struct ynode *map, const char *key)
{
    if (!map || map->kind != YNODE_MAP)
        return NULL;
    for (size_t i = 0; i < map->n; i++)
        if (str_eq(map->pairs[i].key, key))
            return map->pairs[i].value;
    return NULL;
}

const char *ynode_str(const struct ynode *n)
{
    return n && n->kind == YNODE_STRING ? n->text : NULL;
}

void ynode_json(struct buf *out, const struct ynode *n)
{
    switch (n->kind) {
    case YNODE_NULL: buf_adds(out, "null"); break;
    case YNODE_BOOL:
    case YNODE_NUMBER: buf_add(out, n->text, n->len); break;
    case YNODE_STRING: jx_dump_str(out, n->text, n->len); break;
    case YNODE_LIST:
        buf_addc(out, '[');
        for (size_t i = 0; i < n->n; i++) {
            if (i)
                buf_addc(out, ',');
            ynode_json(out, n->items[i]);
        }
        buf_addc(out, ']');
        break;
    case YNODE_MAP:
        buf_addc(out, '{');
        for (size_t i = 0; i < n->n; i++) {
            if (i)
                buf_addc(out, ',');
            jx_dump_str(out, n->pairs[i].key, n->pairs[i].key_len);
            buf_addc(out, ':');
            ynode_json(out, n->pairs[i].value);
        }
        buf_addc(out, '}');
    }
}

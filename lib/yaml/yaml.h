/*
 * yaml: YAML or JSON text to trees of nodes, and those to JSON.
 *
 * The grammar is libyaml's, the types are kubectl's (scalar.h). What JSON cannot say is an error: keys
 * that are no scalars, duplicate keys, .inf and .nan, NUL, tags beyond the core ones.
 *
 * A text holds any number of documents, divided by `---` and `...` lines or, where JSON, one behind the
 * other. Each is read for itself: one that is broken is reported once and costs no other. Empty ones
 * are skipped in silence.
 *
 * Budgets: nesting of YAML_MAX_DEPTH, YAML_MAX_ANCHORS anchors a document, and YAML_MAX_ALIASED nodes and
 * YAML_MAX_ALIASED_BYTES bytes of text added to it through aliases. Nodes of the text itself are bounded
 * by the text, of which a document may have BUF_MAX_FILE.
 */
#ifndef GW_YAML_H
#define GW_YAML_H

#include "base/buf.h"

enum {
    YAML_MAX_DEPTH = 98, /* leaves two levels of JX_MAX_DEPTH for what is put around: a record, a list */
    YAML_MAX_ANCHORS = 1000,
    YAML_MAX_ALIASED = 200000,
    YAML_MAX_ALIASED_BYTES = 16 << 20,
};

enum ynode_kind { Y_NULL, Y_BOOL, Y_NUMBER, Y_STRING, Y_LIST, Y_MAP };

/*
 * A node. The trees of one document share one arena: they live until the callback that was given the
 * document returns. Nodes that an alias names appear in several places.
 */
struct ynode {
    enum ynode_kind kind;
    unsigned line, column; /* of its first character, counted from 1 */
    size_t n;              /* bytes of text, items, or members */
    union {
        const char
            *text; /* NUL-terminated. Y_STRING: UTF-8 without NUL; scalars of other kinds: their JSON */
        struct ynode **items;
        struct ymember *members; /* in byte order of their keys, which are unique */
    };
};

struct ymember {
    const char *key; /* as ynode.text */
    size_t key_len;
    unsigned line; /* of the key */
    struct ynode *value;
};

struct yaml_error {
    int document;          /* counted from 1, empty ones included */
    unsigned line, column; /* counted from 1; column 0: none */
    const char *message;   /* quotes nothing of the text but keys, anchors and tags */
    const char *text;      /* [n]: what was not read for it, or more than that; NULL: nobody can tell */
    size_t n;
};

struct yaml_handler {
    void (*on_document)(struct ynode *root, int document, void *ctx);
    void (*on_error)(const struct yaml_error *e, void *ctx);
    void *ctx;
};

/* A whole text. Returns the number of errors. */
int yaml_each(const char *text, size_t n, const struct yaml_handler *h);

/* The same for a text that comes in parts; memory is that of the largest document. */
struct yaml_stream {
    const struct yaml_handler *handler;
    struct yaml_builder *builder;
    struct buf window; /* text not yet parsed, the current document first */
    size_t scanned;    /* bytes of it whose lines were seen */
    bool has_content;  /* among those is more than comments and directives */
    bool is_at_start;  /* where a byte order mark may stand */
    bool is_dead;      /* a document passed the cap: the rest is not read */
    bool is_slow;      /* for tests: all through libyaml */
    unsigned line;     /* of the first byte of the window */
    int document;      /* the last one that was begun */
    int errors;
};
void yaml_open(struct yaml_stream *s, const struct yaml_handler *h);
void yaml_feed(struct yaml_stream *s, const char *p, size_t n);
int yaml_close(struct yaml_stream *s); /* the last document; returns the number of errors */

/* ---- reading; all borrow, and take NULL for "absent" ---- */

struct ynode *ynode_get(const struct ynode *map, const char *key); /* NULL: absent, or not a map */
const char *ynode_str(const struct ynode *node);                   /* NULL unless a string */
const char *ynode_getstr(const struct ynode *map, const char *key);
const char *ynode_kind_name(const struct ynode *node); /* "a string", "a list", "nothing" */

/* Takes a member out of the map; nothing when it is not there. */
void ynode_drop(struct ynode *map, const char *key);

/* Appends compact JSON, keys in byte order; test b->overflow. */
void ynode_json(struct buf *b, const struct ynode *node);

/* Appends the lines of the node and all below it (rec/lines.h); node->line is the first. The line of a
   member is that of its key, of an item that of its first character. */
void ynode_lines(struct buf *b, const struct ynode *node);

#endif

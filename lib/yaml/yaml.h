/*
 * yaml: YAML and JSON manifests as trees of nodes, typed as kubectl types them.
 *
 * A text is cut into documents first (at lines that start with "---", which YAML allows nowhere else; a
 * text of several JSON values is cut between them), and each is parsed for itself: a broken document
 * costs one error and no other document.
 *
 * Bounds: nesting to JX_MAX_DEPTH; aliases may add YAML_MAX_ALIASED nodes to a document; all else is linear
 * in the text. Plain scalars are typed by the rules of go-yaml v2 (scalar.h). Duplicate keys, keys that
 * are null or collections, unknown tags, recursive aliases, .inf and .nan are errors.
 */
#ifndef GW_YAML_H
#define GW_YAML_H

#include "json/jx.h"

enum { YAML_MAX_ALIASED = 200000 };

enum ynode_kind { YNODE_NULL, YNODE_BOOL, YNODE_NUMBER, YNODE_STRING, YNODE_LIST, YNODE_MAP };

struct ypair {
    const char *key;
    size_t key_len;
    int line; /* of the key */
    struct ynode *value;
};

/* Owned by the document; valid until its callback returns. Aliased nodes are shared. */
struct ynode {
    enum ynode_kind kind;
    int line, column; /* from 1, in the whole text */
    const char *text; /* of a string; JSON text of a bool or number. NUL-terminated */
    size_t len;
    size_t weight;        /* nodes in it, itself included, aliases expanded */
    struct ynode **items; /* of a list */
    struct ypair *pairs;  /* of a map, in byte order of keys */
    size_t n;
};

struct yaml_sink {
    /* A document that is not empty. `index` counts the text's documents from 1. */
    void (*on_document)(const struct ynode *root, int index, void *ctx);
    void (*on_error)(int line, int column, int index, const char *message, void *ctx);
    void *ctx;
};

/* p[n] must be NUL. Returns the number of errors. */
int yaml_read(const char *p, size_t n, const struct yaml_sink *sink);

/* NULL when absent or not a map, or not a string. */
const struct ynode *ynode_get(const struct ynode *map, const char *key);
const char *ynode_str(const struct ynode *n);

/* Appends the node as compact JSON with sorted keys. */
void ynode_json(struct buf *out, const struct ynode *n);

#endif

/*
 * document: an APISIX standalone file (apisix.yaml, apisix.json) as a sorted list of items and back.
 *
 * What is not ours is kept as its author wrote it: the text of a foreign object, and of a top-level member
 * that we do not know, is carried as it is (without white space between tokens), so that no number or
 * order of keys changes. Comments of a YAML file are not kept.
 *
 * Layout, the same for both formats: the kinds in the order of their table, then unknown members by name;
 * in a kind the objects by id, those without an id first and in their old order; one object a line. The
 * YAML form holds each object as JSON and ends in "#END", without which APISIX does not read it.
 */
#ifndef GW_APISIX_DOCUMENT_H
#define GW_APISIX_DOCUMENT_H

#include "apisix/item.h"

enum document_format { DOCUMENT_YAML, DOCUMENT_JSON };

struct document {
    struct items items; /* sorted; ours are unique by kind and id */
    struct {            /* members that are no kind, sorted by name */
        struct document_member {
            char *name;
            char *text; /* one line of JSON */
        } * items;
        size_t n, cap;
    } others;
};

/*
 * Parses n bytes (p[n] is NUL). NULL, or the complaint, thread-local or static, with `d` empty. A file of
 * white space is the empty document. `instance` tells which objects are ours.
 */
const char *document_parse(struct document *d, enum document_format f, const char *p, size_t n,
                           const char *instance);
void document_render(const struct document *d, enum document_format f, struct buf *out);
void document_release(struct document *d);

#endif

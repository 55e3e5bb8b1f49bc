/*
 * document_yaml: the YAML dress of a document: what YAML demands beyond JSON.
 *
 * JSON is nearly a subset of YAML. Not quite: some characters may not stand raw in a double-quoted scalar,
 * and a key of more than 1024 characters needs an explicit "? ".
 */
#ifndef GW_APISIX_DOCUMENT_YAML_H
#define GW_APISIX_DOCUMENT_YAML_H

#include "base/buf.h"

/* Whether the text (p[n] is NUL) ends in the marker that APISIX asks for. */
bool document_yaml_is_complete(const char *p, size_t n);

/*
 * Reads the layout that document_render() writes, line by line, as JSON text. False when the text is laid
 * out in any other way; then document_yaml_parse() reads it. What comes out is only as good JSON as the
 * lines were.
 */
bool document_yaml_unfold(const char *p, size_t n, struct buf *json);

/* Any YAML text as JSON text. NULL, or the complaint. */
const char *document_yaml_parse(const char *p, size_t n, struct buf *json);

/* Appends a line of JSON so that a YAML reader takes it for the same value. */
void document_yaml_add(struct buf *out, const char *json, size_t n);

/* Appends "name:", quoted (`quoted` is its JSON form) when it is not a plain word. */
void document_yaml_add_key(struct buf *out, const char *name, const char *quoted, size_t n);

#endif

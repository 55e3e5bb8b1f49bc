/*
 * simple: the YAML that nearly all manifests are made of, as the events that libyaml would give, several
 * times faster. Private to lib/yaml.
 *
 * One document: a block map of block maps and lists, with plain and quoted scalars that end on their
 * line, and flow lists and maps of short words on one line. All of it printable ASCII. Whatever else is met
 * (block scalars, escapes, anchors, tags, trailing comments, continued lines, CRLF, every error) makes it
 * give up, and the text is libyaml's. A fuzz target holds the two against each other.
 */
#ifndef GW_YAML_SIMPLE_H
#define GW_YAML_SIMPLE_H

#include <yaml.h>

#include "base/base.h"

/* False gives up too. Of marks only the start is set; scalars are not NUL-terminated. */
typedef bool (*simple_sink)(void *ctx, const yaml_event_t *e);

/* Whether the text is such a document; when not, events that were given are to be forgotten. */
bool yaml_simple(const char *text, size_t n, simple_sink sink, void *ctx);

#endif

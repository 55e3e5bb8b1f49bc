/*
 * build: a text of usually one document, through libyaml's events, to nodes. Private to lib/yaml.
 *
 * libyaml checks the grammar; all budgets, the types, keys, anchors, aliases, merges and tags are here.
 */
#ifndef GW_YAML_BUILD_H
#define GW_YAML_BUILD_H

#include "yaml/yaml.h"

struct yaml_builder *yaml_builder_new(void);
void yaml_builder_free(struct yaml_builder *b);

/*
 * Hands every document of the text to the handler, and the error that ended it, if any. `line` is that of
 * the first byte; *document counts. Returns the number of errors: 0 or 1. `is_slow`: nothing is read without
 * libyaml (simple.h), for the test that this makes no difference.
 */
int yaml_build(struct yaml_builder *b, const char *text, size_t n, unsigned line, int *document, bool is_slow,
               const struct yaml_handler *h);

/* Tells the handler of an error that was found outside; its text is not known. */
void yaml_complain(const struct yaml_handler *h, int document, unsigned line, const char *message);

#endif

/* json: what JSON text needs before libyaml reads it as the YAML that it nearly is. Private to lib/yaml. */
#ifndef GW_YAML_JSON_H
#define GW_YAML_JSON_H

#include "base/buf.h"

/*
 * The bytes of the first top-level value of a text that starts with { or [, with the white space behind
 * it, when another such value or the end follows; else all n.
 */
size_t json_first(const char *text, size_t n);

/*
 * The text with every \uD83D\uDE00 pair, which libyaml refuses, written as the character it means. Returns
 * `text` when it has none, else the buffer's bytes. NULL: a half of a pair stands alone, at *line (from 0).
 */
const char *json_join_pairs(const char *text, size_t *n, struct buf *room, unsigned *line);

#endif

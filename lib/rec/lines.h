/*
 * lines: where each field of an object stands in its source file, in about a byte a field.
 *
 * The record member source.lines is a string with one entry for each JSON value inside the object, the
 * object itself first, in pre-order: members in byte order of their keys, items in order. An entry is the
 * difference between the value's line and that of the entry before it (of source.line for the first): one
 * character of the base64url alphabet for -16 to 47, else '!' DECIMAL ';'.
 *
 * The order does not depend on how the object is printed, so filters may reorder members; one that adds or
 * removes values makes the entries fit no more, and then no line is better than a wrong one.
 */
#ifndef GW_LINES_H
#define GW_LINES_H

#include "json/jx.h"

/* Appends the entry for a value on `line`, and makes it the line before. */
void lines_add(struct buf *out, int line, int *before);

/*
 * The line of the value at `path` ("spec.rules[2].matches[0].path.value", keys with dots as
 * metadata.labels["a.b/c"]; NULL: the object), or of the nearest one around it that is there. 0 when `lines`
 * does not fit the object. `first` is source.line.
 */
int lines_find(const char *lines, int first, jv object, const char *path);

/* The entries for `after`, an object made from `before` by adding and removing members: what is new stands
   where the value around it does. Appends nothing when `lines` does not fit `before`. */
void lines_adapt(struct buf *out, const char *lines, int first, jv before, jv after);

#endif

/*
 * split: a large JSON text taken apart without parsing it as a whole.
 *
 * A target file of 20,000 objects is ten times its size once parsed. Here it is cut along its two outer
 * levels, and each piece is parsed alone. Only brackets, strings and separators are looked at: a piece is
 * JSON if and only if jx_parse() says so.
 */
#ifndef GW_APISIX_SPLIT_H
#define GW_APISIX_SPLIT_H

#include "base/buf.h"

struct slice {
    const char *p;
    size_t n;
};

/* The cursor over the members of an object or the items of an array. */
struct split {
    const char *p, *end;
    char close;
    bool started;
    const char *why; /* set when the text is not what it should be */
};

/* `open` is '{' or '['. White space around the text is skipped. */
struct split split_begin(struct slice text, char open);

/* The next piece; `key` (with its quotes) is filled for objects. False at the end or with `why` set. */
bool split_next(struct split *s, struct slice *key, struct slice *value);

struct slice trim(struct slice s);

/* Whether the text is one string, array or object as far as brackets tell, from its first byte to its last.
 */
bool is_one_piece(struct slice s);

/* Appends the JSON text without the white space between its tokens. */
void squeeze(struct buf *b, struct slice json);

#endif

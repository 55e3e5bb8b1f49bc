/*
 * canon: JSON text to its canonical form without a parser's values between, for texts that are plain.
 *
 * Lists of tens of thousands of objects are read only to be compared; most of the time for that goes into
 * values that are taken apart and freed again. Plain is what machines write: ASCII, no escapes but those of
 * quotes, backslashes and slashes, whole numbers. Whatever is not, or is no JSON at all, is left to
 * jx_parse(), so this function never decides what an error is.
 */
#ifndef GW_CANON_H
#define GW_CANON_H

#include "base/buf.h"

/* Appends what jx_dump_sorted() would; false, with nothing appended, when the text is not plain. */
bool canon_text(struct buf *out, const char *p, size_t n);

#endif

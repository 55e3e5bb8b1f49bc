/*
 * buf: a growing byte buffer with a cap.
 *
 * Invariants: `p` is never NULL and p[len] is always NUL; len never exceeds `max`. An addition that
 * would pass the cap is not made, sets `overflow`, and so does every later one until buf_reset():
 * write freely, test once.
 *
 * Caps are named here, so that the memory a hostile input can claim is read in one place.
 */
#ifndef GW_BUF_H
#define GW_BUF_H

#include "base/base.h"

enum {
    BUF_MAX_LINE = 8 << 20,     /* one record: 8 MiB, the limit of the record contract */
    BUF_MAX_OUTPUT = 64 << 20,  /* one record on its way out, members appended */
    BUF_MAX_FILE = 512 << 20,   /* a manifest, a target file */
    BUF_MAX_MESSAGE = 64 << 10, /* a diagnostic */
    BUF_MAX_SCRATCH = 1 << 20,  /* keys, paths, ids, regexes */
};

struct buf {
    char *p;
    size_t len;
    size_t cap;
    size_t max;
    bool overflow;
};

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);
void buf_reset(struct buf *b); /* empties, keeps the memory */

void buf_add(struct buf *b, const void *p, size_t n);
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* n bytes with %XX as the byte it stands for; a '%' that starts no escape stays. */
void buf_add_decoded(struct buf *b, const char *s, size_t n);
int hex_digit(char c); /* -1 when it is none */

/* Makes room for n more bytes at p + len without adding them; false at the cap. */
bool buf_reserve(struct buf *b, size_t n);

/* The text, now the caller's to free(); the buffer is empty again. */
char *buf_take(struct buf *b);

#endif

/* arena: memory that is given piecewise and taken back at once. */
#ifndef GW_ARENA_H
#define GW_ARENA_H

#include "base/base.h"

struct arena_block;
struct arena {
    struct arena_block *blocks; /* the one in use first */
    size_t used;
};

/* Aligned for anything; lives until arena_reset() or arena_free(). */
void *arena_get(struct arena *a, size_t n);
const char *arena_text(struct arena *a, const char *s, size_t n); /* a copy with a NUL behind it */
void arena_reset(struct arena *a);                                /* keeps a block for the next round */
void arena_free(struct arena *a);

#endif

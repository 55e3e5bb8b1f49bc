/* digest: 128 bits of SHA-256, to name things and to tell whether they changed. */
#ifndef GW_DIGEST_H
#define GW_DIGEST_H

#include "json/jx.h"

enum { DIGEST_HEX = 32 };

struct digest {
    unsigned char bytes[16];
};

struct digest digest_of(const void *p, size_t n);
bool digest_equal(struct digest a, struct digest b);
void digest_hex(struct digest d, char out[DIGEST_HEX + 1]);

/* Of the canonical text: independent of the order of object keys. */
struct digest digest_json(jv v);

#endif

#include "json/digest.h"

#include <openssl/sha.h>
#include <stdio.h>

struct digest digest_of(const void *p, size_t n)
{
    unsigned char whole[SHA256_DIGEST_LENGTH];
    struct digest d;
    SHA256(p, n, whole);
    memcpy(d.bytes, whole, sizeof d.bytes);
    return d;
}

bool digest_equal(struct digest a, struct digest b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

void digest_hex(struct digest d, char out[DIGEST_HEX + 1])
{
    for (size_t i = 0; i < sizeof d.bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", d.bytes[i]);
}

struct digest digest_json(jv v)
{
    struct buf b;
    buf_init(&b, BUF_MAX_OUTPUT);
    jx_dump_sorted(&b, v);
    struct digest d = digest_of(b.p, b.len);
    buf_free(&b);
    return d;
}

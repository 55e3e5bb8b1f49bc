/* cert: a TLS certificate and its key as they stand in a Secret, checked with libcrypto. */
#ifndef GW_CERT_H
#define GW_CERT_H

#include "base/base.h"

/* The PEM texts. Both owned; cert_release() wipes the key. */
struct cert {
    char *cert_pem;
    char *key_pem;
    bool is_expired; /* at `now` */
    bool is_not_yet_valid;
    char not_after[32]; /* "2027-01-01T00:00:00Z" */
};

/*
 * Decodes and checks a kubernetes.io/tls pair. Returns NULL and fills `c`, or the complaint (static):
 * which of the two is missing, not base64, not PEM, or that they do not belong together. Nothing of the
 * material is ever quoted. `now` is in seconds since the epoch.
 */
const char *cert_read(struct cert *c, const char *cert_base64, const char *key_base64, int64_t now);
void cert_release(struct cert *c);

#endif

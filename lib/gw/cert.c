#include "gw/cert.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "gw/secret.h"

/* A key behind a passphrase is useless here; the default callback would ask on the terminal. */
static int no_passphrase(char *room, int size, int writing, void *arg)
{
    (void)room, (void)size, (void)writing, (void)arg;
    return -1;
}

static X509 *leaf_of(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *leaf = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    return leaf;
}

static EVP_PKEY *key_of(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    return key;
}

static int64_t seconds_of(const ASN1_TIME *t)
{
    struct tm tm = {0};
    return ASN1_TIME_to_tm(t, &tm) ? (int64_t)timegm(&tm) : 0;
}

static void note_validity(struct cert *c, const X509 *leaf, int64_t now)
{
    int64_t from = seconds_of(X509_get0_notBefore(leaf)), to = seconds_of(X509_get0_notAfter(leaf));
    time_t end = (time_t)to;
    struct tm tm = {0};
    c->is_not_yet_valid = now < from;
    c->is_expired = now > to;
    gmtime_r(&end, &tm);
    strftime(c->not_after, sizeof c->not_after, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static const char *check_pair(struct cert *c, int64_t now)
{
    X509 *leaf = leaf_of(c->cert_pem);
    EVP_PKEY *key = key_of(c->key_pem);
    const char *why = NULL;
    if (!leaf)
        why = "tls.crt is not a PEM certificate";
    else if (!key)
        why = "tls.key is not a PEM private key (or it is encrypted)";
    else if (X509_check_private_key(leaf, key) != 1)
        why = "tls.key does not belong to the certificate in tls.crt";
    else
        note_validity(c, leaf, now);
    X509_free(leaf);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return why;
}

const char *cert_read(struct cert *c, const char *cert_base64, const char *key_base64, int64_t now)
{
    *c = (struct cert){0};
    if (!cert_base64)
        return "it has no data[\"tls.crt\"]";
    if (!key_base64)
        return "it has no data[\"tls.key\"]";
    c->cert_pem = secret_text(cert_base64);
    c->key_pem = secret_text(key_base64);
    const char *why = !c->cert_pem  ? "data[\"tls.crt\"] is not base64 of a PEM text"
                      : !c->key_pem ? "data[\"tls.key\"] is not base64 of a PEM text"
                                    : check_pair(c, now);
    if (why)
        cert_release(c);
    return why;
}

void cert_release(struct cert *c)
{
    if (c->key_pem)
        explicit_bzero(c->key_pem, strlen(c->key_pem));
    free(c->cert_pem);
    free(c->key_pem);
    *c = (struct cert){0};
}

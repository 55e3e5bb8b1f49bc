#include "gw/secret.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "base/base.h"

enum { MAX_BASE64 = 1 << 20 };

char *secret_text(const char *base64)
{
    size_t n = strlen(base64), len = 0;
    if (n == 0 || n > MAX_BASE64)
        return NULL;
    char *packed = xmalloc(n + 1);
    for (size_t i = 0; i < n; i++)
        if (!strchr(" \t\r\n", base64[i]))
            packed[len++] = base64[i];
    unsigned char *out = xmalloc(len / 4 * 3 + 4);
    int got = len % 4 == 0 ? EVP_DecodeBlock(out, (const unsigned char *)packed, (int)len) : -1;
    free(packed);
    if (got < 0) {
        free(out);
        return NULL;
    }
    while (got > 0 && out[got - 1] == '\0') /* what stood for the padding */
        got--;
    out[got] = '\0';
    for (int i = 0; i < got; i++) {
        if (out[i] == 0 || out[i] >= 0x80) {
            free(out);
            return NULL;
        }
    }
    return (char *)out;
}

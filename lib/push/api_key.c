#include "push/api_key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/token.h"

enum { FILE_MOST = TOKEN_MOST + 64 }; /* with white space around the key */

/* The text in it, owned; NULL with *why. */
static char *read_file(const char *path, char **why)
{
    char text[FILE_MOST + 1];
    FILE *f = fopen(path, "re");
    if (!f) {
        int missing = errno;
        *why = xasprintf("--key-file: \"%s\": %s", shown_path(path), strerror(missing));
        return NULL;
    }
    errno = 0;
    size_t n = fread(text, 1, FILE_MOST, f);
    if (ferror(f))
        *why = xasprintf("--key-file: \"%s\": %s", path, strerror(errno));
    fclose(f);
    text[n] = '\0';
    char *whole = *why ? NULL : xstrdup(text);
    explicit_bzero(text, sizeof text);
    return whole;
}

char *api_key_read(const char *file, char **why)
{
    const char *variable = getenv("APISIX_ADMIN_KEY");
    *why = NULL;
    if (!file && (!variable || !*variable))
        return NULL;
    char *text = file ? read_file(file, why) : xstrdup(variable);
    if (*why)
        return NULL;
    char *key = token_of(text);
    explicit_bzero(text, strlen(text));
    free(text);
    if (!key)
        *why = xasprintf("%s%s%s holds no key: expected one line of visible characters",
                         file ? "--key-file: \"" : "APISIX_ADMIN_KEY", file ? file : "", file ? "\"" : "");
    return key;
}

#include "push/api_key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

enum { KEY_MOST = 4096 };

/* A header is one line of visible characters. */
static bool is_usable(const char *key)
{
    size_t n = strlen(key);
    for (const char *p = key; *p; p++)
        if (*p <= ' ' || *p > '~')
            return false;
    return n > 0 && n < KEY_MOST;
}

static char *trimmed(const char *text)
{
    text += strspn(text, " \t\r\n");
    size_t n = strlen(text);
    while (n > 0 && strchr(" \t\r\n", text[n - 1]))
        n--;
    return xstrndup(text, n);
}

static char *read_file(const char *path, char **why)
{
    char text[KEY_MOST + 1];
    FILE *f = fopen(path, "re");
    if (!f) {
        *why = xasprintf("--key-file: \"%s\": %s", path, strerror(errno));
        return NULL;
    }
    errno = 0;
    size_t n = fread(text, 1, KEY_MOST, f);
    if (ferror(f))
        *why = xasprintf("--key-file: \"%s\": %s", path, strerror(errno));
    fclose(f);
    text[n] = '\0';
    char *key = *why ? NULL : trimmed(text);
    explicit_bzero(text, sizeof text);
    return key;
}

char *api_key_read(const char *file, char **why)
{
    const char *variable = getenv("APISIX_ADMIN_KEY");
    *why = NULL;
    if (!file && (!variable || !*variable))
        return NULL;
    char *key = file ? read_file(file, why) : xstrdup(variable);
    if (*why || is_usable(key))
        return key;
    *why = xasprintf("%s holds no key: expected one line of visible characters",
                     file ? "--key-file: the file" : "APISIX_ADMIN_KEY");
    free(key);
    return NULL;
}

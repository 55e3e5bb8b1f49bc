#include "apisix/ids.h"

#include <stdio.h>
#include <stdlib.h>

#include "json/digest.h"

enum { PREFIX = ID_MAX - DIGEST_HEX - 2 };

static bool is_plain(const char *s)
{
    return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen(s);
}

struct id id_make(const char *fmt, ...)
{
    struct id id;
    char *whole, hex[DIGEST_HEX + 1];
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&whole, fmt, ap);
    va_end(ap);
    if (n < 0)
        whole = xstrdup("");
    if (n <= ID_MAX && is_plain(whole) && !strstr(whole, "__")) {
        snprintf(id.text, sizeof id.text, "%s", whole);
    } else {
        digest_hex(digest_of(whole, strlen(whole)), hex);
        snprintf(id.text, sizeof id.text, "%.*s__%s", (int)PREFIX, whole, hex);
        for (char *c = id.text; *c; c++)
            if (!is_plain((char[]){*c, 0}))
                *c = '-';
    }
    free(whole);
    return id;
}

bool id_of_backend(jv resolved, struct id *id)
{
    char ns[256];
    const char *service = jx_getstr(resolved, "service"), *slash = service ? strchr(service, '/') : NULL;
    if (!slash)
        return false;
    snprintf(ns, sizeof ns, "%.*s", (int)(slash - service), service);
    *id = id_of_upstream(ns, slash + 1, (int)jx_getint_or(resolved, "port", 0),
                         jx_getstr_or(resolved, "variant", ""));
    return true;
}

struct id id_of_upstream(const char *ns, const char *service, int port, const char *variant)
{
    return id_make("service.%s.%s.%d%s%s", ns, service, port, *variant ? "_" : "", variant);
}

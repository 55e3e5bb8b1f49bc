#include "push/admin_url.h"

#include <stdlib.h>

#include "apisix/consumer.h"

static const char *after_scheme(const char *url)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < N_ELEMS(schemes); i++)
        if (has_prefix(url, schemes[i]))
            return url + strlen(schemes[i]);
    return NULL;
}

const char *url_problem(const char *url)
{
    const char *host = after_scheme(url);
    if (!host)
        return "is no http:// or https:// URL";
    size_t n = strcspn(host, "/?#");
    if (memchr(host, '@', n))
        return "holds a user: give the API key with --key-file or APISIX_ADMIN_KEY instead";
    if (n == 0)
        return "names no host";
    if (host[n + strcspn(host + n, "?#")])
        return "holds a query or a fragment";
    for (const char *p = url; *p; p++)
        if (*p <= ' ' || *p == 0x7f)
            return "holds white space or control characters";
    return NULL;
}

char *admin_base(const char *url, char **why)
{
    const char *what = url_problem(url);
    if (what) {
        *why = xstrdup(what);
        return NULL;
    }
    char *base = xstrdup(url);
    size_t n = strlen(base);
    while (base[n - 1] == '/')
        base[--n] = '\0';
    if (strchr(after_scheme(base), '/'))
        return base;
    char *whole = xasprintf("%s/apisix/admin", base);
    free(base);
    return whole;
}

static bool is_plain(const char *id)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return *id && !id[strspn(id, plain)] && !str_eq(id, ".") && !str_eq(id, "..");
}

bool is_admin_id(enum apisix_kind kind, const char *id)
{
    char *consumer = kind == AK_CONSUMERS ? consumer_of_credential(id) : NULL;
    bool is = is_plain(consumer ? credential_name(id) : id) && (!consumer || is_plain(consumer));
    free(consumer);
    return is;
}

char *admin_url(const char *base, enum apisix_kind kind, const char *id)
{
    return xasprintf("%s/%s/%s", base, apisix_kind(kind)->name, id);
}

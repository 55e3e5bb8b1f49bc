#include "push/admin_url.h"

#include <ctype.h>
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
    if (!*url)
        return "names no URL (a comma too many?)";
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
    const char *path = strchr(after_scheme(base), '/'), *last = path ? strrchr(path, '/') + 1 : "";
    if (apisix_kind_named(last, strlen(last)) >= 0 || str_eq(last, "configs")) {
        *why = xasprintf("ends in /%s: expected the address of the API, without what is below it", last);
        free(base);
        return NULL;
    }
    if (path)
        return base;
    char *whole = xasprintf("%s/apisix/admin", base);
    free(base);
    return whole;
}

char *url_address(const char *url)
{
    char *why = NULL, *base = admin_base(url, &why);
    free(why);
    if (!base)
        return NULL;
    bool is_https = has_prefix(base, "https:");
    char *host = base + strlen(is_https ? "https://" : "http://"), *path = strchr(host, '/');
    for (char *p = host; p < path; p++)
        *p = (char)tolower((unsigned char)*p);
    const char *port = is_https ? ":443" : ":80";
    size_t n = strlen(port);
    if ((size_t)(path - host) > n && memcmp(path - n, port, n) == 0)
        memmove(path - n, path, strlen(path) + 1);
    return base;
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

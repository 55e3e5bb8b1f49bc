#include "gw/hostname.h"

bool host_is_wildcard(const char *host)
{
    return has_prefix(host, "*.");
}

bool host_covers(const char *wide, const char *narrow)
{
    if (!*wide || str_eq(wide, narrow))
        return true;
    if (!*narrow || !host_is_wildcard(wide))
        return false;
    /* "*.x" covers "a.x" and "*.a.x": both end in ".x" with something before it. */
    const char *suffix = wide + 1;
    return strlen(narrow) > strlen(suffix) && has_suffix(narrow, suffix);
}

const char *host_intersect(const char *a, const char *b)
{
    if (host_covers(a, b))
        return b;
    return host_covers(b, a) ? a : NULL;
}

const char *host_wider(const char *host, char room[HOST_MAX + 1])
{
    if (!*host)
        return NULL;
    const char *dot = strchr(host_is_wildcard(host) ? host + 2 : host, '.');
    size_t len = dot ? strlen(dot) : 0;
    if (!dot || len + 1 > HOST_MAX)
        return "";
    memmove(room + 1, dot, len + 1);
    room[0] = '*';
    return room;
}

bool host_is_deep_under(const char *wildcard, const char *host)
{
    if (!host_is_wildcard(wildcard) || host_is_wildcard(host) || !host_covers(wildcard, host))
        return false;
    size_t left = strlen(host) - strlen(wildcard + 1);
    return memchr(host, '.', left) != NULL;
}

#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"

static void *or_die(void *p)
{
    if (!p) {
        diag(DIAG_ERROR, NULL, NULL, "out of memory");
        exit(EXIT_ENV);
    }
    return p;
}

void *xmalloc(size_t n)
{
    return or_die(malloc(n ? n : 1));
}

void *xcalloc(size_t n, size_t size)
{
    return or_die(calloc(n ? n : 1, size ? size : 1));
}

void *xreallocarray(void *p, size_t n, size_t size)
{
    return or_die(reallocarray(p, n ? n : 1, size ? size : 1));
}

char *xstrdup(const char *s)
{
    return or_die(strdup(s));
}

char *xstrndup(const char *s, size_t n)
{
    return or_die(strndup(s, n));
}

char *xasprintf(const char *fmt, ...)
{
    char *s;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&s, fmt, ap);
    va_end(ap);
    return or_die(n < 0 ? NULL : s);
}

bool has_suffix(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

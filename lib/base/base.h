/*
 * base: what every program here needs and libc does not give.
 *
 * Allocation never returns NULL: out of memory ends the process with exit code 4 (EXIT_ENV), the one
 * thing besides a failed stdout that a library function may die of.
 */
#ifndef GW_BASE_H
#define GW_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Exit codes, the same for every tool (gw(7)). When several apply, the largest is returned. */
enum exit_code {
    EXIT_OK = 0,       /* ran, nothing to complain of */
    EXIT_FINDINGS = 1, /* ran, and there are error findings or rejected writes */
    EXIT_USAGE = 2,    /* wrong options or configuration: do not retry */
    EXIT_STREAM = 3,   /* the input is not a record stream, or it was cut: do not retry */
    EXIT_ENV = 4,      /* I/O, network, memory: a retry may help */
};

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size); /* dies on overflow of n * size too */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static inline bool str_eq(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* NULL equals only NULL. */
static inline bool str_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static inline bool has_prefix(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool has_suffix(const char *s, const char *suffix);

#define N_ELEMS(a) (sizeof(a) / sizeof((a)[0]))

/*
 * A growing array: `type *items; size_t n, cap;` members of any struct. VEC_GROW makes room for one
 * more; the caller then writes items[n++].
 */
#define VEC_GROW(v)                                                                                          \
    do {                                                                                                     \
        if ((v)->n == (v)->cap) {                                                                            \
            (v)->cap = (v)->cap ? (v)->cap * 2 : 4;                                                          \
            (v)->items = xreallocarray((v)->items, (v)->cap, sizeof *(v)->items);                            \
        }                                                                                                    \
    } while (0)

#endif

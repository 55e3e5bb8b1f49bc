#include "apisix/refs.h"

#include <stdlib.h>

/*
 * Item texts are compact JSON, and inside of a JSON string a quote is escaped: these bytes are a member and
 * nothing else. Ids hold no character that JSON would escape.
 */
#define MEMBER "\"upstream_id\":\""

void refs_add(struct refs *r, const struct item *from)
{
    const char *p = from->text;
    while ((p = strstr(p, MEMBER))) {
        p += strlen(MEMBER);
        size_t n = strcspn(p, "\"");
        VEC_GROW(r);
        r->items[r->n++] = xstrndup(p, n);
        p += n;
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void refs_sort(struct refs *r)
{
    if (r->n > 1)
        qsort(r->items, r->n, sizeof *r->items, compare);
}

bool refs_has(const struct refs *r, const char *upstream_id)
{
    return r->n > 0 && bsearch(&upstream_id, r->items, r->n, sizeof *r->items, compare) != NULL;
}

char *refs_first_named(const struct refs *r, const struct item *by)
{
    struct refs named = {0};
    char *found = NULL;
    if (r->n == 0)
        return NULL;
    refs_add(&named, by);
    for (size_t i = 0; i < named.n && !found; i++)
        if (refs_has(r, named.items[i]))
            found = xstrdup(named.items[i]);
    refs_release(&named);
    return found;
}

void refs_release(struct refs *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->items[i]);
    free(r->items);
    *r = (struct refs){0};
}

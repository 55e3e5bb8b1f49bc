/* refs: which upstreams a set of APISIX objects names. */
#ifndef GW_APISIX_REFS_H
#define GW_APISIX_REFS_H

#include "apisix/item.h"

struct refs {
    char **items; /* sorted after refs_sort() */
    size_t n, cap;
};

/* Every "upstream_id" in the object, wherever it stands. */
void refs_add(struct refs *r, const struct item *from);
void refs_sort(struct refs *r);
bool refs_has(const struct refs *r, const char *upstream_id);

/* The first of `refs` (sorted) that the object names: owned; NULL: none. */
char *refs_first_named(const struct refs *r, const struct item *by);
void refs_release(struct refs *r);

#endif

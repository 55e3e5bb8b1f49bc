/*
 * refs: which APISIX objects others cannot be without: the upstreams that they name, the mark that tells
 * whose they are (mark.h), the consumer that a credential is of.
 */
#ifndef GW_APISIX_REFS_H
#define GW_APISIX_REFS_H

#include "apisix/item.h"

struct ref {
    enum apisix_kind kind;
    char *id;
};

struct refs {
    struct ref *items; /* sorted after refs_sort() */
    size_t n, cap;
};

/* Whether objects of the kind can be named. */
bool kind_is_named(enum apisix_kind k);

/* All that the object names: every "upstream_id", wherever it stands, and what goes by its kind. */
void refs_add(struct refs *r, const struct item *from);
/* The object itself. */
void refs_add_item(struct refs *r, const struct item *item);
void refs_sort(struct refs *r);
bool refs_has(const struct refs *r, enum apisix_kind kind, const char *id);

/* The first of `refs` (sorted) that the object names, as "upstreams \"ID\"": owned; NULL: none. */
char *refs_first_named(const struct refs *r, const struct item *by);
void refs_release(struct refs *r);

#endif

/*
 * item: one APISIX object at rest: its text, and what must be known to plan with it.
 *
 * Immutable and counted: what is wanted and what is live are the same item once it has been written, at
 * several targets that are served at the same time. One allocation each; the text is all there is of the
 * content.
 */
#ifndef GW_APISIX_ITEM_H
#define GW_APISIX_ITEM_H

#include <stdatomic.h>

#include "apisix/kind.h"
#include "json/jx.h"

struct item {
    atomic_uint refs;
    enum apisix_kind kind;
    bool holds_env_ref; /* "${{" stands somewhere: see env_ref in plan.h */
    const char *id;     /* "" for a live object without one */
    const char *owner;  /* the owner label when the object is ours, else NULL */
    size_t len;
    const char *text; /* one line of JSON, NUL-terminated */
};

/*
 * `object` has all our labels for this instance: its owner label (borrowed), else NULL. Objects of kinds
 * without labels have no owner.
 */
const char *item_owner_of(enum apisix_kind kind, jv object, const char *instance);

/* The id of an object: its "id", string or integer, else what the kind is named by. "" when it has none. */
const char *item_id_of(enum apisix_kind kind, jv object, char *room, size_t n);

/* `owner` may be NULL. All is copied. One reference, the caller's. */
struct item *item_new(enum apisix_kind kind, const char *id, const char *owner, const char *text, size_t len);
/* The same with the canonical text of `object`. */
struct item *item_of(enum apisix_kind kind, const char *id, const char *owner, jv object);
struct item *item_ref(struct item *i);
void item_unref(struct item *i); /* NULL is fine */

/* By kind in the order of the table, then by id. */
int item_compare(const struct item *a, const struct item *b);

/* The same value, whatever the order of members and the spelling. */
bool item_same(const struct item *a, const struct item *b);
/* Whether both have some plugin in their `plugins`. */
bool items_share_plugin(const struct item *a, const struct item *b);

/* A growing list that holds references. */
struct items {
    struct item **items;
    size_t n, cap;
};
void items_add(struct items *l, struct item *owned);
void items_release(struct items *l);
void items_sort(struct items *l); /* stable */

#endif

/*
 * stored: APISIX objects on their way through the Admin API: what is put there, what comes back, and whether
 * the one is the other.
 *
 * The server keeps an object as it was put and adds times to it; releases before 3.14 fill in the defaults
 * of their schemas too. Private keys do not come back, or come back encrypted: an object that holds one is
 * written with the label gwpipe-hash, a hash of all of it, and the hash is compared in the key's place.
 */
#ifndef GW_APISIX_STORED_H
#define GW_APISIX_STORED_H

#include "apisix/item.h"

#define LABEL_HASH "gwpipe-hash"

/*
 * The item for one answer {"key":"/apisix/routes/ID","value":{...}}; without the times, so that what nobody
 * touched has the very text that was wanted. p[n] is NUL. NULL when it is no object of that kind; then *why
 * is the complaint (static or thread-local) if it is no JSON, else NULL.
 */
struct item *stored_item(enum apisix_kind kind, const char *p, size_t n, const char *instance,
                         const char **why);

/* What to send for an item: owned; NULL when its text is that already. */
char *stored_body(const struct item *item);

/* Whether `live`, as it came back, is what `wanted` would be there. */
bool stored_same(const struct item *wanted, const struct item *live);

/*
 * `live` as it is shown beside `wanted`: what stored_same() overlooks is as it is in `wanted`, so that only
 * differences differ. Owned.
 */
jv stored_beside(const struct item *wanted, const struct item *live);

#endif

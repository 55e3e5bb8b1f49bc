/*
 * support: what the API accepts and the target cannot serve, or not yet (docs/support.md).
 *
 * The rows are in support.def. Pure; linear in the size of the object.
 */
#ifndef GW_SUPPORT_H
#define GW_SUPPORT_H

#include "rec/finding.h"

/* Adds a F_TARGET_LIMIT for each place in an object of that kind (one that gw-validate knows) that APISIX
   cannot serve: at most one for a path. Quotes no values. */
void support_check(const char *kind, jv object, struct findings *fs);

#endif

/*
 * transition: what an API server says to the new version of an object because of the old one: fields that are
 * immutable (CEL rules with oldSelf).
 *
 * The one part of validation with a memory: of each object of a kind with such a field, the field's value in
 * the last version that was valid. A DELETED object, or one that a full list no longer names, is forgotten.
 */
#ifndef GW_TRANSITION_H
#define GW_TRANSITION_H

#include "rec/record.h"

struct remembered;

struct transitions {
    struct remembered *all; /* uthash by identity */
};

/* Complains of fields that may not differ from the object's last valid version. */
void transition_check(const struct transitions *t, const struct rec *r, struct findings *fs);

/* The record as the last word on its object: call it for valid versions and for DELETED. */
void transition_keep(struct transitions *t, const struct rec *r);

/* At a SYNC: after a full one, what was not kept since the full one before is forgotten. */
void transition_sync(struct transitions *t, const struct rec *sync);

void transition_release(struct transitions *t);

#endif

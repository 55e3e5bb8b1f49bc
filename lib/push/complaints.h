/*
 * complaints: what a SYNC could not do, told to the owners of the objects.
 *
 * Each is a finding of its owner's record when the cut has one. The others go to stderr, and there only
 * when they are new: what is tried again at every SYNC is not complained of at every SYNC.
 */
#ifndef GW_PUSH_COMPLAINTS_H
#define GW_PUSH_COMPLAINTS_H

#include "apisix/plan.h"
#include "json/digest.h"

struct complaint {
    const struct owner *owner; /* NULL when the stream does not know it */
    const char *label;
    enum finding_id id;
    char *text;
    bool is_carried; /* by a record */
};

struct complaints {
    struct complaint *items; /* of this SYNC, in the order of the plans */
    size_t n, cap;
    size_t *by_owner;    /* indices, sorted by owner, once complaints_sort() was called */
    struct digest *told; /* of the SYNC before, sorted */
    size_t n_told;
    size_t n_shown; /* on stderr, of this SYNC */
};

/*
 * The refusals and failures of a plan; `target`, when not NULL, stands before each. Borrows from the plan.
 * Owners are taken by their labels from `w`, which may be another than that of the plan.
 */
void complaints_add(struct complaints *c, const struct plan *p, const struct wanted *w, const char *target);
void complaints_sort(struct complaints *c);

/* Whether there are complaints to this owner; puts them into `fs`, unless that is NULL. */
bool complaints_of(struct complaints *c, const struct owner *o, struct findings *fs);

/* Whether some more may go to stderr: a thousand of the same kind help nobody. */
bool complaints_show(struct complaints *c, size_t n);

/* The rest to stderr; then the list is empty. */
void complaints_tell(struct complaints *c);
void complaints_release(struct complaints *c);

#endif

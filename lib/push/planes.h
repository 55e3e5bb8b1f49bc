/*
 * planes: what is wanted of each data plane that has a target.
 *
 * A record's `apisix` member is for the data plane without a name, its member `planes` for the others. The
 * first knows every owner that any has, so that an owner can be told apart by its label. The others know
 * those that have, or had, something there; of one that they do not know nothing is wanted, as of one that is
 * gone.
 */
#ifndef GW_PUSH_PLANES_H
#define GW_PUSH_PLANES_H

#include "apisix/wanted.h"
#include "push/target.h"

struct plane_wishes {
    char *name; /* "" for the first */
    struct wanted wanted;
    bool has_target; /* the first is there without one too */
    bool is_served;  /* it has a target that is open, and in use */
    bool is_named;   /* by the record at hand; planes.c */
    size_t since;    /* the number of the SYNC from which on it is served */
};

struct planes {
    struct plane_wishes **items;
    size_t n;
    const char *instance;
    bool is_open; /* targets come and go: what is wanted of any data plane is remembered */
};

/* One for each data plane that a target is of. */
void planes_init(struct planes *p, const char *instance, struct target *const *targets, size_t n);
/* The data plane of that name, made when it is new; it does not move. */
struct plane_wishes *planes_add(struct planes *p, const char *name);
void planes_release(struct planes *p);

/* NULL when no target is of it. */
struct wanted *planes_wanted(const struct planes *p, const char *name);

/* As wanted_take(), for all of them; the owner is that of the first. What has no target is a finding. */
const struct owner *planes_take(struct planes *p, const struct rec *r, struct findings *fs);

/* As wanted_sync(), wanted_claims(). */
bool planes_sync(struct planes *p, bool full);
void planes_claims(struct planes *p);

/* Those that are served since a SYNC. */
struct newcomers {
    const struct planes *planes; /* their claims are up to date; NULL: there are none */
    size_t since;
};

/* Whether one of them wants an object of that kind and id. */
bool newcomers_want(const struct newcomers *those, const struct item *item);

/* Whether something since the last full SYNC could not be used. */
bool planes_have_gaps(const struct planes *p);

#endif

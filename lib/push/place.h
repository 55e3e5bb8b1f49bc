/*
 * place: one target's part of a session: what a SYNC comes to there.
 *
 * Each place is served for itself, by the difference between what is wanted and what is live at that target;
 * what fails at one is nothing to the others.
 */
#ifndef GW_PUSH_PLACE_H
#define GW_PUSH_PLACE_H

#include "push/metrics.h"
#include "push/planes.h"
#include "push/target.h"

struct push_options {
    const char *instance;
    int max_delete;           /* percent */
    bool force;               /* delete more than that */
    bool dry_run;             /* print the plan, write nothing */
    bool check;               /* ask the target before anything is written */
    int wait;                 /* seconds for the data plane to serve what was written; 0: do not wait */
    bool timing;              /* tell how long it took */
    const char *metrics_file; /* NULL: none */
};

struct place {
    struct target *target;              /* borrowed */
    struct wanted *wanted;              /* borrowed: of its data plane */
    const struct push_options *options; /* borrowed */
    struct newcomers newcomers;         /* of an idle one: what they want stays */
    struct { /* data planes that name this target too, and are not served: what they want stays */
        const struct wanted **items;
        size_t n, cap;
    } rivals;
    bool owes_prune; /* the stream has named the whole world, and what is not in it may still be live */

    /* Of the last SYNC. */
    struct plan plan;
    enum outcome outcome;
    int code;
    bool is_joining; /* in a look for another's sake: nobody asks it, so nothing is counted; the caller's */
    bool knows_live; /* what is live could be read */
    bool is_unfinished; /* some operations failed for a reason that may pass */
    bool has_waited;    /* --wait: the gateways have been asked for all that is live */
    bool is_pending;    /* something that was written is not served yet */
    double seconds;     /* that it took */

    size_t n_done, n_failed;          /* operations, while it is carried out */
    double started_at, next_shown_at; /* of that, on the monotonic clock */
    struct metrics metrics;
};

void place_init(struct place *p, struct target *t, struct wanted *w, const struct push_options *o);

/*
 * One SYNC, after wanted_sync() said whether the world is known, and wanted_claims(). The plan is there until
 * place_rest(). Several places may be served at the same time.
 */
void place_serve(struct place *p, bool full, bool knows_all);
/* Whether something that was written of that owner is not served yet. */
bool place_owes(const struct place *p, const struct owner *o);

/*
 * While the stream is silent: whether a look is worth it, and whether it is to be served when there is one
 * for another's sake. What was refused waits for a person, or for a SYNC.
 */
bool place_is_due(const struct place *p);
bool place_joins_look(const struct place *p);

void place_tell_summary(const struct place *p);

/* The SYNC is over. */
void place_rest(struct place *p);

#endif

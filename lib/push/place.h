/*
 * place: one target's part of a session: what a SYNC comes to there.
 *
 * Each place is served for itself, by the difference between what is wanted and what is live at that target;
 * what fails at one is nothing to the others.
 */
#ifndef GW_PUSH_PLACE_H
#define GW_PUSH_PLACE_H

#include "push/target.h"

struct push_options {
    const char *instance;
    int max_delete; /* percent */
    bool force;     /* delete more than that */
    bool dry_run;   /* print the plan, write nothing */
};

/* What became of a whole SYNC at a target. */
enum outcome {
    OUTCOME_DONE,    /* the plan was carried out; each operation tells what became of it */
    OUTCOME_REFUSED, /* nothing was written, a person must look */
    OUTCOME_FAILED,  /* nothing was written, a retry may help */
};

struct place {
    struct target *target;              /* borrowed */
    const struct push_options *options; /* borrowed */
    bool owes_prune; /* the stream has named the whole world, and what is not in it may still be live */

    /* Of the last SYNC. */
    struct plan plan;
    enum outcome outcome;
    int code;
};

void place_init(struct place *p, struct target *t, const struct push_options *o);

/* One SYNC, after wanted_sync() said whether the world is known. The plan is there until place_rest(). */
void place_serve(struct place *p, struct wanted *w, const struct rec *sync, bool knows_all);
void place_tell_summary(const struct place *p);

/* The SYNC is over. */
void place_rest(struct place *p);

#endif

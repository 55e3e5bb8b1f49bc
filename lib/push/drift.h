/*
 * drift: whether somebody else writes what is ours: a person, or another gw-push of this instance.
 *
 * What a person changed is repaired. Another gw-push that wants something else would repair it back, for
 * ever. No clock is common to the two, and labels that told them apart would be written anew by each: so they
 * are told by what they do. An object that was found changed DRIFT_ROUNDS times, though we mended it each
 * time, is fought over, and we give way: nothing is written to this target until ours has been left alone for
 * DRIFT_REST seconds. Of two that fight the first to count so far gives way, the other has its will; when it
 * is gone, the first goes on.
 */
#ifndef GW_PUSH_DRIFT_H
#define GW_PUSH_DRIFT_H

#include "push/target.h"

enum { DRIFT_ROUNDS = 3, DRIFT_REST = 60 };

/* What is remembered of a target; zeroed at first. */
struct drift {
    struct fought *fought; /* uthash: found changed at the last look, and how often in a row */
    bool gives_way;
    double left_alone_since;
};

/*
 * Compares what is there with what we left, or, giving way, with what was there at the last look; both lists
 * are sorted. `now` is in seconds, of no epoch. Says which objects of ours are not as they were left.
 * EXIT_FINDINGS: we give way, and have said so.
 */
int drift_look(struct drift *d, const struct target *t, const struct items *left, const struct items *found,
               double now);

/* The same when nothing can have changed. */
int drift_rest(struct drift *d, const struct target *t, double now);

void drift_release(struct drift *d);

#endif

/*
 * drift: whether somebody else writes what is ours: a person, or another gw-push of this instance.
 *
 * What a person changed is repaired. Another gw-push that wants something else would repair it back, for
 * ever. No clock is common to the two, and labels that told them apart would be written anew by each: so they
 * are told by what they do. An object that was found changed to the same thing DRIFT_ROUNDS times, though we
 * mended it each time, is fought over, and we give way: nothing is written to this target until ours has been
 * left alone for DRIFT_REST seconds. Of two that fight the first to count so far gives way, the other has its
 * will; when it is gone, the first goes on. While it is not, the same is found soon after: then once is
 * enough, and the rest is twice as long each time, so that the two hardly disturb what is served.
 */
#ifndef GW_PUSH_DRIFT_H
#define GW_PUSH_DRIFT_H

#include "push/target.h"

enum {
    DRIFT_ROUNDS = 3,
    DRIFT_REST = 60,
    DRIFT_REST_MOST = 3600, /* and for so long after going on the last rest is remembered */
    DRIFT_MEMORY = 7200,    /* of what was found changed */
};

/* What is remembered of a target; zeroed at first. */
struct drift {
    struct fought *fought; /* uthash: found changed of late, and how often to the same */
    bool is_stirred;       /* the last look found something changed: mended or not, it is worth another */
    bool gives_way;
    double left_alone_since;
    double rest;       /* seconds to be left alone for */
    double resumed_at; /* 0: it never gave way */
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

/* Whether it is time to look, though nothing else asks for it. `was_refused`: nothing was written the last
   time, for this reason or another. */
bool drift_is_due(const struct drift *d, bool was_refused, double now);

void drift_release(struct drift *d);

#endif

/*
 * session: a stream of records made real at a target, one SYNC at a time.
 *
 * Nothing is written before a SYNC, and what came after the last one is not used. A SYNC that is refused or
 * that fails is not lost: what it wanted is tried again at the next one.
 */
#ifndef GW_PUSH_SESSION_H
#define GW_PUSH_SESSION_H

#include "push/stash.h"
#include "push/target.h"

struct push_options {
    const char *instance;
    int max_delete; /* percent */
    bool force;     /* delete more than that */
    bool dry_run;   /* print the plan, write nothing */
};

struct session {
    struct push_options options;
    struct target *target; /* borrowed */
    struct wanted wanted;
    struct stash stash;
    size_t n_unsynced;
    bool has_synced;
    int code;
};

void session_init(struct session *s, const struct push_options *o, struct target *t);
void session_take(struct session *s, struct rec *r);

/* End of the stream; returns the exit code. */
int session_finish(struct session *s);

#endif

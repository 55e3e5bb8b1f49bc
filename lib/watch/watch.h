/*
 * watch: manifests on disk as a stream of records, once or for as long as they change.
 *
 * A listing reads every file and tells every object; a later pass reads the files that changed and tells
 * what is different. Each ends in a SYNC. Two rules keep a half-written file from deleting anything:
 *
 *   - From a file that cannot be read whole nothing is taken back: what it said before and does not say now
 *     is kept as it was.
 *   - The SYNC of a listing is `full` only if all of it could be read. Once it can, all is told again, and
 *     that SYNC is full.
 */
#ifndef GW_WATCH_H
#define GW_WATCH_H

#include <signal.h>

#include "watch/ledger.h"

struct open_file; /* follow.c */

struct watch {
    const char *const *operands; /* borrowed; "-" is stdin */
    size_t n_operands;
    bool is_follower;                  /* remembers what it has told */
    const volatile sig_atomic_t *stop; /* ends the work when set; NULL: nothing does */
    int inotify;                       /* -1: none */
    struct tree tree;
    struct ledger ledger;
    struct source **items; /* in name order */
    size_t n, cap;
    bool is_complete; /* a full SYNC was told */
    bool is_restless; /* files are being written at this moment: what is not in them may be about to come */
    size_t n_told;    /* records in this pass */
    char *unread;     /* what the last SYNC said of it; NULL: nothing */
    int code;
    struct open_file *open_files; /* uthash by watch and name: changed, and not closed since */
    struct buf out, room;
};

void watch_init(struct watch *w, const char *const *operands, size_t n_operands);
void watch_free(struct watch *w);

/* Tells everything, and a SYNC. Returns an exit code. */
int watch_list(struct watch *w);

/* Tells what has changed since, and a SYNC if that was anything. */
void watch_pass(struct watch *w);

/* Lists; then passes, each when changes have rested for `quiet_ms`, until *stop is set or the reader of
   stdout is gone. Returns an exit code. */
int watch_follow(struct watch *w, int quiet_ms, const volatile sig_atomic_t *stop);

#endif

/*
 * loop: records from a descriptor to a callback; the part of every filter that is the same.
 *
 * Strict in what it takes: one record a line, at most BUF_MAX_LINE bytes, ended by LF. A line that is
 * none is reported with its number, skipped, and makes the exit code EXIT_STREAM. Blank lines are
 * skipped. A last line without LF was cut on its way and is not used, however complete it looks. A full
 * SYNC after a lost line is handed on, and written, as one that is not full.
 */
#ifndef GW_LOOP_H
#define GW_LOOP_H

#include "rec/record.h"

struct loop {
    /* One record, any type. The record is released after the call. */
    void (*on_record)(struct rec *r, void *ctx);
    void *ctx;
    /* While nothing comes: called every so many seconds. 0: never. */
    int silence;
    void (*on_silence)(void *ctx);
};

/* Until end of file. Returns EXIT_OK, EXIT_STREAM or EXIT_ENV (the descriptor cannot be read). */
int rec_loop(int fd, const struct loop *loop);

/* The record to stdout, one write. One too long to be a line is reported, written as its identity and
   `held`, and counts as EXIT_STREAM. Returns the exit code. */
int rec_write(const struct rec *r);

#endif

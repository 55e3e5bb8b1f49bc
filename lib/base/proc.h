/* proc: the start, the output and the end of a process, the same for every tool. */
#ifndef GW_PROC_H
#define GW_PROC_H

#include "base/base.h"

/*
 * Names the tool for diagnostics, sets the C locale, and puts SIGPIPE back to its default (a parent
 * that ignores it would break pipelines: a filter whose reader is gone must end). Exits with EXIT_ENV
 * when stdout is closed; a closed stdin or stderr is replaced by an unreadable /dev/null so that no
 * later open() lands on its number.
 */
void proc_init(const char *tool);

/* All n bytes to fd, through short writes and EINTR; false with errno set. */
bool write_all(int fd, const void *p, size_t n);

/* A record, or anything else, to stdout. Dies with EXIT_ENV and a message when that fails. */
void out_write(const void *p, size_t n);

/* Closes stdout, where delayed write errors show (NFS, quotas), and returns the exit code. */
int proc_finish(int code);

/* The worse of two exit codes. */
static inline int worse(int a, int b)
{
    return a > b ? a : b;
}

#endif

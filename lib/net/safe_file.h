/*
 * safe_file: a file that other programs read while we replace it.
 *
 * A reader sees the old bytes or the new ones, at any moment and after any crash: the new ones are written
 * to NAME.gwpipe-tmp in the same directory (mode 0600 until it is whole), flushed to disk, and renamed over
 * the file; then the directory is flushed. Mode and owner of the file stay; a new file gets 0640. A symbolic
 * link is followed once, when the file is opened: its target is what is replaced. A temporary file that a
 * killed run left behind is removed by the next.
 *
 * APISIX notices a new file by comparing the modification time in whole seconds, so the new file gets one
 * that is not the old one's: now, or the second after the old one's, whichever is later.
 *
 * While a safe_file is open its directory is locked (flock), against other users of safe_file only. What
 * is held is released by the kernel when the process dies; no lock file stays behind.
 *
 * Functions return NULL, or the complaint: thread-local, valid until the next call, without the path.
 */
#ifndef GW_SAFE_FILE_H
#define GW_SAFE_FILE_H

#include <sys/stat.h>

#include "base/buf.h"

enum { SAFE_FILE_WAIT = 10 }; /* seconds for the lock */

/* Which bytes were seen or written: the same stamp, the same bytes. */
struct file_stamp {
    bool exists;
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime, ctime;
};

struct safe_file {
    int dir;         /* -1: not open */
    char *name;      /* in dir */
    mode_t new_mode; /* of a file that is not there yet; opening sets 0640 */
};

const char *safe_file_open(struct safe_file *f, const char *path);
void safe_file_close(struct safe_file *f);

/* A file that is not there is no complaint: exists is false. Anything but a regular file is one. */
const char *safe_file_stamp(const struct safe_file *f, struct file_stamp *stamp);
bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b);

const char *safe_file_read(const struct safe_file *f, struct buf *out);

/* Puts n bytes in the file's place and fills `stamp` with the new file's. */
const char *safe_file_replace(const struct safe_file *f, const char *p, size_t n, struct file_stamp *stamp);

#endif

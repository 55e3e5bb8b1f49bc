#include "net/safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/proc.h"

static const char *complain(const char *what)
{
    static _Thread_local char text[200];
    snprintf(text, sizeof text, "%s: %s", what, strerror(errno));
    return text;
}

/* ---- opening ---- */

/* The path with all links followed; of a file that is not there yet, its directory's. Owned, or NULL. */
static char *resolve(const char *path, const char **why)
{
    struct stat st;
    char *whole = realpath(path, NULL);
    if (whole || errno != ENOENT) {
        *why = whole ? NULL : complain("cannot be reached");
        return whole;
    }
    if (lstat(path, &st) == 0) {
        *why = "is a symbolic link to nothing";
        return NULL;
    }
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (!*name) {
        *why = "names a directory";
        return NULL;
    }
    char *above = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");
    char *dir = realpath(above, NULL);
    *why = dir ? NULL : complain("its directory cannot be reached");
    whole = dir ? xasprintf("%s/%s", dir, name) : NULL;
    free(above);
    free(dir);
    return whole;
}

static const char *lock(int dir)
{
    struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
    for (int i = 0; flock(dir, LOCK_EX | LOCK_NB) != 0; i++) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return complain("its directory cannot be locked");
        if (i >= SAFE_FILE_WAIT * 20)
            return "another gw-push is busy in its directory";
        nanosleep(&pause, NULL);
    }
    return NULL;
}

const char *safe_file_open(struct safe_file *f, const char *path)
{
    const char *why;
    *f = (struct safe_file){.dir = -1, .new_mode = 0640};
    char *whole = resolve(path, &why);
    if (!whole)
        return why;
    char *slash = strrchr(whole, '/');
    f->name = xstrdup(slash + 1);
    slash[slash == whole] = '\0';
    f->dir = open(whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(whole);
    why = f->dir < 0 ? complain("its directory cannot be opened") : lock(f->dir);
    if (why)
        safe_file_close(f);
    return why;
}

void safe_file_close(struct safe_file *f)
{
    if (f->dir >= 0)
        close(f->dir);
    free(f->name);
    *f = (struct safe_file){.dir = -1};
}

/* ---- reading ---- */

static struct file_stamp stamp_of(const struct stat *st)
{
    return (struct file_stamp){true, st->st_dev, st->st_ino, st->st_size, st->st_mtim, st->st_ctim};
}

const char *safe_file_stamp(const struct safe_file *f, struct file_stamp *stamp)
{
    struct stat st;
    *stamp = (struct file_stamp){0};
    if (fstatat(f->dir, f->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? NULL : complain("cannot be looked at");
    if (!S_ISREG(st.st_mode))
        return "is not a regular file";
    *stamp = stamp_of(&st);
    return NULL;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b)
{
    return a->exists == b->exists && a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           same_time(a->mtime, b->mtime) && same_time(a->ctime, b->ctime);
}

static const char *read_fd(int fd, struct buf *out)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return complain("cannot be looked at");
    if (!S_ISREG(st.st_mode))
        return "is not a regular file";
    if (st.st_size > BUF_MAX_FILE || !buf_reserve(out, (size_t)st.st_size))
        return "is larger than 512 MiB";
    for (;;) {
        if (!buf_reserve(out, 1))
            return "is larger than 512 MiB";
        ssize_t n = read(fd, out->p + out->len, out->cap - out->len - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return complain("cannot be read");
        out->len += (size_t)n;
        out->p[out->len] = '\0';
        if (n == 0)
            return NULL;
    }
}

const char *safe_file_read(const struct safe_file *f, struct buf *out)
{
    int fd = openat(f->dir, f->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return complain("cannot be read");
    const char *why = read_fd(fd, out);
    close(fd);
    return why;
}

/* ---- replacing ---- */

/* As the old file had them. APISIX may run as another user: a file that it cannot read any more would leave
   it with the old configuration for good. */
static const char *take_over(int fd, const struct stat *old, mode_t new_mode)
{
    struct stat st;
    mode_t mode = old ? old->st_mode & 07777 : new_mode;
    if (old && (fstat(fd, &st) != 0 || ((st.st_uid != old->st_uid || st.st_gid != old->st_gid) &&
                                        fchown(fd, old->st_uid, old->st_gid) != 0)))
        return complain("its owner and group cannot be kept");
    return fchmod(fd, mode) == 0 ? NULL : complain("its mode cannot be set");
}

static const char *set_time(int fd, const struct stat *old)
{
    struct timespec t[2] = {{.tv_sec = time(NULL)}, {0}};
    if (old && t[0].tv_sec <= old->st_mtim.tv_sec)
        t[0].tv_sec = old->st_mtim.tv_sec + 1;
    t[1] = t[0];
    return futimens(fd, t) == 0 ? NULL : complain("its modification time cannot be set");
}

static const char *fill(int fd, const char *p, size_t n, const struct stat *old, mode_t new_mode)
{
    if (!write_all(fd, p, n))
        return complain("cannot be written");
    const char *why = take_over(fd, old, new_mode);
    if (!why)
        why = set_time(fd, old);
    if (!why && fsync(fd) != 0)
        why = complain("cannot be flushed to disk");
    return why;
}

static const char *put_in_place(const struct safe_file *f, const char *temp, struct file_stamp *stamp)
{
    struct stat st;
    if (renameat(f->dir, temp, f->dir, f->name) != 0)
        return complain("cannot be replaced");
    if (fsync(f->dir) != 0)
        return complain("its directory cannot be flushed to disk");
    *stamp = (struct file_stamp){0};
    if (fstatat(f->dir, f->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        *stamp = stamp_of(&st);
    return NULL;
}

const char *safe_file_replace(const struct safe_file *f, const char *p, size_t n, struct file_stamp *stamp)
{
    struct stat old;
    bool exists = fstatat(f->dir, f->name, &old, AT_SYMLINK_NOFOLLOW) == 0;
    char *temp = xasprintf("%s.gwpipe-tmp", f->name);
    unlinkat(f->dir, temp, 0);
    int fd = openat(f->dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    const char *why = fd < 0 ? complain("no new file can be made beside it") : NULL;
    if (!why)
        why = fill(fd, p, n, exists ? &old : NULL, f->new_mode);
    if (fd >= 0 && close(fd) != 0 && !why)
        why = complain("cannot be written");
    if (!why)
        why = put_in_place(f, temp, stamp);
    if (why && fd >= 0)
        unlinkat(f->dir, temp, 0);
    free(temp);
    return why;
}

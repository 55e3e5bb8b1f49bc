/* follow: when to look again. The kernel says that something has changed, a scan says what. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>

#include "base/diag.h"
#include "watch/watch.h"

enum {
    MAX_BURST_MS = 1000,  /* a file that never rests is looked at all the same */
    MAX_WRITE_MS = 10000, /* a file that is open and not written to for as long is taken as it is */
    FALLBACK_MS = 2000,   /* between scans where the kernel cannot tell */
};

enum event { EVENT_CHANGE, EVENT_TIMEOUT, EVENT_END };

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- files that somebody is writing ---- */

struct open_file {
    UT_hash_handle hh;
    int64_t since; /* the last change */
    char key[];
};

static void forget_file(struct watch *w, struct open_file *f)
{
    HASH_DEL(w->open_files, f);
    free(f);
}

static void forget_files(struct watch *w)
{
    while (w->open_files)
        forget_file(w, w->open_files);
}

/* From the first change to the closing: `slow-command >file` is an empty file for as long as that takes. */
static void note_event(struct watch *w, const struct inotify_event *e)
{
    const char *name = e->len ? e->name : "";
    struct open_file *f;
    char *key = xasprintf("%d/%s", e->wd, name);
    if (e->mask & IN_Q_OVERFLOW)
        forget_files(w);
    HASH_FIND_STR(w->open_files, key, f);
    if ((e->mask & IN_MODIFY) && !f && tree_is_manifest(name)) {
        f = xcalloc(1, sizeof *f + strlen(key) + 1);
        memcpy(f->key, key, strlen(key) + 1);
        HASH_ADD_STR(w->open_files, key, f);
    }
    if (f && (e->mask & IN_MODIFY))
        f->since = now_ms();
    else if (f && (e->mask & (IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)))
        forget_file(w, f);
    free(key);
}

static bool is_being_written(struct watch *w)
{
    int64_t now = now_ms();
    for (struct open_file *f = w->open_files, *next; f; f = next) {
        next = f->hh.next;
        if (now - f->since > MAX_WRITE_MS)
            forget_file(w, f);
    }
    return w->open_files;
}

static void drain(struct watch *w)
{
    _Alignas(struct inotify_event) char room[16384];
    ssize_t n;
    while ((n = read(w->inotify, room, sizeof room)) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *e = (const struct inotify_event *)(const void *)(room + at);
            note_event(w, e);
            at += (ssize_t)(sizeof *e + e->len);
        }
    }
}

/* ---- waiting ---- */

/* Signals come through here only, so none is lost between the look at *stop and the wait. */
static enum event wait_for(struct watch *w, int64_t ms)
{
    struct pollfd fds[] = {{.fd = STDOUT_FILENO, .events = 0}, {.fd = w->inotify, .events = POLLIN}};
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    sigset_t ours, open_set;
    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigprocmask(SIG_BLOCK, &ours, &open_set);
    int n = *w->stop ? 0 : ppoll(fds, 2, ms < 0 ? NULL : &t, &open_set);
    sigprocmask(SIG_SETMASK, &open_set, NULL);
    if (*w->stop || (n > 0 && fds[0].revents & (POLLERR | POLLNVAL)))
        return EVENT_END;
    if (n <= 0 || !fds[1].revents)
        return EVENT_TIMEOUT;
    drain(w);
    return EVENT_CHANGE;
}

/* Until nothing has happened for quiet_ms (EVENT_TIMEOUT), or, still restless, for long enough
 * (EVENT_CHANGE). */
static enum event wait_for_quiet(struct watch *w, int quiet_ms)
{
    int64_t end = now_ms() + MAX_BURST_MS, now;
    while ((now = now_ms()) < end) {
        bool is_short = end - now < quiet_ms;
        enum event e = wait_for(w, is_short ? (int)(end - now) : quiet_ms);
        if (e == EVENT_END || (e == EVENT_TIMEOUT && !is_short && !is_being_written(w)))
            return e;
    }
    return quiet_ms < MAX_BURST_MS || is_being_written(w) ? EVENT_CHANGE : EVENT_TIMEOUT;
}

/* A restless pass takes nothing back, so another one follows it. */
static enum event follow_changes(struct watch *w, int quiet_ms)
{
    enum event e = EVENT_CHANGE;
    while (e == EVENT_CHANGE) {
        e = wait_for_quiet(w, quiet_ms);
        if (e == EVENT_END)
            return e;
        w->is_restless = e == EVENT_CHANGE;
        watch_pass(w);
    }
    return e;
}

int watch_follow(struct watch *w, int quiet_ms, const volatile sig_atomic_t *stop)
{
    w->is_follower = true;
    w->stop = stop;
    w->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    watch_list(w);
    bool was_blind = false;
    for (;;) {
        bool is_blind = w->inotify < 0 || w->tree.is_blind;
        if (is_blind && !was_blind)
            diag(DIAG_WARNING, NULL, NULL,
                 "not everything can be watched (see inotify(7), max_user_watches); looking every %d s",
                 FALLBACK_MS / 1000);
        was_blind = is_blind;
        enum event e = wait_for(w, is_blind ? FALLBACK_MS : -1);
        if (e == EVENT_CHANGE)
            e = follow_changes(w, quiet_ms);
        else if (e == EVENT_TIMEOUT)
            watch_pass(w);
        if (e == EVENT_END)
            break;
    }
    forget_files(w);
    return EXIT_OK;
}

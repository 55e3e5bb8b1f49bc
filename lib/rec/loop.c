#include "rec/loop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/proc.h"

enum { READ_SIZE = 256 << 10 };

struct reader {
    const struct loop *loop;
    struct buf pending; /* bytes read, the current line first */
    size_t lineno;
    bool skipping; /* inside a line that passed the cap */
    bool has_lost; /* a line since the last full SYNC */
    int code;
};

static void malformed(struct reader *in, const char *why)
{
    char where[40];
    snprintf(where, sizeof where, "stdin:%zu", in->lineno);
    diag(DIAG_ERROR, where, NULL, "record %s; the line is skipped", why);
    in->code = worse(in->code, EXIT_STREAM);
    in->has_lost = true;
}

/*
 * A full SYNC says "this is the whole world". When a line of it was lost here that is not so, and an object
 * that the lost line named must not be taken for gone, by this stage or any after it.
 */
static void check_sync(struct reader *in, struct rec *r)
{
    if (r->type != REC_SYNC)
        return;
    if (in->has_lost)
        rec_drop(r, "unread"); /* what the line held may be missing too */
    if (!r->full)
        return;
    if (in->has_lost) {
        char where[40];
        snprintf(where, sizeof where, "stdin:%zu", r->lineno);
        diag(DIAG_WARNING, where, NULL,
             "lines before this full SYNC were lost; it is taken for one that is not full");
        rec_drop(r, "full");
        r->full = false;
    }
    in->has_lost = false;
}

static bool is_blank(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != ' ' && p[i] != '\t' && p[i] != '\r')
            return false;
    return true;
}

static void take_line(struct reader *in, char *p, size_t n)
{
    struct rec r;
    in->lineno++;
    if (is_blank(p, n))
        return;
    p[n] = '\0'; /* over the LF */
    const char *why = rec_parse(&r, p, n, in->lineno);
    if (why) {
        malformed(in, n == 1 && (*p == '{' || *p == '[') ? "is not JSON (pretty-printed? use jq -c upstream)"
                      : has_prefix(p, "apiVersion:")     ? "is not JSON (a manifest? gw-watch -f reads those)"
                                                         : why);
        return;
    }
    check_sync(in, &r);
    in->loop->on_record(&r, in->loop->ctx);
    rec_release(&r);
}

/* Hands over every complete line in the buffer and keeps the rest. */
static void take_lines(struct reader *in, size_t fresh)
{
    struct buf *b = &in->pending;
    size_t from = 0, scan = b->len - fresh;
    char *lf;
    while ((lf = memchr(b->p + scan, '\n', b->len - scan))) {
        size_t end = (size_t)(lf - b->p);
        if (in->skipping)
            in->skipping = false;
        else
            take_line(in, b->p + from, end - from);
        from = scan = end + 1;
    }
    memmove(b->p, b->p + from, b->len - from);
    b->len -= from;
    if (in->skipping) {
        buf_reset(b);
    } else if (b->len > BUF_MAX_LINE) {
        in->lineno++;
        malformed(in, "is longer than 8 MiB");
        in->skipping = true;
        buf_reset(b);
    }
}

/*
 * Until something can be read; the end of file and errors are read's to tell. A stage that waits would notice
 * only at its next record that nobody reads it any more, and those before it later still: when the last
 * stage of an idle pipe dies, all are to end.
 */
static void wait_for_input(int fd, const struct loop *loop)
{
    struct pollfd p[] = {{.fd = fd, .events = POLLIN}, {.fd = STDOUT_FILENO}};
    for (;;) {
        int n = poll(p, N_ELEMS(p), loop->silence > 0 ? loop->silence * 1000 : -1);
        if (n < 0 || p[0].revents)
            return;
        if (n == 0)
            loop->on_silence(loop->ctx);
        else if (p[1].revents & (POLLERR | POLLHUP)) {
            signal(SIGPIPE, SIG_DFL); /* which libcurl in several threads may leave ignored */
            raise(SIGPIPE);
        }
        if (n > 0)
            p[1].fd = -1;
    }
}

int rec_loop(int fd, const struct loop *loop)
{
    struct reader in = {.loop = loop};
    buf_init(&in.pending, BUF_MAX_LINE + 2 * READ_SIZE);
    for (;;) {
        buf_reserve(&in.pending, READ_SIZE);
        wait_for_input(fd, loop);
        ssize_t n = read(fd, in.pending.p + in.pending.len, READ_SIZE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            diag(DIAG_ERROR, NULL, NULL, "cannot read stdin: %s", strerror(errno));
            in.code = EXIT_ENV;
        }
        if (n <= 0)
            break;
        in.pending.len += (size_t)n;
        take_lines(&in, (size_t)n);
    }
    if (in.pending.len > 0 && in.code != EXIT_ENV) {
        in.lineno++;
        malformed(&in, "is not ended by a newline: the stream was cut");
    }
    buf_free(&in.pending);
    return in.code;
}

int rec_write(const struct rec *r)
{
    static struct buf out; /* one for the process: records are written one at a time */
    if (!out.p)
        buf_init(&out, BUF_MAX_OUTPUT);
    buf_reset(&out);
    if (!rec_emit(r, &out) || out.len > BUF_MAX_LINE + 1) {
        char where[512], title[600];
        diag(DIAG_ERROR, rec_where(r, 0, where, sizeof where), NULL,
             "%s: the record grew past 8 MiB; it is passed on as held, what is live stays",
             rec_title(r, title, sizeof title));
        buf_reset(&out);
        rec_emit_held(r, &out);
        out_write(out.p, out.len);
        return EXIT_STREAM;
    }
    out_write(out.p, out.len);
    return EXIT_OK;
}

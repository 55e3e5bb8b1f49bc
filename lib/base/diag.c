#include "base/diag.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"

static struct {
    const char *tool;
    enum diag_level most;
    bool json;
    bool colour;
    bool is_terminal; /* one that can erase a line */
    char status[256]; /* what stands there; "" for nothing */
} sink = {.tool = "gw", .most = DIAG_WARNING};

/* Of the status line. The rest of `sink` is set once, before there are threads. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const level_names[] = {"error", "warning", "info", "debug"};
static const char *const level_colours[] = {"31;1", "35;1", "36", "2"};

void diag_init(const char *tool)
{
    sink.tool = tool;
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    sink.colour = isatty(STDERR_FILENO) && (!no_colour || !*no_colour);
    sink.is_terminal = isatty(STDERR_FILENO) && term && *term && !str_eq(term, "dumb");
    const char *format = getenv("GW_LOG_FORMAT");
    if (format && !diag_format(format))
        diag(DIAG_WARNING, NULL, NULL, "GW_LOG_FORMAT: \"%s\" is not text or json; using text", format);
}

const char *diag_tool(void)
{
    return sink.tool;
}

void diag_verbosity(enum diag_level most)
{
    sink.most = most;
}

bool diag_wants(enum diag_level level)
{
    return level <= sink.most;
}

bool diag_format(const char *name)
{
    if (!str_eq(name, "json") && !str_eq(name, "text"))
        return false;
    sink.json = str_eq(name, "json");
    return true;
}

const char *diag_level_name(enum diag_level level)
{
    return level_names[level];
}

static void scrub(char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
            s[i] = '?';
}

/* Only what scrub() leaves can occur, so quotes and backslashes are all there is to escape. */
static void add_json(struct buf *b, const char *name, const char *value)
{
    if (!value)
        return;
    buf_addf(b, "%s\"%s\":\"", b->len > 1 ? "," : "", name);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            buf_addc(b, '\\');
        buf_addc(b, *value);
    }
    buf_addc(b, '"');
}

static void add_text(struct buf *b, enum diag_level level, const char *where, const char *id,
                     const char *message)
{
    buf_addf(b, "%s: ", sink.tool);
    if (where)
        buf_addf(b, "%s: ", where);
    if (sink.colour)
        buf_addf(b, "\033[%sm%s:\033[0m ", level_colours[level], level_names[level]);
    else
        buf_addf(b, "%s: ", level_names[level]);
    buf_adds(b, message);
    if (id)
        buf_addf(b, " [%s]", id);
}

/* There is nowhere left to complain when stderr itself fails. */
static void put(const struct buf *out)
{
    if (write(STDERR_FILENO, out->p, out->len) < 0) {
    }
}

#define ERASE "\r\033[K"

void diag_status(const char *text)
{
    struct buf out;
    struct winsize size;
    if (!sink.is_terminal || sink.json || !diag_wants(DIAG_INFO))
        return;
    pthread_mutex_lock(&lock);
    size_t room = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    if (room > sizeof sink.status)
        room = sizeof sink.status;
    bool is_nothing = !text && !*sink.status;
    snprintf(sink.status, room, "%s", text ? text : "");
    scrub(sink.status, strlen(sink.status));
    buf_init(&out, BUF_MAX_MESSAGE);
    buf_addf(&out, ERASE "%s", sink.status);
    if (!is_nothing)
        put(&out);
    pthread_mutex_unlock(&lock);
    buf_free(&out);
}

void diag(enum diag_level level, const char *where, const char *id, const char *fmt, ...)
{
    if (level > sink.most)
        return;
    struct buf message, place, out;
    buf_init(&message, BUF_MAX_MESSAGE);
    buf_init(&place, BUF_MAX_MESSAGE);
    buf_init(&out, 4 * BUF_MAX_MESSAGE);
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&message, fmt, ap);
    va_end(ap);
    if (message.overflow)
        buf_reset(&message), buf_adds(&message, "(message too long)");
    scrub(message.p, message.len);
    if (where)
        buf_adds(&place, where);
    scrub(place.p, place.len);

    const char *at = where ? place.p : NULL;
    pthread_mutex_lock(&lock);
    if (*sink.status)
        buf_adds(&out, ERASE);
    if (sink.json) {
        buf_addc(&out, '{');
        add_json(&out, "tool", sink.tool);
        add_json(&out, "level", level_names[level]);
        add_json(&out, "where", at);
        add_json(&out, "id", id);
        add_json(&out, "message", message.p);
        buf_addc(&out, '}');
    } else {
        add_text(&out, level, at, id, message.p);
    }
    buf_addc(&out, '\n');
    buf_adds(&out, sink.status);
    put(&out);
    pthread_mutex_unlock(&lock);
    buf_free(&message);
    buf_free(&place);
    buf_free(&out);
}

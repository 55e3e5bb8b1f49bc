#include "base/opt.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/proc.h"

#ifndef GW_VERSION
#define GW_VERSION "0.0.0"
#endif
#ifndef LIBJQ_VERSION
#define LIBJQ_VERSION "unknown"
#endif

enum { MAX_OPTS = 48, FIRST_LONG = 256 };

static const char *log_format;
static size_t n_given; /* options with lists, so far */
static bool is_quiet, is_verbose, wants_help, wants_version, wants_list;

static const struct opt common[] = {
    {0, "log-format", "FORMAT", OPT_ENUM, &log_format, "messages on stderr as text or json", "text|json", 0,
     0},
    {'q', "quiet", NULL, OPT_FLAG, &is_quiet, "say only what stops the work", NULL, 0, 0},
    {'v', "verbose", NULL, OPT_FLAG, &is_verbose, "say more on stderr", NULL, 0, 0},
    {'h', "help", NULL, OPT_FLAG, &wants_help, "show this text", NULL, 0, 0},
    {0, "version", NULL, OPT_FLAG, &wants_version, "show the version, and those of the libraries", NULL, 0,
     0},
    {0, "list-options", NULL, OPT_FLAG, &wants_list, NULL, NULL, 0, 0},
};

/* The table's rows first, then the common ones. NULL past the end. */
static const struct opt *row(const struct opt_usage *u, size_t i)
{
    if (i < u->n_opts)
        return &u->opts[i];
    i -= u->n_opts;
    return i < N_ELEMS(common) ? &common[i] : NULL;
}

_Noreturn void usage_error(const struct opt_usage *u, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        text = NULL;
    va_end(ap);
    diag(DIAG_ERROR, NULL, NULL, "%s (try '%s --help')", text ? text : "wrong usage", u->tool);
    free(text);
    exit(EXIT_USAGE);
}

static void add_help(const struct opt_usage *u, struct buf *b)
{
    buf_addf(b, "usage: %s %s\n\n%s\n\n", u->tool, u->synopsis, u->purpose);
    const struct opt *o;
    for (size_t i = 0; (o = row(u, i)); i++) {
        if (!o->help)
            continue;
        char left[80];
        snprintf(left, sizeof left, "%c%c%s --%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
                 o->letter ? "," : " ", o->name, o->arg ? "=" : "", o->arg ? o->arg : "");
        buf_addf(b, "  %-32s %s\n", left, o->help);
    }
    buf_addf(b,
             "\nexit codes: 0 fine, 1 error findings, 2 usage, 3 broken stream, 4 environment\n"
             "see %s(1), gw(7), gw-record(7)\n",
             u->tool);
}

static void show_and_exit(const struct opt_usage *u)
{
    struct buf b;
    buf_init(&b, BUF_MAX_MESSAGE);
    if (wants_help) {
        add_help(u, &b);
    } else if (wants_version) {
        buf_addf(&b, "%s (gwpipe) %s libjq %s%s%s\n", u->tool, GW_VERSION, LIBJQ_VERSION,
                 u->libraries ? " " : "", u->libraries ? u->libraries : "");
    } else {
        const struct opt *o;
        for (size_t i = 0; (o = row(u, i)); i++)
            if (o->help)
                buf_addf(&b, "--%s\n", o->name);
    }
    out_write(b.p, b.len);
    buf_free(&b);
    exit(proc_finish(EXIT_OK));
}

static bool is_choice(const char *choices, const char *value)
{
    size_t n = strlen(value);
    for (const char *c = choices; *c && n; c += strcspn(c, "|"), c += *c == '|')
        if (strcspn(c, "|") == n && strncmp(c, value, n) == 0)
            return true;
    return false;
}

static void store(const struct opt_usage *u, const struct opt *o, const char *value)
{
    switch (o->type) {
    case OPT_FLAG: *(bool *)o->dest = true; break;
    case OPT_ENUM:
        if (!is_choice(o->choices, value))
            usage_error(u, "--%s: \"%s\" is not one of %s", o->name, value, o->choices);
        /* fall through */
    case OPT_TEXT: *(const char **)o->dest = value; break;
    case OPT_INT: {
        char *end;
        errno = 0;
        long n = strtol(value, &end, 10);
        if (errno || end == value || *end || n < o->min || n > o->max)
            usage_error(u, "--%s: \"%s\" is not a number from %d to %d", o->name, value, o->min, o->max);
        *(int *)o->dest = (int)n;
        break;
    }
    case OPT_LIST: {
        struct opt_list *list = o->dest;
        VEC_GROW(list);
        list->places = xreallocarray(list->places, list->cap, sizeof *list->places);
        list->places[list->n] = ++n_given;
        list->items[list->n++] = value;
        break;
    }
    }
}

void opt_parse(const struct opt_usage *u, int argc, char **argv)
{
    struct option longs[MAX_OPTS + 1] = {0};
    char shorts[3 * MAX_OPTS + 2] = ":";
    const struct opt *o;
    for (size_t i = 0; (o = row(u, i)) && i < MAX_OPTS; i++) {
        longs[i] =
            (struct option){o->name, o->arg ? required_argument : no_argument, NULL, FIRST_LONG + (int)i};
        if (o->letter)
            snprintf(shorts + strlen(shorts), 3, "%c%s", o->letter, o->arg ? ":" : "");
    }
    opterr = 0;
    int c;
    while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        if (c == ':')
            usage_error(u, "%s needs an argument", argv[optind - 1]);
        if (c == '?')
            usage_error(u, "unknown or ambiguous option %s", argv[optind - 1]);
        size_t i = (size_t)(c - FIRST_LONG);
        for (size_t k = 0; c < FIRST_LONG && (o = row(u, k)); k++)
            if (o->letter == c)
                i = k;
        store(u, row(u, i), optarg);
    }
    if (wants_help || wants_version || wants_list)
        show_and_exit(u);
    if (log_format)
        diag_format(log_format);
    if (is_quiet)
        diag_verbosity(DIAG_ERROR);
    else if (is_verbose)
        diag_verbosity(DIAG_DEBUG);
}

void opt_expect_stdin(const struct opt_usage *u, int argc, char **argv)
{
    int n = argc - optind;
    if (n > 1 || (n == 1 && !str_eq(argv[optind], "-")))
        usage_error(u, "unexpected operand \"%s\"; records are read from stdin", argv[optind]);
    if (n == 0 && isatty(STDIN_FILENO))
        usage_error(u, "nothing to read: stdin is a terminal; usage: %s %s", u->tool, u->synopsis);
}

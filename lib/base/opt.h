/*
 * opt: command lines from a table.
 *
 * The table is the truth: it parses, prints --help, and answers the hidden --list-options, which the
 * tests compare with the man pages. --help, --version, --log-format, --quiet and --verbose are added to every
 * table. Wrong use prints one line with the way to --help and exits with EXIT_USAGE.
 */
#ifndef GW_OPT_H
#define GW_OPT_H

#include "base/base.h"

enum opt_type {
    OPT_FLAG, /* bool *dest */
    OPT_TEXT, /* const char **dest */
    OPT_INT,  /* int *dest, min..max */
    OPT_ENUM, /* const char **dest, one of `choices` ("a|b|c") */
    OPT_LIST, /* struct opt_list *dest, may be given many times */
};

struct opt_list {
    const char **items;
    size_t n, cap;
    size_t *places; /* of each item among all of all lists that were given, from 1 */
};

struct opt {
    char letter; /* 0: long form only */
    const char *name;
    const char *arg; /* metavariable shown in --help; NULL for a flag */
    enum opt_type type;
    void *dest;
    const char *help;
    const char *choices;
    int min, max;
};

struct opt_usage {
    const char *tool;
    const char *synopsis; /* what follows the name, e.g. "[OPTION]... [FILE]" */
    const char *purpose;  /* one line */
    const struct opt *opts;
    size_t n_opts;
    const char *libraries; /* for --version, e.g. "libyaml 0.2.5"; may be NULL */
};

/* Parses; on return argv[optind...] are the operands. May exit. */
void opt_parse(const struct opt_usage *u, int argc, char **argv);

/* "gw-x: error: TEXT" and "try 'gw-x --help'", then exit(EXIT_USAGE). */
_Noreturn void usage_error(const struct opt_usage *u, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * For filters: no operands are taken beside "-", and a terminal on stdin means that someone typed the
 * name to see what it does: show the usage instead of waiting.
 */
void opt_expect_stdin(const struct opt_usage *u, int argc, char **argv);

#endif

/*
 * gw-watch: where do the objects come from?
 *
 * Reads Kubernetes manifests and writes them as records, once or for as long as they change.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <yaml.h>

#include "base/opt.h"
#include "base/proc.h"
#include "watch/watch.h"

static struct opt_list paths;
static bool is_once;
static int quiet_ms = 100;
static volatile sig_atomic_t stop;

static const struct opt opts[] = {
    {'f', "filename", "PATH", OPT_LIST, &paths, "a manifest, a directory of them, or - for stdin; repeatable",
     NULL, 0, 0},
    {0, "once", NULL, OPT_FLAG, &is_once, "list, say SYNC, and end (default: follow changes)", NULL, 0, 0},
    {0, "quiet-ms", "N", OPT_INT, &quiet_ms, "how long changes must rest before they are read (100)", NULL, 1,
     1000},
};

static struct opt_usage usage = {
    .tool = "gw-watch",
    .synopsis = "-f PATH... [--once] [--quiet-ms N]",
    .purpose = "Read Kubernetes manifests and write them as records.",
    .opts = opts,
    .n_opts = N_ELEMS(opts),
};

static void on_signal(int signal)
{
    (void)signal;
    stop = 1;
}

/* The first signal ends the work between two records, the second at once. */
static void stop_cleanly(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | (int)SA_RESETHAND};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

int main(int argc, char **argv)
{
    char library[40];
    struct watch watch;
    proc_init(usage.tool);
    snprintf(library, sizeof library, "libyaml %s", yaml_get_version_string());
    usage.libraries = library;
    opt_parse(&usage, argc, argv);
    if (optind < argc)
        usage_error(&usage, "unexpected operand \"%s\"; name files with -f", argv[optind]);
    if (paths.n == 0)
        usage_error(&usage, "nothing to read: give -f FILE, -f DIRECTORY or -f -");
    for (size_t i = 0; i < paths.n; i++)
        is_once |= str_eq(paths.items[i], "-");
    watch_init(&watch, paths.items, paths.n);
    if (!is_once)
        stop_cleanly();
    int code = is_once ? watch_list(&watch) : watch_follow(&watch, quiet_ms, &stop);
    watch_free(&watch);
    return proc_finish(code);
}

/*
 * gw-push: make it so.
 *
 * Waits for each SYNC, reads what is live at the target, and makes the smallest safe set of writes that
 * brings it to what the records' `apisix` members want.
 */
#include <unistd.h>

#include "apisix/owner.h"
#include "base/diag.h"
#include "base/opt.h"
#include "base/proc.h"
#include "push/session.h"
#include "rec/loop.h"

static struct opt_list targets;
static const char *format;
static struct push_options options = {.instance = DEFAULT_INSTANCE, .max_delete = 30};

static const struct opt opts[] = {
    {0, "to", "TARGET", OPT_LIST, &targets, "file:PATH (.yaml, .yml, .json), or file:- for stdout", NULL, 0,
     0},
    {0, "format", "FORMAT", OPT_ENUM, &format, "yaml or json, where the file's name does not tell (yaml)",
     "yaml|json", 0, 0},
    {0, "instance", "NAME", OPT_TEXT, &options.instance, "touch objects of this instance only (default)",
     NULL, 0, 0},
    {0, "max-delete", "PERCENT", OPT_INT, &options.max_delete,
     "refuse to delete a larger share of what is live (30)", NULL, 0, 100},
    {0, "force", NULL, OPT_FLAG, &options.force, "delete more than that; write over what cannot be read",
     NULL, 0, 0},
    {'n', "dry-run", NULL, OPT_FLAG, &options.dry_run, "print the operations as records, write nothing", NULL,
     0, 0},
};

static const struct opt_usage usage = {
    .tool = "gw-push",
    .synopsis = "--to TARGET [OPTION]... [-]",
    .purpose = "Write the APISIX objects of the records to APISIX, at each SYNC.",
    .opts = opts,
    .n_opts = N_ELEMS(opts),
};

static struct target *the_target(void)
{
    char *why;
    if (targets.n != 1)
        usage_error(&usage, targets.n == 0 ? "--to is missing" : "--to is given twice; one target is served");
    const char *problem = instance_problem(options.instance);
    if (problem)
        usage_error(&usage, "--instance: \"%s\" %s", options.instance, problem);
    struct target_settings settings = {
        .instance = options.instance, .format = format, .force = options.force};
    struct target *t = target_new(targets.items[0], &settings, &why);
    if (!t)
        usage_error(&usage, "--to: \"%s\" %s", targets.items[0], why);
    return t;
}

static void on_record(struct rec *r, void *ctx)
{
    session_take(ctx, r);
}

int main(int argc, char **argv)
{
    struct session session;
    proc_init(usage.tool);
    if (isatty(STDERR_FILENO))
        diag_verbosity(DIAG_INFO);
    opt_parse(&usage, argc, argv);
    struct target *target = the_target();
    opt_expect_stdin(&usage, argc, argv);
    session_init(&session, &options, target);
    int code = rec_loop(STDIN_FILENO, &(struct loop){on_record, &session});
    code = worse(code, session_finish(&session));
    target_free(target);
    return proc_finish(code);
}

/*
 * gw-validate: is each object well formed?
 *
 * Says of each record's object what the admission of an API server would say, offline, and fills in what an
 * API server would have filled in, for objects that never met one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/opt.h"
#include "base/proc.h"
#include "gw/pattern.h"
#include "gw/transition.h"
#include "gw/validate.h"
#include "rec/lines.h"
#include "rec/loop.h"

static const char *channel = "experimental", *target = "apisix";
static struct opt_list wishes; /* "ID=SEVERITY" */
static struct opt_list kinds_told;

static const struct opt opts[] = {
    {0, "channel", "CHANNEL", OPT_ENUM, &channel, "CRDs to hold objects against (experimental)",
     "standard|experimental", 0, 0},
    {0, "severity", "ID=SEVERITY", OPT_LIST, &wishes, "make a finding error, warning, info or off", NULL, 0,
     0},
    {0, "target", "TARGET", OPT_ENUM, &target, "warn of what is valid and TARGET cannot serve (apisix)",
     "apisix|none", 0, 0},
};

static struct opt_usage usage = {
    .tool = "gw-validate",
    .synopsis = "[--channel standard|experimental] [--severity ID=SEVERITY]... [--target apisix|none] [-]",
    .purpose = "Check the objects of records as a Kubernetes API server would, offline.",
    .opts = opts,
    .n_opts = N_ELEMS(opts),
};

enum { MAX_KINDS_TOLD = 1000 };

struct run {
    struct validate_options options;
    const enum severity *severities;
    struct transitions transitions;
    int code;
};

/* The severities by id: those of findings.def, and what the command line wishes. */
static const enum severity *severities(void)
{
    static enum severity of[N_FINDING_IDS];
    for (size_t i = 0; i < N_FINDING_IDS; i++)
        of[i] = finding_kind((enum finding_id)i)->severity;
    for (size_t i = 0; i < wishes.n; i++) {
        const char *wish = wishes.items[i], *equals = strchr(wish, '=');
        char *name = xstrndup(wish, equals ? (size_t)(equals - wish) : strlen(wish));
        enum finding_id id = finding_by_name(name);
        enum severity severity = equals ? severity_by_name(equals + 1) : N_SEVERITIES;
        if (id == N_FINDING_IDS)
            usage_error(&usage, "--severity %s: there is no finding %s; see gw-findings(7)", wish, name);
        if (severity == N_SEVERITIES)
            usage_error(&usage, "--severity %s: expected %s=error, warning, info or off", wish, name);
        of[id] = severity;
        free(name);
    }
    return of;
}

/* An unknown kind is told once, however many objects of it come. */
static bool is_news(const struct rec *r)
{
    char *title = xasprintf("%s/%s", r->id.group, r->id.kind);
    for (size_t i = 0; i < kinds_told.n; i++) {
        if (str_eq(kinds_told.items[i], title)) {
            free(title);
            return false;
        }
    }
    if (kinds_told.n < MAX_KINDS_TOLD) {
        VEC_GROW(&kinds_told);
        kinds_told.items[kinds_told.n++] = title;
    } else {
        free(title);
    }
    return true;
}

/* source.lines names the values of the object as it was read: it must follow the ones filled in. */
static void adapt_lines(struct rec *r, jv filled)
{
    struct buf b;
    jv source = rec_get(r, "source");
    const char *lines = jx_getstr(source, "lines");
    if (!lines)
        return;
    buf_init(&b, BUF_MAX_LINE);
    lines_adapt(&b, lines, (int)jx_getint_or(source, "line", 1), r->object, filled);
    jv adapted = jb_copy(source);
    jb_put_str(&adapted, "lines", b.p);
    rec_put(r, "source", adapted);
    buf_free(&b);
}

static void fill(struct rec *r)
{
    jv filled = validate_fill(r);
    if (jx_is_none(filled))
        return;
    adapt_lines(r, filled);
    rec_set_object(r, filled);
}

static void check(struct rec *r, struct run *run)
{
    struct findings fs;
    findings_init(&fs);
    fs.severities = run->severities;
    enum verdict verdict = validate(&run->options, r, &fs);
    if (fs.errors == 0)
        transition_check(&run->transitions, r, &fs);
    if (fs.errors == 0)
        transition_keep(&run->transitions, r);
    rec_add_findings(r, &fs, verdict != VERDICT_UNKNOWN_KIND || is_news(r));
    if (fs.errors > 0)
        run->code = worse(run->code, EXIT_FINDINGS);
    if (verdict == VERDICT_INCOMPLETE && fs.errors == 0 && jx_getstr(rec_get(r, "source"), "file"))
        fill(r);
    findings_release(&fs);
}

static void on_record(struct rec *r, void *ctx)
{
    struct run *run = ctx;
    switch (r->type) {
    case REC_UPSERT: check(r, run); break;
    case REC_DELETED: transition_keep(&run->transitions, r); break;
    case REC_SYNC: transition_sync(&run->transitions, r); break;
    case REC_OTHER: break;
    }
    run->code = worse(run->code, rec_write(r));
}

int main(int argc, char **argv)
{
    char library[80];
    proc_init(usage.tool);
    snprintf(library, sizeof library, "PCRE2 %s", pattern_library());
    usage.libraries = library;
    opt_parse(&usage, argc, argv);
    opt_expect_stdin(&usage, argc, argv);
    struct run run = {
        .options = {.is_standard = str_eq(channel, "standard"), .is_for_apisix = str_eq(target, "apisix")},
        .severities = severities()};
    int code = rec_loop(STDIN_FILENO, &(struct loop){.on_record = on_record, .ctx = &run});
    transition_release(&run.transitions);
    return proc_finish(worse(code, run.code));
}

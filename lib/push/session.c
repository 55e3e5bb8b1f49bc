#include "push/session.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/diag.h"
#include "base/proc.h"
#include "net/safe_file.h"
#include "rec/loop.h"

#define PLAIN_SYNC "{\"type\":\"SYNC\"}\n"

void session_init(struct session *s, const struct push_options *o, struct target *const *targets, size_t n)
{
    *s = (struct session){.options = *o, .n_places = n, .passes_syncs = true};
    s->places = xcalloc(n, sizeof *s->places);
    for (size_t i = 0; i < n; i++) {
        place_init(&s->places[i], targets[i], &s->options);
        if (targets[i]->takes_stdout)
            s->passes_syncs = false;
    }
    s->passes_records = s->passes_syncs && !o->dry_run;
    wanted_init(&s->wanted, o->instance);
}

static void take_object(struct session *s, struct rec *r)
{
    struct findings fs;
    findings_init(&fs);
    const struct owner *o = wanted_take(&s->wanted, r, &fs);
    if (fs.errors > 0)
        s->code = worse(s->code, EXIT_FINDINGS);
    rec_add_findings(r, &fs, true);
    findings_release(&fs);
    s->n_unsynced++;
    if (s->passes_records)
        s->code = worse(s->code, stash_add(&s->stash, r, o));
}

/* ---- SYNC ---- */

static void warn_of_gaps(const struct session *s)
{
    for (size_t i = 0; i < s->n_places; i++)
        diag(DIAG_WARNING, NULL, NULL,
             "%s: nothing is pruned at this SYNC: records of its cut could not be used, so what it does not "
             "name may still exist",
             s->places[i].target->name);
}

/* One place's part of a SYNC, for a thread of its own. */
struct errand {
    struct place *place;
    struct wanted *wanted; /* only read, since the claims are up to date */
    bool full, knows_all;
    pthread_t thread;
    bool has_thread;
};

static void run(const struct errand *e)
{
    place_serve(e->place, e->wanted, e->full, e->knows_all);
}

static void *run_thread(void *errand)
{
    run(errand);
    jx_thread_end();
    return NULL;
}

/* A dry run goes by turns: what it prints has an order. So does the last one, and one without a thread. */
static void serve(struct session *s, bool full, bool knows_all, bool is_look)
{
    struct errand *errands = xcalloc(s->n_places, sizeof *errands);
    wanted_claims(&s->wanted);
    for (size_t i = 0; i < s->n_places; i++) {
        struct errand *e = &errands[i];
        if (is_look && s->places[i].outcome == OUTCOME_REFUSED)
            continue; /* it waits for a person, or for a SYNC */
        *e = (struct errand){
            .place = &s->places[i], .wanted = &s->wanted, .full = full, .knows_all = knows_all};
        e->has_thread = !s->options.dry_run && i + 1 < s->n_places &&
                        pthread_create(&e->thread, NULL, run_thread, e) == 0;
        if (!e->has_thread)
            run(e);
    }
    for (size_t i = 0; i < s->n_places; i++)
        if (errands[i].has_thread)
            pthread_join(errands[i].thread, NULL);
    free(errands);
}

static bool has_changed(const struct plan *p)
{
    return p->n_created + p->n_updated + p->n_deleted > 0;
}

/* A look that finds nothing to do is not worth a line every ten seconds. */
static void report(struct session *s, bool is_look)
{
    for (size_t i = 0; i < s->n_places; i++) {
        const struct place *p = &s->places[i];
        s->code = worse(s->code, p->code);
        complaints_add(&s->complaints, &p->plan, s->n_places > 1 ? p->target->name : NULL);
    }
    complaints_sort(&s->complaints);
    s->code = worse(s->code, stash_emit(&s->stash, &s->wanted, s->places, s->n_places, &s->complaints));
    complaints_tell(&s->complaints);
    for (size_t i = 0; i < s->n_places; i++)
        if (!is_look || (s->places[i].outcome == OUTCOME_DONE && has_changed(&s->places[i].plan)))
            place_tell_summary(&s->places[i]);
}

/* Returns an exit code. */
static int write_metrics(const struct session *s)
{
    struct safe_file file;
    struct file_stamp stamp;
    struct buf text;
    const struct metrics **list = xcalloc(s->n_places, sizeof *list);
    for (size_t i = 0; i < s->n_places; i++)
        list[i] = &s->places[i].metrics;
    buf_init(&text, BUF_MAX_OUTPUT);
    metrics_render(&text, list, s->n_places);
    const char *why = safe_file_open(&file, s->options.metrics_file);
    file.new_mode = 0644; /* for a collector of another user; there is nothing to hide */
    if (!why)
        why = safe_file_replace(&file, text.p, text.len, &stamp);
    if (why)
        diag(DIAG_ERROR, NULL, NULL, "--metrics-file: %s: %s", s->options.metrics_file, why);
    safe_file_close(&file);
    buf_free(&text);
    free(list);
    return why ? EXIT_ENV : EXIT_OK;
}

static bool has_remains(const struct session *s, const struct owner *o)
{
    for (size_t i = 0; i < s->n_places; i++)
        if (plan_tally(&s->places[i].plan, o).has_remains || place_owes(&s->places[i], o))
            return true;
    return false;
}

/* Owners that are gone are remembered for as long as a target has not heard of it. */
static void settle(struct session *s)
{
    bool is_done = !s->options.dry_run;
    for (struct owner *o = s->wanted.owners; o; o = o->hh.next)
        o->has_remains = o->is_gone && has_remains(s, o);
    for (size_t i = 0; i < s->n_places; i++) {
        is_done = is_done && s->places[i].outcome == OUTCOME_DONE;
        place_rest(&s->places[i]);
    }
    if (is_done)
        wanted_settle(&s->wanted);
}

static void take_sync(struct session *s, const struct rec *r)
{
    if (r->full && s->wanted.has_gaps)
        warn_of_gaps(s);
    serve(s, r->full, wanted_sync(&s->wanted, r->full), false);
    report(s, false);
    if (s->options.metrics_file && !s->options.dry_run)
        s->code = worse(s->code, write_metrics(s));
    settle(s);
    s->n_unsynced = 0;
    s->has_synced = true;
    if (s->passes_syncs)
        s->code = worse(s->code, rec_write(r));
}

/* ---- silence ---- */

static bool wants_look(const struct session *s)
{
    for (size_t i = 0; i < s->n_places; i++) {
        const struct place *p = &s->places[i];
        if (p->outcome == OUTCOME_FAILED || p->is_pending ||
            (p->outcome == OUTCOME_DONE && p->target->class->forgets))
            return true;
    }
    return false;
}

void session_look(struct session *s)
{
    size_t n_written = s->stash.n_written;
    if (!s->has_synced || s->n_unsynced > 0 || s->options.dry_run || !wants_look(s))
        return;
    serve(s, false, false, true);
    report(s, true);
    settle(s);
    if (s->passes_syncs && s->stash.n_written > n_written)
        out_write(PLAIN_SYNC, strlen(PLAIN_SYNC));
}

void session_take(struct session *s, struct rec *r)
{
    switch (r->type) {
    case REC_SYNC: take_sync(s, r); break;
    case REC_OTHER:
        if (s->passes_records)
            s->code = worse(s->code, stash_add(&s->stash, r, NULL));
        break;
    default: take_object(s, r);
    }
}

int session_finish(struct session *s)
{
    if (s->n_unsynced > 0) {
        diag(DIAG_ERROR, NULL, NULL,
             "the stream ended without a SYNC: nothing was done for what came after the last one (records: "
             "%zu)",
             s->n_unsynced);
        s->code = worse(s->code, EXIT_STREAM);
    } else if (!s->has_synced) {
        diag(DIAG_ERROR, NULL, NULL, "the stream ended before its first SYNC: nothing was done");
        s->code = worse(s->code, EXIT_STREAM);
    }
    stash_release(&s->stash);
    complaints_release(&s->complaints);
    wanted_release(&s->wanted);
    free(s->places);
    return s->code;
}

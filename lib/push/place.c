#include "push/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/diag.h"
#include "base/proc.h"
#include "push/dry_run.h"

enum {
    DELETES_SHOWN = 20,
    FEW_TOLD = 3,    /* deletes of few objects that are told though they are done */
    MOVED_TRIES = 5, /* plans that somebody else's writes may thwart, one after the other */
};

void place_init(struct place *p, struct target *t, struct wanted *w, const struct push_options *o)
{
    *p = (struct place){.target = t, .wanted = w, .options = o, .metrics.target = t->name};
    if (o->check && !t->class->check)
        diag(DIAG_WARNING, NULL, NULL, "%s: --check has no effect: this target cannot be asked", t->name);
    if (o->wait > 0 && !t->gateway.wait)
        diag(DIAG_WARNING, NULL, NULL,
             "%s: --wait has no effect: no --control says where to ask what is served", t->name);
}

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(struct place *p, int code)
{
    p->code = worse(p->code, code);
    p->outcome = code == EXIT_FINDINGS ? OUTCOME_REFUSED : OUTCOME_FAILED;
}

/* ---- too many deletes ---- */

static void list_deletes(const struct plan *p, const char *target)
{
    size_t shown = 0;
    for (size_t i = 0; i < p->ops.n && shown < DELETES_SHOWN; i++) {
        const struct item *item = p->ops.items[i].item;
        if (p->ops.items[i].type != OP_DELETE)
            continue;
        diag(DIAG_ERROR, NULL, NULL, "%s: would delete %s \"%s\" of %s", target,
             apisix_kind(item->kind)->name, item->id, item->owner);
        shown++;
    }
    if (p->n_deleted > shown)
        diag(DIAG_ERROR, NULL, NULL, "%s: and %zu more", target, p->n_deleted - shown);
}

/* Of a few objects the share says little, so they go; a person is told all the same. */
static void warn_of_few(const struct place *p)
{
    const struct plan *plan = &p->plan;
    if (!p->options->dry_run && plan->n_deleted >= FEW_TOLD &&
        plan->n_deleted * 100 > plan->n_live * (size_t)p->options->max_delete)
        diag(DIAG_WARNING, NULL, NULL, "%s: %zu of %zu objects are deleted: nobody wants them any more",
             p->target->name, plan->n_deleted, plan->n_live);
}

/* Of a data plane that nothing in the stream is for it is as likely that its name is spelt wrong. */
static bool is_guarded_for_silence(const struct place *p)
{
    const char *plane = p->target->plane;
    if (!*plane || p->plan.n_deleted == 0 || HASH_COUNT(p->wanted->owners) > 0)
        return false;
    diag(DIAG_ERROR, NULL, NULL,
         "%s: refused: no record is for the data plane \"%s\", and %zu objects would be deleted; nothing was "
         "written "
         "(--force when that is meant; see --data-plane in gw-resolve-refs(1))",
         p->target->name, plane, p->plan.n_deleted);
    list_deletes(&p->plan, p->target->name);
    return true;
}

static bool is_guarded(const struct place *p)
{
    if (p->options->force)
        return false;
    if (is_guarded_for_silence(p))
        return true;
    if (!plan_shrinks(&p->plan, p->options->max_delete)) {
        warn_of_few(p);
        return false;
    }
    diag(DIAG_ERROR, NULL, NULL,
         "%s: refused: %zu of %zu objects would be deleted, more than %d percent; nothing was written "
         "(--force or a larger --max-delete when that is meant)",
         p->target->name, p->plan.n_deleted, p->plan.n_live, p->options->max_delete);
    list_deletes(&p->plan, p->target->name);
    return true;
}

/* ---- progress ---- */

#define SHOW_AFTER 1.0 /* seconds: what is done by then needs no progress */
#define SHOW_EVERY 0.2

static void show_progress(struct place *p)
{
    double t = now(CLOCK_MONOTONIC);
    if (t < p->next_shown_at)
        return;
    p->next_shown_at = t + SHOW_EVERY;
    size_t n = p->n_done + p->n_failed;
    char failed[40] = "";
    if (p->n_failed > 0)
        snprintf(failed, sizeof failed, ", %zu failed", p->n_failed);
    char *text = xasprintf("%s: %zu of %zu, %.0f/s%s", p->target->name, n, p->plan.ops.n,
                           (double)n / (t - p->started_at), failed);
    diag_status(text);
    free(text);
}

static void watch(void *ctx, const struct op *op, double seconds)
{
    struct place *p = ctx;
    ++*(op->state == OP_FAILED ? &p->n_failed : &p->n_done);
    if (seconds > 0) /* else it was not sent */
        metrics_count_latency(&p->metrics, seconds);
    show_progress(p);
}

/* ---- one SYNC ---- */

/* Whether operations failed or succeeded each for itself, not all for one reason. */
static bool tells_each(const struct plan *p)
{
    for (size_t i = 0; i < p->ops.n; i++)
        if (p->ops.items[i].state == OP_DONE || p->ops.items[i].why)
            return true;
    return false;
}

static void carry_out(struct place *p)
{
    struct target *t = p->target;
    p->n_done = p->n_failed = 0;
    p->started_at = now(CLOCK_MONOTONIC);
    p->next_shown_at = p->started_at + SHOW_AFTER;
    t->watcher.done = watch;
    t->watcher.ctx = p;
    t->has_lost_sight = false;
    int code = t->class->carry_out(t, &p->plan);
    diag_status(NULL);
    p->code = worse(p->code, code);
    p->is_unfinished |= code == EXIT_ENV;
    p->knows_live = !t->has_lost_sight;
    if (code != EXIT_OK && !tells_each(&p->plan))
        fail(p, code);
}

/* What others want at this target stays, though its own data plane gives it up. */
static bool is_spared(const void *place, const struct item *live)
{
    const struct place *p = place;
    bool is_wanted = newcomers_want(&p->newcomers, live);
    for (size_t i = 0; i < p->rivals.n && !is_wanted; i++)
        is_wanted = wanted_has(p->rivals.items[i], live);
    return is_wanted;
}

static void make_plan(struct place *p)
{
    struct plan_options o = p->target->options;
    o.prunes = p->owes_prune;
    o.lost = &p->target->lost;
    o.spares = p->newcomers.planes || p->rivals.n > 0 ? is_spared : NULL;
    o.spares_ctx = p;
    plan_make(&p->plan, &o, p->wanted, &p->target->live.items);
    if (p->plan.refusals.n > 0)
        p->code = worse(p->code, EXIT_FINDINGS);
}

static bool any_in_state(const struct plan *p, enum op_state state)
{
    for (size_t i = 0; i < p->ops.n; i++)
        if (p->ops.items[i].state == state)
            return true;
    return false;
}

/* Of what has failed: whether some of it may succeed later. */
static bool any_may_pass(const struct plan *p)
{
    for (size_t i = 0; i < p->ops.n; i++)
        if (p->ops.items[i].state == OP_FAILED && p->ops.items[i].may_pass)
            return true;
    return false;
}

/* What the target would refuse is set aside with what cannot be without it. */
static void check(struct place *p)
{
    struct target *t = p->target;
    if (!p->options->check || !t->class->check || p->plan.ops.n == 0)
        return;
    int code = t->class->check(t, &p->plan);
    if (code != EXIT_OK)
        fail(p, code); /* nothing is written that could not be asked about */
    else if (any_in_state(&p->plan, OP_FAILED))
        p->code = worse(p->code, any_may_pass(&p->plan) ? EXIT_ENV : EXIT_FINDINGS);
    p->is_unfinished = any_may_pass(&p->plan);
}

static void reach(struct place *p)
{
    int code = p->target->class->read(p->target);
    p->knows_live = code == EXIT_OK;
    if (code != EXIT_OK) {
        /* A plan that says nothing must not look like one that there is nothing to say in. */
        fail(p, p->options->dry_run ? EXIT_ENV : code);
        return;
    }
    make_plan(p);
    if (is_guarded(p)) {
        fail(p, EXIT_FINDINGS);
    } else {
        check(p);
        plan_fail_dependents(&p->plan, &p->target->live.items);
    }
    if (p->options->dry_run)
        dry_run_print(&p->plan, &p->target->options, p->target->name);
    else if (p->outcome == OUTCOME_DONE && (any_in_state(&p->plan, OP_PLANNED) || p->target->is_blank))
        carry_out(p);
    plan_count_failures(&p->plan);
}

/* Plans anew when somebody else has written in between. */
static void reach_it_still(struct place *p)
{
    for (int i = 0; i < MOVED_TRIES; i++) {
        plan_release(&p->plan);
        p->outcome = OUTCOME_DONE;
        p->code = EXIT_OK;
        p->target->has_moved = p->is_unfinished = false;
        reach(p);
        if (!p->target->has_moved)
            return;
    }
    diag(DIAG_ERROR, NULL, NULL, "%s: somebody else goes on writing to it; nothing was written",
         p->target->name);
}

/* Until the data plane serves what was written, where that is asked for and the target can tell. */
static void wait_until_served(struct place *p)
{
    bool must = p->options->wait > 0 && !p->options->dry_run && p->target->gateway.wait &&
                ((p->outcome == OUTCOME_DONE && (p->plan.ops.n > 0 || !p->has_waited)) || p->is_pending);
    if (!must)
        return;
    /* Of what an earlier run wrote nobody knows whether it was ever served. */
    const struct items *all = p->has_waited ? NULL : &p->target->live.items;
    int code =
        p->target->gateway.wait(p->target->gateway.ctx, &p->plan, all, p->options->wait, p->target->name);
    p->has_waited = true;
    p->is_pending = code != EXIT_OK;
    p->code = worse(p->code, code);
}

bool place_owes(const struct place *p, const struct owner *o)
{
    return p->is_pending && p->target->gateway.owes(p->target->gateway.ctx, o->label);
}

bool place_is_due(const struct place *p)
{
    bool (*is_due)(struct target *, bool) = p->target->class->is_due;
    if (p->outcome == OUTCOME_FAILED || (p->outcome == OUTCOME_DONE && (p->is_pending || p->is_unfinished)))
        return true;
    return is_due && is_due(p->target, p->outcome == OUTCOME_REFUSED);
}

bool place_joins_look(const struct place *p)
{
    return p->outcome != OUTCOME_REFUSED || place_is_due(p);
}

void place_serve(struct place *p, bool full, bool knows_all)
{
    double began_at = now(CLOCK_MONOTONIC);
    p->plan = (struct plan){0};
    if (full)
        p->owes_prune = knows_all;
    p->target->wants_fresh = full || p->outcome == OUTCOME_REFUSED; /* a person has looked into it, maybe */
    p->target->is_in_doubt = p->outcome == OUTCOME_FAILED;
    p->target->is_unfinished = p->is_unfinished;
    reach_it_still(p);
    if (p->target->class->rest)
        p->target->class->rest(p->target);
    wait_until_served(p); /* without a lock: others may write meanwhile */
    if (p->outcome == OUTCOME_DONE && p->plan.n_failed == 0 && !p->options->dry_run)
        p->owes_prune = false;
    p->seconds = now(CLOCK_MONOTONIC) - began_at;
    if (!p->is_joining)
        metrics_count_sync(&p->metrics, p->outcome, &p->plan, p->wanted,
                           p->knows_live ? &p->target->live.items : NULL, now(CLOCK_REALTIME));
}

void place_tell_summary(const struct place *p)
{
    const struct plan *plan = &p->plan;
    char failed[40] = "";
    if (p->outcome != OUTCOME_DONE) /* why nothing was done has been told */
        return;
    if (plan->n_failed > 0)
        snprintf(failed, sizeof failed, ", %zu failed", plan->n_failed);
    diag(DIAG_INFO, NULL, NULL, "%s: %s%zu created, %zu updated, %zu deleted, %zu unchanged%s%s%s",
         p->target->name, p->options->dry_run ? "dry run: " : "", plan->n_created, plan->n_updated,
         plan->n_deleted, plan->n_unchanged, failed, plan->refusals.n > 0 ? "; some were refused" : "",
         p->is_pending ? "; not served yet" : "");
}

void place_rest(struct place *p)
{
    plan_release(&p->plan);
}

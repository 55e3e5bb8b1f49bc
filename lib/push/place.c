#include "push/place.h"

#include <stdio.h>

#include "base/diag.h"
#include "base/proc.h"
#include "push/dry_run.h"

enum {
    DELETES_SHOWN = 20,
    MOVED_TRIES = 5, /* plans that somebody else's writes may thwart, one after the other */
};

void place_init(struct place *p, struct target *t, const struct push_options *o)
{
    *p = (struct place){.target = t, .options = o};
}

static void fail(struct place *p, int code)
{
    p->code = worse(p->code, code);
    p->outcome = code == EXIT_FINDINGS ? OUTCOME_REFUSED : OUTCOME_FAILED;
}

/* ---- too many deletes ---- */

static void list_deletes(const struct plan *p)
{
    size_t shown = 0;
    for (size_t i = 0; i < p->ops.n && shown < DELETES_SHOWN; i++) {
        const struct item *item = p->ops.items[i].item;
        if (p->ops.items[i].type != OP_DELETE)
            continue;
        diag(DIAG_ERROR, NULL, NULL, "would delete %s \"%s\" of %s", apisix_kind(item->kind)->name, item->id,
             item->owner);
        shown++;
    }
    if (p->n_deleted > shown)
        diag(DIAG_ERROR, NULL, NULL, "and %zu more", p->n_deleted - shown);
}

static bool is_guarded(const struct place *p)
{
    if (p->options->force || !plan_shrinks(&p->plan, p->options->max_delete))
        return false;
    diag(DIAG_ERROR, NULL, NULL,
         "%s: refused: %zu of %zu objects would be deleted, more than %d percent; nothing was written "
         "(--force or a larger --max-delete when that is meant)",
         p->target->name, p->plan.n_deleted, p->plan.n_live, p->options->max_delete);
    list_deletes(&p->plan);
    return true;
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
    int code = p->target->class->carry_out(p->target, &p->plan);
    p->code = worse(p->code, code);
    if (code != EXIT_OK && !tells_each(&p->plan))
        fail(p, code);
    plan_count_failures(&p->plan);
}

static void make_plan(struct place *p, struct wanted *w)
{
    struct plan_options o = p->target->options;
    o.prunes = p->owes_prune;
    plan_make(&p->plan, &o, w, &p->target->live.items);
    if (p->plan.refusals.n > 0)
        p->code = worse(p->code, EXIT_FINDINGS);
}

static void reach(struct place *p, struct wanted *w)
{
    int code = p->target->class->read(p->target);
    if (code != EXIT_OK) {
        fail(p, code);
        return;
    }
    make_plan(p, w);
    if (is_guarded(p))
        fail(p, EXIT_FINDINGS);
    if (p->options->dry_run)
        dry_run_print(&p->plan, p->target->name);
    else if (p->outcome == OUTCOME_DONE && (p->plan.ops.n > 0 || p->target->is_blank))
        carry_out(p);
}

/* Plans anew when somebody else has written in between. */
static void reach_it_still(struct place *p, struct wanted *w)
{
    for (int i = 0; i < MOVED_TRIES; i++) {
        plan_release(&p->plan);
        p->outcome = OUTCOME_DONE;
        p->code = EXIT_OK;
        p->target->has_moved = false;
        reach(p, w);
        if (!p->target->has_moved)
            return;
    }
    diag(DIAG_ERROR, NULL, NULL, "%s: somebody else goes on writing to it; nothing was written",
         p->target->name);
}

void place_serve(struct place *p, struct wanted *w, const struct rec *sync, bool knows_all)
{
    p->plan = (struct plan){0};
    if (sync->full)
        p->owes_prune = knows_all;
    p->target->wants_fresh = sync->full;
    reach_it_still(p, w);
    if (p->target->class->rest)
        p->target->class->rest(p->target);
    if (p->outcome == OUTCOME_DONE && p->plan.n_failed == 0 && !p->options->dry_run)
        p->owes_prune = false;
}

void place_tell_summary(const struct place *p)
{
    static const char *const words[] = {"", "refused: ", "failed: "};
    const struct plan *plan = &p->plan;
    char failed[40] = "";
    if (p->outcome != OUTCOME_DONE && plan->ops.n == 0)
        return;
    if (p->outcome == OUTCOME_DONE && plan->n_failed > 0)
        snprintf(failed, sizeof failed, ", %zu failed", plan->n_failed);
    diag(DIAG_INFO, NULL, NULL, "%s: %s%zu created, %zu updated, %zu deleted, %zu unchanged%s%s",
         p->target->name, p->options->dry_run ? "dry run: " : words[p->outcome], plan->n_created,
         plan->n_updated, plan->n_deleted, plan->n_unchanged, failed,
         plan->refusals.n > 0 ? "; some were refused" : "");
}

void place_rest(struct place *p)
{
    plan_release(&p->plan);
}

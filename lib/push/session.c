#include "push/session.h"

#include <stdlib.h>

#include "base/diag.h"
#include "base/proc.h"
#include "push/dry_run.h"
#include "rec/loop.h"

enum { DELETES_SHOWN = 20, FAILURES_SHOWN = 20 };

void session_init(struct session *s, const struct push_options *o, struct target *t)
{
    *s = (struct session){.options = *o, .target = t};
    wanted_init(&s->wanted, o->instance);
}

/* Whether stdout is for records: not while it shows the plan or the document. */
static bool passes_records(const struct session *s)
{
    return !s->options.dry_run && !s->target->takes_stdout;
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
    if (passes_records(s))
        s->code = worse(s->code, stash_add(&s->stash, r, o));
}

/* ---- SYNC ---- */

static bool is_guarded(const struct session *s, const struct plan *p)
{
    if (s->options.force || !plan_shrinks(p, s->options.max_delete))
        return false;
    diag(DIAG_ERROR, NULL, NULL,
         "%s: refused: %zu of %zu objects would be deleted, more than %d percent; nothing was written "
         "(--force or a larger --max-delete when that is meant)",
         s->target->name, p->n_deleted, p->n_live, s->options.max_delete);
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
    return true;
}

/* What did not succeed was counted when it was planned. */
static void count_failures(const struct plan *p)
{
    for (size_t i = 0; i < p->ops.n; i++) {
        const struct op *op = &p->ops.items[i];
        if (op->state != OP_FAILED || !op->owner)
            continue;
        struct tally *t = &op->owner->tally;
        int *counts[] = {&t->created, &t->updated, &t->deleted};
        --*counts[op->type];
        t->failed++;
    }
}

/* Whether operations failed or succeeded each for itself, not all for one reason. */
static bool tells_each(const struct plan *p)
{
    for (size_t i = 0; i < p->ops.n; i++)
        if (p->ops.items[i].state == OP_DONE || p->ops.items[i].why)
            return true;
    return false;
}

static size_t n_failures(const struct plan *p, enum op_type type)
{
    size_t n = 0;
    for (size_t i = 0; i < p->ops.n; i++)
        n += p->ops.items[i].state == OP_FAILED && p->ops.items[i].type == type;
    return n;
}

static bool has_failures(const struct plan *p)
{
    return n_failures(p, OP_CREATE) + n_failures(p, OP_UPDATE) + n_failures(p, OP_DELETE) > 0;
}

static enum outcome carry_out(struct session *s, struct plan *p)
{
    struct target *t = s->target;
    bool is_refused = is_guarded(s, p);
    if (s->options.dry_run)
        dry_run_print(p, t->name);
    if (is_refused)
        s->code = worse(s->code, EXIT_FINDINGS);
    if (is_refused || s->options.dry_run)
        return is_refused ? OUTCOME_REFUSED : OUTCOME_DONE;
    if (p->ops.n == 0 && !t->is_blank)
        return OUTCOME_DONE;
    int code = t->class->carry_out(t, p);
    s->code = worse(s->code, code);
    count_failures(p);
    if (tells_each(p))
        return OUTCOME_DONE;
    return code == EXIT_OK ? OUTCOME_DONE : code == EXIT_FINDINGS ? OUTCOME_REFUSED : OUTCOME_FAILED;
}

static enum outcome reach_target(struct session *s, struct plan *p)
{
    struct target *t = s->target;
    int code = t->class->read(t);
    s->code = worse(s->code, code);
    if (code != EXIT_OK)
        return code == EXIT_FINDINGS ? OUTCOME_REFUSED : OUTCOME_FAILED;
    plan_make(p, &t->options, &s->wanted, &t->live.items);
    if (p->refusals.n > 0)
        s->code = worse(s->code, EXIT_FINDINGS);
    return carry_out(s, p);
}

/* Failures of owners that have no record in this cut to carry them. */
static void tell_failures(const struct plan *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->ops.n; i++) {
        const struct op *op = &p->ops.items[i];
        if (op->state != OP_FAILED || !op->why || (op->owner && op->owner->tally.is_told) ||
            n++ >= FAILURES_SHOWN)
            continue;
        char *text = failure_text(op);
        diag(DIAG_ERROR, NULL, finding_kind(F_PUSH_REJECTED)->name, "%s: %s",
             op->owner ? op->owner->label : op->item->owner, text);
        free(text);
    }
    if (n > FAILURES_SHOWN)
        diag(DIAG_ERROR, NULL, NULL, "and %zu more", n - FAILURES_SHOWN);
}

/* Refusals of owners that have no record in this cut to carry them; once, until their number changes. */
static void tell_refusals(struct session *s, const struct plan *p)
{
    for (size_t i = 0; i < p->refusals.n; i++) {
        const struct refusal *f = &p->refusals.items[i];
        enum finding_id id;
        if (f->owner->complained == f->owner->tally.refused)
            continue;
        char *text = refusal_text(f, &id);
        diag(DIAG_ERROR, NULL, finding_kind(id)->name, "%s: %s", f->owner->label, text);
        free(text);
    }
    for (struct owner *o = s->wanted.owners; o; o = o->hh.next)
        o->complained = o->tally.refused;
}

static void tell_summary(const struct session *s, const struct plan *p, enum outcome outcome)
{
    static const char *const words[] = {"", "refused: ", "failed: "};
    size_t created = p->n_created, updated = p->n_updated, deleted = p->n_deleted, failed = 0;
    if (outcome != OUTCOME_DONE && p->ops.n == 0)
        return;
    if (outcome == OUTCOME_DONE) {
        size_t not_created = n_failures(p, OP_CREATE), not_updated = n_failures(p, OP_UPDATE),
               not_deleted = n_failures(p, OP_DELETE);
        created -= not_created, updated -= not_updated, deleted -= not_deleted;
        failed = not_created + not_updated + not_deleted;
    }
    char *failures = failed > 0 ? xasprintf(", %zu failed", failed) : xstrdup("");
    diag(DIAG_INFO, NULL, NULL, "%s: %s%zu created, %zu updated, %zu deleted, %zu unchanged%s%s",
         s->target->name, s->options.dry_run ? "dry run: " : words[outcome], created, updated, deleted,
         p->n_unchanged, failures, p->refusals.n > 0 ? "; some were refused" : "");
    free(failures);
}

static void mark_told(struct session *s)
{
    for (size_t i = 0; i < s->stash.n; i++) {
        struct owner *o = (struct owner *)s->stash.items[i].owner;
        if (!o)
            continue;
        o->complained = o->tally.refused;
        o->tally.is_told = true;
    }
}

static void take_sync(struct session *s, const struct rec *r)
{
    struct plan plan = {0};
    if (r->full && s->wanted.has_gaps)
        diag(DIAG_WARNING, NULL, NULL,
             "%s: nothing is pruned at this SYNC: records of its cut could not be used, so what it does not "
             "name may still exist",
             s->target->name);
    wanted_sync(&s->wanted, r->full);
    s->target->wants_fresh = r->full;
    enum outcome outcome = reach_target(s, &plan);
    if (s->target->class->rest)
        s->target->class->rest(s->target);
    mark_told(s);
    s->code = worse(s->code, stash_emit(&s->stash, s->target->name, outcome, &plan));
    tell_refusals(s, &plan);
    tell_failures(&plan);
    tell_summary(s, &plan, outcome);
    if (outcome == OUTCOME_DONE && !s->options.dry_run && !has_failures(&plan))
        wanted_settle(&s->wanted);
    plan_release(&plan);
    s->n_unsynced = 0;
    s->has_synced = true;
    if (!s->target->takes_stdout)
        s->code = worse(s->code, rec_write(r));
}

void session_take(struct session *s, struct rec *r)
{
    switch (r->type) {
    case REC_SYNC: take_sync(s, r); break;
    case REC_OTHER:
        if (passes_records(s))
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
    wanted_release(&s->wanted);
    return s->code;
}

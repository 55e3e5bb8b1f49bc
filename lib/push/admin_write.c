/*
 * A plan carried out over the Admin API.
 *
 * In waves: what others refer to is there before they are, and goes after they are gone. The server checks
 * most references itself, but not those of stream routes, and not against what fails in the same plan; so
 * an operation whose ground has not been prepared is not sent.
 */
#include <stdlib.h>

#include "apisix/consumer.h"
#include "apisix/mark.h"
#include "apisix/refs.h"
#include "apisix/stored.h"
#include "push/admin.h"
#include "push/admin_answer.h"
#include "push/admin_url.h"
#include "push/refusals.h"

/* Bytes: a write is answered with the object, of which APISIX takes 1.5 MiB, and it may be spelt longer. */
enum { ANSWER_MOST = 8 << 20 };

/* How often a refusal is doubted that may come from a worker which has not seen the last write yet. */
enum { STALE_TRIES = 4 };

struct writing {
    struct admin *admin;
    struct plan *plan;
    bool is_looking; /* at what is there, before the waves */
    bool may_pass;   /* something failed that may succeed later */
    bool is_final;   /* something failed that will not */
    bool has_failed; /* one of these, or a check before */
    bool is_lost;    /* what is live is not known any more */
    bool is_denied;  /* the key is not taken: nothing more is sent */
    bool is_silent;  /* a wave found no answer, and a question after it neither: the next ones are not sent */
    struct refs missing; /* what others name and was to be created, and was not */
};

/* ---- what became of one ---- */

static void settle(struct writing *w, struct op *op, enum op_state state, char *owned_why, double seconds)
{
    op->state = state;
    w->has_failed = w->has_failed || state == OP_FAILED;
    free(op->why);
    op->why = owned_why;
    if (w->admin->base.watcher.done)
        w->admin->base.watcher.done(w->admin->base.watcher.ctx, op, seconds);
}

static void fail(struct writing *w, struct op *op, char *owned_why, double seconds)
{
    settle(w, op, OP_FAILED, owned_why, seconds);
    w->is_final = true;
}

/* An answer that will not change by itself. */
static void refuse(struct writing *w, struct call *c, const struct http_response *r)
{
    struct op *op = c->what;
    enum answer answer = answer_of(r);
    fail(w, op, api_reason(&w->admin->api, r, op->item, REASON_MOST), r->seconds);
    w->is_lost |= answer == ANSWER_STALE; /* what it names is not there, though we remember that it is */
    if (answer == ANSWER_DENIED)
        w->is_denied = c->batch->is_over = true;
    else if (answer == ANSWER_REFUSED)
        refusals_add(&w->admin->refusals, op, admin_now());
}

/* Tried again as long as there is patience; then finish_calls() has the last reason. */
static bool not_yet(const struct writing *w, struct call *c, const struct http_response *r)
{
    const struct op *op = c->what;
    free(c->why);
    c->why = api_reason(&w->admin->api, r, op->item, REASON_MOST);
    return false;
}

/* Most objects are stored as they were sent, and need not be parsed to see that. */
static void note_echo(struct writing *w, const struct op *op, const struct http_response *r)
{
    struct admin *a = w->admin;
    const char *bad;
    bool is_plain = op->type == OP_DELETE || memmem(r->body, r->len, op->item->text, op->item->len);
    struct item *stored =
        is_plain ? NULL : stored_item(op->item->kind, r->body, r->len, a->base.instance, &bad);
    echoes_note(&a->echoes, op, stored, a->base.options.is_same);
    item_unref(stored);
}

static bool answered(void *ctx, struct call *c, const struct http_response *r)
{
    struct writing *w = ctx;
    struct op *op = c->what;
    enum answer answer = answer_of(r);
    if (answer == ANSWER_AGAIN || (answer == ANSWER_STALE && c->tries < STALE_TRIES))
        return not_yet(w, c, r);
    if (answer == ANSWER_DONE && !answer_is_of_api(r)) {
        fail(w, op, xasprintf("the server answers %d, but not as the Admin API does", r->status), r->seconds);
        w->is_lost = true;
        return true;
    }
    if (answer == ANSWER_DONE || (answer == ANSWER_ABSENT && op->type == OP_DELETE)) {
        note_echo(w, op, r);
        settle(w, op, OP_DONE, NULL, r->seconds);
        return true;
    }
    refuse(w, c, r);
    return true;
}

#define DENIED "not sent: the server refuses the key"
#define SILENT "not sent: the server answers nothing"

static void fail_for_now(struct writing *w, struct op *op, const char *why, double seconds)
{
    op->may_pass = true;
    w->may_pass = true;
    settle(w, op, OP_FAILED, xstrdup(why), seconds);
}

static bool probed(void *ctx, struct call *c, const struct http_response *r)
{
    (void)c;
    *(bool *)ctx = r->status != 0;
    return true;
}

#define PROBE_MOST 4.0 /* seconds */

/* What got no answer may have been cut off each for itself: whether the server answers at all. */
static bool is_answering(const struct writing *w, const char *url)
{
    bool is = false;
    struct calls calls = api_calls(&w->admin->api, probed, &is);
    calls.seconds = PROBE_MOST;
    calls.max_response = ANSWER_MOST;
    calls_add(&calls, "GET", xstrdup(url));
    calls_run(&calls);
    calls_release(&calls);
    return is;
}

static void finish_calls(struct writing *w, struct calls *calls)
{
    calls_run(calls);
    w->is_silent |= calls->n > 0 && calls->n_answers == 0 && !is_answering(w, calls->items[0].url);
    for (size_t i = 0; i < calls->n; i++) {
        struct call *c = &calls->items[i];
        if (c->is_settled)
            continue;
        if (w->is_denied)
            settle(w, c->what, OP_FAILED, xstrdup(c->why ? c->why : DENIED), c->seconds);
        else
            fail_for_now(w, c->what, c->why ? c->why : SILENT, c->seconds);
    }
    calls_release(calls);
}

/* ---- a look before ---- */

/* Why what is there now is not for us to write over, or NULL. What is marked as ours is so though others have
 * changed it. */
static const char *objection(const struct op *op, const struct item *there)
{
    if (!there)
        return "the server's answer is no object";
    if (there->owner || (kind_needs_mark(there->kind) && op->type != OP_CREATE))
        return NULL;
    return "it is live by now, and not made by this gwpipe instance; it is left untouched";
}

static bool looked(void *ctx, struct call *c, const struct http_response *r)
{
    struct writing *w = ctx;
    struct op *op = c->what;
    const char *bad;
    enum answer answer = answer_of(r);
    if (answer == ANSWER_AGAIN)
        return not_yet(w, c, r);
    if (answer == ANSWER_ABSENT) {
        w->is_lost |= op->type == OP_UPDATE; /* what else is there no more? */
        return true;
    }
    if (answer != ANSWER_DONE) {
        refuse(w, c, r);
        return true;
    }
    struct item *there = stored_item(op->item->kind, r->body, r->len, w->admin->base.instance, &bad);
    const char *why = objection(op, there);
    if (why) {
        fail(w, op, xstrdup(why), r->seconds);
        w->is_lost = true;
    }
    item_unref(there);
    return true;
}

/* ---- waves ---- */

static int wave_of(const struct op *op)
{
    static const int writes[N_APISIX_KINDS] = {
        [AK_SSLS] = 0,      [AK_PLUGIN_CONFIGS] = 0, [AK_UPSTREAMS] = 1, [AK_PLUGIN_METADATA] = 2,
        [AK_CONSUMERS] = 2, [AK_GLOBAL_RULES] = 2,   [AK_ROUTES] = 3,    [AK_STREAM_ROUTES] = 3,
    };
    enum { LAST_WRITE = 3 };
    int n = is_credential(op->item) ? LAST_WRITE : writes[op->item->kind];
    return op->type == OP_DELETE ? 2 * LAST_WRITE + 1 - n : n;
}

/* What is still named once what is left of the plan is done. */
static void named_later(const struct writing *w, struct refs *named)
{
    struct items after = {0};
    for (size_t i = 0; i < w->admin->base.live.items.n; i++)
        items_add(&after, item_ref(w->admin->base.live.items.items[i]));
    plan_carry_out(w->plan, &after);
    for (size_t i = 0; i < after.n; i++)
        refs_add(named, after.items[i]);
    refs_sort(named);
    items_release(&after);
}

/* Why an operation cannot be sent now, NULL when it can. */
static char *obstacle(const struct writing *w, const struct op *op, const struct refs *named)
{
    if (w->is_denied)
        return xstrdup(DENIED);
    if (!is_admin_id(op->item->kind, op->item->id))
        return xstrdup("not sent: the id is none that APISIX takes");
    const char *before = w->admin->is_listed ? NULL : refusals_find(&w->admin->refusals, op, admin_now());
    if (before)
        return xstrdup(before);
    char *missing = op->type == OP_DELETE ? NULL : refs_first_named(&w->missing, op->item);
    if (missing) {
        char *why = xasprintf("not sent: it names %s, which could not be created", missing);
        free(missing);
        return why;
    }
    if (op->type == OP_DELETE && kind_is_named(op->item->kind) &&
        refs_has(named, op->item->kind, op->item->id))
        return xstrdup("not sent: an object that names it could not be changed");
    return NULL;
}

static void note_missing(struct writing *w, const struct op *ops, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (ops[i].type == OP_CREATE && ops[i].state == OP_FAILED && kind_is_named(ops[i].item->kind))
            refs_add_item(&w->missing, ops[i].item);
    }
    refs_sort(&w->missing);
}

static void add_call(struct writing *w, struct calls *calls, struct op *op, char **bodies, size_t *n)
{
    const char *method = w->is_looking ? "GET" : op->type == OP_DELETE ? "DELETE" : "PUT";
    struct call *c = calls_add(calls, method, admin_url(w->admin->api.root, op->item->kind, op->item->id));
    c->what = op;
    if (w->is_looking || op->type == OP_DELETE)
        return;
    char *body = stored_body(op->item);
    c->body = body ? body : op->item->text;
    c->len = body ? strlen(body) : op->item->len;
    if (body)
        bodies[(*n)++] = body;
}

/* Some operations at once, whatever their order. */
static void run_wave(struct writing *w, struct op *ops, size_t n)
{
    struct refs named = {0};
    size_t n_bodies = 0;
    char **bodies = xreallocarray(NULL, n, sizeof *bodies);
    struct calls calls = api_calls(&w->admin->api, w->is_looking ? looked : answered, w);
    calls.max_response = ANSWER_MOST;
    if (w->has_failed && ops->type == OP_DELETE)
        named_later(w, &named);
    for (size_t i = 0; i < n; i++) {
        if (ops[i].state == OP_FAILED)
            continue;
        if (w->is_silent) {
            fail_for_now(w, &ops[i], SILENT, 0);
            continue;
        }
        char *why = obstacle(w, &ops[i], &named);
        if (why)
            fail(w, &ops[i], why, 0);
        else
            add_call(w, &calls, &ops[i], bodies, &n_bodies);
    }
    finish_calls(w, &calls);
    note_missing(w, ops, n);
    while (n_bodies > 0)
        free(bodies[--n_bodies]);
    free(bodies);
    refs_release(&named);
}

static bool unmarked(void *ctx, struct call *c, const struct http_response *r)
{
    struct op *mark = c->what;
    enum answer answer = answer_of(r);
    (void)ctx;
    if (answer == ANSWER_DONE || answer == ANSWER_ABSENT)
        mark->state = OP_FAILED;
    return answer != ANSWER_AGAIN;
}

/* A mark without its object would tell that what somebody else puts there is ours. */
static void take_marks_back(struct writing *w)
{
    struct calls calls = api_calls(&w->admin->api, unmarked, w);
    calls.max_response = ANSWER_MOST;
    for (size_t i = 0; i < w->plan->ops.n; i++) {
        const struct op *op = &w->plan->ops.items[i];
        struct op *mark = op->state == OP_FAILED ? plan_mark_of(w->plan, op) : NULL;
        if (!mark || mark->state != OP_DONE)
            continue;
        calls_add(&calls, "DELETE", admin_url(w->admin->api.root, mark->item->kind, mark->item->id))->what =
            mark;
    }
    if (calls.n > 0)
        calls_run(&calls);
    calls_release(&calls);
}

int admin_carry_out(struct target *t, struct plan *p)
{
    struct writing w = {.admin = (struct admin *)t, .plan = p};
    double began_at = admin_now();
    w.admin->api.is_in_doubt = t->is_unfinished;
    for (size_t i = 0; i < p->ops.n; i++)
        w.has_failed = w.has_failed || p->ops.items[i].state == OP_FAILED;
    if (!w.admin->is_listed && p->ops.n > 0) {
        w.is_looking = true;
        run_wave(&w, p->ops.items, p->ops.n);
        w.is_looking = false;
        plan_fail_marks(p);
    }
    for (size_t i = 0, k; i < p->ops.n; i = k) {
        for (k = i + 1; k < p->ops.n && wave_of(&p->ops.items[k]) == wave_of(&p->ops.items[i]); k++)
            ;
        run_wave(&w, p->ops.items + i, k - i);
    }
    take_marks_back(&w);
    plan_carry_out(p, &t->live.items);
    if (w.may_pass || w.is_lost)
        w.admin->is_reliable = false;
    api_note_silence(&w.admin->api, w.is_silent, began_at, admin_now());
    refs_release(&w.missing);
    w.admin->api.is_in_doubt = false;
    return w.may_pass ? EXIT_ENV : w.is_final ? EXIT_FINDINGS : EXIT_OK;
}

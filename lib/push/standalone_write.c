/*
 * A plan carried out as one document.
 *
 * The objects are checked first, since one that APISIX does not take refuses the whole document without a
 * word about which: those are set aside, and the rest goes. What is too large to be checked is set aside when
 * the document is refused with it.
 */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "apisix/redact.h"
#include "base/diag.h"
#include "base/proc.h"
#include "push/admin_answer.h"
#include "push/standalone.h"

#define INTERVAL 2.0 /* seconds between two documents */

enum {
    MISHAPS_MOST = 3, /* documents in a row of which nobody knows why they are not there */
};

struct writing {
    struct standalone *s;
    struct plan *plan;
    struct document next, before; /* what was live, once that is not known any more */
    struct configs to;
    struct buf body;
    /* the answer to the PUT */
    int status; /* 0: none */
    bool may_pass;
    bool has_no_memory, is_reconnected;
    bool is_rest; /* it is without what could not be asked about */
    char *why;
    double seconds;
};

static int complain(const struct writing *w, int code, const char *why)
{
    diag(DIAG_ERROR, NULL, NULL, "%s: %s; nothing was written", w->s->base.name, why);
    return code;
}

/* ---- before ---- */

/* What the instance would not take is set aside. An API without that question is no obstacle. */
static int set_aside(struct writing *w)
{
    char *why;
    w->s->api.is_in_doubt = w->s->base.is_unfinished;
    int code = api_check(&w->s->api, w->plan, &why, NULL);
    w->s->api.is_in_doubt = false;
    if (why && code == EXIT_ENV)
        complain(w, code, why);
    else if (why)
        diag(DIAG_DEBUG, NULL, NULL, "%s: the objects cannot be checked: %s", w->s->base.name, why);
    free(why);
    plan_fail_dependents(w->plan, &w->s->base.live.items);
    return code == EXIT_ENV ? code : EXIT_OK;
}

static bool has_work(const struct writing *w)
{
    bool has = w->s->base.is_blank;
    for (size_t i = 0; i < w->plan->ops.n && !has; i++)
        has = w->plan->ops.items[i].state != OP_FAILED;
    return has;
}

static int make_next(struct writing *w)
{
    struct target *t = &w->s->base;
    items_release(&w->next.items);
    for (size_t i = 0; i < t->live.items.n; i++)
        items_add(&w->next.items, item_ref(t->live.items.items[i]));
    plan_carry_out(w->plan, &w->next.items);
    w->next.others.items = t->live.others.items; /* lent */
    w->next.others.n = t->live.others.n;
    size_t size = configs_size(&w->next);
    if (size <= w->s->max_document)
        return EXIT_OK;
    diag(
        DIAG_ERROR, NULL, NULL,
        "%s: the document would have %zu bytes; APISIX stores one of %zu, and loses what it has over a "
        "larger "
        "one; nothing was written (give it more memory, nginx_config.meta.lua_shared_dict.standalone-config, "
        "and then say so with --max-document)",
        t->name, size, w->s->max_document);
    return EXIT_FINDINGS;
}

static void nap(double seconds)
{
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&t, NULL);
}

/* How long the last document, whoever wrote it, must still be left alone; `known` is for how long it is
 * known. */
static double wait_of(const struct standalone *s, const struct glimpse *g, double known)
{
    double ours = s->wrote_at > 0 ? INTERVAL - (standalone_now() - s->wrote_at) : 0;
    /* Both of its times are whole seconds, so it may be almost a second younger than they say; and whatever
       they say, it is as old as it is known. */
    double theirs = g->can_tell && g->digest ? INTERVAL - fmax(g->age - 1, known) : 0;
    return ours > theirs ? ours : theirs;
}

/* Waits until a document may be written, and looks whether the last one is still that which was planned
   with. */
static int take_turn(struct writing *w)
{
    struct standalone *s = w->s;
    double since = standalone_now();
    for (;;) {
        struct glimpse g;
        int code = standalone_look(s, &g, "nothing was written");
        double wait = wait_of(s, &g, standalone_now() - since);
        s->base.has_moved = code == EXIT_OK && g.can_tell && !str_same(g.digest, s->configs.digest);
        free(g.digest);
        if (code != EXIT_OK || s->base.has_moved || wait <= 0)
            return s->base.has_moved ? EXIT_ENV : code;
        nap(wait);
    }
}

/* ---- the write ---- */

static int write_document(struct writing *w);

static bool wrote(void *ctx, struct call *c, const struct http_response *r)
{
    struct writing *w = ctx;
    (void)c;
    free(w->why);
    w->status = r->status;
    w->may_pass = r->may_pass;
    w->is_reconnected = r->is_reconnected;
    w->has_no_memory = r->status == 500 && strstr(r->body, "no memory");
    w->why = r->status >= 200 && r->status < 300 ? NULL : api_reason(&w->s->api, r, NULL, BUF_MAX_MESSAGE);
    w->seconds = r->seconds;
    return true; /* once: before it is sent again, it is looked whether it still fits what is there */
}

static void put(struct writing *w)
{
    struct api *api = &w->s->api;
    char *digest = xasprintf("X-Digest: %s", w->to.digest);
    const char *headers[] = {digest, api->headers[0], api->headers[1], NULL};
    struct calls calls = api_calls(api, wrote, w);
    calls.headers = headers;
    struct call *c = calls_add(&calls, "PUT", xstrdup(w->s->url));
    c->body = w->body.p;
    c->len = w->body.len;
    double began_at = standalone_now();
    calls_run(&calls);
    calls_release(&calls);
    free(digest);
    w->s->wrote_at = standalone_now();
    api_note_silence(api, w->status == 0, began_at, w->s->wrote_at);
}

/* Accepted, or known already. No other answer is APISIX's. */
static bool is_taken(const struct writing *w)
{
    return w->status == 202 || w->status == 204;
}

static int64_t milliseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* From what the instance holds now to w->next. */
static const char *write_next(struct writing *w)
{
    buf_reset(&w->body);
    configs_release(&w->to);
    const char *why =
        configs_render(&w->s->configs, &w->s->base.live, &w->next, milliseconds(), &w->to, &w->body);
    if (!why)
        put(w);
    return why;
}

/* The instance holds w->next. */
static void become_live(struct writing *w)
{
    struct target *t = &w->s->base;
    items_release(&t->live.items);
    t->live.items = w->next.items;
    w->next.items = (struct items){0};
    configs_release(&w->s->configs);
    w->s->configs = w->to;
    w->to = (struct configs){0};
    w->s->is_known = true;
    t->is_blank = false;
    items_release(&t->lost);
}

/* ---- when it was not taken ---- */

/* What it says may quote any object of the document. */
static char *without_secrets(const struct writing *w)
{
    char *text = xstrdup(w->why);
    for (size_t i = 0; i < w->next.items.n; i++)
        text = redact_about(w->next.items.items[i], text);
    /* What is cut could not be recognised any more. */
    char *reason = redact_text(AK_ROUTES, JX_NONE, text, REASON_MOST);
    free(text);
    return reason;
}

static int plan_again(struct writing *w)
{
    w->s->base.has_moved = true;
    return EXIT_ENV;
}

/* Too large to be asked about beforehand, so it may be what the document is refused for. */
static bool is_suspect(const struct op *op)
{
    return op->type != OP_DELETE && op->state == OP_PLANNED && !api_can_ask(op);
}

static bool has_suspects(const struct writing *w)
{
    for (size_t i = 0; i < w->plan->ops.n; i++)
        if (is_suspect(&w->plan->ops.items[i]))
            return true;
    return false;
}

/* Sets them aside with what cannot be without them. Which operations were planned until then: owned. */
static bool *fail_suspects(struct writing *w)
{
    struct plan *p = w->plan;
    bool *were_planned = xcalloc(p->ops.n, sizeof *were_planned);
    char *why = without_secrets(w);
    for (size_t i = 0; i < p->ops.n; i++) {
        struct op *op = &p->ops.items[i];
        were_planned[i] = op->state == OP_PLANNED;
        if (!is_suspect(op))
            continue;
        op->state = OP_FAILED;
        op->why =
            xasprintf("too large to be asked about alone, and with it the document is refused: %s", why);
    }
    free(why);
    plan_fail_dependents(p, &w->s->base.live.items);
    return were_planned;
}

static void clear_suspects(const struct writing *w, const bool *were_planned)
{
    for (size_t i = 0; i < w->plan->ops.n; i++) {
        struct op *op = &w->plan->ops.items[i];
        if (!were_planned[i] || op->state == OP_PLANNED)
            continue;
        free(op->why);
        op->why = NULL;
        op->state = OP_PLANNED;
    }
}

/* The document without its suspects. When it is not taken either, nothing is proven of them. */
static int write_rest(struct writing *w)
{
    bool *were_planned = fail_suspects(w);
    w->is_rest = true;
    int code = has_work(w) ? write_document(w) : EXIT_OK;
    if (code != EXIT_OK)
        clear_suspects(w, were_planned);
    free(were_planned);
    return code;
}

static int refused(struct writing *w)
{
    bool is_moved = w->status == 400 && strstr(w->why, "conf_version");
    if (w->status == 400 && !is_moved && !w->is_rest && has_suspects(w))
        return write_rest(w);
    if (is_moved) {
        w->s->is_known = false;
        return plan_again(w); /* somebody wrote between the look and the write */
    }
    char *why = without_secrets(w);
    int code = complain(w, w->may_pass ? EXIT_ENV : EXIT_FINDINGS, why);
    free(why);
    return code;
}

/* The document of before, whole, for an instance that has lost it. */
static bool put_back(struct writing *w)
{
    struct document wanted = w->next;
    w->next = w->before; /* lent */
    nap(INTERVAL);
    bool is_back = !write_next(w) && is_taken(w);
    w->next = wanted;
    w->s->is_known = false; /* it is read again */
    if (is_back)
        items_release(&w->s->base.lost);
    return is_back;
}

/* APISIX makes room for a document before it knows whether there is enough. */
static int lost(struct writing *w, bool was_blank)
{
    size_t size = configs_size(&w->next);
    char *why = w->has_no_memory
                    ? xasprintf("the document of %zu bytes did not fit in the memory that it has "
                                "for it (nginx_config.meta.lua_shared_dict.standalone-config)",
                                size)
                    : without_secrets(w);
    if (w->has_no_memory)
        w->s->max_document = size - 1;
    const char *after = was_blank     ? "it holds none"
                        : put_back(w) ? "the one before was lost by that, and is put back"
                                      : "the one before was lost by that: it is served until the next reload";
    diag(DIAG_ERROR, NULL, NULL, "%s: %s; %s", w->s->base.name, why, after);
    free(why);
    return EXIT_FINDINGS;
}

static bool holds_next(const struct writing *w)
{
    const struct items *live = &w->s->base.live.items, *next = &w->next.items;
    bool holds = str_same(w->s->configs.digest, w->to.digest) && live->n == next->n;
    for (size_t i = 0; holds && i < live->n; i++)
        holds = item_same(live->items[i], next->items[i]);
    return holds;
}

/*
 * What has become of the document is asked, for it is not known: there was no answer, or an error from
 * within; or the answer came over another connection than the look before it, and the instance may have been
 * restarted in between: then it holds of the document what was sent, and lacks the kinds that were not.
 */
static int find_out(struct writing *w)
{
    struct standalone *s = w->s;
    bool was_blank = s->base.is_blank;
    s->is_known = false;
    w->before = s->base.live;
    s->base.live = (struct document){0};
    int code = standalone_fetch(s, "whether the last document was stored is not known");
    s->base.has_lost_sight = code != EXIT_OK;
    if (code != EXIT_OK) {
        s->base.live = w->before; /* the last that was seen */
        w->before = (struct document){0};
        return code;
    }
    if (holds_next(w)) {
        items_release(&s->base.lost);
        return EXIT_OK;
    }
    /* Restarted before the document came, or before that was sent once more. */
    if (!was_blank && (s->base.is_blank || str_same(s->configs.digest, w->to.digest)))
        target_note_loss(&s->base, &w->before.items);
    if (w->status == 500 && s->base.is_blank && (w->has_no_memory || !was_blank))
        return lost(w, was_blank);
    if (!w->why)
        w->why = xstrdup("it took the document, and does not hold it");
    return ++s->mishaps < MISHAPS_MOST && s->api.patience > 0 ? plan_again(w) : refused(w);
}

static int settle(struct writing *w)
{
    if (w->status >= 300 && !w->may_pass)
        return refused(w);
    if (!is_taken(w) || w->is_reconnected)
        return find_out(w);
    become_live(w);
    return EXIT_OK;
}

/* ---- all of it ---- */

static int write_document(struct writing *w)
{
    int code = make_next(w);
    if (code == EXIT_OK)
        code = take_turn(w);
    if (code != EXIT_OK)
        return code;
    const char *why = write_next(w);
    code = why ? complain(w, EXIT_FINDINGS, why) : settle(w);
    if (code == EXIT_OK)
        w->s->mishaps = 0;
    return code;
}

static int mark(struct writing *w, bool is_written)
{
    struct target *t = &w->s->base;
    int code = EXIT_OK;
    for (size_t i = 0; i < w->plan->ops.n; i++) {
        struct op *op = &w->plan->ops.items[i];
        if (op->state == OP_FAILED || !is_written)
            code = worse(code, op->may_pass ? EXIT_ENV : EXIT_FINDINGS);
        op->state = op->state == OP_FAILED || !is_written ? OP_FAILED : OP_DONE;
        if (t->watcher.done && !t->has_moved)
            t->watcher.done(t->watcher.ctx, op, i == 0 ? w->seconds : 0); /* one write for all */
    }
    return code;
}

int standalone_carry_out(struct target *t, struct plan *p)
{
    struct writing w = {.s = (struct standalone *)t, .plan = p};
    buf_init(&w.body, BUF_MAX_FILE);
    t->has_moved = false;
    int code = set_aside(&w);
    if (code == EXIT_OK && has_work(&w))
        code = write_document(&w);
    int failures = mark(&w, code == EXIT_OK);
    items_release(&w.next.items);
    document_release(&w.before);
    configs_release(&w.to);
    buf_free(&w.body);
    free(w.why);
    return code > failures ? code : failures;
}

#include "push/stash.h"

#include <stdlib.h>

#include "apisix/redact.h"
#include "base/diag.h"
#include "base/proc.h"
#include "rec/loop.h"

/* ---- in ---- */

static void redact(struct rec *r)
{
    if (!may_hold_secrets(r->line, r->len) && !r->rewrite)
        return;
    jv apisix = rec_get(r, "apisix"), clean = redact_apisix(apisix);
    if (jx_is_none(apisix) || jx_equal(apisix, clean))
        jb_free(clean);
    else
        rec_put(r, "apisix", clean);
    /* gw-translate --full leaves what it was made from, which only resolve-refs knows the shape of. */
    if (!jx_is_none(rec_get(r, "resolved")))
        rec_put(r, "resolved", jb_str(REDACTED));
}

int stash_add(struct stash *s, struct rec *r, const struct owner *owner)
{
    struct buf line;
    bool is_object = r->type == REC_UPSERT || r->type == REC_DELETED;
    if (is_object)
        redact(r);
    buf_init(&line, BUF_MAX_OUTPUT);
    if (!rec_emit(r, &line) || line.len > BUF_MAX_LINE) {
        char where[512], title[600];
        diag(DIAG_ERROR, rec_where(r, 0, where, sizeof where), NULL,
             "%s: the record grew past 8 MiB and will not be written out", rec_title(r, title, sizeof title));
        buf_free(&line);
        return EXIT_STREAM;
    }
    VEC_GROW(s);
    s->items[s->n++] = (struct stashed){
        .line = xstrndup(line.p, line.len),
        .len = line.len,
        .owner = owner,
        .is_object = is_object,
        .has_pushed = !jx_is_none(rec_get(r, "pushed")),
    };
    buf_free(&line);
    return EXIT_OK;
}

void stash_clear(struct stash *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->items[i].line);
    s->n = 0;
}

void stash_release(struct stash *s)
{
    stash_clear(s);
    free(s->items);
    *s = (struct stash){0};
}

/* ---- out ---- */

static const char *state_of(const struct owner *o, enum outcome outcome)
{
    const struct tally *t = o ? &o->tally : &(struct tally){0};
    if (outcome == OUTCOME_FAILED || t->failed > 0)
        return "failed";
    if (outcome == OUTCOME_REFUSED || t->refused > 0)
        return "refused";
    if (o && o->is_held)
        return "held";
    return t->created + t->updated + t->deleted > 0 ? "programmed" : "unchanged";
}

static jv pushed_entry(const struct owner *o, const char *target, enum outcome outcome)
{
    const struct tally *t = o && outcome == OUTCOME_DONE ? &o->tally : &(struct tally){0};
    jv e = jb_obj();
    jb_put_str(&e, "target", target);
    jb_put_str(&e, "state", state_of(o, outcome));
    jb_put_int(&e, "created", t->created);
    jb_put_int(&e, "updated", t->updated);
    jb_put_int(&e, "deleted", t->deleted);
    return e;
}

/* The common case: text behind text. */
static void emit_appended(const struct stashed *item, jv entry)
{
    static struct buf out;
    if (!out.p)
        buf_init(&out, BUF_MAX_OUTPUT);
    buf_reset(&out);
    size_t n = item->len;
    while (n > 0 && item->line[n - 1] != '}')
        n--;
    buf_add(&out, item->line, n - 1);
    buf_adds(&out, ",\"pushed\":[");
    jx_dump(&out, entry);
    buf_adds(&out, "]}\n");
    out_write(out.p, out.len);
    jb_free(entry);
}

/* Refusals of the plan, and failures at the target. */
static void add_refusals(struct rec *r, const struct owner *o, const struct plan *p)
{
    struct findings fs;
    findings_init(&fs);
    for (size_t i = 0; i < p->refusals.n; i++) {
        enum finding_id id;
        if (p->refusals.items[i].owner != o)
            continue;
        char *text = refusal_text(&p->refusals.items[i], &id);
        findings_addf(&fs, id, NULL, "%s", text);
        free(text);
    }
    for (size_t i = 0; i < p->ops.n; i++) {
        const struct op *op = &p->ops.items[i];
        if (op->owner != o || op->state != OP_FAILED || !op->why)
            continue;
        char *text = failure_text(op);
        findings_addf(&fs, F_PUSH_REJECTED, NULL, "%s", text);
        free(text);
    }
    rec_add_findings(r, &fs, true);
    findings_release(&fs);
}

static int emit_anew(struct stashed *item, jv entry, const struct plan *p)
{
    struct rec r;
    item->line[item->len - 1] = '\0'; /* the LF */
    if (rec_parse(&r, item->line, item->len - 1, 0)) {
        jb_free(entry);
        return EXIT_STREAM; /* it was parsed once, so it cannot happen */
    }
    jv list = jx_is_arr(rec_get(&r, "pushed")) ? jb_copy(rec_get(&r, "pushed")) : jb_arr();
    jb_add(&list, entry);
    if (item->owner)
        add_refusals(&r, item->owner, p);
    rec_put(&r, "pushed", list);
    int code = rec_write(&r);
    rec_release(&r);
    return code;
}

static bool has_news(const struct owner *o)
{
    return o && (o->tally.refused > o->set_aside || o->tally.failed > 0);
}

int stash_emit(struct stash *s, const char *target, enum outcome outcome, const struct plan *p)
{
    int code = EXIT_OK;
    for (size_t i = 0; i < s->n; i++) {
        struct stashed *item = &s->items[i];
        if (!item->is_object) {
            out_write(item->line, item->len);
            continue;
        }
        jv entry = pushed_entry(item->owner, target, outcome);
        if (item->has_pushed || has_news(item->owner))
            code = worse(code, emit_anew(item, entry, p));
        else
            emit_appended(item, entry);
    }
    stash_clear(s);
    return code;
}

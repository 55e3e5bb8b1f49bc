#include "push/stash.h"

#include <math.h>
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

static const char *state_of(const struct owner *o, const struct place *p, const struct tally *t)
{
    if (p->outcome == OUTCOME_FAILED || t->failed > 0)
        return "failed";
    if (p->outcome == OUTCOME_REFUSED || t->refused > 0 || (o && o->set_aside > 0))
        return "refused";
    if (o && o->is_held)
        return "held";
    if (t->created + t->updated + t->deleted == 0)
        return "unchanged";
    return p->is_pending ? "pending" : "programmed";
}

static jv pushed_entry(const struct owner *o, const struct place *p)
{
    struct tally t = plan_tally(&p->plan, o);
    jv e = jb_obj();
    jb_put_str(&e, "target", p->target->name);
    jb_put_str(&e, "state", state_of(o, p, &t));
    if (p->outcome != OUTCOME_DONE)
        t = (struct tally){0};
    jb_put_int(&e, "created", t.created);
    jb_put_int(&e, "updated", t.updated);
    jb_put_int(&e, "deleted", t.deleted);
    if (p->options->timing)
        jb_put(&e, "seconds", jb_number(round(p->seconds * 1e3) / 1e3));
    return e;
}

struct emission {
    const struct place *places;
    size_t n_places;
    struct complaints *complaints;
};

/* The common case: text behind text. */
static void emit_appended(const struct stashed *item, const struct emission *e)
{
    static struct buf out;
    if (!out.p)
        buf_init(&out, BUF_MAX_OUTPUT);
    buf_reset(&out);
    size_t n = item->len;
    while (n > 0 && item->line[n - 1] != '}')
        n--;
    buf_add(&out, item->line, n - 1);
    for (size_t i = 0; i < e->n_places; i++) {
        jv entry = pushed_entry(item->owner, &e->places[i]);
        buf_adds(&out, i == 0 ? ",\"pushed\":[" : ",");
        jx_dump(&out, entry);
        jb_free(entry);
    }
    buf_adds(&out, "]}\n");
    out_write(out.p, out.len);
}

static void add_complaints(struct rec *r, const struct owner *o, struct complaints *c)
{
    struct findings fs;
    findings_init(&fs);
    complaints_of(c, o, &fs);
    rec_add_findings(r, &fs, complaints_show(c, (size_t)jx_len(fs.list)));
    findings_release(&fs);
}

static int emit_anew(struct stashed *item, const struct emission *e)
{
    struct rec r;
    item->line[item->len - 1] = '\0'; /* the LF */
    if (rec_parse(&r, item->line, item->len - 1, 0))
        return EXIT_STREAM; /* it was parsed once, so it cannot happen */
    jv list = jx_is_arr(rec_get(&r, "pushed")) ? jb_copy(rec_get(&r, "pushed")) : jb_arr();
    for (size_t i = 0; i < e->n_places; i++)
        jb_add(&list, pushed_entry(item->owner, &e->places[i]));
    if (item->owner)
        add_complaints(&r, item->owner, e->complaints);
    rec_put(&r, "pushed", list);
    int code = rec_write(&r);
    rec_release(&r);
    return code;
}

int stash_emit(struct stash *s, const struct place *places, size_t n_places, struct complaints *c)
{
    int code = EXIT_OK;
    struct emission e = {places, n_places, c};
    for (size_t i = 0; i < s->n; i++) {
        struct stashed *item = &s->items[i];
        if (!item->is_object)
            out_write(item->line, item->len);
        else if (item->has_pushed || (item->owner && complaints_of(c, item->owner, NULL)))
            code = worse(code, emit_anew(item, &e));
        else
            emit_appended(item, &e);
    }
    stash_clear(s);
    return code;
}

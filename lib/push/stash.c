#include "push/stash.h"

#include <stdint.h>
#include <stdlib.h>

#include "apisix/redact.h"
#include "base/diag.h"
#include "base/proc.h"
#include "rec/loop.h"

/* ---- in ---- */

static void redact_member(struct rec *r, const char *name, jv hidden)
{
    if (!jx_is_none(hidden))
        rec_put(r, name, hidden);
}

/* Keys, and what plugins are configured with. The last applied version, in annotations, repeats it. */
static void redact_source(struct rec *r)
{
    jv object = jb_copy(r->object), meta = jb_copy(jx_get(object, "metadata"));
    const char *const members[] = {"data", "stringData", "spec"};
    for (size_t i = 0; i < N_ELEMS(members); i++)
        if (!jx_is_none(jx_get(object, members[i])))
            jb_put(&object, members[i], jb_str(REDACTED));
    if (jx_is_none(jx_get(meta, "annotations"))) {
        jb_free(meta);
    } else {
        jb_put(&meta, "annotations", jb_str(REDACTED));
        jb_put(&object, "metadata", meta);
    }
    rec_set_object(r, object);
}

/* gw-resolve-refs consumes Secrets; a pipe of one's own may not. gw-translate --full leaves the spec of kinds
   of APISIX. */
static bool is_secret(const struct rec *r)
{
    return (str_eq(r->id.kind, "Secret") && !*r->id.group) || str_eq(r->id.group, "apisix.apache.org");
}

static void redact(struct rec *r)
{
    if (is_secret(r))
        redact_source(r);
    /* gw-translate --full leaves what it was made from, which only resolve-refs knows the shape of. */
    if (!jx_is_none(rec_get(r, "resolved")))
        rec_put(r, "resolved", jb_str(REDACTED));
    if (!may_hold_secrets(r->line, r->len) && !r->rewrite)
        return;
    redact_member(r, "apisix", apisix_hidden(rec_get(r, "apisix")));
    redact_member(r, "planes", planes_hidden(rec_get(r, "planes")));
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

static void forget(struct stashed *item)
{
    free(item->line);
    free(item->label);
    free(item->states);
}

void stash_release(struct stash *s)
{
    for (size_t i = 0; i < s->n; i++)
        forget(&s->items[i]);
    free(s->items);
    *s = (struct stash){0};
}

void stash_move_places(struct stash *s, const size_t *from, size_t n)
{
    for (size_t i = 0; i < s->n; i++) {
        enum pushed_state *was = s->items[i].states;
        if (!was)
            continue;
        s->items[i].states = xcalloc(n, sizeof *was);
        for (size_t k = 0; k < n; k++)
            s->items[i].states[k] = from[k] == SIZE_MAX ? PUSHED_UNCHANGED : was[from[k]];
        free(was);
    }
}

/* ---- out ---- */

/* Where a record is told what became of it. */
struct concern {
    size_t place;
    const struct owner *owner; /* of that data plane; NULL: the record owns nothing */
};

struct emission {
    const struct wanted *wanted;
    const struct place *places;
    size_t n_places;
    struct complaints *complaints;
    struct concern *concerns; /* of the record at hand */
    size_t n_concerns;
};

/* What a record says of a data plane is in that one's wanted. Of the first all are told, of others those that
 * it says something of. */
static void find_concerns(const struct stashed *item, struct emission *e)
{
    e->n_concerns = 0;
    for (size_t i = 0; i < e->n_places; i++) {
        const struct wanted *w = e->places[i].wanted;
        const struct owner *o = w == e->wanted || !item->owner ? item->owner : wanted_twin(w, item->owner);
        if (w == e->wanted || o)
            e->concerns[e->n_concerns++] = (struct concern){i, o};
    }
}

static jv entry_of(const struct stashed *item, const struct emission *e, size_t k)
{
    const struct concern *c = &e->concerns[k];
    return pushed_entry(&e->places[c->place], c->owner, item->states[c->place]);
}

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
    buf_adds(&out, ",\"pushed\":[");
    for (size_t k = 0; k < e->n_concerns; k++) {
        jv entry = entry_of(item, e, k);
        buf_adds(&out, k > 0 ? "," : "");
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
    int code = EXIT_STREAM;           /* it was parsed once, so it cannot happen */
    item->line[item->len - 1] = '\0'; /* the LF */
    if (!rec_parse(&r, item->line, item->len - 1, 0)) {
        jv list = jx_is_arr(rec_get(&r, "pushed")) ? jb_copy(rec_get(&r, "pushed")) : jb_arr();
        for (size_t k = 0; k < e->n_concerns; k++)
            jb_add(&list, entry_of(item, e, k));
        if (item->owner)
            add_complaints(&r, item->owner, e->complaints);
        rec_put(&r, "pushed", list);
        code = rec_write(&r);
        rec_release(&r);
    }
    item->line[item->len - 1] = '\n';
    return code;
}

/* Brings the states up to date; whether one became open, or settled, or was never told. */
static bool take_states(struct stashed *item, const struct emission *e)
{
    enum pushed_state *was = item->states;
    bool is_news = !was;
    item->states = xcalloc(e->n_places + 1, sizeof *item->states);
    for (size_t k = 0; k < e->n_concerns; k++) {
        size_t i = e->concerns[k].place;
        enum pushed_state before = was ? was[i] : PUSHED_UNCHANGED;
        enum pushed_state now = pushed_state(&e->places[i], e->concerns[k].owner, before);
        item->states[i] = now;
        is_news |= now != before && (pushed_is_open(before) || pushed_is_open(now));
    }
    free(was);
    return is_news;
}

static int emit(struct stash *s, struct stashed *item, struct emission *e)
{
    if (item->is_object)
        find_concerns(item, e);
    if (item->is_object && !take_states(item, e))
        return EXIT_OK;
    s->n_written++;
    if (!item->is_object)
        out_write(item->line, item->len);
    else if (item->has_pushed || (item->owner && complaints_of(e->complaints, item->owner, NULL)))
        return emit_anew(item, e);
    else
        emit_appended(item, e);
    return EXIT_OK;
}

/* ---- what stays open ---- */

static bool is_open(const struct stashed *item, size_t n_places)
{
    if (!item->owner || !item->states)
        return false;
    for (size_t i = 0; i < n_places; i++)
        if (pushed_is_open(item->states[i]))
            return true;
    return false;
}

/* The owners of open records, as far as they are known still, and have no newer record. */
static void find_owners(struct stash *s, const struct wanted *w)
{
    bool *speaks = xcalloc(w->n_slots + 1, sizeof *speaks);
    for (size_t i = s->n; i-- > 0;) {
        struct stashed *item = &s->items[i];
        if (i < s->n_open)
            item->owner = wanted_owner(w, item->label);
        if (i < s->n_open && item->owner && speaks[item->owner->slot])
            item->owner = NULL;
        if (item->owner)
            speaks[item->owner->slot] = true;
    }
    free(speaks);
}

/* Of several records of one owner the last. */
static void keep_open(struct stash *s, const struct emission *e)
{
    size_t n = 0;
    bool *is_kept = xcalloc(e->wanted->n_slots + 1, sizeof *is_kept);
    bool *stays = xcalloc(s->n + 1, sizeof *stays);
    for (size_t i = s->n; i-- > 0;) {
        const struct owner *o = s->items[i].owner;
        stays[i] = is_open(&s->items[i], e->n_places) && !is_kept[o->slot];
        if (o)
            is_kept[o->slot] = true;
    }
    for (size_t i = 0; i < s->n; i++) {
        struct stashed *item = &s->items[i];
        if (!stays[i]) {
            forget(item);
            continue;
        }
        if (!item->label)
            item->label = xstrdup(item->owner->label);
        s->items[n++] = *item;
    }
    s->n = s->n_open = n;
    free(is_kept);
    free(stays);
}

int stash_emit(struct stash *s, const struct wanted *w, const struct place *places, size_t n_places,
               struct complaints *c)
{
    int code = EXIT_OK;
    struct emission e = {w, places, n_places, c, xcalloc(n_places + 1, sizeof *e.concerns), 0};
    find_owners(s, w);
    for (size_t i = s->n_open; i < s->n; i++)
        code = worse(code, emit(s, &s->items[i], &e));
    for (size_t i = 0; i < s->n_open; i++)
        if (s->items[i].owner)
            code = worse(code, emit(s, &s->items[i], &e));
    keep_open(s, &e);
    free(e.concerns);
    return code;
}

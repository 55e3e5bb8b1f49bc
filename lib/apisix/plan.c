#include "apisix/plan.h"

#include <stdlib.h>

#include "apisix/consumer.h"
#include "apisix/mark.h"
#include "apisix/refs.h"

/* Everything with one (kind, id): what is live under it and who claims it. */
struct meeting {
    struct plan *plan;
    const struct plan_options *options;
    struct wanted *wanted;
    const struct items *all; /* that is live */
    struct item **live;
    size_t n_live;
    const struct claim *claims;
    size_t n_claims;
};

static int *counter(struct tally *t, enum op_type type)
{
    int *counters[] = {&t->created, &t->updated, &t->deleted};
    return counters[type];
}

static void op_release(struct op *op)
{
    item_unref(op->item);
    item_unref(op->was);
    free(op->why);
}

/* The first at or behind `from` that does not stand before `key`. */
static size_t position(const struct items *l, size_t from, const struct item *key)
{
    size_t to = l->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (item_compare(l->items[mid], key) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* ---- marks (mark.h): there with their objects, or not at all ---- */

static const struct item *live_mark(const struct meeting *m, const struct item *of)
{
    struct id id = mark_id(of->kind, of->id);
    struct item key = {.kind = AK_PLUGIN_CONFIGS, .id = id.text};
    size_t at = position(m->all, 0, &key);
    return at < m->all->n && item_compare(m->all->items[at], &key) == 0 ? m->all->items[at] : NULL;
}

/* The claim to the object has failed, so nothing is to be said of whose it is. */
static void drop_mark(const struct meeting *m, const struct claim *c)
{
    struct plan *p = m->plan;
    struct id id = mark_id(c->item->kind, c->item->id);
    for (size_t i = 0; i < p->ops.n; i++) {
        struct op *op = &p->ops.items[i];
        if (op->item->kind != AK_PLUGIN_CONFIGS || op->owner != c->owner || !str_eq(op->item->id, id.text))
            continue;
        --*counter(&p->tallies[c->owner->slot], op->type);
        op_release(op);
        memmove(op, op + 1, (--p->ops.n - i) * sizeof *op);
        return;
    }
}

/* ---- one id ---- */

/* Of a mark nothing is told: its object has the same fate. */
static void refuse(const struct meeting *m, const struct claim *c, enum refusal_reason why, const char *other)
{
    if (c->item->kind == AK_PLUGIN_CONFIGS)
        return;
    if (kind_needs_mark(c->item->kind))
        drop_mark(m, c);
    VEC_GROW(&m->plan->refusals);
    m->plan->refusals.items[m->plan->refusals.n++] = (struct refusal){why, c->item, c->owner, other};
    m->plan->tallies[c->owner->slot].refused++;
}

static void add_op(const struct meeting *m, enum op_type type, struct item *item, struct item *was,
                   struct owner *owner)
{
    VEC_GROW(&m->plan->ops);
    m->plan->ops.items[m->plan->ops.n++] =
        (struct op){.type = type, .item = item_ref(item), .was = was ? item_ref(was) : NULL, .owner = owner};
    if (owner)
        ++*counter(&m->plan->tallies[owner->slot], type);
}

static bool may_go(const struct meeting *m, const struct item *live)
{
    const struct plan_options *o = m->options;
    return wanted_gives_up(m->wanted, live, o->prunes) && !(o->spares && o->spares(o->spares_ctx, live));
}

/* The live object of ours, at most one: a target holds an id once. */
static struct item *ours(const struct meeting *m)
{
    for (size_t i = 0; i < m->n_live; i++)
        if (m->live[i]->owner)
            return m->live[i];
    return NULL;
}

static struct item *foreign(const struct meeting *m)
{
    for (size_t i = 0; i < m->n_live; i++)
        if (!m->live[i]->owner)
            return m->live[i];
    return NULL;
}

static bool has_same_text(const struct item *a, const struct item *b)
{
    return a == b || (a->len == b->len && memcmp(a->text, b->text, a->len) == 0);
}

/* Both are ours, and of one owner. */
static void become_one(const struct meeting *m, struct item *wanted)
{
    for (size_t i = 0; i < m->n_live; i++) {
        struct item *live = m->live[i];
        if (!live->owner || live == wanted || !str_eq(live->owner, wanted->owner) ||
            !has_same_text(live, wanted))
            continue;
        m->live[i] = item_ref(wanted);
        item_unref(live);
    }
}

static bool is_same(const struct meeting *m, const struct claim *c, const struct item *live)
{
    return (m->options->is_same ? m->options->is_same : item_same)(c->item, live);
}

/* An object that cannot carry labels may be somebody else's; one that is as wanted is no conflict. */
static bool is_as_wanted(const struct meeting *m, const struct claim *c, const struct item *live)
{
    return live && !apisix_kind(c->item->kind)->has_labels && is_same(m, c, live);
}

static bool is_anothers(const struct meeting *m, const struct claim *c, const struct item *live)
{
    return live && !str_eq(live->owner, c->owner->label) && !may_go(m, live);
}

/*
 * A global rule that is not ours to change and has a plugin of this one. APISIX runs the plugin in one of
 * them: its Admin API refuses the second, a standalone instance takes it and keeps silent.
 */
static const struct item *rival_rule(const struct meeting *m, const struct claim *c)
{
    struct item first = {.kind = AK_GLOBAL_RULES, .id = ""};
    if (c->item->kind != AK_GLOBAL_RULES)
        return NULL;
    for (size_t i = position(m->all, 0, &first); i < m->all->n; i++) {
        const struct item *live = m->all->items[i];
        if (live->kind != AK_GLOBAL_RULES)
            break;
        if (!str_eq(live->id, c->item->id) && (!live->owner || !may_go(m, live)) &&
            items_share_plugin(live, c->item))
            return live;
    }
    return NULL;
}

/* Settles the first claim. True when the live object of ours has been dealt with. */
static bool settle_claim(const struct meeting *m, const struct claim *c)
{
    struct item *theirs = foreign(m), *live = ours(m);
    const struct item *mark = kind_needs_mark(c->item->kind) ? live_mark(m, c->item) : NULL;
    const struct item *rival = rival_rule(m, c);
    bool is_kept_by_another = is_anothers(m, c, live);
    if (is_as_wanted(m, c, theirs) || (is_kept_by_another && is_as_wanted(m, c, live))) {
        m->plan->n_unchanged++;
        drop_mark(m, c);
    } else if (theirs || (mark && !mark->owner)) {
        refuse(m, c, REFUSED_FOREIGN, NULL);
    } else if (is_anothers(m, c, mark)) {
        refuse(m, c, REFUSED_OWNER, mark->owner);
    } else if (rival) {
        refuse(m, c, REFUSED_PLUGIN, rival->id);
    } else if (m->options->replaces_env_refs && c->item->holds_env_ref) {
        refuse(m, c, REFUSED_ENV_REF, NULL);
    } else if (!live) {
        add_op(m, OP_CREATE, c->item, NULL, c->owner);
    } else if (is_kept_by_another) {
        refuse(m, c, REFUSED_OWNER, live->owner);
    } else if (is_same(m, c, live)) {
        m->plan->n_unchanged++;
        become_one(m, c->item);
    } else {
        add_op(m, OP_UPDATE, c->item, live, c->owner);
    }
    return live != NULL;
}

/* Kinds without labels are there once for a whole data plane: who wants the same has it. */
static bool shares(const struct claim *c, const struct claim *first)
{
    return !apisix_kind(c->item->kind)->has_labels && item_same(c->item, first->item);
}

static void settle(const struct meeting *m)
{
    struct item *live = ours(m);
    bool is_settled = m->n_claims > 0 && settle_claim(m, &m->claims[0]);
    for (size_t i = 1; i < m->n_claims; i++)
        if (!shares(&m->claims[i], &m->claims[0]))
            refuse(m, &m->claims[i], REFUSED_OWNER, m->claims[0].owner->label);
    if (live && !is_settled && may_go(m, live))
        add_op(m, OP_DELETE, live, NULL, wanted_owner(m->wanted, live->owner));
    m->plan->n_live += live != NULL;
}

static bool deletes_named(const struct op *op)
{
    return op->type == OP_DELETE && kind_is_named(op->item->kind);
}

/* What will be there names these. */
static void refs_after(const struct plan *p, const struct items *live, struct refs *refs)
{
    struct items after = {0};
    for (size_t i = 0; i < live->n; i++)
        items_add(&after, item_ref(live->items[i]));
    plan_carry_out(p, &after);
    for (size_t i = 0; i < after.n; i++)
        refs_add(refs, after.items[i]);
    refs_sort(refs);
    items_release(&after);
}

/*
 * What anything that stays names stays too: the route of a held owner goes on working though the records no
 * longer tell that it uses the Service.
 */
static void keep_named(struct plan *p, const struct items *live)
{
    struct refs refs = {0};
    size_t n = 0, k = 0;
    for (size_t i = 0; i < p->ops.n; i++)
        n += deletes_named(&p->ops.items[i]);
    if (n == 0)
        return;
    refs_after(p, live, &refs);
    for (size_t i = 0; i < p->ops.n; i++) {
        struct op *op = &p->ops.items[i];
        bool is_kept = deletes_named(op) && refs_has(&refs, op->item->kind, op->item->id);
        if (!is_kept) {
            p->ops.items[k++] = *op;
            continue;
        }
        if (op->owner) {
            p->tallies[op->owner->slot].deleted--;
            p->tallies[op->owner->slot].has_remains = true;
        }
        op_release(op);
    }
    p->ops.n = k;
    refs_release(&refs);
}

/* A plugin runs in one global rule: the one that it leaves goes before the one that it comes to. */
static bool makes_room(const struct plan *p, const struct op *op)
{
    if (op->type != OP_DELETE || op->item->kind != AK_GLOBAL_RULES)
        return false;
    for (size_t i = 0; i < p->ops.n; i++) {
        const struct op *other = &p->ops.items[i];
        if (other->type != OP_DELETE && other->item->kind == AK_GLOBAL_RULES &&
            items_share_plugin(other->item, op->item))
            return true;
    }
    return false;
}

enum turn { TURN_ROOM, TURN_WRITE, TURN_WRITE_CREDENTIAL, TURN_DELETE_CREDENTIAL, TURN_DELETE, N_TURNS };

static enum turn turn_of(const struct plan *p, const struct op *op)
{
    if (makes_room(p, op))
        return TURN_ROOM;
    if (op->type == OP_DELETE)
        return is_credential(op->item) ? TURN_DELETE_CREDENTIAL : TURN_DELETE;
    return is_credential(op->item) ? TURN_WRITE_CREDENTIAL : TURN_WRITE;
}

/* Writes keep their order, deletes go behind them and turn round. Credentials, whose ids stand among those of
   their consumers, go together, so that many can be sent at the same time. */
static void put_in_order(struct plan *p)
{
    struct op *sorted = xreallocarray(NULL, p->ops.n, sizeof *sorted);
    enum turn *turns = xreallocarray(NULL, p->ops.n, sizeof *turns);
    size_t n = 0;
    for (size_t i = 0; i < p->ops.n; i++)
        turns[i] = turn_of(p, &p->ops.items[i]);
    for (enum turn turn = TURN_ROOM; turn < N_TURNS; turn++)
        for (size_t i = 0; i < p->ops.n; i++) {
            size_t at = turn >= TURN_DELETE_CREDENTIAL ? p->ops.n - 1 - i : i;
            if (turns[at] == turn)
                sorted[n++] = p->ops.items[at];
        }
    free(turns);
    free(p->ops.items);
    p->ops.items = sorted;
    p->ops.cap = n;
    for (size_t i = 0; i < n; i++) {
        p->n_created += sorted[i].type == OP_CREATE;
        p->n_updated += sorted[i].type == OP_UPDATE;
        p->n_deleted += sorted[i].type == OP_DELETE;
    }
}

static bool is_live(const struct items *live, const struct item *item)
{
    size_t at = position(live, 0, item);
    return at < live->n && item_compare(live->items[at], item) == 0;
}

/* What nobody wants by name, and would not have been deleted: of held owners, and what such objects name. */
static void put_back_lost(struct plan *p, const struct plan_options *o, struct wanted *w, struct items *live)
{
    struct meeting m = {.plan = p, .options = o, .wanted = w, .all = live};
    struct refs refs[2] = {{0}}; /* of what came back in each round */
    size_t n = o->lost ? o->lost->n : 0;
    bool *is_back = xcalloc(n, sizeof *is_back);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < n; i++) {
            struct item *item = o->lost->items[i];
            bool is_free = item->owner && !is_back[i] && !wanted_has(w, item) && !is_live(live, item);
            if (!is_free || !(round == 0 ? wanted_owner(w, item->owner) && !may_go(&m, item)
                                         : refs_has(&refs[0], item->kind, item->id)))
                continue;
            is_back[i] = true;
            add_op(&m, OP_CREATE, item, NULL, wanted_owner(w, item->owner));
            refs_add(&refs[round], item);
        }
        refs_sort(&refs[round]);
    }
    refs_release(&refs[0]);
    refs_release(&refs[1]);
    free(is_back);
}

void plan_make(struct plan *p, const struct plan_options *o, struct wanted *w, struct items *live)
{
    *p = (struct plan){0};
    wanted_claims(w);
    p->tallies = xcalloc(w->n_slots + 1, sizeof *p->tallies);
    for (size_t i = 0, k = 0; i < live->n || k < w->n_claims;) {
        struct meeting m = {p, o, w, live, live->items + i, 0, w->claims + k, 0};
        bool live_first =
            k == w->n_claims || (i < live->n && item_compare(live->items[i], w->claims[k].item) <= 0);
        const struct item *key = live_first ? live->items[i] : w->claims[k].item;
        for (; i < live->n && item_compare(live->items[i], key) == 0; i++)
            m.n_live++;
        for (; k < w->n_claims && item_compare(w->claims[k].item, key) == 0; k++)
            m.n_claims++;
        settle(&m);
    }
    put_back_lost(p, o, w, live);
    keep_named(p, live);
    put_in_order(p);
}

void plan_release(struct plan *p)
{
    for (size_t i = 0; i < p->ops.n; i++)
        op_release(&p->ops.items[i]);
    free(p->ops.items);
    free(p->refusals.items);
    free(p->tallies);
    *p = (struct plan){0};
}

struct tally plan_tally(const struct plan *p, const struct owner *o)
{
    return o && p->tallies ? p->tallies[o->slot] : (struct tally){0};
}

void plan_count_failures(struct plan *p)
{
    size_t *totals[] = {&p->n_created, &p->n_updated, &p->n_deleted};
    for (size_t i = 0; i < p->ops.n; i++) {
        const struct op *op = &p->ops.items[i];
        if (op->state != OP_FAILED)
            continue;
        p->n_failed++;
        --*totals[op->type];
        if (!op->owner)
            continue;
        struct tally *t = &p->tallies[op->owner->slot];
        --*counter(t, op->type);
        t->failed++;
        t->has_remains = true;
    }
}

bool plan_shrinks(const struct plan *p, int percent)
{
    return p->n_deleted >= (percent > 0 ? PLAN_FEW : 1) && p->n_deleted * 100 > p->n_live * (size_t)percent;
}

/* ---- what cannot be done without the rest ---- */

static void fail(struct op *op, char *owned_why)
{
    op->state = OP_FAILED;
    op->why = owned_why;
}

struct op *plan_mark_of(const struct plan *p, const struct op *object)
{
    if (object->type != OP_CREATE || !kind_needs_mark(object->item->kind))
        return NULL;
    struct id id = mark_id(object->item->kind, object->item->id);
    for (size_t i = 0; i < p->ops.n; i++) {
        struct op *op = &p->ops.items[i];
        if (op->type == OP_CREATE && op->item->kind == AK_PLUGIN_CONFIGS && str_eq(op->item->id, id.text))
            return op;
    }
    return NULL;
}

void plan_fail_marks(struct plan *p)
{
    for (size_t i = 0; i < p->ops.n; i++) {
        const struct op *op = &p->ops.items[i];
        struct op *mark = op->state == OP_FAILED ? plan_mark_of(p, op) : NULL;
        if (mark && mark->state == OP_PLANNED)
            mark->state = OP_FAILED; /* of which nothing is told, see refuse() */
    }
}

/* What was left out for its text leaves nothing where nothing is live. In the place of others something is
 * there that somebody else has made. */
static void add_left_out(const struct plan *p, const struct items *live, struct refs *missing,
                         struct refs *foreign)
{
    for (size_t i = 0; i < p->refusals.n; i++) {
        const struct refusal *r = &p->refusals.items[i];
        if (r->reason == REFUSED_ENV_REF && kind_is_named(r->item->kind) && !is_live(live, r->item))
            refs_add_item(missing, r->item);
        if (r->reason == REFUSED_FOREIGN && kind_is_named(r->item->kind))
            refs_add_item(foreign, r->item);
    }
    refs_sort(foreign);
}

/* An object must not begin to send requests where nobody meant them to go; one that does so already goes on.
 */
static void fail_on_foreign(struct op *op, const struct refs *foreign)
{
    char *name = refs_first_named(foreign, op->item),
         *before = op->was ? refs_first_named(foreign, op->was) : NULL;
    if (name && !before)
        fail(op, xasprintf("it names %s, which is live and not made by this gwpipe instance", name));
    free(name);
    free(before);
}

static void fail_without_ground(struct plan *p, const struct items *live)
{
    struct refs missing = {0}, foreign = {0};
    add_left_out(p, live, &missing, &foreign);
    for (size_t i = 0; i < p->ops.n; i++) {
        const struct op *op = &p->ops.items[i];
        if (op->type != OP_CREATE || op->state != OP_FAILED || !kind_is_named(op->item->kind))
            continue;
        refs_add_item(&missing, op->item);
    }
    refs_sort(&missing);
    for (size_t i = 0; i < p->ops.n; i++) {
        struct op *op = &p->ops.items[i];
        if (op->type == OP_DELETE || op->state == OP_FAILED)
            continue;
        char *name = refs_first_named(&missing, op->item);
        if (name)
            fail(op, xasprintf("it names %s, which cannot be created", name));
        else
            fail_on_foreign(op, &foreign);
        free(name);
    }
    refs_release(&missing);
    refs_release(&foreign);
}

void plan_fail_dependents(struct plan *p, const struct items *live)
{
    struct refs named = {0};
    size_t n = 0, n_deletes = 0;
    for (size_t i = 0; i < p->ops.n; i++) {
        n += p->ops.items[i].state == OP_FAILED;
        n_deletes += deletes_named(&p->ops.items[i]);
    }
    if (n == 0 && p->refusals.n == 0)
        return;
    fail_without_ground(p, live);
    plan_fail_marks(p);
    if (n_deletes > 0)
        refs_after(p, live, &named);
    for (size_t i = 0; i < p->ops.n; i++) {
        struct op *op = &p->ops.items[i];
        if (op->state != OP_FAILED && deletes_named(op) && refs_has(&named, op->item->kind, op->item->id))
            fail(op, xstrdup("an object that names it cannot be changed"));
    }
    refs_release(&named);
}

/* ---- on a list ---- */

static int compare_ops(const void *a, const void *b)
{
    return item_compare((*(const struct op *const *)a)->item, (*(const struct op *const *)b)->item);
}

/* An operation is about the one live object of ours with its id; others with that id are foreign. */
static bool replaces(const struct op *op, const struct item *live)
{
    return live->owner && item_compare(op->item, live) == 0;
}

/* Moves the references of live[from..to). */
static void move(struct items *after, const struct items *live, size_t from, size_t to)
{
    if (to > from)
        memcpy(after->items + after->n, live->items + from, (to - from) * sizeof(struct item *));
    after->n += to - from;
}

/* What does not change is not looked at: of very many objects most operations are about a few. */
void plan_carry_out(const struct plan *p, struct items *live)
{
    const struct op **ops = xreallocarray(NULL, p->ops.n, sizeof *ops);
    size_t n = 0, i = 0, n_marks = 0;
    for (size_t k = 0; k < p->ops.n; k++)
        if (p->ops.items[k].state != OP_FAILED) {
            ops[n++] = &p->ops.items[k];
            n_marks += p->ops.items[k].item->kind == AK_PLUGIN_CONFIGS;
        }
    qsort(ops, n, sizeof *ops, compare_ops);
    struct items after = {.cap = live->n + n};
    after.items = xreallocarray(NULL, after.cap, sizeof *after.items);
    for (size_t k = 0; k < n; k++) {
        struct item *key = item_ref(ops[k]->item); /* it may be the live one, which goes */
        size_t at = position(live, i, key);
        move(&after, live, i, at);
        if (ops[k]->type != OP_DELETE)
            after.items[after.n++] = item_ref(key);
        for (i = at; i < live->n && item_compare(live->items[i], key) == 0; i++)
            if (replaces(ops[k], live->items[i]))
                item_unref(live->items[i]);
            else
                after.items[after.n++] = live->items[i];
        item_unref(key);
    }
    move(&after, live, i, live->n);
    free(ops);
    free(live->items);
    *live = after;
    if (n_marks > 0)
        marks_apply(live);
}

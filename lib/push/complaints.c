#include "push/complaints.h"

#include <stdlib.h>

#include "base/diag.h"

enum { MOST_SHOWN = 50 };

static void add(struct complaints *c, const struct owner *o, const char *label, enum finding_id id,
                const char *target, char *owned_text)
{
    VEC_GROW(c);
    c->items[c->n++] = (struct complaint){
        .owner = o,
        .label = label,
        .id = id,
        .text = target ? xasprintf("%s: %s", target, owned_text) : xstrdup(owned_text),
    };
    free(owned_text);
}

void complaints_add(struct complaints *c, const struct plan *p, const struct wanted *w, const char *target)
{
    for (size_t i = 0; i < p->refusals.n; i++) {
        const struct refusal *r = &p->refusals.items[i];
        enum finding_id id;
        char *text = refusal_text(r, &id);
        add(c, wanted_owner(w, r->owner->label), r->owner->label, id, target, text);
    }
    for (size_t i = 0; i < p->ops.n; i++) {
        const struct op *op = &p->ops.items[i];
        enum finding_id id;
        if (op->state != OP_FAILED || !op->why)
            continue;
        char *text = failure_text(op, &id);
        add(c, op->owner ? wanted_owner(w, op->owner->label) : NULL,
            op->owner ? op->owner->label : op->item->owner, id, target, text);
    }
}

/* ---- by owner ---- */

static size_t rank(const struct complaint *c)
{
    return c->owner ? c->owner->slot : (size_t)-1;
}

static int compare_ranks(const void *a, const void *b, void *items)
{
    const struct complaint *all = items;
    size_t i = *(const size_t *)a, k = *(const size_t *)b, x = rank(&all[i]), y = rank(&all[k]);
    return x != y ? (x > y) - (x < y) : (i > k) - (i < k);
}

void complaints_sort(struct complaints *c)
{
    c->by_owner = xreallocarray(c->by_owner, c->n, sizeof *c->by_owner);
    for (size_t i = 0; i < c->n; i++)
        c->by_owner[i] = i;
    if (c->n > 1)
        qsort_r(c->by_owner, c->n, sizeof *c->by_owner, compare_ranks, c->items);
}

/* Where the complaints to an owner begin. */
static size_t first_of(const struct complaints *c, const struct owner *o)
{
    size_t low = 0, high = c->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (rank(&c->items[c->by_owner[mid]]) < o->slot)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool complaints_of(struct complaints *c, const struct owner *o, struct findings *fs)
{
    bool any = false;
    for (size_t i = first_of(c, o); i < c->n && c->items[c->by_owner[i]].owner == o; i++) {
        struct complaint *one = &c->items[c->by_owner[i]];
        any = one->is_carried = true;
        if (fs)
            findings_addf(fs, one->id, NULL, "%s", one->text);
    }
    return any;
}

/* ---- stderr ---- */

static struct digest digest_of_complaint(const struct complaint *c)
{
    char *whole = xasprintf("%s %s", c->label, c->text);
    struct digest d = digest_of(whole, strlen(whole));
    free(whole);
    return d;
}

static int compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct digest));
}

static bool is_told(const struct complaints *c, const struct digest *d)
{
    return c->n_told > 0 && bsearch(d, c->told, c->n_told, sizeof *c->told, compare_digests) != NULL;
}

bool complaints_show(struct complaints *c, size_t n)
{
    bool may = c->n_shown < MOST_SHOWN;
    c->n_shown += n;
    return may;
}

void complaints_tell(struct complaints *c)
{
    struct digest *now = xreallocarray(NULL, c->n, sizeof *now);
    for (size_t i = 0; i < c->n; i++) {
        const struct complaint *one = &c->items[i];
        now[i] = digest_of_complaint(one);
        if (!one->is_carried && !is_told(c, &now[i]) && complaints_show(c, 1))
            diag(DIAG_ERROR, NULL, finding_kind(one->id)->name, "%s: %s", one->label, one->text);
    }
    if (c->n_shown > MOST_SHOWN)
        diag(DIAG_ERROR, NULL, NULL, "and %zu more that could not be written; the records tell of their own",
             c->n_shown - MOST_SHOWN);
    if (c->n > 1)
        qsort(now, c->n, sizeof *now, compare_digests);
    free(c->told);
    c->told = now;
    c->n_told = c->n;
    while (c->n > 0)
        free(c->items[--c->n].text);
    c->n_shown = 0;
}

void complaints_release(struct complaints *c)
{
    while (c->n > 0)
        free(c->items[--c->n].text);
    free(c->items);
    free(c->by_owner);
    free(c->told);
    *c = (struct complaints){0};
}

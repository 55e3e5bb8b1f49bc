#include "push/refusals.h"

#include <stdlib.h>

enum { FREE_TRIES = 3, FIRST_PAUSE = 4, LONGEST_PAUSE = 256 }; /* seconds */

/* Of one object one version counts: the last that was refused. */
static struct refused *find_object(const struct refusals *r, const struct op *op)
{
    for (size_t i = 0; i < r->n; i++)
        if (item_compare(r->items[i].item, op->item) == 0)
            return &r->items[i];
    return NULL;
}

static bool is_about(const struct refused *one, const struct op *op)
{
    return one->item && one->type == op->type && item_same(one->item, op->item);
}

void refusals_add(struct refusals *r, const struct op *op, double now)
{
    struct refused *one = find_object(r, op);
    if (!one) {
        VEC_GROW(r);
        one = &r->items[r->n++];
        *one = (struct refused){0};
    }
    if (!is_about(one, op)) {
        item_unref(one->item);
        free(one->why);
        *one = (struct refused){.item = item_ref(op->item), .type = op->type};
    }
    free(one->why);
    one->why = xstrdup(op->why);
    int pause = FIRST_PAUSE;
    for (int i = FREE_TRIES; i <= one->times && pause < LONGEST_PAUSE; i++)
        pause *= 2;
    one->again_at = ++one->times < FREE_TRIES ? now : now + pause;
}

const char *refusals_find(const struct refusals *r, const struct op *op, double now)
{
    const struct refused *one = find_object(r, op);
    return one && is_about(one, op) && now < one->again_at ? one->why : NULL;
}

void refusals_release(struct refusals *r)
{
    for (size_t i = 0; i < r->n; i++) {
        item_unref(r->items[i].item);
        free(r->items[i].why);
    }
    free(r->items);
    *r = (struct refusals){0};
}

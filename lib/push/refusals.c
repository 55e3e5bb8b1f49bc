#include "push/refusals.h"

#include <stdlib.h>

void refusals_add(struct refusals *r, const struct op *op)
{
    VEC_GROW(r);
    r->items[r->n].item = item_ref(op->item);
    r->items[r->n].type = op->type;
    r->items[r->n++].why = xstrdup(op->why);
}

const char *refusals_find(const struct refusals *r, const struct op *op)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->items[i].item == op->item && r->items[i].type == op->type)
            return r->items[i].why;
    return NULL;
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

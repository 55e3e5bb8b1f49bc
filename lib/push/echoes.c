#include "push/echoes.h"

#include <stdlib.h>

static void drop(struct echoes *e, size_t i)
{
    item_unref(e->items[i].item);
    e->items[i] = e->items[--e->n];
}

void echoes_note(struct echoes *e, const struct op *op, const struct item *stored,
                 bool (*is_same)(const struct item *wanted, const struct item *live))
{
    for (size_t i = 0; i < e->n; i++)
        if (item_compare(e->items[i].item, op->item) == 0)
            drop(e, i--);
    if (!stored || item_compare(stored, op->item) != 0 || is_same(op->item, stored))
        return;
    VEC_GROW(e);
    e->items[e->n++] = (struct echo){item_ref(op->item), digest_of(stored->text, stored->len)};
}

static int by_item(const void *a, const void *b)
{
    return item_compare(*(struct item *const *)a, *(struct item *const *)b);
}

void echoes_apply(struct echoes *e, struct items *found)
{
    for (size_t i = 0; i < e->n; i++) {
        struct item **there =
            bsearch(&e->items[i].item, found->items, found->n, sizeof *found->items, by_item);
        if (there && (*there)->owner &&
            digest_equal(digest_of((*there)->text, (*there)->len), e->items[i].stored)) {
            item_unref(*there);
            *there = item_ref(e->items[i].item);
        } else {
            drop(e, i--);
        }
    }
}

void echoes_release(struct echoes *e)
{
    for (size_t i = 0; i < e->n; i++)
        item_unref(e->items[i].item);
    free(e->items);
    *e = (struct echoes){0};
}

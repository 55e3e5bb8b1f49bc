#include "push/drift.h"

#include "base/diag.h"

enum { DRIFT_SHOWN = 5 };

static struct item *find(const struct items *l, const struct item *key)
{
    size_t from = 0, to = l->n;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int c = item_compare(l->items[middle], key);
        if (c == 0)
            return l->items[middle];
        if (c < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

struct drift {
    const struct target *target;
    struct buf names;
    size_t n;
};

static void add_name(struct drift *d, const struct item *item, const char *what)
{
    if (d->n++ < DRIFT_SHOWN)
        buf_addf(&d->names, "%s%s \"%s\" %s", d->n > 1 ? ", " : "", apisix_kind(item->kind)->name, item->id,
                 what);
}

static bool is_same(const struct target *t, const struct item *a, const struct item *b)
{
    return t->options.is_same ? t->options.is_same(a, b) : item_same(a, b);
}

static void look(struct drift *d, const struct item *left, const struct items *found)
{
    const struct item *now = find(found, left);
    if (!now)
        add_name(d, left, "is gone");
    else if (!is_same(d->target, left, now))
        add_name(d, left, "has changed");
}

void drift_tell(const struct target *t, const struct items *left, const struct items *found)
{
    struct drift d = {.target = t};
    buf_init(&d.names, BUF_MAX_MESSAGE);
    for (size_t i = 0; i < left->n; i++)
        if (left->items[i]->owner)
            look(&d, left->items[i], found);
    for (size_t i = 0; i < found->n; i++)
        if (found->items[i]->owner && !find(left, found->items[i]))
            add_name(&d, found->items[i], "is new");
    if (d.n > DRIFT_SHOWN)
        buf_addf(&d.names, " and %zu more", d.n - DRIFT_SHOWN);
    if (d.n > 0)
        diag(DIAG_WARNING, NULL, NULL,
             "%s: not as this gw-push left it: %s; does another gw-push write instance \"%s\" here?", t->name,
             d.names.p, t->instance);
    buf_free(&d.names);
}

/* Whether somebody else writes what is ours: another gw-push of this instance, or a person. */
#include "apisix/stored.h"
#include "base/diag.h"
#include "push/admin.h"

enum { DRIFT_SHOWN = 5 };

struct item *admin_find(const struct items *l, const struct item *key)
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
    struct buf names;
    size_t n;
};

static void add_name(struct drift *d, const struct item *item, const char *what)
{
    if (d->n++ < DRIFT_SHOWN)
        buf_addf(&d->names, "%s%s \"%s\" %s", d->n > 1 ? ", " : "", apisix_kind(item->kind)->name, item->id,
                 what);
}

static void look(struct drift *d, const struct item *left, const struct items *found)
{
    const struct item *now = admin_find(found, left);
    if (!now)
        add_name(d, left, "is gone");
    else if (!stored_same(left, now))
        add_name(d, left, "has changed");
}

void admin_tell_drift(const struct admin *a, const struct items *left, const struct items *found)
{
    struct drift d = {0};
    buf_init(&d.names, BUF_MAX_MESSAGE);
    for (size_t i = 0; i < left->n; i++)
        if (left->items[i]->owner)
            look(&d, left->items[i], found);
    for (size_t i = 0; i < found->n; i++)
        if (found->items[i]->owner && !admin_find(left, found->items[i]))
            add_name(&d, found->items[i], "is new");
    if (d.n > DRIFT_SHOWN)
        buf_addf(&d.names, " and %zu more", d.n - DRIFT_SHOWN);
    if (d.n > 0)
        diag(DIAG_WARNING, NULL, NULL,
             "%s: not as this gw-push left it: %s; does another gw-push write instance \"%s\" here?",
             a->base.name, d.names.p, a->base.instance);
    buf_free(&d.names);
}

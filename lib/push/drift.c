#include "push/drift.h"

#include <stdlib.h>
#include <uthash.h>

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

struct fought {
    UT_hash_handle hh;
    int rounds;
    char key[]; /* "KIND/ID" */
};

/* One look. */
struct look {
    const struct target *target;
    struct drift *drift;
    struct fought *now; /* uthash */
    struct buf names;
    size_t n;
    int most_rounds;
};

static void count(struct look *l, const struct item *item)
{
    char *key = xasprintf("%s/%s", apisix_kind(item->kind)->name, item->id);
    struct fought *before, *f = xcalloc(1, sizeof *f + strlen(key) + 1);
    memcpy(f->key, key, strlen(key) + 1);
    HASH_FIND_STR(l->drift->fought, key, before);
    f->rounds = 1 + (before ? before->rounds : 0);
    HASH_ADD_STR(l->now, key, f);
    l->most_rounds = f->rounds > l->most_rounds ? f->rounds : l->most_rounds;
    free(key);
}

static void add(struct look *l, const struct item *item, const char *what)
{
    count(l, item);
    if (l->n++ < DRIFT_SHOWN)
        buf_addf(&l->names, "%s%s \"%s\" %s", l->n > 1 ? ", " : "", apisix_kind(item->kind)->name, item->id,
                 what);
}

static bool is_same(const struct target *t, const struct item *a, const struct item *b)
{
    return t->options.is_same ? t->options.is_same(a, b) : item_same(a, b);
}

static void compare(struct look *l, const struct items *left, const struct items *found)
{
    for (size_t i = 0; i < left->n; i++) {
        const struct item *now = left->items[i]->owner ? find(found, left->items[i]) : NULL;
        if (left->items[i]->owner && !now)
            add(l, left->items[i], "is gone");
        else if (now && !is_same(l->target, left->items[i], now))
            add(l, left->items[i], "has changed");
    }
    for (size_t i = 0; i < found->n; i++)
        if (found->items[i]->owner && !find(left, found->items[i]))
            add(l, found->items[i], "is new");
    if (l->n > DRIFT_SHOWN)
        buf_addf(&l->names, " and %zu more", l->n - DRIFT_SHOWN);
}

static void forget(struct fought **all)
{
    while (*all) {
        struct fought *f = *all;
        HASH_DEL(*all, f);
        free(f);
    }
}

/* ---- giving way ---- */

static int give_way(struct drift *d, const struct look *l, double now)
{
    d->gives_way = true;
    d->left_alone_since = now;
    diag(DIAG_ERROR, NULL, NULL,
         "%s: another gw-push seems to write instance \"%s\" here, and wants something else: %s, %d times in "
         "a row "
         "after this one had mended it; nothing is written until it has been left alone for %d seconds",
         l->target->name, l->target->instance, l->names.p, DRIFT_ROUNDS, DRIFT_REST);
    return EXIT_FINDINGS;
}

int drift_rest(struct drift *d, const struct target *t, double now)
{
    if (!d->gives_way)
        return EXIT_OK;
    if (now - d->left_alone_since < DRIFT_REST) {
        diag(DIAG_ERROR, NULL, NULL,
             "%s: nothing is written: another gw-push wrote instance \"%s\" here, %.0f s ago", t->name,
             t->instance, now - d->left_alone_since);
        return EXIT_FINDINGS;
    }
    d->gives_way = false;
    diag(DIAG_WARNING, NULL, NULL, "%s: the other gw-push has rested for %d seconds; this one goes on",
         t->name, DRIFT_REST);
    return EXIT_OK;
}

int drift_look(struct drift *d, const struct target *t, const struct items *left, const struct items *found,
               double now)
{
    struct look l = {.target = t, .drift = d};
    int code = EXIT_OK;
    buf_init(&l.names, BUF_MAX_MESSAGE);
    compare(&l, left, found);
    if (d->gives_way) {
        if (l.n > 0)
            d->left_alone_since = now;
        code = drift_rest(d, t, now);
    } else if (l.most_rounds >= DRIFT_ROUNDS) {
        code = give_way(d, &l, now);
    } else if (l.n > 0) {
        diag(DIAG_WARNING, NULL, NULL,
             "%s: not as this gw-push left it: %s; does another gw-push write instance \"%s\" here?", t->name,
             l.names.p, t->instance);
    }
    forget(&d->fought);
    if (d->gives_way)
        forget(&l.now);
    else
        d->fought = l.now;
    buf_free(&l.names);
    return code;
}

void drift_release(struct drift *d)
{
    forget(&d->fought);
}

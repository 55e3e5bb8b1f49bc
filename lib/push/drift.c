#include "push/drift.h"

#include <math.h>
#include <stdlib.h>
#include <uthash.h>

#include "base/diag.h"
#include "json/digest.h"

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
    double at;          /* when it was found changed last */
    struct digest seen; /* what it was changed to; of nothing when it was gone */
    char key[];         /* "KIND/ID" */
};

/* One look. */
struct look {
    const struct target *target;
    struct drift *drift;
    struct fought *now; /* uthash */
    struct buf names;
    size_t n;
    int most_rounds;
    double at;
};

/* `found` is NULL when it is gone. What is changed to something else each time is a person at work. */
static void count(struct look *l, const struct item *item, const struct item *found)
{
    char *key = xasprintf("%s/%s", apisix_kind(item->kind)->name, item->id);
    struct fought *before, *f = xcalloc(1, sizeof *f + strlen(key) + 1);
    memcpy(f->key, key, strlen(key) + 1);
    HASH_FIND_STR(l->drift->fought, key, before);
    f->seen = digest_of(found ? found->text : "", found ? found->len : 0);
    bool is_again = before && l->at - before->at < DRIFT_MEMORY && digest_equal(before->seen, f->seen);
    f->rounds = 1 + (is_again ? before->rounds : 0);
    f->at = l->at;
    HASH_ADD_STR(l->now, key, f);
    l->most_rounds = f->rounds > l->most_rounds ? f->rounds : l->most_rounds;
    free(key);
}

static void add(struct look *l, const struct item *item, const struct item *found, const char *what)
{
    count(l, item, found);
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
            add(l, left->items[i], NULL, "is gone");
        else if (now && !is_same(l->target, left->items[i], now))
            add(l, left->items[i], now, "has changed");
    }
    for (size_t i = 0; i < found->n; i++)
        if (found->items[i]->owner && !find(left, found->items[i]))
            add(l, found->items[i], found->items[i], "is new");
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

static bool is_wary(const struct drift *d, double now)
{
    return d->resumed_at > 0 && now - d->resumed_at < DRIFT_REST_MOST;
}

/* The other may look once in ten minutes, and this one oftener. */
static void remember(struct look *l)
{
    struct fought *next, *there;
    for (struct fought *f = l->drift->fought; f; f = next) {
        next = f->hh.next;
        HASH_FIND_STR(l->now, f->key, there);
        if (there || l->at - f->at >= DRIFT_MEMORY)
            continue;
        HASH_DEL(l->drift->fought, f);
        HASH_ADD_STR(l->now, key, f);
    }
}

static int give_way(struct drift *d, const struct look *l, double now)
{
    d->rest = is_wary(d, now) ? fmin(2 * d->rest, DRIFT_REST_MOST) : DRIFT_REST;
    d->gives_way = true;
    d->left_alone_since = now;
    diag(DIAG_ERROR, NULL, NULL,
         "%s: another gw-push seems to write instance \"%s\" here, and wants something else: %s, %d times "
         "after this one had mended it; nothing is written until it has been left alone for %.0f seconds",
         l->target->name, l->target->instance, l->names.p, l->most_rounds, d->rest);
    return EXIT_FINDINGS;
}

int drift_rest(struct drift *d, const struct target *t, double now)
{
    if (!d->gives_way)
        return EXIT_OK;
    if (now - d->left_alone_since < d->rest) {
        diag(DIAG_ERROR, NULL, NULL,
             "%s: nothing is written: another gw-push wrote instance \"%s\" here, %.0f s ago", t->name,
             t->instance, now - d->left_alone_since);
        return EXIT_FINDINGS;
    }
    d->gives_way = false;
    d->resumed_at = now;
    diag(DIAG_WARNING, NULL, NULL, "%s: the other gw-push has rested for %.0f seconds; this one goes on",
         t->name, now - d->left_alone_since);
    return EXIT_OK;
}

int drift_look(struct drift *d, const struct target *t, const struct items *left, const struct items *found,
               double now)
{
    struct look l = {.target = t, .drift = d, .at = now};
    int code = EXIT_OK;
    buf_init(&l.names, BUF_MAX_MESSAGE);
    compare(&l, left, found);
    d->is_stirred = l.n > 0;
    if (d->gives_way) {
        if (l.n > 0)
            d->left_alone_since = now;
        forget(&l.now);
        buf_free(&l.names);
        return drift_rest(d, t, now);
    }
    if (l.most_rounds >= DRIFT_ROUNDS) {
        code = give_way(d, &l, now);
    } else if (l.n > 0) {
        diag(DIAG_WARNING, NULL, NULL,
             "%s: not as this gw-push left it: %s; does another gw-push write instance \"%s\" here?", t->name,
             l.names.p, t->instance);
    }
    remember(&l);
    forget(&d->fought);
    d->fought = l.now;
    buf_free(&l.names);
    return code;
}

bool drift_is_due(const struct drift *d, bool was_refused, double now)
{
    if (d->gives_way)
        return now - d->left_alone_since >= d->rest;
    return d->is_stirred && !was_refused;
}

void drift_release(struct drift *d)
{
    forget(&d->fought);
}

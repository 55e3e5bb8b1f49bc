/* The class of admin:URL: settings, and when to list what is live. */
#include <stdlib.h>
#include <time.h>

#include "apisix/mark.h"
#include "apisix/stored.h"
#include "push/admin.h"

double admin_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool is_old(const struct admin *a)
{
    return a->resync > 0 && admin_now() - a->listed_at >= a->resync;
}

static bool must_list(const struct admin *a)
{
    return !a->is_reliable || a->base.wants_fresh || a->drift.gives_way || a->drift.is_stirred || is_old(a);
}

static bool is_due(struct target *t, bool was_refused)
{
    const struct admin *a = (const struct admin *)t;
    return drift_is_due(&a->drift, was_refused, admin_now()) || (!was_refused && is_old(a));
}

static int read_live(struct target *t)
{
    struct admin *a = (struct admin *)t;
    struct items found = {0};
    double began_at = admin_now();
    a->is_listed = false;
    if (!must_list(a))
        return EXIT_OK;
    if (t->is_in_doubt && api_left_alone(&a->api, began_at))
        return EXIT_ENV;
    a->api.is_in_doubt = t->is_in_doubt;
    int code = admin_list(a, &found);
    a->api.is_in_doubt = false;
    api_note_silence(&a->api, t->is_in_doubt && code == EXIT_ENV, began_at, admin_now());
    if (code != EXIT_OK) {
        a->is_reliable = false;
        items_release(&found);
        return code;
    }
    items_sort(&found);
    marks_apply(&found);
    echoes_apply(&a->echoes, &found);
    code = a->is_reliable ? drift_look(&a->drift, t, &t->live.items, &found, admin_now())
                          : drift_rest(&a->drift, t, admin_now());
    items_release(&t->live.items);
    refusals_release(&a->refusals);
    t->live.items = found;
    a->is_listed = a->is_reliable = true;
    a->listed_at = admin_now();
    return code;
}

static void release(struct target *t)
{
    struct admin *a = (struct admin *)t;
    refusals_release(&a->refusals);
    drift_release(&a->drift);
    echoes_release(&a->echoes);
    api_close(&a->api);
}

static const struct target_class class = {
    .is_due = is_due,
    .read = read_live,
    .check = admin_check,
    .carry_out = admin_carry_out,
    .release = release,
};

struct target *admin_target_new(const char *url, const struct target_settings *s, char **why)
{
    struct admin *a = xcalloc(1, sizeof *a);
    if (!api_open(&a->api, url, s, why)) {
        free(a);
        return NULL;
    }
    a->base.class = &class;
    a->base.options.is_same = stored_same;
    a->base.options.beside = stored_beside;
    a->resync = s->resync;
    return &a->base;
}

/* The class of standalone:URL: settings, and whether what is remembered is still there. */
#include <stdlib.h>
#include <time.h>

#include "base/diag.h"
#include "push/standalone.h"

#define NOTHING_WRITTEN "nothing was written"

double standalone_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- reading ---- */

static int read_anew(struct standalone *s)
{
    struct document left = s->base.live;
    bool was_known = s->is_known, was_blank = s->base.is_blank;
    s->base.live = (struct document){0};
    int code = standalone_fetch(s, NOTHING_WRITTEN);
    if (code != EXIT_OK) {
        s->base.live = left;
        return code;
    }
    if (was_known && !was_blank && s->base.is_blank)
        diag(DIAG_WARNING, NULL, NULL, "%s: it has lost its document, by a restart most likely",
             s->base.name);
    else if (was_known)
        code = drift_look(&s->drift, &s->base, &left.items, &s->base.live.items, standalone_now());
    document_release(&left);
    return code;
}

static int read_what_changed(struct standalone *s)
{
    struct glimpse g = {0};
    int code = s->is_known ? standalone_look(s, &g, NOTHING_WRITTEN) : EXIT_OK;
    bool is_same = s->is_known && g.can_tell && str_same(g.digest, s->configs.digest);
    if (code == EXIT_OK)
        code = is_same ? drift_rest(&s->drift, &s->base, standalone_now()) : read_anew(s);
    free(g.digest);
    return code;
}

static int read_live(struct target *t)
{
    struct standalone *s = (struct standalone *)t;
    double began_at = standalone_now();
    if (t->is_in_doubt && api_left_alone(&s->api, began_at))
        return EXIT_ENV;
    s->api.is_in_doubt = t->is_in_doubt;
    int code = read_what_changed(s);
    s->api.is_in_doubt = false;
    api_note_silence(&s->api, t->is_in_doubt && code == EXIT_ENV, began_at, standalone_now());
    return code;
}

/* ---- the rest ---- */

/* It may have been restarted at any time. */
static bool is_due(const struct target *t, bool was_refused)
{
    return !was_refused ||
           drift_is_due(&((const struct standalone *)t)->drift, was_refused, standalone_now());
}

static int check(struct target *t, struct plan *p)
{
    char *why;
    int code = api_check(&((struct standalone *)t)->api, p, &why, NULL);
    if (why)
        diag(DIAG_ERROR, NULL, NULL, "%s: the objects cannot be checked: %s", t->name, why);
    free(why);
    return code;
}

static void release(struct target *t)
{
    struct standalone *s = (struct standalone *)t;
    configs_release(&s->configs);
    drift_release(&s->drift);
    api_close(&s->api);
    free(s->url);
    free(s->told);
}

static const struct target_class class = {
    .is_due = is_due,
    .read = read_live,
    .check = check,
    .carry_out = standalone_carry_out,
    .release = release,
};

struct target *standalone_target_new(const char *url, const struct target_settings *s, char **why)
{
    struct standalone *t = xcalloc(1, sizeof *t);
    if (!api_open(&t->api, url, s, why)) {
        free(t);
        return NULL;
    }
    t->base.class = &class;
    t->url = xasprintf("%s/configs", t->api.root);
    t->max_document = s->max_document;
    return &t->base;
}

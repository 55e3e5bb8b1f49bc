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
    if (s->base.is_blank)
        s->max_document = s->max_setting; /* it may have been restarted with more memory */
    if (left.items.n > 0 && s->base.is_blank)
        target_note_loss(&s->base, &left.items);
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
    int code = standalone_look(s, &g, NOTHING_WRITTEN); /* also whether it answers at all */
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
    bool is_silent = code == EXIT_ENV && (t->is_in_doubt || s->n_hung > 0);
    api_note_silence(&s->api, is_silent, began_at, standalone_now());
    return code;
}

/* ---- the rest ---- */

#define LOOK_COUNTS 1.0 /* seconds; it is asked several times a look */

/* Whether it has lost the document that it is known to have had. */
static bool is_emptied(struct standalone *s)
{
    double now = standalone_now();
    struct glimpse g;
    if (!s->is_known || !s->configs.digest || api_left_alone(&s->api, now))
        return false;
    if (s->look.at > 0 && now - s->look.at < LOOK_COUNTS)
        return s->look.found_none;
    s->api.is_in_doubt = true;
    int code = standalone_look(s, &g, NOTHING_WRITTEN);
    s->api.is_in_doubt = false;
    s->look.at = standalone_now();
    s->look.found_none = code == EXIT_OK && g.can_tell && !g.digest;
    api_note_silence(&s->api, code == EXIT_ENV, now, s->look.at);
    free(g.digest);
    return s->look.found_none;
}

/* It may have been restarted at any time, when nothing may be written to it as well. */
static bool is_due(struct target *t, bool was_refused)
{
    struct standalone *s = (struct standalone *)t;
    return !was_refused || drift_is_due(&s->drift, was_refused, standalone_now()) || is_emptied(s);
}

static int check(struct target *t, struct plan *p)
{
    char *why;
    struct api *api = &((struct standalone *)t)->api;
    api->is_in_doubt = t->is_unfinished;
    int code = api_check(api, p, &why, NULL);
    api->is_in_doubt = false;
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
    t->max_document = t->max_setting = s->max_document;
    return &t->base;
}

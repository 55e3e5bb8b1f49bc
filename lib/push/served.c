#include "push/served.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/diag.h"
#include "base/proc.h"
#include "push/admin_url.h"
#include "push/target.h"

#define PAUSE_FIRST  0.02 /* seconds; workers follow etcd in less */
#define PAUSE_MOST   1.0
#define PAUSE_GROWTH 1.6
#define ANSWER_MOST  10.0 /* seconds for one answer: what is lost is asked again */

struct served {
    struct http *http;
    struct control *controls;
    size_t n;
    const char **owners; /* sorted: whose objects are owed; the texts are the items' */
    size_t n_owners;
};

/* ---- settings ---- */

static char *take_urls(struct served *s, const char *const *urls, size_t n)
{
    s->controls = xcalloc(n, sizeof *s->controls);
    for (size_t i = 0; i < n; i++) {
        const char *problem = url_problem(urls[i]);
        size_t len = strlen(urls[i]);
        if (problem)
            return target_complaint(urls[i], problem);
        while (urls[i][len - 1] == '/')
            len--;
        s->controls[s->n++].url = xstrndup(urls[i], len);
    }
    return NULL;
}

struct served *served_new(const char *const *urls, size_t n, const struct http_settings *settings, char **why)
{
    struct served *s = xcalloc(1, sizeof *s);
    struct http_settings own = *settings;
    own.is_fresh = true;
    own.max_response = CONTROL_LARGEST;
    own.concurrency = (int)n * 2 + CONTROL_ANSWERS; /* one that hangs is in nobody's way */
    *why = take_urls(s, urls, n);
    s->http = *why ? NULL : http_new(&own, why);
    if (s->http)
        return s;
    served_free(s);
    return NULL;
}

void served_free(struct served *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        control_release(&s->controls[i]);
    http_free(s->http);
    free(s->controls);
    free(s->owners);
    free(s);
}

/* ---- what is owed ---- */

static size_t count_owed(const struct served *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += s->controls[i].owed.n;
    return n;
}

static size_t count_new(const struct served *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += control_new(&s->controls[i]);
    return n;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void note_owners(struct served *s)
{
    s->owners = xreallocarray(s->owners, count_owed(s) + 1, sizeof *s->owners);
    s->n_owners = 0;
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < s->controls[i].owed.n; k++)
            if (s->controls[i].owed.items[k].item->owner)
                s->owners[s->n_owners++] = s->controls[i].owed.items[k].item->owner;
    qsort(s->owners, s->n_owners, sizeof *s->owners, by_text);
}

bool served_owes(const struct served *s, const char *owner)
{
    return s->n_owners > 0 && bsearch(&owner, s->owners, s->n_owners, sizeof *s->owners, by_text);
}

/* ---- the wait ---- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void nap(double seconds)
{
    struct timespec t = {(time_t)seconds, (long)(fmod(seconds, 1) * 1e9)};
    nanosleep(&t, NULL);
}

static void show_progress(size_t n, size_t left, const char *target)
{
    char *text = xasprintf("%s: served: %zu of %zu", target, n - left, n);
    diag_status(text);
    free(text);
}

/*
 * A look that keeps workers busy for long is followed by as long a pause. The last pauses are short: what is
 * served at the last moment is served in time.
 */
static void look_until(struct served *s, double over, const char *target)
{
    double pause = PAUSE_FIRST, left = over - now();
    size_t n = count_new(s), missing;
    do {
        double before = left;
        control_look(s->http, s->controls, s->n, fmin(left, ANSWER_MOST));
        missing = count_new(s);
        left = over - now();
        if (missing == 0 || left <= PAUSE_FIRST)
            break;
        show_progress(n, missing, target);
        nap(fmin(fmax(pause, before - left), left / 2));
        pause = fmin(pause * PAUSE_GROWTH, PAUSE_MOST);
        left = over - now();
    } while (left > 0);
    diag_status(NULL);
}

static void tell(const struct served *s, int seconds, const char *target)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct control *c = &s->controls[i];
        if (control_new(c) > 0)
            diag(DIAG_ERROR, NULL, NULL, "%s: not served after %d s: %s: %s (objects that are not: %zu)",
                 target, seconds, c->url, c->why ? c->why : "its answers differ", control_new(c));
    }
}

int served_wait(struct served *s, const struct plan *p, const struct items *all, int seconds,
                const char *target)
{
    for (size_t i = 0; i < s->n; i++)
        control_take(&s->controls[i], p, all);
    if (count_owed(s) > 0)
        look_until(s, now() + seconds, target);
    tell(s, seconds, target);
    note_owners(s);
    return count_owed(s) > 0 ? EXIT_ENV : EXIT_OK;
}

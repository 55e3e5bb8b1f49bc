#include "push/session.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "base/diag.h"
#include "base/proc.h"
#include "net/safe_file.h"
#include "rec/loop.h"

#define PLAIN_SYNC "{\"type\":\"SYNC\"}\n"

void session_init(struct session *s, const struct push_options *o, struct target *const *targets, size_t n,
                  const struct target_settings *for_proxies)
{
    *s = (struct session){.options = *o,
                          .n_places = n,
                          .n_given = n,
                          .given = targets,
                          .proxies.settings = for_proxies,
                          .takes_proxies = for_proxies != NULL,
                          .passes_syncs = true};
    s->places = xcalloc(n + 1, sizeof *s->places);
    planes_init(&s->planes, o->instance, targets, n);
    for (size_t i = 0; i < n; i++) {
        place_init(&s->places[i], targets[i], planes_wanted(&s->planes, targets[i]->plane), &s->options);
        if (targets[i]->takes_stdout)
            s->passes_syncs = false;
    }
    s->planes.is_open = s->takes_proxies;
    s->passes_records = s->passes_syncs && !o->dry_run;
}

static bool is_given(const struct session *s, const char *plane)
{
    for (size_t i = 0; i < s->n_given; i++)
        if (str_eq(s->given[i]->plane, plane))
            return true;
    return false;
}

/* Where a data plane is comes before what is for it: gw-resolve-refs has GatewayProxies first. */
static void listen(struct session *s, const struct rec *r)
{
    proxies_take(&s->proxies, r);
    for (struct jx_iter it = jx_iter(rec_get(r, "planes")); jx_next(&it);)
        if (is_plane_name(it.key, it.key_len))
            planes_add(&s->planes, it.key)->has_target =
                is_given(s, it.key) || proxies_name(&s->proxies, it.key);
}

static void take_object(struct session *s, struct rec *r)
{
    struct findings fs;
    findings_init(&fs);
    if (s->takes_proxies)
        listen(s, r);
    const struct owner *o = planes_take(&s->planes, r, &fs);
    if (fs.errors > 0)
        s->code = worse(s->code, EXIT_FINDINGS);
    rec_add_findings(r, &fs, true);
    findings_release(&fs);
    s->n_unsynced++;
    if (s->passes_records)
        s->code = worse(s->code, stash_add(&s->stash, r, o));
}

/* ---- SYNC ---- */

/* Of the data plane without a name, which knows all owners. */
static struct wanted *first_wanted(const struct session *s)
{
    return &s->planes.items[0]->wanted;
}

static void warn_of_gaps(const struct session *s)
{
    for (size_t i = 0; i < s->n_places; i++)
        diag(DIAG_WARNING, NULL, NULL,
             "%s: nothing is pruned at this SYNC: records of its cut could not be used, so what it does not "
             "name may still exist",
             s->places[i].target->name);
}

static size_t place_of(const struct session *s, const struct target *t)
{
    for (size_t i = 0; i < s->n_places; i++)
        if (s->places[i].target == t)
            return i;
    return SIZE_MAX;
}

static void forget_rivals(struct session *s)
{
    for (size_t i = 0; i < s->n_places; i++) {
        free(s->places[i].rivals.items);
        s->places[i].rivals.items = NULL;
        s->places[i].rivals.n = s->places[i].rivals.cap = 0;
    }
}

/* Places for the targets that there are now; one that stays keeps what it knows. */
static void arrange_places(struct session *s)
{
    forget_rivals(s);
    size_t n = s->n_given + s->proxies.open.n, *from = xcalloc(n + 1, sizeof *from);
    struct place *places = xcalloc(n + 1, sizeof *places);
    for (size_t i = 0; i < n; i++) {
        struct target *t = i < s->n_given ? s->given[i] : s->proxies.open.items[i - s->n_given].target;
        from[i] = place_of(s, t);
        if (from[i] != SIZE_MAX) {
            places[i] = s->places[from[i]];
            continue;
        }
        place_init(&places[i], t, &planes_add(&s->planes, t->plane)->wanted, &s->options);
        places[i].owes_prune = s->knows_world && !planes_have_gaps(&s->planes);
    }
    stash_move_places(&s->stash, from, n);
    free(s->places);
    free(from);
    s->places = places;
    s->n_places = n;
}

/* Instances come and go, and keys change; a data plane that is gone serves on, and nobody may have meant
 * that. */
static void tell_closed(const struct session *s, const struct proxy_target *closed)
{
    const struct target *t = closed->target;
    bool has_plane = false, has_name = closed->is_emptied;
    for (size_t i = 0; i < s->proxies.open.n; i++) {
        const struct proxy_target *open = &s->proxies.open.items[i];
        has_plane |= str_eq(open->plane, t->plane);
        has_name |= str_eq(open->name, t->name);
    }
    if (!has_name)
        diag(has_plane ? DIAG_INFO : DIAG_WARNING, NULL, NULL,
             "%s: no GatewayProxy in use names it any more; what it holds is left as it is", t->name);
}

static bool is_served(const struct session *s, const char *plane)
{
    for (size_t i = 0; i < s->proxies.open.n; i++)
        if (!s->proxies.open.items[i].is_idle && str_eq(s->proxies.open.items[i].plane, plane))
            return true;
    return is_given(s, plane);
}

/*
 * When Gateways go over to another GatewayProxy that names the same server in other words, what they have
 * there is given up and wanted at once.
 */
static void note_newcomers(struct session *s)
{
    s->n_settled++;
    for (size_t i = 0; i < s->planes.n; i++) {
        struct plane_wishes *p = s->planes.items[i];
        bool was_served = p->is_served;
        p->is_served = is_served(s, p->name);
        if (p->is_served && !was_served)
            p->since = s->n_settled;
    }
    for (size_t i = 0; i < s->proxies.open.n; i++) {
        const struct proxy_target *t = &s->proxies.open.items[i];
        struct place *p = &s->places[place_of(s, t->target)];
        if (!t->is_idle)
            p->newcomers.planes = NULL;
        else if (!p->newcomers.planes)
            p->newcomers = (struct newcomers){&s->planes, s->n_settled};
    }
}

static void note_rivals(struct session *s)
{
    forget_rivals(s);
    for (size_t k = 0; k < s->proxies.contests.n; k++) {
        const struct contest *c = &s->proxies.contests.items[k];
        for (size_t i = 0; i < s->n_places; i++) {
            struct place *p = &s->places[i];
            if (!str_eq(p->target->address, c->address))
                continue;
            VEC_GROW(&p->rivals);
            p->rivals.items[p->rivals.n++] = &planes_add(&s->planes, c->plane)->wanted;
        }
    }
}

static void settle_proxies(struct session *s, bool full)
{
    struct proxy_targets closed;
    if (!s->takes_proxies)
        return;
    if (proxies_settle(&s->proxies, first_wanted(s), full, s->given, s->n_given, &closed, &s->code))
        arrange_places(s);
    note_newcomers(s);
    note_rivals(s);
    for (size_t i = 0; i < closed.n; i++)
        tell_closed(s, &closed.items[i]);
    proxy_targets_release(&closed);
}

/* The places that are to be served, for the threads to take their next from. */
struct errands {
    struct place **items;
    size_t n;
    atomic_size_t next;
    bool full, knows_all;
};

static void run(struct errands *e)
{
    for (size_t i; (i = atomic_fetch_add(&e->next, 1)) < e->n;)
        place_serve(e->items[i], e->full, e->knows_all);
}

static void *run_thread(void *errands)
{
    run(errands);
    jx_thread_end();
    return NULL;
}

/* What is wanted is only read by them, since the claims are up to date. This thread does its part. */
static void run_all(struct errands *e)
{
    pthread_t threads[SESSION_THREADS - 1];
    size_t n = 0;
    while (n < N_ELEMS(threads) && n + 1 < e->n && pthread_create(&threads[n], NULL, run_thread, e) == 0)
        n++;
    run(e);
    while (n > 0)
        pthread_join(threads[--n], NULL);
}

/* A dry run goes by turns: what it prints has an order. */
static void serve(struct session *s, bool full, bool knows_all, bool is_look)
{
    struct errands e = {
        .items = xcalloc(s->n_places, sizeof(struct place *)), .full = full, .knows_all = knows_all};
    planes_claims(&s->planes);
    for (size_t i = 0; i < s->n_places; i++)
        if (!is_look || place_joins_look(&s->places[i])) {
            s->places[i].is_joining = is_look && !place_is_due(&s->places[i]);
            e.items[e.n++] = &s->places[i];
        }
    if (s->options.dry_run)
        run(&e);
    else
        run_all(&e);
    free(e.items);
}

static bool has_changed(const struct plan *p)
{
    return p->n_created + p->n_updated + p->n_deleted > 0;
}

/* Messages name the target; whose it is says where to mend it. */
static void tell_owners(struct session *s)
{
    for (size_t i = 0; i < s->proxies.open.n; i++) {
        struct proxy_target *t = &s->proxies.open.items[i];
        bool is_bad = s->places[place_of(s, t->target)].outcome != OUTCOME_DONE;
        if (is_bad && !t->is_told)
            diag(DIAG_ERROR, NULL, NULL, "%s: nothing was written to its control plane %s, see above",
                 t->owner, t->target->name);
        t->is_told = is_bad;
    }
}

/* A look that finds nothing to do is not worth a line every ten seconds. */
static void report(struct session *s, bool is_look)
{
    for (size_t i = 0; i < s->n_places; i++) {
        const struct place *p = &s->places[i];
        s->code = worse(s->code, p->code);
        complaints_add(&s->complaints, &p->plan, first_wanted(s), s->n_places > 1 ? p->target->name : NULL);
    }
    tell_owners(s);
    complaints_sort(&s->complaints);
    s->code = worse(s->code, stash_emit(&s->stash, first_wanted(s), s->places, s->n_places, &s->complaints));
    complaints_tell(&s->complaints);
    for (size_t i = 0; i < s->n_places; i++)
        if (!is_look || (s->places[i].outcome == OUTCOME_DONE && has_changed(&s->places[i].plan)))
            place_tell_summary(&s->places[i]);
}

/* What cannot be read is replaced all the same. */
static void take_over_metrics(const struct session *s, const struct safe_file *file)
{
    struct buf text;
    struct timespec now;
    bool lacks_any = false;
    for (size_t i = 0; i < s->n_places; i++)
        lacks_any |= s->places[i].metrics.succeeded_at == 0;
    if (!lacks_any)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    buf_init(&text, BUF_MAX_OUTPUT);
    if (!safe_file_read(file, &text))
        for (size_t i = 0; i < s->n_places; i++)
            metrics_take_over(&s->places[i].metrics, text.p, text.len,
                              (double)now.tv_sec + (double)now.tv_nsec / 1e9);
    buf_free(&text);
}

static const char *replace_metrics(const struct session *s, const struct safe_file *file)
{
    struct file_stamp stamp;
    struct buf text;
    const struct metrics **list = xcalloc(s->n_places, sizeof *list);
    for (size_t i = 0; i < s->n_places; i++)
        list[i] = &s->places[i].metrics;
    buf_init(&text, BUF_MAX_OUTPUT);
    metrics_render(&text, list, s->n_places);
    const char *why = safe_file_replace(file, text.p, text.len, &stamp);
    buf_free(&text);
    free(list);
    return why;
}

/* Returns an exit code. */
static int write_metrics(const struct session *s)
{
    struct safe_file file;
    const char *why = safe_file_open(&file, s->options.metrics_file);
    file.new_mode = 0644; /* for a collector of another user; there is nothing to hide */
    if (!why) {
        take_over_metrics(s, &file);
        why = replace_metrics(s, &file);
    }
    if (why)
        diag(DIAG_ERROR, NULL, NULL, "--metrics-file: %s: %s", s->options.metrics_file, why);
    safe_file_close(&file);
    return why ? EXIT_ENV : EXIT_OK;
}

static bool has_remains(const struct session *s, const struct wanted *w, const struct owner *o)
{
    for (size_t i = 0; i < s->n_places; i++)
        if (s->places[i].wanted == w &&
            (plan_tally(&s->places[i].plan, o).has_remains || place_owes(&s->places[i], o)))
            return true;
    return false;
}

static bool is_empty(const struct place *p)
{
    const struct items *live = &p->target->live.items;
    if (p->outcome != OUTCOME_DONE || p->plan.n_failed > 0)
        return false;
    for (size_t i = 0; i < live->n; i++)
        if (live->items[i]->owner && !newcomers_want(&p->newcomers, live->items[i]))
            return false; /* that of a held owner, say */
    return true;
}

/* Idle targets that have nothing left are closed at the next SYNC. */
static void note_emptied(struct session *s)
{
    for (size_t i = 0; i < s->proxies.open.n; i++) {
        struct proxy_target *t = &s->proxies.open.items[i];
        const struct place *p = &s->places[place_of(s, t->target)];
        t->is_emptied = t->is_idle && is_empty(p);
        s->proxies.is_stale |= t->is_emptied;
    }
}

/*
 * Owners that are gone are remembered for as long as a target has not heard of it; by the first data plane
 * for as long as any is.
 */
static void note_remains(struct session *s)
{
    for (size_t i = 0; i < s->planes.n; i++) {
        struct wanted *w = &s->planes.items[i]->wanted;
        for (struct owner *o = w->n_gone > 0 ? w->owners : NULL; o; o = o->hh.next) {
            o->has_remains = o->is_gone && has_remains(s, w, o);
            struct owner *known = i > 0 && o->has_remains ? wanted_twin(first_wanted(s), o) : NULL;
            if (known)
                known->has_remains = true;
        }
    }
}

static void settle(struct session *s)
{
    bool is_done = !s->options.dry_run;
    note_emptied(s);
    for (size_t i = 0; i < s->n_places; i++)
        is_done = is_done && s->places[i].outcome == OUTCOME_DONE;
    note_remains(s);
    for (size_t i = 0; i < s->n_places; i++)
        place_rest(&s->places[i]);
    for (size_t i = 0; is_done && i < s->planes.n; i++)
        wanted_settle(&s->planes.items[i]->wanted);
}

static void take_sync(struct session *s, const struct rec *r)
{
    if (r->full && planes_have_gaps(&s->planes))
        warn_of_gaps(s);
    bool knows_all = planes_sync(&s->planes, r->full);
    s->knows_world = r->full ? knows_all : s->knows_world;
    settle_proxies(s, r->full);
    serve(s, r->full, knows_all, false);
    report(s, false);
    if (s->options.metrics_file && !s->options.dry_run)
        s->code = worse(s->code, write_metrics(s));
    settle(s);
    s->n_unsynced = 0;
    s->has_synced = true;
    if (s->passes_syncs)
        s->code = worse(s->code, rec_write(r));
}

/* ---- silence ---- */

static bool wants_look(const struct session *s)
{
    for (size_t i = 0; i < s->n_places; i++)
        if (place_is_due(&s->places[i]))
            return true;
    return false;
}

void session_look(struct session *s)
{
    size_t n_written = s->stash.n_written;
    if (!s->has_synced || s->n_unsynced > 0 || s->options.dry_run || !wants_look(s))
        return;
    serve(s, false, false, true);
    report(s, true);
    if (s->options.metrics_file)
        s->code = worse(s->code, write_metrics(s));
    settle(s);
    if (s->passes_syncs && s->stash.n_written > n_written)
        out_write(PLAIN_SYNC, strlen(PLAIN_SYNC));
}

void session_take(struct session *s, struct rec *r)
{
    switch (r->type) {
    case REC_SYNC: take_sync(s, r); break;
    case REC_OTHER:
        if (s->passes_records)
            s->code = worse(s->code, stash_add(&s->stash, r, NULL));
        break;
    default: take_object(s, r);
    }
}

int session_finish(struct session *s)
{
    if (s->n_unsynced > 0) {
        diag(DIAG_ERROR, NULL, NULL,
             "the stream ended without a SYNC: nothing was done for what came after the last one (records: "
             "%zu)",
             s->n_unsynced);
        s->code = worse(s->code, EXIT_STREAM);
    } else if (!s->has_synced) {
        diag(DIAG_ERROR, NULL, NULL, "the stream ended before its first SYNC: nothing was done");
        s->code = worse(s->code, EXIT_STREAM);
    }
    stash_release(&s->stash);
    complaints_release(&s->complaints);
    planes_release(&s->planes);
    proxies_release(&s->proxies);
    forget_rivals(s);
    free(s->places);
    return s->code;
}

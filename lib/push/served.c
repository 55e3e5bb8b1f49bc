#include "push/served.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <uthash.h>

#include "apisix/loaded.h"
#include "base/diag.h"
#include "push/admin_url.h"

enum {
    FEW = 4, /* objects of a kind that are asked for one by one: the gateway walks all of them each time */
    KEY_MAX = 300,
};

/* The kinds that the Control API shows. */
static const struct {
    enum apisix_kind kind;
    const char *one, *all;
} shown[] = {
    {AK_UPSTREAMS, "upstream", "upstreams"},
    {AK_SERVICES, "service", "services"},
    {AK_ROUTES, "route", "routes"},
};

/* An object that must be there, or gone. Texts outlive a SYNC; values are of the thread that waits. */
struct expected {
    UT_hash_handle hh;
    size_t kind;             /* in `shown` */
    struct item *item, *was; /* item NULL: gone; was NULL: there was none */
    jv wanted, old;
    unsigned seen; /* the question whose answer showed it last */
    const char *id;
    char key[]; /* "KIND/ID" */
};

struct gateway {
    const char *url; /* owned */
    int n_rounds;    /* good ones in a row */
    bool is_good;    /* this round, so far */
    char *why;       /* what was wrong last; owned */
};

struct served {
    struct http *http;
    struct gateway *gateways;
    size_t n_gateways;
    struct expected *expected; /* uthash */
    unsigned n_questions;
};

/* One request: about all of a kind, or one object. */
struct question {
    struct served *s;
    struct gateway *gateway;
    size_t kind;
    struct expected *one; /* NULL: all */
    unsigned number;
};

struct served *served_new(const char *const *urls, size_t n, const struct http_settings *settings, char **why)
{
    for (size_t i = 0; i < n; i++) {
        const char *problem = url_problem(urls[i]);
        if (problem) {
            *why = xasprintf("\"%s\" %s", urls[i], problem);
            return NULL;
        }
    }
    struct http *http = http_new(settings, why);
    if (!http)
        return NULL;
    struct served *s = xcalloc(1, sizeof *s);
    s->http = http;
    s->gateways = xcalloc(n, sizeof *s->gateways);
    s->n_gateways = n;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(urls[i]);
        while (len > 0 && urls[i][len - 1] == '/')
            len--;
        s->gateways[i].url = xstrndup(urls[i], len);
    }
    return s;
}

static void drop(struct served *s, struct expected *e)
{
    HASH_DEL(s->expected, e);
    item_unref(e->item);
    item_unref(e->was);
    free(e);
}

static void drop_all(struct served *s)
{
    while (s->expected)
        drop(s, s->expected);
}

void served_free(struct served *s)
{
    if (!s)
        return;
    drop_all(s);
    for (size_t i = 0; i < s->n_gateways; i++) {
        free((char *)s->gateways[i].url);
        free(s->gateways[i].why);
    }
    free(s->gateways);
    http_free(s->http);
    free(s);
}

/* ---- what must be served ---- */

static struct expected *find(struct served *s, size_t kind, const char *id)
{
    char key[KEY_MAX];
    struct expected *e;
    snprintf(key, sizeof key, "%s/%s", shown[kind].one, id);
    HASH_FIND_STR(s->expected, key, e);
    return e;
}

static struct expected *find_or_add(struct served *s, size_t kind, const char *id)
{
    struct expected *e = find(s, kind, id);
    if (e)
        return e;
    size_t n = strlen(shown[kind].one) + 1 + strlen(id) + 1;
    e = xcalloc(1, sizeof *e + n);
    snprintf(e->key, n, "%s/%s", shown[kind].one, id);
    e->id = e->key + strlen(shown[kind].one) + 1;
    e->kind = kind;
    HASH_ADD_STR(s->expected, key, e);
    return e;
}

/* What was there before a first write is what may still be there after a second. */
static void expect(struct served *s, const struct op *op)
{
    size_t kind = 0;
    while (kind < N_ELEMS(shown) && shown[kind].kind != op->item->kind)
        kind++;
    if (kind == N_ELEMS(shown) || op->state != OP_DONE || !is_admin_id(op->item->id) ||
        strlen(op->item->id) + 20 > KEY_MAX)
        return;
    struct expected *e = find_or_add(s, kind, op->item->id);
    struct item *before = e->item ? e->item : op->was;
    if (before)
        item_ref(before);
    item_unref(e->was);
    e->was = before;
    item_unref(e->item);
    e->item = op->type == OP_DELETE ? NULL : item_ref(op->item);
}

static jv value_of(const struct item *item)
{
    const char *why;
    return item ? jx_parse(item->text, item->len, &why) : JX_NONE;
}

static void forget_values(struct served *s)
{
    for (struct expected *e = s->expected; e; e = e->hh.next) {
        jb_free(e->wanted);
        jb_free(e->old);
        e->wanted = e->old = JX_NONE;
    }
}

/* ---- asking ---- */

static void doubt(struct gateway *g, char *owned_why)
{
    g->is_good = false;
    free(g->why);
    g->why = owned_why;
}

static const char *const states[] = {"is not there", "is as it was before", "is still there"};

static void compare(const struct question *q, struct expected *e, jv live)
{
    e->seen = q->number;
    if (!e->item)
        doubt(q->gateway, xasprintf("%s \"%s\" %s", shown[e->kind].one, e->id, states[2]));
    else if (!loaded_is(e->wanted, e->old, live))
        doubt(q->gateway, xasprintf("%s \"%s\" %s", shown[e->kind].one, e->id, states[1]));
}

static void compare_all(const struct question *q, jv list)
{
    for (int i = 0; i < jx_len(list); i++) {
        char room[64];
        jv live = jx_get(jx_at(list, i), "value");
        struct expected *e = find(q->s, q->kind, item_id_of(shown[q->kind].kind, live, room, sizeof room));
        if (e)
            compare(q, e, live);
    }
}

/* Whoever must be there and was not in the answer. */
static void miss(const struct question *q, const struct expected *e)
{
    if (e->kind == q->kind && e->item && e->seen != q->number)
        doubt(q->gateway, xasprintf("%s \"%s\" %s", shown[e->kind].one, e->id, states[0]));
}

static void take_answer(const struct question *q, const struct http_response *r)
{
    const char *why;
    jv answer = r->status == 200 ? jx_parse(r->body, r->len, &why) : JX_NONE;
    bool is_gone = q->one && r->status == 404;
    if (!is_gone && !jx_is_arr(answer) && !jx_is_obj(answer)) {
        doubt(q->gateway, r->status == 0     ? xasprintf("the Control API does not answer: %s", r->why)
                          : r->status == 200 ? xstrdup("the Control API answers with what is no JSON")
                                             : xasprintf("the Control API answers %d", r->status));
    } else if (q->one) {
        if (!is_gone)
            compare(q, q->one, jx_get(answer, "value"));
        miss(q, q->one);
    } else {
        compare_all(q, answer);
        for (struct expected *e = q->s->expected; e; e = e->hh.next)
            miss(q, e);
    }
    jb_free(answer);
}

static void answered(void *ctx, const struct http_response *r)
{
    struct question *q = ctx;
    take_answer(q, r);
    free(q);
}

static void ask(struct served *s, struct gateway *g, size_t kind, struct expected *one)
{
    static const char *const headers[] = {"Connection: close", NULL};
    struct question *q = xcalloc(1, sizeof *q);
    *q = (struct question){.s = s, .gateway = g, .kind = kind, .one = one, .number = ++s->n_questions};
    char *url = one ? xasprintf("%s/v1/%s/%s", g->url, shown[kind].one, one->id)
                    : xasprintf("%s/v1/%s", g->url, shown[kind].all);
    http_add(s->http, &(struct http_request){
                          .method = "GET", .url = url, .headers = headers, .done = answered, .ctx = q});
    free(url);
}

static void ask_gateway(struct served *s, struct gateway *g)
{
    size_t n[N_ELEMS(shown)] = {0};
    g->is_good = true;
    for (struct expected *e = s->expected; e; e = e->hh.next)
        n[e->kind]++;
    for (struct expected *e = s->expected; e; e = e->hh.next)
        if (n[e->kind] <= FEW)
            ask(s, g, e->kind, e);
    for (size_t kind = 0; kind < N_ELEMS(shown); kind++)
        if (n[kind] > FEW)
            ask(s, g, kind, NULL);
}

/* Asks those that are not believed yet; whether all are. */
static bool round_is_last(struct served *s, bool *is_good)
{
    bool is_last = true;
    *is_good = true;
    for (size_t i = 0; i < s->n_gateways; i++)
        if (s->gateways[i].n_rounds < SERVED_ROUNDS)
            ask_gateway(s, &s->gateways[i]);
    http_run(s->http);
    for (size_t i = 0; i < s->n_gateways; i++) {
        struct gateway *g = &s->gateways[i];
        if (g->n_rounds < SERVED_ROUNDS)
            g->n_rounds = g->is_good ? g->n_rounds + 1 : 0;
        *is_good &= g->is_good;
        is_last &= g->n_rounds >= SERVED_ROUNDS;
    }
    return is_last;
}

/* ---- waiting ---- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pause_for(double seconds)
{
    struct timespec t = {.tv_sec = (time_t)seconds,
                         .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&t, NULL);
}

static bool all_serve(struct served *s, int seconds)
{
    double over = now() + seconds, wait = 0.02;
    bool is_good, is_last = false;
    for (size_t i = 0; i < s->n_gateways; i++)
        s->gateways[i].n_rounds = 0;
    while (!is_last) {
        is_last = round_is_last(s, &is_good);
        if (!is_last && now() >= over)
            return false;
        if (!is_good)
            pause_for(wait);
        wait = is_good || wait > 0.5 ? wait : wait * 1.5;
    }
    return true;
}

static void tell(const struct served *s, int seconds, const char *target)
{
    for (size_t i = 0; i < s->n_gateways; i++)
        if (s->gateways[i].n_rounds < SERVED_ROUNDS)
            diag(DIAG_ERROR, NULL, NULL, "%s: not served after %d s: %s: %s", target, seconds,
                 s->gateways[i].url,
                 s->gateways[i].why ? s->gateways[i].why : "there was no time to ask again");
}

int served_wait(struct served *s, const struct plan *p, int seconds, const char *target)
{
    struct expected *e;
    for (size_t i = 0; i < p->ops.n; i++)
        expect(s, &p->ops.items[i]);
    if (!s->expected)
        return EXIT_OK;
    for (e = s->expected; e; e = e->hh.next) {
        e->wanted = value_of(e->item);
        e->old = value_of(e->was);
    }
    bool is_served = all_serve(s, seconds);
    if (!is_served)
        tell(s, seconds, target);
    forget_values(s);
    if (is_served)
        drop_all(s);
    return is_served ? EXIT_OK : EXIT_ENV;
}

#include "net/calls.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Seconds between tries: doubled each time, and up to half less, so that two of us do not march in step. */
#define PAUSE_FIRST 0.1
#define PAUSE_MOST  5.0
#define WISH_MOST   30.0

struct call *calls_add(struct calls *c, const char *method, char *url)
{
    VEC_GROW(c);
    struct call *call = &c->items[c->n++];
    *call = (struct call){.method = method, .url = url};
    return call;
}

void calls_release(struct calls *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->items[i].url);
        free(c->items[i].why);
    }
    free(c->items);
    c->items = NULL;
    c->n = c->cap = 0;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Every connection may be one that the server has closed; what fails after that, fails because of it. */
static bool is_nobody_there(const struct calls *c)
{
    return c->unanswered >= 2 * (size_t)c->concurrency;
}

static void send_next(struct calls *c);

static void note_wish(struct calls *c, const struct http_response *r)
{
    const char *text = r->status == 429 || r->status == 503 ? http_response_header(r, "Retry-After") : NULL;
    double wish = text ? strtod(text, NULL) : 0;
    if (wish > c->wish && wish <= WISH_MOST)
        c->wish = wish;
}

static void on_answer(void *ctx, const struct http_response *r)
{
    struct call *call = ctx;
    struct calls *c = call->batch;
    call->tries++;
    call->seconds = r->seconds;
    c->unanswered = r->status == 0 ? c->unanswered + 1 : 0;
    c->n_answers += r->status != 0;
    note_wish(c, r);
    call->is_settled = c->answered(c->ctx, call, r);
    call->is_hung = c->seconds > 0 && r->status == 0 && r->seconds >= c->seconds;
    if (!call->is_settled && call->failed_since == 0)
        call->failed_since =
            now() - (r->status == 0 ? r->seconds : 0); /* what hung has taken its time already */
    send_next(c);
}

static void send_next(struct calls *c)
{
    while (c->next < c->n && (c->items[c->next].is_settled || c->items[c->next].is_hung))
        c->next++;
    if (c->next == c->n || c->is_over || is_nobody_there(c))
        return;
    struct call *call = &c->items[c->next++];
    call->batch = c;
    http_add(c->http, &(struct http_request){
                          .method = call->method,
                          .url = call->url,
                          .headers = c->headers,
                          .body = call->body,
                          .len = call->len,
                          .max_response = c->max_response,
                          .seconds = c->seconds,
                          .done = on_answer,
                          .ctx = call,
                      });
}

/* Each unsettled call once. */
static void run_round(struct calls *c)
{
    c->next = c->unanswered = 0;
    c->wish = 0;
    for (int i = 0; i < c->concurrency; i++)
        send_next(c);
    http_run(c->http);
}

/* The pause before the next round, negative when there is nothing to wait for. */
static double pause_before(const struct calls *c)
{
    double since = 0;
    int tries = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct call *call = &c->items[i];
        if (call->is_settled || call->is_hung || call->tries == 0)
            continue;
        tries = call->tries > tries ? call->tries : tries;
        since = call->failed_since > since ? call->failed_since : since;
    }
    double pause = fmin(PAUSE_FIRST * pow(2, fmin(tries, 20) - 1), PAUSE_MOST);
    pause *= 0.5 + (double)(random() % 1000) / 2000;
    pause = fmax(pause, c->wish);
    return tries > 0 && !c->is_over && now() + pause - since <= c->patience ? pause : -1;
}

void calls_run(struct calls *c)
{
    double pause;
    srandom((unsigned)getpid() ^ (unsigned)time(NULL));
    run_round(c);
    while ((pause = pause_before(c)) >= 0) {
        struct timespec t = {(time_t)pause, (long)(fmod(pause, 1) * 1e9)};
        nanosleep(&t, NULL);
        run_round(c);
    }
}

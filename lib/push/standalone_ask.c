/* What the instance holds: its digest, and its document. */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/diag.h"
#include "push/admin_answer.h"
#include "push/standalone.h"

#define WRONG_MODE                                                                                           \
    "it has no /apisix/admin/configs: an APISIX with etcd is admin:URL, and standalone:URL is one with "     \
    "role traditional and config_provider yaml"

struct asking {
    struct standalone *s;
    struct glimpse *glimpse; /* of a HEAD */
    int code;
    char *why;
};

static bool asked(struct asking *k, int code, char *owned_why)
{
    free(k->why);
    k->code = code;
    k->why = owned_why;
    return true;
}

/* An answer that is none of those hoped for. True when it is final. */
static bool is_final(struct asking *k, const struct http_response *r)
{
    enum answer a = answer_of(r);
    bool is_other = a == ANSWER_DONE || a == ANSWER_ABSENT || a == ANSWER_REFUSED;
    char *why = is_other && (r->status == 404 || r->status == 405)
                    ? xstrdup(WRONG_MODE)
                    : api_reason(&k->s->api, r, NULL, REASON_MOST);
    asked(k, a == ANSWER_AGAIN ? EXIT_ENV : EXIT_FINDINGS, why);
    return a != ANSWER_AGAIN;
}

/* Once: it is asked again and again. */
static void tell(struct asking *k, const char *consequence)
{
    struct standalone *s = k->s;
    diag(str_same(s->told, k->why) ? DIAG_DEBUG : DIAG_ERROR, NULL, NULL,
         "%s: what is live cannot be read: %s; %s", s->base.name, k->why, consequence);
    free(s->told);
    s->told = xstrdup(k->why);
}

/*
 * Seconds for so small an answer, since the other targets wait for it: more for an instance that has been
 * slow before, and twice and four times as many for one that did not keep to it, which may be slow rather
 * than silent.
 */
#define HEAD_MOST  4.0
#define HEAD_TIMES 3 /* what it took last */

static double head_most(const struct standalone *s)
{
    int times = 1 << (s->n_hung < 2 ? s->n_hung : 2);
    return s->took > 0 || s->api.is_in_doubt ? fmax(HEAD_MOST, HEAD_TIMES * s->took) * times : 0;
}

static void note_answer(struct standalone *s, const struct calls *calls)
{
    const struct call *c = &calls->items[0];
    if (calls->n_answers > 0)
        s->took = c->seconds;
    s->n_hung = c->is_hung ? s->n_hung + 1 : 0;
}

static int ask(struct asking *k, const char *method, const char *consequence,
               bool (*answered)(void *, struct call *, const struct http_response *))
{
    struct calls calls = api_calls(&k->s->api, answered, k);
    calls.seconds = k->glimpse ? head_most(k->s) : 0;
    calls_add(&calls, method, xstrdup(k->s->url));
    calls_run(&calls);
    note_answer(k->s, &calls);
    calls_release(&calls);
    if (k->why)
        tell(k, consequence);
    free(k->why);
    return k->code;
}

/* ---- HEAD ---- */

/* By its own clock: now less the time of the document. */
static double age_of(const struct http_response *r)
{
    struct tm tm = {0};
    const char *date = http_response_header(r, "Date");
    bool is_date = date && strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    const char *modified = http_response_header(r, "X-Last-Modified");
    return is_date && modified ? (double)timegm(&tm) - strtod(modified, NULL) : -1;
}

static bool looked(void *ctx, struct call *c, const struct http_response *r)
{
    struct asking *k = ctx;
    (void)c;
    if (r->status == 200) {
        const char *digest = http_response_header(r, "X-Digest");
        *k->glimpse =
            (struct glimpse){.can_tell = true, .digest = digest ? xstrdup(digest) : NULL, .age = age_of(r)};
        return asked(k, EXIT_OK, NULL);
    }
    if (r->status == 404 || r->status == 405)
        return asked(k, EXIT_OK, NULL); /* the GET will tell what it is */
    return is_final(k, r);
}

int standalone_look(struct standalone *s, struct glimpse *g, const char *consequence)
{
    *g = (struct glimpse){.age = -1};
    return ask(&(struct asking){.s = s, .glimpse = g}, "HEAD", consequence, looked);
}

/* ---- GET ---- */

static bool fetched(void *ctx, struct call *c, const struct http_response *r)
{
    struct asking *k = ctx;
    struct standalone *s = k->s;
    struct document found;
    (void)c;
    if (r->status != 200)
        return is_final(k, r);
    const char *why = configs_parse(&s->configs, &found, r->body, r->len, s->base.instance);
    if (why)
        return asked(k, EXIT_FINDINGS, xasprintf("the answer %s", why));
    document_release(&s->base.live);
    s->base.live = found;
    s->base.is_blank = !s->configs.digest;
    s->is_known = true;
    free(s->told);
    s->told = NULL;
    return asked(k, EXIT_OK, NULL);
}

int standalone_fetch(struct standalone *s, const char *consequence)
{
    return ask(&(struct asking){.s = s}, "GET", consequence, fetched);
}

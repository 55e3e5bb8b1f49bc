#include "push/api.h"

#include <math.h>
#include <stdlib.h>

#include "apisix/redact.h"
#include "push/admin_answer.h"
#include "push/admin_url.h"

#define KEY_HEADER "X-API-KEY: "

const char *api_key_of(const struct api *a)
{
    return a->key_header ? a->key_header + strlen(KEY_HEADER) : NULL;
}

char *api_reason(const struct api *a, const struct http_response *r, const struct item *item, size_t most)
{
    char *whole = text_without(answer_reason(r, item, BUF_MAX_MESSAGE), api_key_of(a));
    /* Cut last: what is cut could not be recognised any more. */
    char *reason = redact_text(AK_ROUTES, JX_NONE, whole, most);
    free(whole);
    return reason;
}

bool api_open(struct api *a, const char *url, const struct target_settings *s, char **why)
{
    char *root = admin_base(url, why);
    if (!root)
        return false;
    struct http *http = http_new(&s->http, why);
    if (!http) {
        free(root);
        return false;
    }
    *a = (struct api){
        .root = root,
        .http = http,
        .concurrency = s->http.concurrency,
        .patience = s->patience,
        .headers = {"Content-Type: application/json"},
    };
    if (s->api_key) {
        a->key_header = xasprintf(KEY_HEADER "%s", s->api_key);
        a->headers[1] = a->key_header;
    }
    return true;
}

/* Seconds. */
#define LONG        0.5
#define ALONE_LONG  15.0
#define ALONE_TIMES 3 /* what it took, where that is more */

bool api_left_alone(const struct api *a, double now)
{
    return now < a->alone_until;
}

void api_note_silence(struct api *a, bool is_silent, double began_at, double now)
{
    double took = now - began_at;
    a->alone_until =
        is_silent && took > LONG ? now + fmin(10 * took, fmax(ALONE_LONG, ALONE_TIMES * took)) : 0;
}

void api_close(struct api *a)
{
    http_free(a->http);
    free(a->root);
    free(a->key_header);
}

struct calls api_calls(const struct api *a,
                       bool (*answered)(void *, struct call *, const struct http_response *), void *ctx)
{
    return (struct calls){
        .http = a->http,
        .headers = a->headers,
        .concurrency = a->concurrency,
        .patience = a->is_in_doubt ? 0 : a->patience,
        .answered = answered,
        .ctx = ctx,
    };
}

/* The class of admin:URL: settings, and when to list what is live. */
#include <stdlib.h>
#include <time.h>

#include "apisix/stored.h"
#include "base/diag.h"
#include "push/admin.h"
#include "push/admin_url.h"

struct calls admin_calls(struct admin *a,
                         bool (*answered)(void *, struct call *, const struct http_response *), void *ctx)
{
    return (struct calls){
        .http = a->http,
        .headers = a->headers,
        .concurrency = a->concurrency,
        .patience = a->patience,
        .answered = answered,
        .ctx = ctx,
    };
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool must_list(const struct admin *a)
{
    return !a->is_reliable || a->base.wants_fresh || (a->resync > 0 && now() - a->listed_at >= a->resync);
}

static int read_live(struct target *t)
{
    struct admin *a = (struct admin *)t;
    struct items found = {0};
    a->is_listed = false;
    if (!must_list(a))
        return EXIT_OK;
    int code = admin_list(a, &found);
    if (code != EXIT_OK) {
        a->is_reliable = false;
        items_release(&found);
        return code;
    }
    items_sort(&found);
    if (a->is_reliable)
        admin_tell_drift(a, &t->live.items, &found);
    items_release(&t->live.items);
    t->live.items = found;
    a->is_listed = a->is_reliable = true;
    a->listed_at = now();
    return EXIT_OK;
}

static void release(struct target *t)
{
    struct admin *a = (struct admin *)t;
    http_free(a->http);
    free(a->root);
    free(a->key_header);
}

static const struct target_class class = {
    .read = read_live,
    .check = admin_check,
    .carry_out = admin_carry_out,
    .release = release,
};

struct target *admin_target_new(const char *url, const struct target_settings *s, char **why)
{
    char *root = admin_base(url, why);
    if (!root)
        return NULL;
    struct http *http = http_new(&s->http, why);
    if (!http) {
        free(root);
        return NULL;
    }
    struct admin *a = xcalloc(1, sizeof *a);
    a->base.class = &class;
    a->base.options.is_same = stored_same;
    a->root = root;
    a->http = http;
    a->concurrency = s->http.concurrency;
    a->patience = s->patience;
    a->resync = s->resync;
    a->headers[0] = "Content-Type: application/json";
    if (s->api_key) {
        a->key_header = xasprintf("X-API-KEY: %s", s->api_key);
        a->headers[1] = a->key_header;
    }
    return &a->base;
}

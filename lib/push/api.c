#include "push/api.h"

#include <stdlib.h>

#include "push/admin_url.h"

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
        a->key_header = xasprintf("X-API-KEY: %s", s->api_key);
        a->headers[1] = a->key_header;
    }
    return true;
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

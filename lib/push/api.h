/* api: a server whose API stands below /apisix/admin: its address, our key, and the connections to it. */
#ifndef GW_PUSH_API_H
#define GW_PUSH_API_H

#include "net/calls.h"
#include "push/target.h"

struct api {
    char *root; /* "http://127.0.0.1:9180/apisix/admin" */
    char *key_header;
    const char *headers[3];
    struct http *http;
    int concurrency;
    double patience;
    bool is_in_doubt; /* and until it has answered there is none */
};

/* False, and the complaint in *why (owned), when the URL or the settings cannot be used. */
bool api_open(struct api *a, const char *url, const struct target_settings *s, char **why);
void api_close(struct api *a);

/* A batch of calls to this server; `answered` gets `ctx`. */
struct calls api_calls(const struct api *a,
                       bool (*answered)(void *, struct call *, const struct http_response *), void *ctx);

/*
 * Asks what the server would say of the objects that the plan writes, before any of them is written. What it
 * would not take is OP_FAILED with its `why`. EXIT_OK when all were asked about; else *why (owned) says why
 * not: EXIT_ENV where a retry may help, EXIT_FINDINGS where it will not. *has_validate: false when the server
 * is too old for the question; NULL where that makes no difference.
 */
int api_check(const struct api *a, struct plan *p, char **why, bool *has_validate);

#endif

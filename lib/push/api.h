/* api: a server whose API stands below /apisix/admin: its address, our key, and the connections to it. */
#ifndef GW_PUSH_API_H
#define GW_PUSH_API_H

#include "net/calls.h"
#include "push/target.h"

struct api {
    char *root;       /* "http://127.0.0.1:9180/apisix/admin" */
    char *key_header; /* "X-API-KEY: ..."; NULL: none */
    const char *headers[3];
    struct http *http;
    int concurrency;
    double patience;
    bool is_in_doubt;   /* and until it has answered there is none */
    double alone_until; /* it is not asked before that: see api_left_alone() */
};

/*
 * Where it takes long to find out that a server does not answer, it is left alone for a while: the other
 * targets' next changes wait for the end of the SYNC. Before a reading: whether it is too early for one,
 * since the last reading or write was met with silence; and after each, what came of it. Times are of a clock
 * that only goes forward.
 */
bool api_left_alone(const struct api *a, double now);
void api_note_silence(struct api *a, bool is_silent, double began_at, double now);

/* False, and the complaint in *why (owned), when the URL or the settings cannot be used. */
bool api_open(struct api *a, const char *url, const struct target_settings *s, char **why);
void api_close(struct api *a);

/* Our key, which a server may quote; NULL: none. */
const char *api_key_of(const struct api *a);

/* As answer_reason(), without our key, which a server may quote. */
char *api_reason(const struct api *a, const struct http_response *r, const struct item *item, size_t most);

/* A batch of calls to this server; `answered` gets `ctx`. */
struct calls api_calls(const struct api *a,
                       bool (*answered)(void *, struct call *, const struct http_response *), void *ctx);

/*
 * Asks what the server would say of the objects that the plan writes, before any of them is written. What it
 * would not take is OP_FAILED with its `why`; so is, and may pass, what it answers 5xx about while it answers
 * otherwise about the rest. EXIT_OK when all were asked about; else *why (owned) says why not: EXIT_ENV where
 * a retry may help, EXIT_FINDINGS where it will not. *has_validate: false when the server is too old for the
 * question; NULL where that makes no difference.
 */
int api_check(const struct api *a, struct plan *p, char **why, bool *has_validate);

/* What is larger than a request may be is not asked about. */
bool api_can_ask(const struct op *op);

#endif

/*
 * calls: many requests to one server, each until it is settled.
 *
 * What finds no answer, or one that may pass (429, 5xx), is sent again: with growing pauses, and for as long
 * as the caller is patient. When nobody answers any more, the rest is not sent in vain.
 */
#ifndef GW_NET_CALLS_H
#define GW_NET_CALLS_H

#include "net/http.h"

struct call {
    const char *method;
    char *url;        /* the call's to free */
    const char *body; /* borrowed; NULL: none */
    size_t len;
    void *what;      /* the caller's */
    bool is_settled; /* else the last try ended in `why`, or there was none */
    char *why;       /* the call's to free */
    int tries;
    double seconds; /* of the last try */
    /* calls.c */
    struct calls *batch;
    double failed_since;
    bool is_hung;
};

struct calls {
    struct http *http;
    const char *const *headers;
    int concurrency;
    size_t max_response; /* bytes of an answer; 0: as the settings of `http` have it */
    double seconds; /* for one request, and what takes longer is not sent again; 0: as the settings have it */
    double patience; /* seconds that one call may go on failing; 0: one try each */
    /*
     * An answer, or none (status 0). True: settled, whatever that means to the caller; else it is sent again.
     * May set `is_over`.
     */
    bool (*answered)(void *ctx, struct call *c, const struct http_response *r);
    void *ctx;
    bool is_over; /* nothing more is sent */
    size_t n_answers;
    struct call *items;
    size_t n, cap;
    /* calls.c */
    size_t next, unanswered;
    double wish; /* seconds that the server asked to be left alone */
};

/* Adds a call; takes `url`. The pointer is valid until the next one is added. */
struct call *calls_add(struct calls *c, const char *method, char *url);
void calls_run(struct calls *c);
void calls_release(struct calls *c);

#endif

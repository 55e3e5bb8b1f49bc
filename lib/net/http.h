/*
 * http: requests to the APIs of gateways, many in flight over kept-alive connections (libcurl's multi
 * interface).
 *
 * Hostile servers are expected: redirects are not followed, an answer has a cap, a connection that stalls or
 * trickles is given up, and only http and https are spoken. Certificates are verified unless the user said
 * otherwise. Keys are sent in headers only; neither they nor bodies appear in a complaint.
 */
#ifndef GW_NET_HTTP_H
#define GW_NET_HTTP_H

#include "base/buf.h"

struct http_settings {
    const char *ca_file;   /* PEM; NULL: the system's */
    const char *ca_text;   /* PEM, in its place; NULL: none */
    const char *cert_file; /* the client's certificate and key, PEM; NULL: none */
    const char *key_file;
    bool skip_verify;    /* --insecure */
    int concurrency;     /* requests in flight, 1 or more */
    int connect_timeout; /* seconds */
    int timeout;         /* seconds for a whole request; one that moves under 100 B/s for 30 s ends before */
    size_t max_response; /* bytes of a body */
    bool is_fresh;       /* a connection of its own for each request */
};

struct http_response {
    int status;      /* 0: no answer, see why */
    const char *why; /* NULL, or what went wrong on the way: without the URL */
    bool may_pass;   /* no answer, 429 or 5xx: the same request may succeed later */
    const char *body;
    size_t len; /* body[len] is NUL */
    double seconds;
    bool is_reconnected; /* the answer came over another connection than the one before it */
};

struct http_request {
    const char *method;         /* "PUT" */
    const char *url;            /* copied */
    const char *const *headers; /* "Name: value", NULL at the end; copied; may be NULL */
    const char *body;           /* borrowed until done */
    size_t len;
    double seconds;      /* for this one; 0: the settings' timeout */
    size_t max_response; /* the same; 0: the settings' */
    /* Called once, from http_run(). May add requests. The response lives until it returns. */
    void (*done)(void *ctx, const struct http_response *r);
    void *ctx;
};

struct http;

/* "libcurl 7.88.1 OpenSSL/3.0.17", for --version. */
const char *http_library(void);

/* NULL and the complaint in *why (owned) when the settings cannot be used (an unreadable certificate). */
struct http *http_new(const struct http_settings *s, char **why);
void http_free(struct http *h);

/* Queues a request; those beyond the concurrency wait their turn in the order they were added. */
void http_add(struct http *h, const struct http_request *r);

/* Runs until every request, those added meanwhile too, is done. */
void http_run(struct http *h);

/* The value of the response header `name` of the response that `done` is being called with; NULL: none. */
const char *http_response_header(const struct http_response *r, const char *name);

#endif

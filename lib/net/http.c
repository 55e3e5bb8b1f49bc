#include "net/http.h"
#include "base/token.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum {
    SLOW_BYTES = 100,        /* a second; slower for SLOW_SECONDS: given up */
    SLOW_SECONDS = 30,       /* a list of very many objects is silent for long before it starts */
    MAX_HEADERS = 256 << 10, /* bytes of all response headers together */
    KEPT_MOST = 1 << 20,     /* bytes of a buffer that is kept for the next answer */
    POLL_MS = 1000,
};

/* A request that waits or runs. */
struct job {
    struct job *next;
    struct http_request request; /* what is copied is ours */
    struct curl_slist *headers;
    char room[]; /* method, URL */
};

/* One of `concurrency` places for requests in flight. The connections are the multi handle's. */
struct slot {
    struct slot *next; /* among the idle ones */
    struct http *http;
    CURL *easy;
    struct job *job;
    struct buf body;
    size_t header_bytes;
    bool is_too_large;
    char error[CURL_ERROR_SIZE];
};

struct http {
    struct http_settings settings; /* with strings of our own */
    CURLM *multi;
    struct slot *slots, *idle;
    struct job *first, **last;
    int n_active;
};

/* What `done` gets; the handle is there for http_response_header(). */
struct answer {
    struct http_response response;
    CURL *easy;
};

const char *http_library(void)
{
    static char text[100];
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
    snprintf(text, sizeof text, "libcurl %s %s", v->version, v->ssl_version ? v->ssl_version : "without TLS");
    return text;
}

/* ---- settings ---- */

/* libcurl would only tell at the first connection. */
static char *file_problem(const char *path, const char *what)
{
    char line[256];
    bool is_pem = false;
    FILE *f = path ? fopen(path, "re") : NULL;
    if (!path)
        return NULL;
    if (!f) {
        int missing = errno;
        return xasprintf("the %s \"%s\" cannot be read: %s", what, shown_path(path), strerror(missing));
    }
    errno = 0;
    while (!is_pem && fgets(line, sizeof line, f))
        is_pem = strstr(line, "-----BEGIN ") != NULL;
    int error = errno;
    fclose(f);
    if (is_pem)
        return NULL;
    return xasprintf("the %s \"%s\" %s", what, path, error ? strerror(error) : "holds nothing in PEM");
}

static char *settings_problem(const struct http_settings *s)
{
    char *why = file_problem(s->ca_file, "CA file");
    if (!why)
        why = file_problem(s->cert_file, "client certificate");
    if (!why)
        why = file_problem(s->key_file, "client key");
    if (!why && !s->cert_file != !s->key_file)
        why = xstrdup("a client certificate and its key go together: one of them is missing");
    return why;
}

static const char *own(const char *s)
{
    return s ? xstrdup(s) : NULL;
}

static void make_slots(struct http *h)
{
    h->slots = xcalloc((size_t)h->settings.concurrency, sizeof *h->slots);
    for (int i = h->settings.concurrency; i-- > 0;) {
        struct slot *s = &h->slots[i];
        s->http = h;
        s->easy = curl_easy_init();
        buf_init(&s->body, h->settings.max_response);
        s->next = h->idle;
        h->idle = s;
    }
}

static bool has_all_handles(const struct http *h)
{
    bool all = h->multi != NULL;
    for (int i = 0; i < h->settings.concurrency; i++)
        all = all && h->slots[i].easy;
    return all;
}

struct http *http_new(const struct http_settings *s, char **why)
{
    *why = settings_problem(s);
    if (*why)
        return NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        *why = xstrdup("libcurl cannot be started");
        return NULL;
    }
    struct http *h = xcalloc(1, sizeof *h);
    h->settings = *s;
    h->settings.ca_file = own(s->ca_file);
    h->settings.ca_text = own(s->ca_text);
    h->settings.cert_file = own(s->cert_file);
    h->settings.key_file = own(s->key_file);
    h->last = &h->first;
    h->multi = curl_multi_init();
    make_slots(h);
    if (!has_all_handles(h)) {
        *why = xstrdup("libcurl has no memory");
        http_free(h);
        return NULL;
    }
    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)s->concurrency);
    curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)s->concurrency);
    return h;
}

static void job_free(struct job *j)
{
    curl_slist_free_all(j->headers);
    free(j);
}

void http_free(struct http *h)
{
    if (!h)
        return;
    for (int i = 0; i < h->settings.concurrency; i++) {
        curl_easy_cleanup(h->slots[i].easy);
        buf_free(&h->slots[i].body);
    }
    curl_multi_cleanup(h->multi);
    while (h->first) {
        struct job *j = h->first;
        h->first = j->next;
        job_free(j);
    }
    free((char *)h->settings.ca_file);
    free((char *)h->settings.ca_text);
    free((char *)h->settings.cert_file);
    free((char *)h->settings.key_file);
    free(h->slots);
    free(h);
    curl_global_cleanup();
}

/* ---- requests ---- */

static void add_header(struct job *j, const char *line)
{
    struct curl_slist *longer = curl_slist_append(j->headers, line);
    if (longer) /* NULL: no memory; the next allocation of ours ends the process */
        j->headers = longer;
}

static void copy_headers(struct job *j, const char *const *headers)
{
    bool has_type = false;
    for (; headers && *headers; headers++) {
        has_type = has_type || strncasecmp(*headers, "Content-Type:", 13) == 0;
        add_header(j, *headers);
    }
    /* Without a value libcurl sends none of these: it would wait for leave to send a large body, and take it
       for a form. */
    add_header(j, "Expect:");
    if (!has_type)
        add_header(j, "Content-Type:");
}

void http_add(struct http *h, const struct http_request *r)
{
    size_t method = strlen(r->method) + 1, url = strlen(r->url) + 1;
    struct job *j = xmalloc(sizeof *j + method + url);
    *j = (struct job){.request = *r};
    memcpy(j->room, r->method, method);
    memcpy(j->room + method, r->url, url);
    j->request.method = j->room;
    j->request.url = j->room + method;
    j->request.headers = NULL;
    copy_headers(j, r->headers);
    *h->last = j;
    h->last = &j->next;
}

static size_t take_body(char *p, size_t size, size_t n, void *ctx)
{
    struct slot *s = ctx;
    (void)size; /* is 1 */
    buf_add(&s->body, p, n);
    s->is_too_large = s->body.overflow;
    return s->is_too_large ? 0 : n;
}

static size_t count_header(char *p, size_t size, size_t n, void *ctx)
{
    struct slot *s = ctx;
    (void)p;
    (void)size;
    s->header_bytes += n;
    s->is_too_large = s->header_bytes > MAX_HEADERS;
    return s->is_too_large ? 0 : n;
}

static void set_transport(CURL *e, const struct http_settings *s)
{
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    /* The API of a gateway is beside us. A proxy that the environment names for the way out must not see its
       key. */
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, (long)s->connect_timeout);
    curl_easy_setopt(e, CURLOPT_TIMEOUT, (long)s->timeout);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)SLOW_SECONDS);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
}

static void set_limits(CURL *e, const struct http_settings *s, const struct http_request *r)
{
    if (r->seconds > 0)
        curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(r->seconds * 1e3) + 1);
    if (s->is_fresh) {
        curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
    }
}

static void set_tls(CURL *e, const struct http_settings *s)
{
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, s->skip_verify ? 0L : 1L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, s->skip_verify ? 0L : 2L);
    if (s->ca_text) {
        struct curl_blob pem = {(void *)s->ca_text, strlen(s->ca_text), CURL_BLOB_NOCOPY};
        curl_easy_setopt(e, CURLOPT_CAINFO_BLOB, &pem);
        curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    } else if (s->ca_file) {
        curl_easy_setopt(e, CURLOPT_CAINFO, s->ca_file);
        curl_easy_setopt(e, CURLOPT_CAPATH, NULL); /* these and no others */
    }
    if (s->cert_file) {
        curl_easy_setopt(e, CURLOPT_SSLCERT, s->cert_file);
        curl_easy_setopt(e, CURLOPT_SSLKEY, s->key_file);
        curl_easy_setopt(e, CURLOPT_KEYPASSWD, ""); /* an encrypted key fails; nobody is there to be asked */
    }
}

static void set_request(CURL *e, const struct job *j)
{
    const struct http_request *r = &j->request;
    curl_easy_setopt(e, CURLOPT_URL, r->url);
    curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "gwpipe/" GW_VERSION);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, j->headers);
    if (str_eq(r->method, "GET")) {
        curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
    } else if (str_eq(r->method, "HEAD")) {
        curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    } else if (r->body || !str_eq(r->method, "DELETE")) {
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->len);
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, r->body ? r->body : "");
    }
    if (!str_eq(r->method, "GET") && !str_eq(r->method, "HEAD"))
        curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, r->method);
}

static void start(struct slot *s)
{
    curl_easy_reset(s->easy);
    buf_reset(&s->body);
    s->body.max =
        s->job->request.max_response > 0 ? s->job->request.max_response : s->http->settings.max_response;
    s->header_bytes = 0;
    s->is_too_large = false;
    s->error[0] = '\0';
    set_transport(s->easy, &s->http->settings);
    set_limits(s->easy, &s->http->settings, &s->job->request);
    set_tls(s->easy, &s->http->settings);
    set_request(s->easy, s->job);
    curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
    curl_easy_setopt(s->easy, CURLOPT_ERRORBUFFER, s->error);
    curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_HEADERFUNCTION, count_header);
    curl_easy_setopt(s->easy, CURLOPT_HEADERDATA, s);
    curl_multi_add_handle(s->http->multi, s->easy);
    s->http->n_active++;
}

static void start_waiting(struct http *h)
{
    while (h->first && h->idle) {
        struct slot *s = h->idle;
        struct job *j = h->first;
        h->idle = s->next;
        h->first = j->next;
        if (!h->first)
            h->last = &h->first;
        s->job = j;
        start(s);
    }
}

/* ---- answers ---- */

/* What libcurl says of these holds addresses and times, or less than a person needs. */
static const struct {
    CURLcode code;
    bool may_pass;
    const char *why; /* NULL: libcurl's own words */
} failures[] = {
    {CURLE_COULDNT_RESOLVE_HOST, true, "the host name cannot be resolved"},
    {CURLE_COULDNT_CONNECT, true, "no connection: nothing listens there, or nothing answers"},
    {CURLE_OPERATION_TIMEDOUT, true, "no answer in time"},
    {CURLE_GOT_NOTHING, true, "the connection was closed without an answer"},
    {CURLE_SEND_ERROR, true, "the connection broke"},
    {CURLE_RECV_ERROR, true, "the connection broke"},
    {CURLE_PARTIAL_FILE, true, "the answer was cut short"},
    {CURLE_URL_MALFORMAT, false, "the URL cannot be used"},
    {CURLE_UNSUPPORTED_PROTOCOL, false, "the URL is neither http nor https, or the answer is not HTTP"},
    {CURLE_WEIRD_SERVER_REPLY, false, "the answer is not HTTP"},
    {CURLE_SSL_CERTPROBLEM, false, NULL},
    {CURLE_SSL_CACERT_BADFILE, false, NULL},
    {CURLE_PEER_FAILED_VERIFICATION, false, NULL},
};

static void explain(const struct slot *s, CURLcode code, struct http_response *r)
{
    r->may_pass = true;
    r->why = *s->error ? s->error : curl_easy_strerror(code);
    for (size_t i = 0; i < N_ELEMS(failures); i++) {
        if (failures[i].code != code)
            continue;
        r->may_pass = failures[i].may_pass;
        r->why = failures[i].why ? failures[i].why : r->why;
    }
    if (s->is_too_large) {
        r->may_pass = false;
        r->why = "the answer is larger than any that is expected";
    }
}

static void read_answer(const struct slot *s, CURLcode code, struct http_response *r)
{
    curl_off_t microseconds = 0;
    long status = 0, n_connects = 0;
    curl_easy_getinfo(s->easy, CURLINFO_TOTAL_TIME_T, &microseconds);
    curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(s->easy, CURLINFO_NUM_CONNECTS, &n_connects);
    *r = (struct http_response){
        .is_reconnected = n_connects > 0,
        .body = s->body.p,
        .len = s->body.len,
        .seconds = (double)microseconds / 1e6,
    };
    if (code == CURLE_OK && status >= 100) {
        r->status = (int)status;
        r->may_pass = status == 408 || status == 429 || status >= 500;
    } else {
        explain(s, code == CURLE_OK ? CURLE_WEIRD_SERVER_REPLY : code, r);
    }
}

/* The slot is free for others only after `done`: it holds the response. */
static void finish(struct slot *s, CURLcode code)
{
    struct http *h = s->http;
    struct job *j = s->job;
    struct answer a = {.easy = s->easy};
    read_answer(s, code, &a.response);
    curl_multi_remove_handle(h->multi, s->easy);
    h->n_active--;
    j->request.done(j->request.ctx, &a.response);
    if (s->body.cap > KEPT_MOST) { /* a list, once in a while */
        buf_free(&s->body);
        buf_init(&s->body, h->settings.max_response);
    }
    job_free(j);
    s->job = NULL;
    s->next = h->idle;
    h->idle = s;
}

void http_run(struct http *h)
{
    start_waiting(h);
    while (h->n_active > 0) {
        int n;
        curl_multi_perform(h->multi, &n);
        for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &n));) {
            struct slot *s = NULL;
            CURLcode code = m->data.result;
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
            if (m->msg == CURLMSG_DONE && s)
                finish(s, code);
        }
        /* What was added is performed at once: its own socket does not wake the poll before that. */
        bool has_new = h->first && h->idle;
        start_waiting(h);
        if (h->n_active > 0 && !has_new)
            curl_multi_poll(h->multi, NULL, 0, POLL_MS, NULL);
    }
}

const char *http_response_header(const struct http_response *r, const char *name)
{
    const struct answer *a = (const struct answer *)r;
    struct curl_header *header;
    if (curl_easy_header(a->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    return header->value;
}

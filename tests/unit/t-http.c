/* http: answers of every sort, from a server of canned answers in a child process. */
#include "net/http.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/proc.h"
#include "tap.h"

static int port;

/* ---- the server ---- */

static void say(int fd, const char *text)
{
    if (!write_all(fd, text, strlen(text)))
        _exit(0);
}

static void say_body(int fd, const char *status, const char *body)
{
    char head[200];
    snprintf(head, sizeof head, "HTTP/1.1 %s\r\nX-Digest: abc\r\nContent-Length: %zu\r\n\r\n", status,
             strlen(body));
    say(fd, head);
    say(fd, body);
}

static void say_endless(int fd, const char *line)
{
    for (int i = 0; i < 1 << 16; i++)
        say(fd, line);
}

/* What came: "PUT 5 expect type", with the length of the body and whether these headers were there. */
static void say_request(int fd, const char *head, size_t body)
{
    char text[200];
    snprintf(text, sizeof text, "%.*s %zu%s%s%s", (int)strcspn(head, " "), head, body,
             strcasestr(head, "\r\nExpect:") ? " expect" : "",
             strcasestr(head, "\r\nContent-Type:") ? " type" : "",
             strcasestr(head, "\r\nX-Key: hush\r\n") ? " key" : "");
    say_body(fd, "200 OK", text);
}

static void answer(int fd, int connection, const char *head, size_t body)
{
    char path[64] = "", number[32];
    sscanf(head, "%*s %63s", path);
    snprintf(number, sizeof number, "%d", connection);
    if (str_eq(path, "/echo"))
        say_request(fd, head, body);
    else if (str_eq(path, "/redirect"))
        say(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n");
    else if (str_eq(path, "/big"))
        say(fd, "HTTP/1.1 200 OK\r\n\r\n"), say_endless(fd, "sixteen bytes...");
    else if (str_eq(path, "/headers"))
        say(fd, "HTTP/1.1 200 OK\r\n"), say_endless(fd, "X-More: and more\r\n");
    else if (str_eq(path, "/cut"))
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfive!"), _exit(0);
    else if (str_eq(path, "/garbage"))
        say(fd, "hello\r\n\r\n"), _exit(0);
    else if (str_eq(path, "/close"))
        _exit(0);
    else if (str_eq(path, "/slow"))
        usleep(20000), say_body(fd, "200 OK", number);
    else if (str_eq(path, "/last"))
        say_body(fd, "200 OK", number), _exit(0); /* and the next request finds the connection gone */
    else
        say_body(fd, path + 1, number);
}

static void serve(int fd, int connection)
{
    static char in[65536];
    size_t n = 0;
    for (;;) {
        ssize_t got = read(fd, in + n, sizeof in - 1 - n);
        if (got <= 0)
            _exit(0);
        n += (size_t)got;
        in[n] = '\0';
        char *end = strstr(in, "\r\n\r\n"), *length = strcasestr(in, "\r\nContent-Length: ");
        size_t body = length ? strtoul(length + 18, NULL, 10) : 0;
        if (!end || n < (size_t)(end + 4 - in) + body)
            continue;
        answer(fd, connection, in, body);
        n = 0;
    }
}

static pid_t start_server(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) || listen(fd, 64) ||
        getsockname(fd, (struct sockaddr *)&a, &len))
        exit(99);
    port = ntohs(a.sin_port);
    pid_t pid = fork();
    if (pid) {
        close(fd);
        return pid;
    }
    signal(SIGCHLD, SIG_IGN);
    for (int i = 1;; i++) {
        int one = accept(fd, NULL, NULL);
        if (fork() == 0) {
            close(fd);
            serve(one, i);
        }
        close(one);
    }
}

/* ---- requests ---- */

struct got {
    int status, n;
    bool may_pass;
    char body[256], why[256], digest[32];
};

static void done(void *ctx, const struct http_response *r)
{
    struct got *g = ctx;
    const char *digest = http_response_header(r, "x-digest");
    g->n++;
    g->status = r->status;
    g->may_pass = r->may_pass;
    snprintf(g->body, sizeof g->body, "%s", r->body);
    snprintf(g->why, sizeof g->why, "%s", r->why ? r->why : "");
    snprintf(g->digest, sizeof g->digest, "%s", digest ? digest : "");
}

static void add(struct http *h, const char *method, const char *path, const char *body, struct got *g)
{
    static const char *const headers[] = {"X-Key: hush", NULL};
    char url[200];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, path);
    http_add(h, &(struct http_request){.method = method,
                                       .url = url,
                                       .headers = headers,
                                       .body = body,
                                       .len = body ? strlen(body) : 0,
                                       .done = done,
                                       .ctx = g});
}

static struct got ask(struct http *h, const char *method, const char *path, const char *body)
{
    struct got g = {0};
    add(h, method, path, body, &g);
    http_run(h);
    return g;
}

static struct http *client(int concurrency)
{
    char *why;
    struct http_settings s = {
        .concurrency = concurrency, .connect_timeout = 5, .timeout = 5, .max_response = 1000};
    return http_new(&s, &why);
}

static void check_answers(struct http *h)
{
    static const struct {
        const char *path;
        int status;
        bool may_pass;
        const char *why;
    } rows[] = {
        {"/200", 200, false, ""},
        {"/404", 404, false, ""},
        {"/429", 429, true, ""},
        {"/503", 503, true, ""},
        {"/redirect", 302, false, ""},
        {"/big", 0, false, "the answer is larger than any that is expected"},
        {"/headers", 0, false, "the answer is larger than any that is expected"},
        {"/cut", 0, true, "the answer was cut short"},
        {"/close", 0, true, "the connection was closed without an answer"},
    };
    for (size_t i = 0; i < N_ELEMS(rows); i++) {
        struct got g = ask(h, "GET", rows[i].path, NULL);
        ok(g.n == 1 && g.status == rows[i].status && g.may_pass == rows[i].may_pass, "%s: status %d, %s",
           rows[i].path, g.status, g.may_pass ? "may pass" : "final");
        is_text(g.why, rows[i].why, rows[i].path);
    }
    struct got g = ask(h, "GET", "/garbage", NULL);
    ok(g.status == 0 && *g.why && !strstr(g.why, "127.0.0.1"), "no HTTP: %s", g.why);
}

static void check_requests(struct http *h)
{
    static const char *const rows[][3] = {
        {"GET", NULL, "GET 0 key"},   {"PUT", "12345", "PUT 5 key"},    {"PUT", "", "PUT 0 key"},
        {"POST", "{}", "POST 2 key"}, {"DELETE", NULL, "DELETE 0 key"},
    };
    for (size_t i = 0; i < N_ELEMS(rows); i++) {
        struct got g = ask(h, rows[i][0], "/echo", rows[i][1]);
        is_text(g.body, rows[i][2], "what the server sees of a request");
        is_text(g.digest, "abc", "a header of the answer, whatever the case of its name");
    }
}

/* The numbers of the connections that the answers came over. */
static void check_reuse(void)
{
    struct got got[12] = {{0}};
    struct http *h = client(3);
    for (size_t i = 0; i < N_ELEMS(got); i++)
        add(h, "GET", "/slow", NULL, &got[i]);
    http_run(h);
    int lowest = 1 << 20, highest = 0;
    bool all = true;
    for (size_t i = 0; i < N_ELEMS(got); i++) {
        int n = (int)strtol(got[i].body, NULL, 10);
        lowest = n < lowest ? n : lowest;
        highest = n > highest ? n : highest;
        all = all && got[i].n == 1 && got[i].status == 200;
    }
    ok(all && highest - lowest + 1 == 3, "twelve requests over three connections (%d)", highest - lowest + 1);
    ask(h, "GET", "/last", NULL);
    usleep(20000);
    struct got g = ask(h, "PUT", "/200", "again");
    ok(g.status == 200, "a kept connection that the server has closed costs nothing");
    http_free(h);
}

static void add_another(void *ctx, const struct http_response *r)
{
    void **both = ctx;
    (void)r;
    add(both[0], "GET", "/200", NULL, both[1]);
}

static void check_chain(struct http *h)
{
    char url[100];
    struct got g = {0};
    void *both[] = {h, &g};
    snprintf(url, sizeof url, "http://127.0.0.1:%d/404", port);
    http_add(h, &(struct http_request){.method = "GET", .url = url, .done = add_another, .ctx = both});
    http_run(h);
    ok(g.n == 1 && g.status == 200, "a request that is added by an answer is run too");
}

static void check_settings(void)
{
    char *why;
    struct http_settings s = {.ca_file = "/nonexistent", .concurrency = 1};
    ok(!http_new(&s, &why), "a CA file that is not there is refused");
    is_text(why, "the CA file \"/nonexistent\" cannot be read: No such file or directory", "and why");
    free(why);
    s = (struct http_settings){.cert_file = "/dev/null", .key_file = "/dev/null", .concurrency = 1};
    ok(!http_new(&s, &why), "an empty certificate is refused");
    is_text(why, "the client certificate \"/dev/null\" holds nothing in PEM", "and why");
    free(why);
}

static void check_nobody_there(struct http *h, pid_t server)
{
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    struct got g = ask(h, "GET", "/200", NULL);
    ok(g.status == 0 && g.may_pass, "a server that is gone: %s", g.why);
}

int main(void)
{
    /* A proxy that leads nowhere: nobody asks it. */
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    pid_t server = start_server();
    struct http *h = client(1);
    check_answers(h);
    check_requests(h);
    check_chain(h);
    check_reuse();
    check_settings();
    http_free(h);
    h = client(1); /* no kept connection: its server would still be there */
    check_nobody_there(h, server);
    http_free(h);
    return tap_done();
}

/* stored: what the Admin API gives back is, or is not, what was put; and what it says is fit to be shown. */
#include <stdlib.h>

#include "apisix/redact.h"
#include "apisix/stored.h"
#include "push/admin_answer.h"
#include "push/admin_url.h"
#include "tap.h"

#define LABELS                                                                                               \
    "\"labels\":{\"gwpipe-instance\":\"default\",\"gwpipe-owner\":\"HTTPRoute/a/"                            \
    "b\",\"managed-by\":\"gwpipe\"}"

static struct item *item(enum apisix_kind kind, const char *text)
{
    const char *why;
    jv object = jx_parse(text, strlen(text), &why);
    struct item *i = item_of(kind, jx_getstr_or(object, "id", ""), "HTTPRoute/a/b", object);
    jb_free(object);
    return i;
}

static struct item *back(enum apisix_kind kind, const char *value)
{
    const char *why;
    char *text = xasprintf("{\"key\":\"/apisix/%s/x\",\"value\":%s}", apisix_kind(kind)->name, value);
    struct item *i = stored_item(kind, text, strlen(text), "default", &why);
    free(text);
    return i;
}

static const struct {
    enum apisix_kind kind;
    bool is_same;
    const char *wanted, *live, *name;
} rows[] = {
    {AK_ROUTES, true, "{\"id\":\"x\",\"uri\":\"/\"}",
     "{\"id\":\"x\",\"uri\":\"/\",\"create_time\":1,\"update_time\":2}", "times"},
    {AK_ROUTES, true, "{\"uri\":\"/\"}", "{\"id\":\"x\",\"uri\":\"/\"}", "the id that the URL gave"},
    {AK_ROUTES, true, "{\"uri\":\"/\"}", "{\"uri\":\"/\",\"priority\":0,\"status\":1}",
     "defaults of the server"},
    {AK_ROUTES, true, "{\"uri\":\"/\",\"priority\":0}", "{\"uri\":\"/\"}", "a default that is wanted"},
    {AK_ROUTES, false, "{\"uri\":\"/\"}", "{\"uri\":\"/\",\"status\":0}", "not the default"},
    {AK_ROUTES, false, "{\"uri\":\"/\",\"priority\":1}", "{\"uri\":\"/\"}", "a member that is gone"},
    {AK_ROUTES, false, "{\"uri\":\"/\"}", "{\"uri\":\"/\",\"host\":\"a\"}", "a member that was added"},
    {AK_ROUTES, false, "{\"uri\":\"/\"}", "{\"uri\":\"/\",\"plugins\":{\"x\":{\"status\":1}}}",
     "a plugin that was added"},
    {AK_ROUTES, true, "{\"plugins\":{\"redirect\":{\"uri\":\"/a\"}}}",
     "{\"plugins\":{\"redirect\":{\"uri\":\"/a\",\"ret_code\":302}}}", "a plugin's default"},
    {AK_ROUTES, true, "{\"plugins\":{\"traffic-split\":{\"rules\":[{\"weighted_upstreams\":[{}]}]}}}",
     "{\"plugins\":{\"traffic-split\":{\"rules\":[{\"weighted_upstreams\":[{\"weight\":1}]}]}}}",
     "a default inside of lists"},
    {AK_ROUTES, false, "{\"plugins\":{\"redirect\":{\"uri\":\"/a\"}}}",
     "{\"plugins\":{\"redirect\":{\"uri\":\"/a\",\"ret_code\":301}}}", "not a plugin's default"},
    {AK_ROUTES, false, "{\"uris\":[\"/a\",\"/b\"]}", "{\"uris\":[\"/b\",\"/a\"]}", "the order of a list"},
    {AK_ROUTES, false, "{\"uris\":[\"/a\"]}", "{\"uris\":[\"/a\",\"/b\"]}", "the length of a list"},
    {AK_UPSTREAMS, true, "{\"nodes\":[{\"host\":\"h\",\"weight\":1}]}",
     "{\"nodes\":[{\"host\":\"h\",\"weight\":1,\"priority\":0}],\"scheme\":\"http\",\"type\":\"roundrobin\","
     "\"hash_on\":\"vars\",\"pass_host\":\"pass\"}",
     "an upstream of a release before 3.14"},
    {AK_UPSTREAMS, false, "{\"nodes\":[]}", "{\"nodes\":{}}", "a list is no object"},
    {AK_UPSTREAMS, true, "{\"retry_timeout\":0.12345678901234567}", "{\"retry_timeout\":0.12345678901235}",
     "14 digits of a number"},
    {AK_UPSTREAMS, false, "{\"retry_timeout\":0.1234}", "{\"retry_timeout\":0.12345}", "fewer digits"},
    {AK_STREAM_ROUTES, false, "{\"server_port\":1}", "{\"server_port\":1,\"status\":1}",
     "another kind's default"},
};

static bool differs(jv shown, const struct item *wanted)
{
    const char *why;
    jv object = jx_parse(wanted->text, wanted->len, &why);
    bool is_equal = jx_equal(object, shown);
    jb_free(object);
    return !is_equal;
}

static void check_rows(void)
{
    for (size_t i = 0; i < N_ELEMS(rows); i++) {
        struct item *wanted = item(rows[i].kind, rows[i].wanted), *live = back(rows[i].kind, rows[i].live);
        ok(stored_same(wanted, live) == rows[i].is_same, "%s: %s", rows[i].name,
           rows[i].is_same ? "the same" : "different");
        jv shown = stored_beside(wanted, live);
        ok(differs(shown, wanted) != rows[i].is_same, "%s: %s", rows[i].name,
           rows[i].is_same ? "nothing to show" : "shown");
        jb_free(shown);
        item_unref(wanted);
        item_unref(live);
    }
}

/* What the server gives back of a body: ssls without their key, and another object with another. */
static bool survives(const char *put, const char *wanted_later, const char *tamper_from,
                     const char *tamper_to)
{
    const char *why;
    struct item *first = item(AK_SSLS, put), *later = item(AK_SSLS, wanted_later);
    char *body = stored_body(first);
    jv value = jx_parse(body, strlen(body), &why), entry = jb_obj();
    jb_del(&value, "key");
    if (tamper_from)
        jb_put_str(&value, tamper_from, tamper_to);
    jb_put(&entry, "value", value);
    struct buf text;
    buf_init(&text, BUF_MAX_OUTPUT);
    jx_dump(&text, entry);
    struct item *live = stored_item(AK_SSLS, text.p, text.len, "default", &why);
    buf_free(&text);
    bool is = stored_same(later, live);
    jb_free(entry);
    item_unref(live);
    item_unref(first);
    item_unref(later);
    free(body);
    return is;
}

static void check_keys(void)
{
    static const char a[] = "{\"id\":\"x\",\"cert\":\"C\",\"key\":\"A\"," LABELS "}",
                      b[] = "{\"id\":\"x\",\"cert\":\"C\",\"key\":\"B\"," LABELS "}";
    ok(survives(a, a, NULL, NULL), "a key that does not come back is told by the hash");
    ok(!survives(a, b, NULL, NULL), "another key is another hash");
    ok(!survives(a, a, "cert", "D"), "what comes back is compared");
    struct item *route = item(AK_ROUTES, "{\"id\":\"x\",\"uri\":\"/\"," LABELS "}");
    ok(!stored_body(route), "without a key there is no hash");
    item_unref(route);
}

static void check_entries(void)
{
    struct item *i = back(AK_ROUTES, "{\"uri\":\"/\"," LABELS "}");
    ok(i && str_eq(i->id, "x") && i->owner, "the id is that of the key where the object has none");
    item_unref(i);
    ok(!back(AK_ROUTES, "\"init_dir\""), "what is no object is left out");
}

static const struct {
    const char *url, *base, *why;
} urls[] = {
    {"http://127.0.0.1:9180", "http://127.0.0.1:9180/apisix/admin", NULL},
    {"https://apisix.example/", "https://apisix.example/apisix/admin", NULL},
    {"http://[::1]:9180/gw/admin/", "http://[::1]:9180/gw/admin", NULL},
    {"127.0.0.1:9180", NULL, "is no http:// or https:// URL"},
    {"http://", NULL, "names no host"},
    {"http://u:p@h", NULL, "holds a user: give the API key with --key-file or APISIX_ADMIN_KEY instead"},
    {"http://h/?api_key=k", NULL, "holds a query or a fragment"},
    {"http://h /x", NULL, "holds white space or control characters"},
};

static const struct {
    enum apisix_kind kind;
    const char *id;
    bool is_one;
} ids[] = {
    {AK_ROUTES, "a.b-c_D9", true},
    {AK_ROUTES, "..", false},
    {AK_ROUTES, ".", false},
    {AK_ROUTES, "", false},
    {AK_ROUTES, "a/b", false},
    {AK_ROUTES, "a?force=true", false},
    {AK_ROUTES, "a%2e", false},
    {AK_CONSUMERS, "jack", true},
    {AK_CONSUMERS, "jack/credentials/key-1", true},
    {AK_CONSUMERS, "jack/credentials/", false},
    {AK_CONSUMERS, "jack/credentials/..", false},
    {AK_CONSUMERS, "../credentials/key", false},
    {AK_CONSUMERS, "jack/routes/key", false},
    {AK_CONSUMERS, "jack/credentials/a/b", false},
};

static void check_urls(void)
{
    for (size_t i = 0; i < N_ELEMS(urls); i++) {
        char *why = NULL, *base = admin_base(urls[i].url, &why);
        is_text(base, urls[i].base, urls[i].url);
        is_text(why, urls[i].why, urls[i].url);
        free(base);
        free(why);
    }
    for (size_t i = 0; i < N_ELEMS(ids); i++)
        ok(is_admin_id(ids[i].kind, ids[i].id) == ids[i].is_one, "whether \"%s\" can be an id of %s",
           ids[i].id, apisix_kind(ids[i].kind)->name);
}

static const struct {
    int status;
    const char *body;
    enum answer answer;
    const char *reason;
} answers[] = {
    {200, "{}", ANSWER_DONE, "the server answers 200"},
    {404, "{\"message\":\"Key not found\"}", ANSWER_ABSENT, "the server answers 404: Key not found"},
    {404, "<html>", ANSWER_REFUSED, "the server answers 404"},
    {401, "{\"error_msg\":\"failed to check token\",\"description\":\"wrong apikey\"}", ANSWER_DENIED,
     "the server answers 401: failed to check token: wrong apikey"},
    {400, "{\"error_msg\":\"can not delete this upstream, route [r] is still using it now\"}", ANSWER_STALE,
     "the server answers 400: can not delete this upstream, route [r] is still using it now"},
    {400, "{\"error_msg\":\"failed to fetch upstream info by upstream id [u], response code: 404\"}",
     ANSWER_STALE,
     "the server answers 400: failed to fetch upstream info by upstream id [u], response code: 404"},
    {400, "{\"error_msg\":\"bad \\\"LINE-ONE\\nLINE-TWO\\\"\\u001b[2J\",\"req_body\":\"LINE-ONE\"}",
     ANSWER_REFUSED, "the server answers 400: bad \"<redacted> <redacted>\" [2J"},
    {400, "{\"error_msg\":\"got -----BEGIN RSA PRIVATE KEY-----abc\"}", ANSWER_REFUSED,
     "the server answers 400: got <redacted>"},
};

static void check_answers(void)
{
    struct item *ssl = item(AK_SSLS, "{\"id\":\"x\",\"key\":\"LINE-ONE\\nLINE-TWO\"," LABELS "}");
    for (size_t i = 0; i < N_ELEMS(answers); i++) {
        struct http_response r = {
            .status = answers[i].status, .body = answers[i].body, .len = strlen(answers[i].body)};
        char *reason = answer_reason(&r, ssl, REASON_MOST);
        ok(answer_of(&r) == answers[i].answer, "the answer %d is understood", r.status);
        is_text(reason, answers[i].reason, "and told");
        free(reason);
    }
    item_unref(ssl);
    char *cut = redact_text(AK_ROUTES, JX_NONE, "aaa\xc3\xa4", 4);
    is_text(cut, "aaa...", "a text is not cut inside of a character");
    free(cut);
}

int main(void)
{
    check_rows();
    check_keys();
    check_entries();
    check_urls();
    check_answers();
    return tap_done();
}

/* configs: documents with versions, from a GET to the PUT that follows it. */
#include "apisix/configs.h"

#include <stdlib.h>

#include "tap.h"

#define MINE(id)                                                                                             \
    "\"labels\":{\"gwpipe-instance\":\"t\",\"gwpipe-owner\":\"" id "\",\"managed-by\":\"gwpipe\"}"

/* An instance, as one reading and the writing after it see it. */
struct instance {
    struct configs configs, after;
    struct document live, next;
    struct buf body;
};

static void read_text(struct instance *in, const char *text)
{
    const char *why = configs_parse(&in->configs, &in->live, text, strlen(text), "t");
    buf_init(&in->body, BUF_MAX_OUTPUT);
    if (why)
        ok(false, "the test's own document is read: %s", why);
    for (size_t i = 0; i < in->live.items.n; i++)
        items_add(&in->next.items, item_ref(in->live.items.items[i]));
    in->next.others = in->live.others; /* lent */
}

static void put(struct instance *in, enum apisix_kind k, const char *id, const char *text)
{
    struct item *item = item_new(k, id, "R", text, strlen(text));
    for (size_t i = 0; i < in->next.items.n; i++) {
        if (item_compare(in->next.items.items[i], item) != 0)
            continue;
        item_unref(in->next.items.items[i]);
        in->next.items.items[i] = item;
        return;
    }
    items_add(&in->next.items, item);
    items_sort(&in->next.items);
}

static void take_out(struct instance *in, size_t at)
{
    item_unref(in->next.items.items[at]);
    for (size_t i = at; i + 1 < in->next.items.n; i++)
        in->next.items.items[i] = in->next.items.items[i + 1];
    in->next.items.n--;
}

static const char *written(struct instance *in, int64_t now)
{
    const char *why = configs_render(&in->configs, &in->live, &in->next, now, &in->after, &in->body);
    return why ? why : in->body.p;
}

static void release(struct instance *in)
{
    in->next.others.items = NULL;
    in->next.others.n = 0;
    document_release(&in->next);
    document_release(&in->live);
    configs_release(&in->configs);
    configs_release(&in->after);
    buf_free(&in->body);
}

/* Whether the body, as a whole, says this. */
static void says(const char *body, const char *piece, bool is_expected, const char *name)
{
    ok((strstr(body, piece) != NULL) == is_expected, "%s", name);
    if ((strstr(body, piece) != NULL) != is_expected)
        printf("# %s \"%s\" in:\n# %s\n", is_expected ? "no" : "there is", piece, body);
}

/* ---- */

static const char held[] =
    "{\"routes_conf_version\":7,\"upstreams_conf_version\":9,\"plugins_conf_version\":3,"
    "\"X-Digest\":\"d\",\"X-Last-Modified\":5,\"moons_conf_version\":4,\"moons\":[{\"id\":\"m\"}],"
    "\"routes\":[{\"uri\":\"/b\",\"modifiedIndex\":6," MINE(
        "R") ",\"id\":\"b\"},"
             "{\"modifiedIndex\":5,\"id\":\"a\",\"uri\":\"/a\"},{\"id\":\"c\"," MINE(
                 "R") "}],"
                      "\"global_rules\":[{\"modifiedIndex\":2,\"id\":\"g\",\"plugins\":{}}],"
                      "\"plugin_metadata\":[{\"id\":\"p\",\"modifiedIndex\":8}]}";

static void test_reading(void)
{
    struct instance in = {0};
    read_text(&in, held);
    ok(in.live.items.n == 5 && in.live.others.n == 1, "objects are told from versions and metadata");
    is_text(in.configs.digest, "d", "the digest is read");
    is_text(in.live.items.items[2]->text, "{\"modifiedIndex\":5,\"id\":\"a\",\"uri\":\"/a\"}",
            "an object of others keeps its text");
    is_text(in.live.items.items[3]->text, "{\"id\":\"b\"," MINE("R") ",\"uri\":\"/b\"}",
            "one of ours is canonical and without modifiedIndex");
    is_text(in.live.items.items[1]->text, "{\"id\":\"g\",\"plugins\":{}}",
            "so that a rule without labels compares, its modifiedIndex is out");
    is_text(in.live.items.items[0]->text, "{\"id\":\"p\",\"modifiedIndex\":8}",
            "of a kind without modifiedIndex nothing is out");
    ok(in.configs.indexes[1] == 2 && in.configs.indexes[3] == 6 && in.configs.indexes[4] == 0,
       "what was out is known");
    ok(in.configs.newest == 9, "the largest version is known");
    release(&in);
}

static void test_unchanged(void)
{
    struct instance in = {0};
    read_text(&in, held);
    const char *body = written(&in, 100);
    says(body, "[", false, "when nothing changes no object is sent");
    says(body, "\"routes_conf_version\":7,", true, "an unchanged kind keeps its version");
    says(body, "\"plugins_conf_version\":3", true, "so does the list of plugins");
    says(body, "\"moons_conf_version\":4", true, "and a kind that is not known");
    says(body, "\"ssls_conf_version\":0,", true, "and one that the document did not name");
    says(body, "X-", false, "metadata is not sent back");
    ok(in.after.indexes[3] == 6, "numbers of unchanged objects stay known");
    release(&in);
}

static void test_changes(void)
{
    struct instance in = {0};
    read_text(&in, held);
    put(&in, AK_ROUTES, "b", "{\"id\":\"b\",\"uri\":\"/B\"}");
    put(&in, AK_ROUTES, "e", "{}");
    const char *body = written(&in, 100);
    says(body, "\"routes_conf_version\":110,\n\"routes\":[\n", true,
         "a changed kind has a new version and its objects");
    says(body, "{\"id\":\"b\",\"uri\":\"/B\",\"modifiedIndex\":110}", true,
         "a changed object has a new number");
    says(body, "{\"modifiedIndex\":5,\"id\":\"a\",\"uri\":\"/a\"}", true,
         "an object of others is sent as it was");
    says(body, "{\"modifiedIndex\":110}]", true, "an empty object has one too");
    says(body, MINE("R") ",\"modifiedIndex\":110}", true, "one that had no number gets one");
    says(body, "\"upstreams\":", false, "other kinds are not sent");
    ok(in.after.indexes[2] == 0 && in.after.indexes[3] == 110, "the numbers sent are known afterwards");
    ok(in.after.newest == 110, "and the version");
    release(&in);
}

static void test_unchanged_neighbour(void)
{
    struct instance in = {0};
    read_text(&in, held);
    put(&in, AK_ROUTES, "aa", "{\"id\":\"aa\"}");
    const char *body = written(&in, 100);
    says(body, "\"uri\":\"/b\",\"modifiedIndex\":6}", true, "an object that stays keeps its number");
    release(&in);
}

static void test_removal(void)
{
    struct instance in = {0};
    read_text(&in, held);
    take_out(&in, 1);
    const char *body = written(&in, 100);
    says(body, "\"global_rules_conf_version\":110,\n\"global_rules\":[]", true,
         "the last object of a kind goes");
    says(body, "\"routes\":", false, "and no other kind is touched");
    release(&in);
}

static void test_numbers(void)
{
    struct instance in = {0};
    read_text(&in, held);
    put(&in, AK_ROUTES, "b", "{\"id\":\"b\",\"uri\":\"/B\"}");
    says(written(&in, 1795420000005), "\"routes_conf_version\":15,", true,
         "a number follows closely upon the largest");
    release(&in);

    in = (struct instance){0};
    read_text(&in, "{\"routes_conf_version\":1,\"ssls_conf_version\":99999999999999,\"X-Digest\":\"d\"}");
    put(&in, AK_ROUTES, "b", "{}");
    says(written(&in, 5), "restart APISIX", true, "past the last version nothing is written");
    release(&in);

    in = (struct instance){.configs = {.newest = 500}};
    read_text(&in, "{\"routes_conf_version\":0}");
    put(&in, AK_ROUTES, "b", "{}");
    says(written(&in, 5), "\"routes_conf_version\":501,", true,
         "a version that was used before the document was lost is not used again");
    release(&in);
}

static void test_blank(void)
{
    struct instance in = {0};
    read_text(&in, "{\"routes_conf_version\":0,\"plugins_conf_version\":0}");
    ok(in.configs.digest == NULL, "without a digest there is no document");
    const char *body = written(&in, 100);
    says(body, "\"routes_conf_version\":100,\n\"routes\":[]", true, "an empty instance gets every kind");
    says(body, "\"plugins_conf_version\":0", true, "but not the plugins, which are not ours to list");
    release(&in);
}

/* The instance has lost what it held; `in` is what it held, as it was read. */
static void test_restoring(void)
{
    struct instance in = {0};
    struct configs lost = {0};
    struct document empty;
    const char *nothing = "{\"routes_conf_version\":0}";
    read_text(&in, held);
    const char *why = configs_parse(&lost, &empty, nothing, strlen(nothing), "t");
    if (!why)
        why = configs_render(&lost, &empty, &in.next, 100, &in.after, &in.body);
    ok(!why, "what an instance held can be given back");
    says(in.body.p, "\"moons_conf_version\":100,\n\"moons\":[{\"id\":\"m\"}]", true,
         "kinds that are not known too");
    says(in.body.p, "{\"modifiedIndex\":5,\"id\":\"a\",\"uri\":\"/a\"}", true, "objects of others too");
    says(in.body.p, "{\"id\":\"p\",\"modifiedIndex\":8}", true, "and metadata of plugins as it was");
    configs_release(&lost);
    document_release(&empty);
    release(&in);
}

static void test_refusals(void)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", "is empty"},
        {"  \n", "is empty"},
        {"<html>", "not a JSON object"},
        {"{}", "no \"routes_conf_version\""},
        {"{\"message\":\"hello\"}", "no \"routes_conf_version\""},
        {"{\"routes_conf_version\":-1}", "not a whole number"},
        {"{\"routes_conf_version\":1.5}", "not a whole number"},
        {"{\"routes_conf_version\":\"1\"}", "not a whole number"},
        {"{\"routes_conf_version\":1e17}", "not a whole number"},
        {"{\"routes_conf_version\":1,\"routes_conf_version\":2}", "twice"},
        {"{\"routes_conf_version\":1,\"routes\":{}}", "not a JSON array"},
        {"{\"routes_conf_version\":1,\"routes\":[{]}", "JSON"},
    };
    for (size_t i = 0; i < N_ELEMS(rows); i++) {
        struct configs c = {.newest = 42};
        struct document d;
        const char *why = configs_parse(&c, &d, rows[i].text, strlen(rows[i].text), "t");
        ok(why && d.items.n == 0 && c.newest == 42, "refused: %s", rows[i].text);
        if (!why || !strstr(why, rows[i].why))
            ok(false, "  for the reason \"%s\", not \"%s\"", rows[i].why, why ? why : "none");
        document_release(&d);
        configs_release(&c);
    }
}

int main(void)
{
    test_reading();
    test_unchanged();
    test_changes();
    test_unchanged_neighbour();
    test_removal();
    test_numbers();
    test_blank();
    test_restoring();
    test_refusals();
    return tap_done();
}

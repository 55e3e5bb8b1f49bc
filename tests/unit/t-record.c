/* t-record: a record keeps its bytes, and what a stage adds is appended to them. */
#include <stdlib.h>

#include "rec/record.h"
#include "tap.h"

#define OBJECT                                                                                               \
    "{\"apiVersion\":\"g.example/v1\",\"kind\":\"K\",\"metadata\":{\"name\":\"n\",\"namespace\":\"s\"}}"

static struct rec parse(const char *line)
{
    struct rec r;
    const char *why = rec_parse(&r, line, strlen(line), 7);
    if (why)
        printf("# %s: %s\n", line, why);
    return r;
}

static void emits(const struct rec *r, const char *want, const char *name)
{
    struct buf b;
    buf_init(&b, BUF_MAX_OUTPUT);
    bool fits = rec_emit(r, &b);
    is_text(fits ? b.p : NULL, want, name);
    buf_free(&b);
}

static void test_bytes_are_kept(void)
{
    struct rec r = parse("{ \"type\":\"X\", \"n\" : 1.50e1 }");
    ok(r.type == REC_OTHER, "an unknown type is passed on");
    emits(&r, "{ \"type\":\"X\", \"n\" : 1.50e1 }\n", "untouched, it comes out byte for byte");
    rec_put(&r, "resolved", jb_obj());
    emits(&r, "{ \"type\":\"X\", \"n\" : 1.50e1 ,\"resolved\":{}}\n", "a member is appended");
    rec_put(&r, "resolved", jb_int(1));
    rec_put(&r, "status", jb_int(2));
    emits(&r, "{ \"type\":\"X\", \"n\" : 1.50e1 ,\"resolved\":1,\"status\":2}\n",
          "what was added can change and grow");
    rec_release(&r);

    r = parse("{\"type\":\"ADDED\",\"object\":" OBJECT ",\"status\":1,\"x\":{}}");
    rec_put(&r, "status", jb_int(2));
    emits(&r, "{\"type\":\"ADDED\",\"object\":" OBJECT ",\"status\":2,\"x\":{}}\n",
          "a member that was read is replaced in its place");
    rec_drop(&r, "x");
    emits(&r, "{\"type\":\"ADDED\",\"object\":" OBJECT ",\"status\":2}\n", "and can be dropped");
    rec_release(&r);
}

static void test_identity(void)
{
    struct rec r = parse("{\"type\":\"MODIFIED\",\"object\":" OBJECT "}");
    char room[600];
    ok(r.type == REC_UPSERT, "MODIFIED is an upsert");
    is_text(r.id.group, "g.example", "group");
    is_text(r.id.version, "v1", "version");
    is_text(rec_title(&r, room, sizeof room), "K s/n", "title");
    is_text(rec_where(&r, 0, room, sizeof room), "stdin:7", "without a source, the line of the stream");
    rec_release(&r);
    r = parse("{\"type\":\"DELETED\",\"source\":{\"file\":\"a.yaml\",\"line\":3},\"object\":{\"apiVersion\":"
              "\"v1\",\"kind\":\"Namespace\","
              "\"metadata\":{\"name\":\"n\"}}}");
    ok(r.type == REC_DELETED, "DELETED");
    is_text(r.id.group, "", "the core group has no name");
    is_text(rec_title(&r, room, sizeof room), "Namespace n", "title without a namespace");
    is_text(rec_where(&r, 0, room, sizeof room), "a.yaml:3", "the line of the document");
    is_text(rec_where(&r, 9, room, sizeof room), "a.yaml:9", "or of the field");
    rec_release(&r);
    r = parse("{\"type\":\"SYNC\",\"full\":true}");
    ok(r.type == REC_SYNC && r.full, "a full SYNC");
    rec_release(&r);
    r = parse("{\"type\":\"SYNC\",\"full\":\"true\"}");
    ok(r.type == REC_SYNC && !r.full, "\"true\" is not true");
    rec_release(&r);
}

static void test_what_is_no_record(void)
{
    static const char *const bad[] = {
        "[]",
        "{}",
        "{\"type\":1}",
        "{\"type\":\"ADDED\"}",
        "{\"type\":\"ADDED\",\"object\":[]}",
        "{\"type\":\"ADDED\",\"object\":{}}",
        "{\"type\":\"ADDED\",\"object\":{\"apiVersion\":\"v1\",\"kind\":\"K\"}}",
        "{\"type\":\"ADDED\",\"object\":{\"apiVersion\":\"v1\",\"kind\":\"K\",\"metadata\":{\"name\":\"\"}}}",
        "{\"type\":\"ADDED\",\"object\":{\"apiVersion\":1,\"kind\":\"K\",\"metadata\":{\"name\":\"n\"}}}",
    };
    for (size_t i = 0; i < N_ELEMS(bad); i++) {
        struct rec r;
        ok(rec_parse(&r, bad[i], strlen(bad[i]), 1) != NULL, "no record: %s", bad[i]);
    }
}

static void test_findings(void)
{
    struct rec r = parse("{\"type\":\"ADDED\",\"object\":" OBJECT
                         ",\"findings\":[{\"id\":\"a\",\"severity\":\"warning\"}]}");
    ok(!rec_has_error(&r), "a warning is no error");
    struct findings fs;
    findings_init(&fs);
    for (int i = 0; i < 100; i++)
        findings_addf(&fs, F_RULE, "spec", "number %d", i);
    rec_add_findings(&r, &fs, false);
    jv list = rec_get(&r, "findings");
    ok(rec_has_error(&r), "an error is");
    ok(jx_len(list) == FINDINGS_MAX + 1, "at most 64 findings and one that says so: %d", jx_len(list));
    is_text(jx_getstr(jx_at(list, 0), "id"), "a", "what was there stays first");
    is_text(jx_getstr(jx_at(list, FINDINGS_MAX), "id"), "findings-truncated",
            "the last says that some are left out");
    findings_release(&fs);
    rec_release(&r);
}

int main(void)
{
    test_bytes_are_kept();
    test_identity();
    test_what_is_no_record();
    test_findings();
    return tap_done();
}

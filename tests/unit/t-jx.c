/* t-jx: libjq behind its door: what is taken, what is refused, and that text comes out the same. */
#include <stdlib.h>

#include "tap.h"
#include "json/digest.h"

static void parses_to(const char *in, const char *want)
{
    const char *why;
    struct buf b;
    jv v = jx_parse(in, strlen(in), &why);
    buf_init(&b, BUF_MAX_LINE);
    if (why)
        buf_adds(&b, "refused");
    else
        jx_dump(&b, v);
    is_text(b.p, want, in);
    buf_free(&b);
    jb_free(v);
}

static void refuses(const char *in, size_t n, const char *name)
{
    const char *why;
    jv v = jx_parse(in, n, &why);
    ok(why && jx_is_none(v), "refused: %s", name);
    jb_free(v);
}

static void test_text(void)
{
    static const char *const same[] = {"null",
                                       "true",
                                       "0",
                                       "-1",
                                       "9007199254740991",
                                       "1.5",
                                       "\"\"",
                                       "\"a\\\"\\\\b\"",
                                       "[]",
                                       "{}",
                                       "[1,[2,{\"a\":null}]]",
                                       "{\"b\":1,\"a\":2}",
                                       "\"\xc3\xbc\"",
                                       "\"\\u0001\\n\\t\"",
                                       "0.1",
                                       "1e-07",
                                       "11190000000000"};
    for (size_t i = 0; i < N_ELEMS(same); i++)
        parses_to(same[i], same[i]);
    parses_to(" { \"a\" : 1.0 } ", "{\"a\":1}");
    parses_to("1e3", "1000");
    parses_to("\"\\u00fc\\/\"", "\"\xc3\xbc/\"");
    parses_to("\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"");
}

static void test_refusals(void)
{
    static const char *const bad[] = {"",           " ",           "{",        "[1,]",
                                      "{\"a\"}",    "1 2",         "nul",      "\"a",
                                      "{\"a\":1}}", "\"\\u0000\"", "\"\xff\"", "\"\xed\xa0\x80\"",
                                      "'a'",        "{a:1}",       "[1 2]"};
    for (size_t i = 0; i < N_ELEMS(bad); i++)
        refuses(bad[i], strlen(bad[i]), bad[i]);
    refuses("\"a\0b\"", 5, "a NUL inside");
    char deep[2 * 300 + 1];
    memset(deep, '[', 300);
    memset(deep + 300, ']', 300);
    deep[600] = '\0';
    refuses(deep, 600, "300 brackets");
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    deep[200] = '\0';
    parses_to(deep, deep);
}

static void test_reading(void)
{
    const char *why;
    const char *text =
        "{\"s\":\"x\",\"n\":7,\"f\":1.5,\"t\":true,\"o\":{\"p\":{\"q\":[3]}},\"z\":null,\"big\":1e300}";
    jv v = jx_parse(text, strlen(text), &why);
    int64_t n = -1;
    is_text(jx_getstr(v, "s"), "x", "a string");
    is_text(jx_getstr(v, "n"), NULL, "a number is no string");
    ok(jx_int(jx_get(v, "n"), &n) && n == 7, "an integer");
    ok(!jx_int(jx_get(v, "f"), &n) && !jx_int(jx_get(v, "big"), &n), "1.5 and 1e300 are no integers");
    ok(jx_true(jx_get(v, "t")) && !jx_true(jx_get(v, "n")), "true is true, 7 is not");
    ok(jx_int(jx_at(jx_path(v, "o.p.q"), 0), &n) && n == 3, "a path");
    ok(jx_is_none(jx_path(v, "o.s.q")) && jx_is_none(jx_get(jx_get(v, "s"), "x")),
       "a path through nothing is nothing");
    ok(jx_is_none(jx_at(v, 0)) && jx_is_none(jx_at(jx_path(v, "o.p.q"), 1)) &&
           jx_is_none(jx_at(jx_path(v, "o.p.q"), -1)),
       "an index out of range is nothing");
    ok(jx_is_null(jx_get(v, "z")) && !jx_is_none(jx_get(v, "z")) && jx_is_none(jx_get(v, "y")),
       "null is not nothing");
    ok(jx_len(v) == 7 && jx_len(jx_get(v, "s")) == 0, "length");
    char keys[32] = "";
    for (struct jx_iter it = jx_iter(v); jx_next(&it);)
        strcat(keys, it.key);
    is_text(keys, "snftozbig", "objects are walked in the order of the text");
    jb_free(v);
}

static void test_building(void)
{
    struct buf b;
    buf_init(&b, BUF_MAX_LINE);
    jv o = jb_obj(), a = jb_arr();
    jb_add_str(&a, "z");
    jb_add_str(&a, "a");
    jb_put(&o, "list", jb_sorted(a));
    jb_put_str(&o, "none", NULL);
    jb_put_int(&o, "n", -5);
    jb_put_int(&o, "gone", 1);
    jb_del(&o, "gone");
    jx_dump(&b, o);
    is_text(b.p, "{\"list\":[\"a\",\"z\"],\"n\":-5}", "what is built is what is written");
    jb_free(o);

    const char *why;
    const char *one = "{\"a\":1,\"b\":{\"d\":1,\"c\":2}}", *other = "{\"b\":{\"c\":2,\"d\":1},\"a\":1.0}";
    jv x = jx_parse(one, strlen(one), &why), y = jx_parse(other, strlen(other), &why);
    ok(digest_equal(digest_json(x), digest_json(y)), "a digest does not see the order of keys");
    buf_reset(&b);
    jx_dump_sorted(&b, x);
    is_text(b.p, "{\"a\":1,\"b\":{\"c\":2,\"d\":1}}", "sorted text");
    jb_free(x);
    jb_free(y);
    buf_free(&b);
}

static void test_buf(void)
{
    struct buf b;
    buf_init(&b, 8);
    buf_adds(&b, "12345");
    buf_adds(&b, "6789");
    ok(b.overflow && b.len == 5, "beyond its cap a buffer stays as it is");
    buf_addc(&b, 'x');
    ok(b.overflow && b.len == 5, "and takes nothing more");
    buf_reset(&b);
    buf_addf(&b, "%d-%s", 12, "ab");
    is_text(b.p, "12-ab", "until it is reset");
    buf_free(&b);
}

int main(void)
{
    test_text();
    test_refusals();
    test_reading();
    test_building();
    test_buf();
    return tap_done();
}

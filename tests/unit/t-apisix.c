/* What user strings become in APISIX: escapes, ids, shares, prefix replacement. */
#include <regex.h>
#include <stdlib.h>

#include "apisix/backends.h"
#include "apisix/escape.h"
#include "apisix/ids.h"
#include "apisix/path.h"
#include "tap.h"

static void decode(struct buf *out, const char *s)
{
    buf_add_decoded(out, s, strlen(s));
}

static void check_escape(void (*escape)(struct buf *, const char *), const char *in, const char *out,
                         const char *name)
{
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    escape(&b, in);
    is_text(b.p, out, name);
    buf_free(&b);
}

static void escapes(void)
{
    check_escape(variable_quote, "a$b", "a${_d??$}b", "a dollar is no variable");
    check_escape(variable_quote, "$$", "${_d??$}${_d??$}", "nor are two");
    check_escape(variable_quote, "a\\$b", "a\\$b", "behind a backslash APISIX leaves it alone");
    check_escape(variable_quote, "$env://PATH", "${_d??$}env://PATH", "an environment reference is none");
    check_escape(replacement_quote, "/a$1", "/a$$1", "a dollar in a replacement is doubled");
    check_escape(decode, "/a%20b%2fc%zz%", "/a b/c%zz%", "percent escapes are decoded, what is none stays");
    check_escape(percent_encode_path, "/a b$c%41?#\"", "/a%20b%24c%41%3F%23%22",
                 "a path for a Location is encoded");
    check_escape(regex_keep, "a${{X}}", "a$\\x7b{X}}", "a regex loses the text that APISIX would replace");
    ok(literal_length("/a*b", 4) == 2, "a star ends the literal");
    ok(literal_length("/a${{x", 6) == 2, "so does a template");
    ok(literal_length("/a\xff", 3) == 2, "and a byte that is not UTF-8");
    ok(literal_length("/caf\xc3\xa9", 6) == 6, "UTF-8 is literal");
}

/* Exactly n of the 65536 beginnings must match. */
static void shares(void)
{
    static const unsigned counts[] = {1,    2,    15,    16,    17,    255,   256,   257,
                                      4095, 4096, 21845, 32768, 43691, 61440, 65520, 65535};
    for (size_t i = 0; i < N_ELEMS(counts); i++) {
        struct buf b, posix;
        regex_t re;
        unsigned n = 0;
        buf_init(&b, BUF_MAX_SCRATCH);
        buf_init(&posix, BUF_MAX_SCRATCH);
        share_regex(&b, counts[i]);
        buf_addf(&posix, "^(%s", b.p + strlen("^(?:"));
        ok(regcomp(&re, posix.p, REG_EXTENDED | REG_NOSUB) == 0, "the share of %u compiles", counts[i]);
        for (unsigned k = 0; k < 65536; k++) {
            char text[8];
            snprintf(text, sizeof text, "%04x", k);
            n += regexec(&re, text, 0, NULL, 0) == 0;
        }
        ok(n == counts[i], "the share of %u takes %u", counts[i], n);
        regfree(&re);
        buf_free(&b);
        buf_free(&posix);
    }
}

static void ids(void)
{
    char name[300];
    memset(name, 'n', 253);
    name[253] = '\0';
    struct id a = id_make("httproute.%s.%s.%d.%d", "shop", "cart", 0, 1);
    struct id b = id_make("httproute.%s.%s.%d.%d", "shop", name, 0, 1);
    struct id c = id_make("httproute.%s.%s.%d.%d", "shop", name, 0, 2);
    struct id d = id_make("httproute.%s.%s.%d.%d", "shop", "bad name/\xff", 0, 2);
    is_text(a.text, "httproute.shop.cart.0.1", "a short id is readable");
    ok(strlen(b.text) == ID_MAX, "a long id fills the room");
    ok(!str_eq(b.text, c.text), "two long ids differ though their beginnings do not");
    ok(strspn(d.text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen(d.text),
       "an id holds only what APISIX takes");
    ok(strlen(d.text) <= ID_MAX, "and no more than 64 characters");
}

static const struct {
    const char *prefix, *replacement, *regex, *by;
} replacements[] = {
    {"/foo", "/xyz", "^/foo(/[\\s\\S]*)?$", "/xyz$1"},
    {"/foo/", "/xyz/", "^/foo(/[\\s\\S]*)?$", "/xyz$1"},
    {"/foo", "", "^/foo/?([\\s\\S]*)$", "/$1"},
    {"/foo", "/", "^/foo/?([\\s\\S]*)$", "/$1"},
    {"/", "/xyz", "^(/[\\s\\S]*)$", "/xyz$1"},
    {"/", "/", "^(/[\\s\\S]*)$", "$1"},
    {"/a.b", "/c$1", "^/a\\.b(/[\\s\\S]*)?$", "/c$$1$1"},
    {"/foo", "xyz", "^/foo(/[\\s\\S]*)?$", "/xyz$1"},
};

static void prefixes(void)
{
    for (size_t i = 0; i < N_ELEMS(replacements); i++) {
        char name[120];
        struct match m = {.type = PATH_PREFIX, .path = replacements[i].prefix};
        jv pair = path_replace_prefix(&m, replacements[i].replacement);
        snprintf(name, sizeof name, "%s replaced by \"%s\"", replacements[i].prefix,
                 replacements[i].replacement);
        is_text(jx_str(jx_at(pair, 0)), replacements[i].regex, name);
        is_text(jx_str(jx_at(pair, 1)), replacements[i].by, name);
        jb_free(pair);
    }
}

int main(void)
{
    escapes();
    shares();
    ids();
    prefixes();
    return tap_done();
}

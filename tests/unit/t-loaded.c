/* What a gateway has loaded, against what was written. */
#include "apisix/loaded.h"

#include <string.h>

#include "tap.h"

static const struct {
    const char *wanted, *was, *live; /* `was` NULL: there was nothing */
    bool is;
    const char *what;
} rows[] = {
    {"{\"a\":1}", NULL, "{\"a\":1}", true, "the same"},
    {"{\"a\":1}", NULL, "{\"a\":2}", false, "another value"},
    {"{\"a\":1}", NULL, "{}", false, "a member that is not there yet"},
    {"{\"a\":1}", NULL, "{\"a\":1,\"status\":1}", true, "with a default"},
    {"{\"a\":{\"b\":1}}", NULL, "{\"a\":{\"b\":1,\"_cache\":{}}}", true, "with what a plugin keeps"},
    {"{\"a\":1}", "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2}", false, "a member that should be gone"},
    {"{\"a\":1}", "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":0}", true, "a default in its place"},
    {"{\"p\":{\"x\":{}}}", "{\"p\":{\"x\":{},\"y\":{\"k\":1}}}", "{\"p\":{\"x\":{},\"y\":{\"k\":1,\"d\":2}}}",
     false, "a plugin that should be gone, with its defaults"},
    {"{\"n\":[1,2]}", NULL, "{\"n\":[1,2]}", true, "the same list"},
    {"{\"n\":[1,2]}", "{\"n\":[1,2,3]}", "{\"n\":[1,2,3]}", false, "a longer list"},
    {"{\"n\":[1,2]}", NULL, "{\"n\":[2,1]}", false, "another order"},
    {"{\"n\":[]}", NULL, "{\"n\":{}}", true, "an empty list, as Lua has it"},
    {"{\"n\":[]}", "{\"n\":[1]}", "{\"n\":[1]}", false, "a list that should be empty"},
    {"{\"n\":[]}", "{\"n\":[1]}", "{\"n\":{}}", true, "and is"},
    {"{\"p\":{\"cors\":{}}}", NULL, "{\"p\":{\"cors\":{\"max_age\":5}}}", true,
     "defaults in an empty object"},
    {"{\"r\":0.3333333333333333}", NULL, "{\"r\":0.33333333333333}", true, "a number of 14 digits"},
    {"{\"r\":0.5}", NULL, "{\"r\":0.50001}", false, "another number"},
    {"{\"a\":\"1\"}", NULL, "{\"a\":1}", false, "another kind"},
    {"{\"a\":1}", NULL, "7", false, "no object"},
    {"{\"tls\":{\"client_key\":\"-----BEGIN A\"}}", NULL, "{\"tls\":{\"client_key\":\"c2VjcmV0\"}}", true,
     "a key that is encrypted"},
    {"{\"tls\":{\"client_key\":\"-----BEGIN A\"}}", NULL, "{\"tls\":{\"client_key\":\"-----BEGIN B\"}}",
     false, "another key"},
    {"{\"tls\":{\"client_key\":\"-----BEGIN A\"}}", NULL, "{\"tls\":{}}", false, "a key that is not there"},
    {"{\"a\":{\"b\":1}}", NULL, "{\"a\":[1]}", false, "a list for an object"},
};

static jv value(const char *text)
{
    const char *why;
    return text ? jx_parse(text, strlen(text), &why) : JX_NONE;
}

int main(void)
{
    for (size_t i = 0; i < N_ELEMS(rows); i++) {
        jv wanted = value(rows[i].wanted), was = value(rows[i].was), live = value(rows[i].live);
        ok(loaded_is(wanted, was, live) == rows[i].is, "%s", rows[i].what);
        jb_free(wanted);
        jb_free(was);
        jb_free(live);
    }
    return tap_done();
}

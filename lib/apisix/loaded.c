#include "apisix/loaded.h"

#include <math.h>

/* APISIX's JSON has 14 digits. */
static bool same_number(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b));
}

/* In Lua an empty list and an empty object are one. */
static bool is_empty(jv v)
{
    return (jx_is_arr(v) || jx_is_obj(v)) && jx_len(v) == 0;
}

static bool list_is(jv wanted, jv was, jv live)
{
    bool is = jx_is_arr(live) && jx_len(live) == jx_len(wanted);
    for (int i = 0; is && i < jx_len(wanted); i++)
        is = loaded_is(jx_at(wanted, i), jx_at(was, i), jx_at(live, i));
    return is;
}

/* Beside etcd keys are encrypted, each time differently: what tells them apart is the hash among the labels.
 */
static bool is_encrypted(const char *key, jv live)
{
    return str_eq(key, "client_key") && jx_is_str(live) && !has_prefix(jx_str(live), "-----BEGIN");
}

/* A default that stands in the place of what was there before is not told from it: it was written out then,
   which we do not do. */
static bool object_is(jv wanted, jv was, jv live)
{
    bool is = jx_is_obj(live);
    for (struct jx_iter it = jx_iter(wanted); is && jx_next(&it);)
        is = is_encrypted(it.key, jx_get(live, it.key)) ||
             loaded_is(it.value, jx_get(was, it.key), jx_get(live, it.key));
    for (struct jx_iter it = jx_iter(was); is && jx_next(&it);)
        is = !jx_is_none(jx_get(wanted, it.key)) || !loaded_is(it.value, JX_NONE, jx_get(live, it.key));
    return is;
}

bool loaded_is(jv wanted, jv was, jv live)
{
    if (is_empty(wanted) && (jx_is_none(was) || is_empty(was)))
        return is_empty(live) || jx_is_obj(live);
    if (is_empty(wanted) && is_empty(live))
        return true;
    if (jx_is_arr(wanted))
        return list_is(wanted, was, live);
    if (jx_is_obj(wanted))
        return object_is(wanted, was, live);
    if (jx_is_num(wanted) && jx_is_num(live))
        return same_number(jx_number_or(wanted, 0), jx_number_or(live, 0));
    return jx_equal(wanted, live);
}

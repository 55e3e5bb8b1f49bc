#include "gw/retry.h"

#include "gw/duration.h"

/* A limit on the whole request leaves no time for a retry that nobody asked for. */
struct retry retry_read(jv rule)
{
    jv spec = jx_get(rule, "retry");
    double limit = duration_seconds(jx_getstr(jx_get(rule, "timeouts"), "request")); /* "0s": none */
    struct retry r = {.attempts = limit > 0 ? 0 : RETRY_ANY};
    if (!jx_is_obj(spec))
        return r;
    int64_t attempts = jx_getint_or(spec, "attempts", RETRY_ANY);
    r.attempts = attempts < 0 ? RETRY_ANY : attempts < RETRY_MAX ? (int)attempts : RETRY_MAX;
    r.codes = jx_get(spec, "codes");
    r.backoff = duration_seconds(jx_getstr(spec, "backoff"));
    r.limit = limit;
    r.has_loop = r.attempts != 0 && (jx_len(r.codes) > 0 || r.backoff > 0 || r.limit > 0);
    return r;
}

#include "apisix/backends.h"

#include <stdio.h>

#include "apisix/h2c.h"
#include "apisix/ids.h"

static void add_upstream(struct backends *b, const char *id, int64_t weight)
{
    for (int i = 0; i < jx_len(b->upstreams); i++) { /* APISIX lets entries of one id collapse */
        if (!str_same(jx_getstr(jx_at(b->upstreams, i), "upstream_id"), id))
            continue;
        jv sum = jb_obj();
        jb_put_str(&sum, "upstream_id", id);
        jb_put_int(&sum, "weight", weight + jx_getint_or(jx_at(b->upstreams, i), "weight", 0));
        jb_set(&b->upstreams, i, sum);
        return;
    }
    jv o = jb_obj();
    jb_put_str(&o, "upstream_id", id);
    jb_put_int(&o, "weight", weight);
    jb_add(&b->upstreams, o);
}

static bool has_upstream(const struct backends *b, const char *id)
{
    for (int i = 0; i < jx_len(b->upstreams); i++)
        if (str_same(jx_getstr(jx_at(b->upstreams, i), "upstream_id"), id))
            return true;
    return false;
}

struct backends backends_read(jv resolved)
{
    struct backends b = {.upstreams = jb_arr(), .h2c = jb_arr()};
    for (int i = 0; i < jx_len(resolved); i++) {
        jv ref = jx_at(resolved, i);
        struct id id;
        int64_t weight = jx_getint_or(ref, "weight", 1);
        if (weight <= 0)
            continue;
        if (!id_of_backend(ref, &id)) {
            b.broken += weight;
            continue;
        }
        if (h2c_is(ref) && !has_upstream(&b, id.text))
            jb_add_str(&b.h2c, id.text);
        add_upstream(&b, id.text, weight);
        b.valid += weight;
        b.is_websocket |= has_prefix(jx_getstr_or(ref, "appProtocol", ""), "kubernetes.io/ws"); /* or wss */
    }
    return b;
}

int backends_n_upstreams(const struct backends *b)
{
    return jx_len(b->upstreams);
}

const char *backends_upstream(const struct backends *b, int i)
{
    return jx_getstr_or(jx_at(b->upstreams, i), "upstream_id", "");
}

bool backends_are_h2c(const struct backends *b)
{
    return jx_len(b->h2c) == jx_len(b->upstreams);
}

void backends_release(struct backends *b)
{
    jb_free(b->upstreams);
    jb_free(b->h2c);
    *b = (struct backends){.upstreams = JX_NONE, .h2c = JX_NONE};
}

jv abort_with(int status)
{
    jv abort = jb_obj(), o = jb_obj();
    jb_put_int(&abort, "http_status", status);
    jb_put(&o, "abort", abort);
    return o;
}

/* What goes into `abort`. Trailers alone make a whole answer of gRPC. */
static jv broken_answer(bool is_grpc)
{
    jv abort = jb_obj();
    jb_put_int(&abort, "http_status", is_grpc ? 200 : 500);
    if (is_grpc) {
        jv headers = jb_obj();
        jb_put_str(&headers, "Content-Type", "application/grpc");
        jb_put_str(&headers, "grpc-status", "14");
        jb_put_str(&headers, "grpc-message", "no valid backend");
        jb_put(&abort, "headers", headers);
    }
    return abort;
}

jv abort_broken(bool is_grpc)
{
    jv o = jb_obj();
    jb_put(&o, "abort", broken_answer(is_grpc));
    return o;
}

/* Digit by digit: all with a smaller digit here, or the same digit and so on. */
void share_regex(struct buf *out, unsigned n)
{
    static const char hex[] = "0123456789abcdef";
    bool first = true;
    buf_adds(out, "^(?:");
    for (int shift = 12; shift >= 0; shift -= 4) {
        unsigned digit = n >> shift & 15;
        if (digit == 0)
            continue;
        buf_adds(out, first ? "" : "|");
        for (int above = 12; above > shift; above -= 4)
            buf_addc(out, hex[n >> above & 15]);
        if (digit == 1)
            buf_addc(out, '0');
        else
            buf_addf(out, "[0-%s%c]", digit > 10 ? "9a-" : "", hex[digit - 1]);
        first = false;
    }
    buf_addc(out, ')');
}

/*
 * A share of the requests answered 500. Whole percents are said as such; others by the beginning of the
 * random request_id, to one part in 65536.
 */
static jv abort_share(bool is_grpc, int64_t broken, int64_t total)
{
    jv abort = broken_answer(is_grpc), o = jb_obj();
    if (broken * 100 % total == 0) {
        jb_put_int(&abort, "percentage", broken * 100 / total);
    } else {
        struct buf b;
        int64_t parts = (broken * 65536 + total / 2) / total;
        parts = parts < 1 ? 1 : parts > 65535 ? 65535 : parts;
        jv condition = jb_arr(), all = jb_arr(), any = jb_arr();
        buf_init(&b, BUF_MAX_SCRATCH);
        share_regex(&b, (unsigned)parts);
        jb_add_str(&condition, "request_id");
        jb_add_str(&condition, "~~");
        jb_add_str(&condition, b.p);
        jb_add(&all, condition);
        jb_add(&any, all);
        jb_put(&abort, "vars", any);
        buf_free(&b);
    }
    jb_put(&o, "abort", abort);
    return o;
}

static jv traffic_split(jv weighted)
{
    jv rule = jb_obj(), rules = jb_arr(), o = jb_obj();
    jb_put(&rule, "weighted_upstreams", weighted);
    jb_add(&rules, rule);
    jb_put(&o, "rules", rules);
    return o;
}

void backends_put(struct backends *b, bool is_grpc, jv *route, jv *plugins)
{
    if (b->valid == 0) {
        jb_put(plugins, "fault-injection", abort_broken(is_grpc));
        backends_release(b);
        return;
    }
    if (b->broken > 0)
        jb_put(plugins, "fault-injection", abort_share(is_grpc, b->broken, b->broken + b->valid));
    if (b->is_websocket)
        jb_put_bool(route, "enable_websocket", true);
    if (jx_len(b->upstreams) == 1)
        jb_put_str(route, "upstream_id", jx_getstr(jx_at(b->upstreams, 0), "upstream_id"));
    else
        jb_put(plugins, "traffic-split", traffic_split(jb_copy(b->upstreams)));
    backends_release(b);
}

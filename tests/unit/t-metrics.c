/* metrics: what is counted, and the text that it becomes. */
#include <stdio.h>
#include <stdlib.h>

#include "push/metrics.h"

static int n_tests, n_failed;

static void check(bool is_ok, const char *what)
{
    printf("%sok %d metrics: %s\n", is_ok ? "" : "not ", ++n_tests, what);
    n_failed += !is_ok;
}

static struct metrics one;

/* Whether the text has this line. */
static void has(const char *line, const char *what)
{
    struct buf out;
    const struct metrics *list[] = {&one};
    buf_init(&out, BUF_MAX_SCRATCH);
    metrics_render(&out, list, 1);
    char *whole = xasprintf("\n%s\n", line);
    check(strstr(out.p, whole) != NULL, what);
    if (!strstr(out.p, whole))
        printf("#   not there: %s\n", line);
    free(whole);
    buf_free(&out);
}

static void has_not(const char *start, const char *what)
{
    struct buf out;
    const struct metrics *list[] = {&one};
    buf_init(&out, BUF_MAX_SCRATCH);
    metrics_render(&out, list, 1);
    char *line = xasprintf("\n%s", start);
    check(!strstr(out.p, line), what);
    free(line);
    buf_free(&out);
}

static void test_latencies(void)
{
    one = (struct metrics){.target = "t"};
    metrics_count_latency(&one, 0.001);
    metrics_count_latency(&one, 0.0011);
    metrics_count_latency(&one, 0.2);
    metrics_count_latency(&one, 31);
    has("gwpipe_push_write_duration_seconds_bucket{target=\"t\",le=\"0.001\"} 1", "a bound is in its bucket");
    has("gwpipe_push_write_duration_seconds_bucket{target=\"t\",le=\"0.0025\"} 2", "buckets are cumulated");
    has("gwpipe_push_write_duration_seconds_bucket{target=\"t\",le=\"30\"} 3", "up to the last bound");
    has("gwpipe_push_write_duration_seconds_bucket{target=\"t\",le=\"+Inf\"} 4", "and beyond");
    has("gwpipe_push_write_duration_seconds_count{target=\"t\"} 4", "all are counted");
    has("gwpipe_push_write_duration_seconds_sum{target=\"t\"} 31.202100", "and summed up");
}

static void test_syncs(void)
{
    struct wanted w;
    struct items live = {0};
    struct item *r = item_new(AK_ROUTES, "r", "o", "{}", 2), *u = item_new(AK_UPSTREAMS, "u", "o", "{}", 2);
    struct op ops[] = {{.type = OP_CREATE, .state = OP_DONE, .item = r},
                       {.type = OP_CREATE, .state = OP_FAILED, .item = u},
                       {.type = OP_DELETE, .state = OP_PLANNED, .item = u}};
    struct plan p = {.ops = {ops, 3, 3}, .n_failed = 1};
    one = (struct metrics){.target = "a\"b\\c\nd"};
    wanted_init(&w, "i");
    items_add(&live, r);
    items_add(&live, item_new(AK_ROUTES, "foreign", NULL, "{}", 2));
    metrics_count_sync(&one, OUTCOME_DONE, &p, &w, &live, 100);
#define T "{target=\"a\\\"b\\\\c\\nd\""
    has("gwpipe_push_syncs_total" T ",outcome=\"partly\"} 1",
        "a SYNC counts by its outcome; labels are escaped");
    has("gwpipe_push_syncs_total" T ",outcome=\"done\"} 0", "one of which a part failed is not done");
    has("gwpipe_push_writes_total" T ",kind=\"routes\",op=\"create\",outcome=\"done\"} 1", "what is done");
    has("gwpipe_push_writes_total" T ",kind=\"upstreams\",op=\"create\",outcome=\"failed\"} 1",
        "what failed");
    has("gwpipe_push_writes_total" T ",kind=\"upstreams\",op=\"delete\",outcome=\"done\"} 0",
        "what was not tried counts as neither");
    has("gwpipe_push_live_objects" T ",kind=\"routes\"} 1", "foreign objects do not count");
    has("gwpipe_push_last_success_timestamp_seconds" T "} 0.000", "a failure is no success");
    p.ops.n = p.n_failed = 0;
    metrics_count_sync(&one, OUTCOME_DONE, &p, &w, &live, 100.5);
    has("gwpipe_push_last_success_timestamp_seconds" T "} 100.500", "nothing to do is one");
    metrics_count_sync(&one, OUTCOME_FAILED, &p, &w, &live, 200);
    has("gwpipe_push_last_success_timestamp_seconds" T "} 100.500", "a failed SYNC is none");
    has("gwpipe_push_syncs_total" T ",outcome=\"failed\"} 1", "but counts");
    has("gwpipe_push_live_objects" T ",kind=\"routes\"} 1", "what is live was read before it failed");
    metrics_count_sync(&one, OUTCOME_FAILED, &p, &w, NULL, 300);
    has_not("gwpipe_push_live_objects{", "what is live is no number when it could not be read");
    has("gwpipe_push_wanted_objects" T ",kind=\"routes\"} 0", "what is wanted is one still");
    item_unref(u);
    items_release(&live);
    wanted_release(&w);
}

static double taken_over(const char *target, const char *text)
{
    struct metrics m = {.target = target};
    metrics_take_over(&m, text, strlen(text), 2000);
    return m.succeeded_at;
}

#define S "gwpipe_push_last_success_timestamp_seconds"

static void test_take_over(void)
{
    struct buf out;
    const struct metrics *list[] = {&one};
    one = (struct metrics){.target = "a\"b", .succeeded_at = 1767225600.125};
    buf_init(&out, BUF_MAX_SCRATCH);
    metrics_render(&out, list, 1);
    struct metrics next = {.target = "a\"b"};
    metrics_take_over(&next, out.p, out.len, 1767225601);
    check(next.succeeded_at == 1767225600.125, "the last success of the run before is taken over");
    buf_free(&out);
    const char *older = S "{target=\"a\\\"b\"} 100.000\n";
    next.succeeded_at = 7;
    metrics_take_over(&next, older, strlen(older), 2000);
    check(next.succeeded_at == 7, "not when there was one since");

    static const struct {
        const char *text;
        double expected;
        const char *what;
    } rows[] = {
        {"x 1\n" S "{target=\"t\"} 100.500\n", 100.5, "a line among others"},
        {S "{target=\"u\"} 1.000\n" S "{target=\"t\"} 2.000\n", 2, "other targets have their own"},
        {S "{target=\"t\",plane=\"p\"} 1.000\n", 0, "so have other labels"},
        {"x" S "{target=\"t\"} 1.000\n", 0, "and other names"},
        {"# " S "{target=\"t\"} 1.000\n", 0, "a comment says nothing"},
        {S "{target=\"t\"} 0.000\n", 0, "not yet is not yet"},
        {S "{target=\"t\"} 2001.000\n", 0, "what is yet to come was not"},
        {S "{target=\"t\"} 12", 0, "a line that is cut"},
        {S "{target=\"t\"} \n", 0, "a line without a number"},
        {S "{target=\"t\"} +Inf\n", 0, "infinity"},
        {S "{target=\"t\"} NaN\n", 0, "no number"},
        {S "{target=\"t\"} -1\n", 0, "a negative one"},
        {S "{target=\"t\"} 1.2.3\n", 0, "two points"},
        {S "{target=\"t\"} 100 1395066363000\n", 0, "a time stamp behind it"},
        {S "{target=\"t\"} 00000000000000000000000000000000000000000000001\n", 0, "too many digits"},
        {S "{target=\"t\"} x\n" S "{target=\"t\"} 3.000\n", 3, "what is broken hides nothing"},
        {"", 0, "an empty file"},
        {"\n\n\n", 0, "empty lines"},
    };
    for (size_t i = 0; i < N_ELEMS(rows); i++)
        check(taken_over("t", rows[i].text) == rows[i].expected, rows[i].what);
}

int main(void)
{
    test_take_over();
    test_latencies();
    test_syncs();
    printf("1..%d\n", n_tests);
    return n_failed > 0;
}

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
    item_unref(u);
    items_release(&live);
    wanted_release(&w);
}

int main(void)
{
    test_latencies();
    test_syncs();
    printf("1..%d\n", n_tests);
    return n_failed > 0;
}

/*
 * metrics: what happened at the targets, as numbers for Prometheus (text format 0.0.4).
 *
 * Counters start at 0 with the process. Every series of a target is there from the first SYNC on, so that
 * rates and alerts need not guess; but of what is live there is none while that is not known.
 */
#ifndef GW_PUSH_METRICS_H
#define GW_PUSH_METRICS_H

#include "apisix/plan.h"
#include "base/buf.h"

enum { N_LATENCIES = 12 }; /* buckets, without +Inf */

/* What became of a whole SYNC at a target. */
enum outcome {
    OUTCOME_DONE,    /* the plan was carried out; each operation tells what became of it */
    OUTCOME_REFUSED, /* nothing was written, a person must look */
    OUTCOME_FAILED,  /* nothing was written, a retry may help */
};
/* As SYNCs are counted, one that was carried out in part is not done. */
enum { SYNC_PARTLY = OUTCOME_FAILED + 1, N_SYNCS };

/* Of one target. */
struct metrics {
    const char *target;
    uint64_t syncs[N_SYNCS];
    uint64_t writes[N_APISIX_KINDS][OP_DELETE + 1][2]; /* done, failed */
    uint64_t latencies[N_LATENCIES + 1];               /* by bucket, not cumulated */
    double latency_sum;
    size_t live[N_APISIX_KINDS], wanted[N_APISIX_KINDS]; /* of ours */
    bool knows_live;                                     /* else it could not be read */
    size_t n_held;                                       /* owners */
    size_t n_refused;                                    /* objects, at the last SYNC */
    double succeeded_at;                                 /* seconds since 1970; 0: not yet */
};

void metrics_count_latency(struct metrics *m, double seconds);

/* One SYNC of which the outcome is known; `live` is what is there after it; NULL: nobody knows. */
void metrics_count_sync(struct metrics *m, enum outcome outcome, const struct plan *p, const struct wanted *w,
                        const struct items *live, double now);

/*
 * Takes the last success from the text that an earlier process wrote, if there was none since: one that runs
 * from cron would never have had one when it fails. What is no such text, or later than `now`, is overlooked.
 */
void metrics_take_over(struct metrics *m, const char *text, size_t n, double now);

void metrics_render(struct buf *out, const struct metrics *const *list, size_t n);

#endif

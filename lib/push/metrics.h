/*
 * metrics: what happened at the targets, as numbers for Prometheus (text format 0.0.4).
 *
 * Counters start at 0 with the process. Every series of a target is there from the first SYNC on, so that
 * rates and alerts need not guess.
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
    size_t n_refused;                                    /* objects, at the last SYNC */
    double succeeded_at;                                 /* seconds since 1970; 0: not yet */
};

void metrics_count_latency(struct metrics *m, double seconds);

/* One SYNC of which the outcome is known; `live` is what is there after it, when it could be read. */
void metrics_count_sync(struct metrics *m, enum outcome outcome, const struct plan *p, const struct wanted *w,
                        const struct items *live, double now);

void metrics_render(struct buf *out, const struct metrics *const *list, size_t n);

#endif

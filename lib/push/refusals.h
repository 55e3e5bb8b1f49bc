/*
 * refusals: what a server has refused again and again, so that it is not asked the same at every change of
 * something else: after the third time, at ever longer intervals.
 */
#ifndef GW_PUSH_REFUSALS_H
#define GW_PUSH_REFUSALS_H

#include "apisix/plan.h"

struct refusals {
    struct refused {
        struct item *item; /* another version of the object takes its place */
        enum op_type type;
        char *why;
        int times;
        double again_at; /* on the clock of the caller */
    } * items;
    size_t n, cap;
};

/* An operation that has failed, with its `why`. */
void refusals_add(struct refusals *r, const struct op *op, double now);

/* Why there is no use in trying it now; NULL: it may be tried. */
const char *refusals_find(const struct refusals *r, const struct op *op, double now);
void refusals_release(struct refusals *r);

#endif

/*
 * refusals: what a server has refused for good, so that it is not asked the same again at every change of
 * something else.
 */
#ifndef GW_PUSH_REFUSALS_H
#define GW_PUSH_REFUSALS_H

#include "apisix/plan.h"

struct refusals {
    struct {
        struct item *item; /* the very item: another version of the object is another item */
        enum op_type type;
        char *why;
    } * items;
    size_t n, cap;
};

/* An operation that has failed, with its `why`. */
void refusals_add(struct refusals *r, const struct op *op);

/* Why it was refused before; NULL: it was not. */
const char *refusals_find(const struct refusals *r, const struct op *op);
void refusals_release(struct refusals *r);

#endif

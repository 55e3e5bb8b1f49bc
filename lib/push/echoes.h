/*
 * echoes: what a server made of what we wrote.
 *
 * A write is answered with the object as it was stored. A release that fills in defaults which nobody here
 * knows stores another one than was sent: what is found like that answer later is what we wrote. It is
 * neither to be written again, nor a change that somebody else has made.
 */
#ifndef GW_PUSH_ECHOES_H
#define GW_PUSH_ECHOES_H

#include "apisix/plan.h"
#include "json/digest.h"

struct echo {
    struct item *item; /* as it was written */
    struct digest stored;
};

struct echoes {
    struct echo *items; /* few: of objects that were stored otherwise */
    size_t n, cap;
};

/* The operation is done, and was answered with `stored`; NULL: with nothing, as a delete is. */
void echoes_note(struct echoes *e, const struct op *op, const struct item *stored,
                 bool (*is_same)(const struct item *wanted, const struct item *live));

/* Puts in `found`, which is sorted, what was written for what was stored of it. */
void echoes_apply(struct echoes *e, struct items *found);

void echoes_release(struct echoes *e);

#endif

/* pushed: an entry of the record member `pushed`: what became of an owner's objects at a target. */
#ifndef GW_PUSH_PUSHED_H
#define GW_PUSH_PUSHED_H

#include "push/place.h"

enum pushed_state {
    PUSHED_UNCHANGED,
    PUSHED_PROGRAMMED,
    PUSHED_HELD,
    PUSHED_PENDING, /* from here on, a later SYNC may change it though the owner says nothing new */
    PUSHED_REFUSED,
    PUSHED_FAILED,
};

/* At the last SYNC; `before` is the state that was told for the same record at an earlier one. */
enum pushed_state pushed_state(const struct place *p, const struct owner *o, enum pushed_state before);

static inline bool pushed_is_open(enum pushed_state s)
{
    return s >= PUSHED_PENDING;
}

/* {"target":...,"state":...,"created":N,...}, owned. */
jv pushed_entry(const struct place *p, const struct owner *o, enum pushed_state state);

#endif

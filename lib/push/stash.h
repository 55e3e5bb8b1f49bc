/*
 * stash: the records of a cut, kept until its SYNC has been carried out, then written with the member
 * `pushed` that says what became of them. Key material is taken out before they are kept.
 *
 * A record of which something is open (refused, failed, or not served yet) is kept longer: its objects are
 * tried again at each SYNC, and when one of them changes that, the record is written once more.
 */
#ifndef GW_PUSH_STASH_H
#define GW_PUSH_STASH_H

#include "push/complaints.h"
#include "push/pushed.h"

struct stash {
    struct stashed {
        char *line; /* with LF */
        size_t len;
        const struct owner *owner; /* NULL: owns nothing here */
        bool is_object;            /* else it passes as it is */
        bool has_pushed;           /* another gw-push was there before */
        char *label;               /* of an open one: the owner may be forgotten before it is settled */
        enum pushed_state *states; /* by place, as they were told; NULL: not yet */
    } * items;
    size_t n, cap;
    size_t n_written; /* records that went to stdout */
    size_t n_open;    /* so many of the first are from cuts before */
};

/* Keeps the record; changes it (members are redacted). Returns an exit code. */
int stash_add(struct stash *s, struct rec *r, const struct owner *owner);
void stash_release(struct stash *s);

/* Places have come or gone: the one that is now at i was at from[i], or SIZE_MAX when it is new. */
void stash_move_places(struct stash *s, const size_t *from, size_t n);

/*
 * `w` is what is wanted of the data plane without a name: it knows every owner that any has.
 * Writes the records to stdout: those of the cut in the order they came, then the older ones of which the
 * state has changed. Complaints become findings of their owner's record. Returns an exit code.
 */
int stash_emit(struct stash *s, const struct wanted *w, const struct place *places, size_t n_places,
               struct complaints *c);

#endif

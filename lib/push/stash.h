/*
 * stash: the records of a cut, kept until its SYNC has been carried out, then written with the member
 * `pushed` that says what became of them. Key material is taken out before they are kept.
 */
#ifndef GW_PUSH_STASH_H
#define GW_PUSH_STASH_H

#include "push/complaints.h"
#include "push/place.h"

struct stash {
    struct stashed {
        char *line; /* with LF */
        size_t len;
        const struct owner *owner; /* NULL: owns nothing here */
        bool is_object;            /* else it passes as it is */
        bool has_pushed;           /* another gw-push was there before */
    } * items;
    size_t n, cap;
};

/* Keeps the record; changes it (members are redacted). Returns an exit code. */
int stash_add(struct stash *s, struct rec *r, const struct owner *owner);
void stash_clear(struct stash *s);
void stash_release(struct stash *s);

/*
 * Writes the records to stdout, in the order they came, and forgets them. Complaints become findings of their
 * owner's record. Returns an exit code.
 */
int stash_emit(struct stash *s, const struct place *places, size_t n_places, struct complaints *c);

#endif

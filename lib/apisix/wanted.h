/*
 * wanted: what every owner wants to have in APISIX, as far as the stream has said.
 *
 * Owners are told apart by their label (owner.h). An owner's `apisix` member replaces what it wanted
 * before; DELETED, or a record without the member, wants nothing. Two more things an owner can say, both
 * of which only ever keep things alive:
 *   - held: its record was rejected upstream and nobody knows what it should have. What is live stays.
 *   - keep: ["ssls/ID", ...]: these stay as they are, if they are live and this owner's.
 * An object that cannot be accepted (no id, labels of another instance or owner) is set aside, and what is
 * live of its owner stays too: a rejected object is not a deleted one.
 */
#ifndef GW_APISIX_WANTED_H
#define GW_APISIX_WANTED_H

#include <uthash.h>

#include "apisix/item.h"
#include "rec/finding.h"
#include "rec/record.h"

struct owner {
    const char *label;
    char *group;        /* of the kind that speaks under this label */
    struct items items; /* sorted, ids unique in a kind */
    char **keep;        /* sorted "kind/id" */
    size_t n_keep;
    bool spares;  /* held, or an object was set aside: nothing live of it is deleted */
    bool is_held; /* as its record says */
    bool is_gone; /* DELETED: forgotten once that is carried out */
    bool
        has_remains; /* of what it gave up: it is remembered for longer; the user's to set, before settling */
    bool is_fresh;   /* mentioned since the last full SYNC */
    bool is_changed; /* since the claims were made */
    int set_aside;   /* objects that were not accepted */
    size_t slot;     /* its number among the owners; may change in wanted_claims() */
    UT_hash_handle hh;
    char room[];
};

/* One owner's claim to an id. */
struct claim {
    struct item *item; /* borrowed from the owner */
    struct owner *owner;
};

struct wanted {
    const char *instance;
    struct owner *owners; /* uthash by label */
    struct claim *claims; /* all items, sorted by kind, id, owner label; see wanted_claims() */
    size_t n_claims;
    size_t n_slots; /* slots are below it; some are free */
    size_t n_gone;  /* owners that are gone, and not forgotten */
    struct {        /* owners since the claims were made, each once */
        struct owner **items;
        size_t n, cap;
    } changed;
    bool has_lost; /* owners that there are claims of were forgotten: all claims are made anew */
    bool has_gaps; /* something since the last full SYNC could not be used: "not mentioned" proves nothing */
};

/* `instance` is borrowed for the life of `w`. */
void wanted_init(struct wanted *w, const char *instance);
void wanted_release(struct wanted *w);

/*
 * Takes what an object's record says; `set` is its `apisix` member (JX_NONE: it has none), or what that is
 * for another data plane. Complaints about it go to `fs`. Returns the owner, NULL when the record says
 * nothing of APISIX and another API group's kind speaks under that label.
 */
struct owner *wanted_take(struct wanted *w, const struct rec *r, jv set, struct findings *fs);

/* What `from` was told of owners that are held counts for `w` too, which is new. */
void wanted_inherit(struct wanted *w, const struct wanted *from);

/*
 * At a SYNC. After a full one, owners that were not mentioned since the last full one want nothing. True when
 * the stream has now named the whole world: an owner that it did not name does not exist.
 */
bool wanted_sync(struct wanted *w, bool full);

/* After a SYNC was carried out everywhere: owners that are gone and left nothing need not be remembered. */
void wanted_settle(struct wanted *w);

struct owner *wanted_owner(const struct wanted *w, const char *label);
/* The owner with the same label as one of another `wanted`, which costs less. */
struct owner *wanted_twin(const struct wanted *w, const struct owner *o);

/*
 * Brings claims and slots up to date. Equal (kind, id) stand together, the first owner by label first. Of
 * very many claims those of the owners that changed are sorted in.
 */
void wanted_claims(struct wanted *w);

/* Whether some claim is to an object of that kind and id. */
bool wanted_has(const struct wanted *w, const struct item *like);

/*
 * Whether a live object of ours that nobody wants may go: its owner is known to want it no more, or is not
 * known and `prunes`, since the stream has named the whole world.
 */
bool wanted_gives_up(const struct wanted *w, const struct item *live, bool prunes);

#endif

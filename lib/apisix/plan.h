/*
 * plan: the smallest safe set of writes that takes a target from what is live to what is wanted.
 *
 * Safe means:
 *   - an object that is not ours, or that another owner must keep, is never written over;
 *   - an object of ours goes only when wanted_gives_up() says so;
 *   - an upstream goes only when nothing that stays names it;
 *   - operations stand in order of dependency: writes down the table of kinds, deletes up it, last.
 * The same world gives the same plan: kinds, then ids, in byte order.
 */
#ifndef GW_APISIX_PLAN_H
#define GW_APISIX_PLAN_H

#include "apisix/wanted.h"

enum op_type { OP_CREATE, OP_UPDATE, OP_DELETE };

enum op_state { OP_PLANNED, OP_DONE, OP_FAILED };

struct op {
    enum op_type type;
    enum op_state state; /* the target's to set */
    struct item *item;   /* what to write, or what goes */
    struct item *was;    /* of an update: what is live; else NULL */
    struct owner *owner; /* NULL when the stream does not know it */
    char *why;           /* the target's answer when it failed, or NULL; the plan's to free */
    bool may_pass;       /* of one that failed: the same may succeed later */
};

enum refusal_reason {
    REFUSED_FOREIGN, /* the id is live, and not ours */
    REFUSED_OWNER,   /* another owner has it, wants it, or must keep it */
    REFUSED_PLUGIN,  /* a plugin of it runs in another global rule, which stays */
    REFUSED_ENV_REF, /* the text holds "${{", which the target would replace */
};

struct refusal {
    enum refusal_reason reason;
    struct item *item;
    struct owner *owner;
    const char *other; /* the other owner's label, or the other rule's id; NULL where there is none */
};

/* What becomes of one owner's objects at one target. */
struct tally {
    int created, updated, deleted, refused, failed;
    bool has_remains; /* something that it gave up is still there */
};

struct plan {
    struct { /* in the order of execution */
        struct op *items;
        size_t n, cap;
    } ops;
    struct {
        struct refusal *items;
        size_t n, cap;
    } refusals;
    struct tally *tallies; /* by the owners' slots */
    size_t n_created, n_updated, n_deleted, n_unchanged, n_failed;
    size_t n_live; /* of ours, what the deletes are a share of */
};

struct plan_options {
    /*
     * The target replaces "${{NAME}}" in every string by its environment and refuses everything when NAME is
     * not set: an object that holds it is set aside.
     */
    bool replaces_env_refs;
    /* Whether what is ours, and nobody wants here any more, is to stay all the same; NULL: never. */
    bool (*spares)(const void *ctx, const struct item *live);
    const void *spares_ctx;
    const struct items
        *lost;   /* sorted: what the target held and lost; what would have stayed comes back; or NULL */
    bool prunes; /* the stream has named the whole world: what is ours, and of an owner not in it, goes */
    /* Whether `live` is what writing `wanted` leaves there; NULL: item_same(). */
    bool (*is_same)(const struct item *wanted, const struct item *live);
    /* What of `live` differs from `wanted` for people to see, owned; NULL: all of it. */
    jv (*beside)(const struct item *wanted, const struct item *live);
};

/*
 * `live` is sorted. What is there as it is wanted, byte for byte, becomes one item with what is wanted: it is
 * held once, and seen to be the same at a glance from then on. Brings the claims of `w` up to date. The plan
 * borrows the owners: it lives no longer than the next record is taken. Of one `w` there may be several
 * plans, each for a target of its own; once the claims are up to date, they can be made at the same time.
 */
void plan_make(struct plan *p, const struct plan_options *o, struct wanted *w, struct items *live);
void plan_release(struct plan *p);

/* What becomes of the objects of an owner; all 0 for NULL. */
struct tally plan_tally(const struct plan *p, const struct owner *o);

/*
 * Before it is carried out: fails each operation that cannot be without one that has failed already, or was
 * left out: an object that names an upstream which will not be there, the delete of an upstream that is still
 * named then, the mark of an object that will not be there.
 */
void plan_fail_dependents(struct plan *p, const struct items *live);

/* The operation that makes the mark (mark.h) of an object that another makes; NULL: there is none. */
struct op *plan_mark_of(const struct plan *p, const struct op *object);
/* Fails those of objects that cannot be made, before any of them is sent. */
void plan_fail_marks(struct plan *p);

/* Once it is carried out: what failed is counted as that, not as what it was to be. */
void plan_count_failures(struct plan *p);

/* Whether more than `percent` of what is live, and at least PLAN_FEW objects, would be deleted; at 0 percent,
 * any. */
enum { PLAN_FEW = 10 };
bool plan_shrinks(const struct plan *p, int percent);

const char *op_name(enum op_type t); /* "create" */

/* The plan carried out on a list: `live` as it is once every operation that did not fail is done. */
void plan_carry_out(const struct plan *p, struct items *live);

/* A finding's id and text for an operation that failed with a `why`; the text is the caller's to free. */
char *failure_text(const struct op *op, enum finding_id *id);

/* A finding's id and text for a refusal; the text is the caller's to free. */
char *refusal_text(const struct refusal *r, enum finding_id *id);

#endif

/*
 * target: a place that APISIX takes its configuration from.
 *
 * One SYNC: read, then carry_out when there is something to do, then rest. A target keeps what is live in
 * memory between SYNCs as far as it can tell that nobody else has changed it.
 *
 * What went wrong is said on stderr by the target, once, with its name; the caller gets the exit code:
 * EXIT_FINDINGS when it refuses (a person must look), EXIT_ENV when a retry may help.
 */
#ifndef GW_PUSH_TARGET_H
#define GW_PUSH_TARGET_H

#include "apisix/document.h"
#include "apisix/plan.h"
#include "net/http.h"

struct target;

struct target_class {
    /*
     * Whether it is worth a look while the stream is silent, though nothing failed: it may have lost what it
     * holds, or somebody else may have written. `was_refused`: the last SYNC was, and nobody wants to be told
     * so again. NULL: never.
     */
    bool (*is_due)(struct target *t, bool was_refused);
    int (*read)(struct target *t); /* brings t->live up to date */
    /*
     * Pre-flight (--check): asks whether the target would take each operation, writes nothing. What it would
     * not is OP_FAILED with its `why`, and that is EXIT_OK still. Anything else: not all could be asked
     * about, and nothing may be written. NULL: the target cannot tell.
     */
    int (*check)(struct target *t, struct plan *p);
    /* Sets the state of every planned operation, and brings t->live to what is then there. What has failed
       already is left out. */
    int (*carry_out)(struct target *t, struct plan *p);
    void (*rest)(struct target *t); /* the SYNC is over: give up locks and connections; may be NULL */
    void (*release)(struct target *t);
};

struct target {
    const struct target_class *class;
    const char *name;     /* as given: "file:conf/apisix.yaml" */
    char *address;        /* where that is, see target_address() */
    const char *plane;    /* the data plane behind it; "" is the one without a name */
    const char *instance; /* whose objects are ours */
    struct document live;
    struct items lost; /* sorted: what was live when it lost its document, until it holds one again */
    struct plan_options options;
    struct { /* told of each operation that is done or failed, as it happens; may be NULL */
        void (*done)(void *ctx, const struct op *op, double seconds);
        void *ctx;
    } watcher;
    /*
     * Who can tell what the data plane serves (--wait): returns once it serves what was carried out, EXIT_OK,
     * or EXIT_ENV when it does not within `seconds`. `all` is what is live, the first time; after that NULL:
     * what was served once is served. NULL: nobody can tell.
     */
    struct {
        int (*wait)(void *ctx, const struct plan *p, const struct items *all, int seconds,
                    const char *target);
        bool (*owes)(const void *ctx, const char *owner); /* whether something of that owner is not served */
        void *ctx;
    } gateway;
    bool wants_fresh;   /* the caller's, before read: what is remembered will not do */
    bool is_in_doubt;   /* the caller's, before read: it failed at the last SYNC, so one try will do */
    bool is_unfinished; /* the caller's, before check and carry_out: at the last SYNC it was not, so one try
                           will do */
    /*
     * After a carry_out that failed: what was live when it was planned is so no more, since somebody else has
     * written. Read and plan again.
     */
    bool has_moved;
    bool has_lost_sight; /* the same: what is live now is not known */
    bool is_blank;       /* there is nothing yet, not even an empty document: carry out the empty plan too */
    bool takes_stdout;   /* it writes to stdout: records cannot go there */
};

struct target_settings {
    const char *instance;
    const char *format; /* "yaml" or "json"; NULL: by the name */
    bool force;         /* write over what cannot be read */
    struct http_settings http;
    const char *api_key; /* for the Admin API; NULL: none */
    int patience;        /* seconds to go on trying where the answer is none, 429 or 5xx */
    size_t max_document; /* bytes that a standalone APISIX stores of its document */
    int resync;          /* seconds after which what is remembered is read again; 0: never */
};

/*
 * A name may stand for several targets: "standalone:A,B" for "standalone:A" and "standalone:B". The next of
 * them, owned; NULL: that was the last. *rest is the name at first.
 */
char *target_next_name(const char *name, const char **rest);

/* A target from its name. NULL, and the complaint in *why (owned), when there is none of that name. */
struct target *target_new(const char *name, const struct target_settings *s, char **why);
void target_free(struct target *t);

/* It held these, sorted, and has lost them: `lost`. */
void target_note_loss(struct target *t, const struct items *held);

/*
 * Where the target of that name is, spelt in one way: what two names stand for is the same when their
 * addresses are. (Two names of a host are two.) Owned.
 */
char *target_address(const char *name);

/* A name for messages, owned: without what a URL should not hold, a password or a key. */
char *target_title(const char *name);

/* "TITLE" and what is wrong with it, owned. */
char *target_complaint(const char *name, const char *what);

/* ---- the classes behind target_new(), each in its own file ---- */

struct target *file_target_new(const char *path, const struct target_settings *s, char **why);
struct target *admin_target_new(const char *url, const struct target_settings *s, char **why);
struct target *standalone_target_new(const char *url, const struct target_settings *s, char **why);

#endif

/*
 * session: a stream of records made real at some targets, one SYNC at a time.
 *
 * Nothing is written before a SYNC, and what came after the last one is not used. A SYNC that is refused or
 * that fails is not lost: what it wanted is tried again at the next one.
 *
 * Targets are served at the same time, up to SESSION_THREADS of them, and the SYNC is over when the last one
 * is.
 */
#ifndef GW_PUSH_SESSION_H
#define GW_PUSH_SESSION_H

#include "push/place.h"
#include "push/planes.h"
#include "push/proxies.h"
#include "push/stash.h"

enum { SESSION_THREADS = 64 };

struct session {
    struct push_options options;
    struct place *places; /* those that were given, in their order; then those of GatewayProxies */
    size_t n_places, n_given;
    struct target *const *given; /* borrowed */
    struct planes planes;
    struct proxies proxies;
    bool takes_proxies; /* --gateway-proxies */
    bool knows_world;   /* the last full SYNC named it whole */
    struct stash stash;
    struct complaints complaints;
    bool passes_records; /* stdout is for them: not while it shows the plan or a document */
    bool passes_syncs;
    size_t n_unsynced;
    size_t n_settled; /* SYNCs at which targets of GatewayProxies came and went */
    bool has_synced;
    int code;
};

/*
 * The targets are borrowed. Those that GatewayProxies name are opened with `for_proxies`, borrowed too; NULL:
 * they are not listened to.
 */
void session_init(struct session *s, const struct push_options *o, struct target *const *targets, size_t n,
                  const struct target_settings *for_proxies);
void session_take(struct session *s, struct rec *r);

/*
 * While nothing comes: targets that failed, and those that may have lost what they hold or been changed by
 * others, are served again as the last SYNC left things; not one that refused it. Not in the middle of a cut.
 */
void session_look(struct session *s);

/* End of the stream; returns the exit code. */
int session_finish(struct session *s);

#endif

/*
 * proxies: targets that records name, not the command line: the control planes of GatewayProxies.
 *
 * A record may say of a data plane, in its `planes`, where that takes its configuration from:
 * {"controlPlane": {"targets": ["admin:URL"], "apiKey"?, "caCert"?, "tlsVerify"?, "idle"?}}. Several may say
 * so of one data plane. At a SYNC the targets that were said are opened and those that nobody says any more
 * are closed; what a closed one holds is left as it is.
 *
 * One that is idle serves no Gateway any more. It is not opened; when it was open it stays so until all
 * is gone from it that is not wanted any more. What a data plane wants that came when this one went, or
 * later, stays there: it may mean the same server in other words.
 *
 * A key is sent to the targets of the same record only, and the command line's key to none of them.
 */
#ifndef GW_PUSH_PROXIES_H
#define GW_PUSH_PROXIES_H

#include "push/planes.h"

struct proxy_target {
    char *plane, *name, *owner;
    char *key, *ca; /* NULL: none */
    bool skip_verify;
    bool is_idle;
    bool is_emptied;       /* idle, and to be closed */
    bool is_told;          /* that nothing was written to it */
    struct target *target; /* NULL: not opened yet */
};

struct proxy_targets {
    struct proxy_target *items;
    size_t n, cap;
};

/* A data plane that names a target which another one has: the other serves it. */
struct contest {
    char *plane, *address;
};

struct proxies {
    const struct target_settings *settings; /* borrowed; but for the key and the certificates */
    struct {
        struct contest *items;
        size_t n, cap;
    } contests;
    struct proxy_targets said; /* in the order they came; never opened */
    struct proxy_targets open; /* by data plane, then name, idle ones last; a name once */
    bool is_stale;             /* something was said since they were settled */
};

/* What a record says of control planes replaces what its owner said before. */
void proxies_take(struct proxies *p, const struct rec *r);

/* Whether somebody names a target of that data plane. */
bool proxies_name(const struct proxies *p, const char *plane);

/*
 * Brings `open` up to date with what owners say that are known to `first`. Of two that name one target for
 * different data planes the first has it, and one of `given` is not to be had. Says what cannot be opened.
 * After a full SYNC, and when something was said since. True when targets came or went: `closed` holds those
 * to be freed. *code gets worse when something cannot be.
 */
bool proxies_settle(struct proxies *p, const struct wanted *first, bool full, struct target *const *given,
                    size_t n_given, struct proxy_targets *closed, int *code);

void proxy_targets_release(struct proxy_targets *l);
void proxies_release(struct proxies *p);

#endif

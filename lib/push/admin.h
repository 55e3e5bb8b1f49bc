/*
 * admin: admin:URL, the Admin API of an APISIX that keeps its configuration in etcd. One object, one write.
 *
 * What is live is listed at the first SYNC, at each full one, after a failure, and when the last list is
 * older than --resync; in between it is remembered. An operation that is planned from memory first looks at
 * the object it is about: what somebody else has put there since is left alone.
 */
#ifndef GW_PUSH_ADMIN_H
#define GW_PUSH_ADMIN_H

#include "push/api.h"
#include "push/drift.h"
#include "push/echoes.h"
#include "push/refusals.h"

struct admin {
    struct target base;
    struct api api;
    struct refusals refusals; /* since the last list */
    struct drift drift;
    struct echoes echoes;
    int resync; /* seconds; 0: never for that reason */
    double listed_at;
    bool is_listed;       /* live is what the server said at this SYNC */
    bool has_told_shapes; /* of a server that can check little */
    bool is_reliable;     /* live is what was there when it was last listed, and what was written since */
};

double admin_now(void); /* seconds, of no epoch */

/* The rest of the class, see struct target_class; admin_list() adds all objects of the kinds that we write.
 */
int admin_list(struct admin *a, struct items *out);
int admin_check(struct target *t, struct plan *p);
int admin_carry_out(struct target *t, struct plan *p);

#endif

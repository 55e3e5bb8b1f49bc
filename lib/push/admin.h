/*
 * admin: admin:URL, the Admin API of an APISIX that keeps its configuration in etcd. One object, one write.
 *
 * What is live is listed at the first SYNC, at each full one, after a failure, and when the last list is
 * older than --resync; in between it is remembered. An operation that is planned from memory first looks at
 * the object it is about: what somebody else has put there since is left alone.
 */
#ifndef GW_PUSH_ADMIN_H
#define GW_PUSH_ADMIN_H

#include "net/calls.h"
#include "push/target.h"

struct admin {
    struct target base;
    char *root; /* "http://127.0.0.1:9180/apisix/admin" */
    char *key_header;
    const char *headers[3];
    struct http *http;
    int concurrency;
    double patience;
    int resync; /* seconds; 0: never for that reason */
    double listed_at;
    bool is_listed;   /* live is what the server said at this SYNC */
    bool is_reliable; /* live is what was there when it was last listed, and what was written since */
};

/* A batch of calls to this server; `answered` gets `ctx`. */
struct calls admin_calls(struct admin *a,
                         bool (*answered)(void *, struct call *, const struct http_response *), void *ctx);

/* The rest of the class, see struct target_class; admin_list() adds all objects of the kinds that we write.
 */
int admin_list(struct admin *a, struct items *out);
int admin_check(struct target *t, struct plan *p);
int admin_carry_out(struct target *t, struct plan *p);

/* The object of ours, or the foreign one, with the kind and id of `key`; NULL: none. `l` is sorted. */
struct item *admin_find(const struct items *l, const struct item *key);

/* Says which objects of ours are not as they were left: somebody else writes them. */
void admin_tell_drift(const struct admin *a, const struct items *left, const struct items *found);

#endif

/*
 * ways: the ways that the requests of a rule can go.
 *
 * A rule has one way unless some of its backends have filters of their own, or some are broken. Then each
 * with filters is a way, the backends without are one together, and the references that are broken another,
 * which answers with an error. (Without Lua broken references make no way: an error for a random share does
 * it.) The ways of a match differ in nothing but the share of the requests that they take.
 */
#ifndef GW_WAYS_H
#define GW_WAYS_H

#include "apisix/ids.h"
#include "apisix/rule.h"

enum { MAX_WAYS = 20 };

/* A way that requests can go. */
struct way {
    jv filters;    /* owned: the rule's, then the backend's */
    jv mirrors;    /* owned */
    jv extensions; /* owned: as resolved */
    jv auth;       /* owned: functions that ask whether a request may pass */
    jv backends;   /* owned: of the resolved ones, those that are here */
    int64_t weight;
    int backend;    /* whose filters stand behind the rule's, or -1 */
    bool is_broken; /* a filter cannot be honoured, or it is the way of broken references */
    struct id name; /* what hops of its mirrors are called by */
};

struct rule {
    struct translation *t;
    const struct rule_kind *kind;
    int index;
    jv spec, resolved;
    struct way ways[MAX_WAYS];
    int n_ways;
    bool is_invalid; /* something in it cannot be honoured */
};

/* Finds the ways; there is one at least. They are released by ways_release. */
void ways_find(struct rule *r);

void ways_release(struct rule *r);

/* Has a route take its way's share of the requests: by a function, or by a condition that is added to `vars`.
 */
void ways_put_share(const struct rule *r, int way, jv *route, jv *vars);

#endif

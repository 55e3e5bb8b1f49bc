/*
 * path: a Gateway API path match as APISIX's radixtree_host_uri router takes it.
 *
 * The router compares the decoded, normalised path: an exact uri by hash, a uri that ends in '*' by the
 * longest literal prefix. Two traps decide the forms below. A '*' inside a path cuts the literal there.
 * And where a segment starts with '*' ("/a+b/" followed by '*'), the router builds a regular expression of
 * the unescaped path, which never matches when the path holds one of + ( ) $ [ ] { } | ^ \. Then the star is
 * glued to the last segment and a condition on `uri` draws the line between segments.
 */
#ifndef GW_PATH_H
#define GW_PATH_H

#include "gw/match.h"

/*
 * Routes that share a place in the router's tree are told apart by priority alone. `weight` is that part
 * of the priority: 0 for a prefix at its own place, so that a plain route has priority 0.
 */
enum {
    PATH_WEIGHT_REGEX = 1100, /* plus its length, up to 800: a regex goes before a prefix at its place */
    PATH_WEIGHT_EXACT = 2000, /* exact before a prefix of the same text */
    PATH_WEIGHT_CALL = 2100,  /* plus its length, up to 7800: an expression for calls of gRPC, no others */
};

struct path_form {
    jv uris;      /* owned array of one or two */
    jv condition; /* owned vars condition on `uri`, or none */
    int weight;
};

struct path_form path_form(const struct match *m);
void path_form_release(struct path_form *f);

/* ["^P(/[\\s\\S]*)?$", "R$1"] or its kin for ReplacePrefixMatch of this prefix match. Owned. */
jv path_replace_prefix(const struct match *m, const char *replacement);

#endif

/*
 * match: the parts of an HTTPRouteMatch that decide precedence (Gateway API HTTPRouteRule "matches").
 *
 * Among the matches of one hostname: Exact path, then the longest prefix, then having a method, then the
 * most header matches, then the most query matches; ties by age of the route, its name, and order within.
 */
#ifndef GW_MATCH_H
#define GW_MATCH_H

#include "json/jx.h"

enum path_type { PATH_EXACT, PATH_PREFIX, PATH_REGEX };

struct match {
    enum path_type type;
    const char *path;   /* borrowed */
    size_t path_len;    /* of a prefix without its trailing '/'; 0 for "/" */
    int call_length;    /* of an expression for calls of gRPC (grpc.h), by which these are ordered; else 0 */
    const char *method; /* NULL: any */
    jv headers;         /* borrowed array, or none */
    jv queries;
    int n_headers; /* with different names, as far as HTTP tells names apart: only the first counts */
    int n_queries;
};

/* Reads `match`; absent members mean what the API defaults them to. */
struct match match_read(jv match);

/* Whether an earlier entry of the list has the name of entry i, and so takes its place. */
bool match_is_repeated(jv list, int i, bool ignore_case);

/* The matches of a rule: an absent or empty list stands for one that takes every request. */
int rule_n_matches(jv rule);
struct match rule_match(jv rule, int i);

#endif

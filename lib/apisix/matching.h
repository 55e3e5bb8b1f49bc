/*
 * matching: an HTTPRouteMatch as the conditions and the priority of an APISIX route.
 *
 * Precedence: host and path order are structural in radixtree_host_uri (the most specific host, then an
 * exact path, then the longest prefix, whatever the priority). `priority` orders what shares a place, in
 * decimal, to be read at sight:
 *
 *     PPPP M HH QQ RRRRR    PPPP weight of the path form (path.h), M has a method, HH header matches,
 *                           QQ query matches; RRRRR is subtracted: the rank among equals (gw/rank.h)
 */
#ifndef GW_MATCHING_H
#define GW_MATCHING_H

#include "apisix/place.h"
#include "gw/match.h"

/*
 * Puts uri or uris, methods and priority into `route`, and adds to `vars` what else the match asks for.
 * `where` is its place in the object.
 */
void matching_put(const struct match *m, int64_t rank, const char *where, struct findings *fs, jv *route,
                  jv *vars);

#endif

/*
 * session: `sessionPersistence` of a rule, by functions in Lua (apisix/lua.h): a cookie or header names the
 * endpoint that answered first.
 */
#ifndef GW_SESSION_H
#define GW_SESSION_H

#include "apisix/backends.h"
#include "apisix/matching.h"
#include "apisix/ways.h"

/* Whether the rule wants sessions, and they can be kept. */
bool sessions_are_served(const struct rule *r);

/* Adds the functions to a route of this way and match, whose upstreams are those of `b`; before others of
 * its. */
void session_put(const struct rule *r, const struct way *w, const struct match *m, const struct backends *b,
                 jv *plugins);

#endif

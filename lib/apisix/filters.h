/*
 * filters: HTTPRoute filters as APISIX plugins.
 *
 * Each filter type is a row of a table: a function that adds its part to the plugins under construction.
 * Several Gateway filters share one plugin (a plugin occurs once a route), so the parts meet in
 * `struct plugins` and become plugin configurations at the end.
 */
#ifndef GW_FILTERS_H
#define GW_FILTERS_H

#include "gw/match.h"
#include "rec/finding.h"

struct plugins {
    jv rewrite_headers;  /* owned: {set, add, remove} of proxy-rewrite, or none */
    jv rewrite;          /* owned: the rest of proxy-rewrite */
    jv response_headers; /* owned: {set, add, remove} of response-rewrite */
    jv redirect;         /* owned, or none */
    jv cors;             /* owned, or none */
    jv additions;        /* owned, or none: headers that no plugin can add to the response, [{name, value}] */
    bool no_lua;         /* then there are none */
};

void plugins_init(struct plugins *p, bool no_lua);

/*
 * The port that the Location of a redirect must name for requests that come in by this listener port:
 * 0 when it is the default of the scheme (HTTPRequestRedirectFilter.port), or when nothing redirects.
 */
int filters_redirect_port(jv filters, bool is_https, int listener_port);
bool filters_redirect(jv filters);

/*
 * Adds one filter for the given match; `redirect_port` is what filters_redirect_port() said. False when
 * APISIX cannot honour it: the rule must then answer 500 rather than pass requests without it; `fs` says why.
 * `path` is the filter's place in the object.
 */
bool filter_add(struct plugins *p, jv filter, const struct match *m, int redirect_port, const char *path,
                struct findings *fs);

/* Moves what was gathered into `to`, the route's plugins object, all but the additions. */
void plugins_finish(struct plugins *p, jv *to);

#endif

/*
 * lua: the Lua that routes carry where no plugin does the job, all of it.
 *
 * Each function here is the text of one Lua function. Its parameters are data: numbers, and names of at most
 * 64 characters of [A-Za-z0-9._-]; nothing that users wrote is ever spliced into source. --no-lua does
 * without.
 */
#ifndef GW_LUA_H
#define GW_LUA_H

#include "json/jx.h"

/*
 * A filter_func that is true for a share of the requests: of the `n` routes with this name, whose weights are
 * given, the one at `index` (from 0) takes it, in smooth weighted round robin by each worker. Of the routes
 * exactly one takes a request, in whatever order they are asked. Owned.
 */
char *lua_share(const char *name, const int64_t *weights, int n, int index);

/* A session that keeps its endpoint (Gateway API SessionPersistence). */
struct lua_session {
    const char *name; /* of the cookie or header; any text */
    const char *path; /* of the cookie; any text */
    const char *salt; /* an id: no two rules share sessions */
    bool is_header;
    bool is_permanent; /* the cookie outlives the browser */
    int64_t max_age;   /* seconds after which a session is over; 0: never */
};

/*
 * For serverless-pre-function in phase before_proxy: takes the endpoint of the session that the request
 * names, else names the one that was picked to the client. Endpoints go by a hash, so that no address is
 * told. Owned.
 */
char *lua_session(const struct lua_session *s);

/*
 * For serverless-post-function in phase access, where there are several upstreams: takes the one that has the
 * session's endpoint. `ids` are theirs. Owned.
 */
char *lua_session_upstream(const struct lua_session *s, const char *const *ids, int n);

/*
 * For a serverless function in phase header_filter: adds headers to the response, which response-rewrite
 * cannot when a value holds a colon. `headers`: [{name, value}], any text. Owned.
 */
char *lua_add_headers(jv headers);

/* What another service must say 200 to (Gateway API HTTPExternalAuthFilter over HTTP). */
struct lua_ext_auth {
    const char *upstream; /* the id of its own */
    const char *prefix;   /* of the path that it is asked for; any text */
    jv allowed;           /* names of headers that it is told beside Host and Authorization; any text */
    jv back;              /* names of headers of its answer that the request gets; none: all */
    int64_t max_body;     /* bytes of the body that it is told at most; 0: none */
};

/* For a serverless function in phase access. Whatever goes wrong, the request is not let through. Owned. */
char *lua_ext_auth(const struct lua_ext_auth *a);

/* A request that is tried again (Gateway API HTTPRouteRetry), on a route of its own behind `port`. */
struct lua_retry {
    const char *name; /* of that route: the first segment of the path there */
    int port;         /* on 127.0.0.1 */
    int attempts;     /* tries after the first */
    jv codes;         /* answers to try again after */
    double backoff;   /* seconds before the first retry, twice as long before each further one; 0: none */
    double limit;     /* seconds for all tries, up to the answer's header; 0: none */
};

/* What the two routes tell each other: of the client, and how much came from the upstream at each try. */
#define LUA_RETRY_HOST     "x-gwpipe-host"
#define LUA_RETRY_PORT     "x-gwpipe-port"
#define LUA_RETRY_PROTO    "x-gwpipe-proto"
#define LUA_RETRY_RECEIVED "x-gwpipe-received"

/*
 * For a serverless function in phase access, behind all others there: answers the request. Does nothing, so
 * that the route's own upstream is asked, for upgrades, bodies of more than 8 MiB, those of HTTP/2 that come
 * without a length, and when nothing listens at the port. Owned.
 */
char *lua_retry(const struct lua_retry *r);

#define LUA_H2C_LOCATION "@gwpipe_h2c"

/*
 * For a serverless function in phase before_proxy, the last one there: sends requests to these upstreams, or
 * to any when `ids` is JX_NONE, by that location. Owned.
 */
char *lua_h2c(jv ids);

#endif

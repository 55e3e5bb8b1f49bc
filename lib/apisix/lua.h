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

#endif

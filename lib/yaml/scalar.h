/*
 * scalar: what kubectl takes a plain scalar for (sigs.k8s.io/yaml, which follows go-yaml v2).
 *
 *   null     empty, ~, null                      in lower, Title and UPPER case
 *   boolean  y yes true on, n no false off       likewise
 *   integer  decimal, 0x, 0o, 0b, and octal after a leading 0; any sign; `_` between digits
 *   float    1.5, .5, 1., 1e3; digits that are no octal number, like 08
 *   neither  .inf and .nan: floats that JSON does not have
 *   string   all else; dates and 12:30:45 too
 */
#ifndef GW_SCALAR_H
#define GW_SCALAR_H

#include "yaml/yaml.h"

enum { SCALAR_ROOM = 64, SCALAR_NO_JSON = -1 };

/* The ynode_kind of the plain scalar, with the JSON text of all but strings in `json`; SCALAR_NO_JSON for
   .inf and .nan. */
int scalar_resolve(const char *s, size_t n, char json[SCALAR_ROOM]);

#endif

/*
 * scalar: what a plain (unquoted) YAML scalar is, by the rules of go-yaml v2, which kubectl and every Go
 * controller use: no, off, n and their capitals are false; 017 and 0o17 are octal; 1_000 is a number;
 * dates are strings.
 */
#ifndef GW_SCALAR_H
#define GW_SCALAR_H

#include "yaml/yaml.h"

/*
 * The kind of the scalar, and for a bool or number its JSON text in `json` (at least 64 bytes). A complaint
 * (static) for what JSON cannot hold, else NULL.
 */
const char *scalar_resolve(const char *s, size_t n, enum ynode_kind *kind, char json[64]);

#endif

/*
 * ext_auth: ExternalAuth filters that ask over HTTP. APISIX's own plugin for it, forward-auth, asks for one
 * fixed path, by GET or POST, and takes any 2xx for a yes; so the asking is done in Lua (lua.h).
 */
#ifndef GW_EXT_AUTH_H
#define GW_EXT_AUTH_H

#include "json/jx.h"

/*
 * The functions for phase access, one for each ExternalAuth among the filters; `resolved` has one entry each,
 * in that order. False when some service is not known: then nothing may be let through. Appends to
 * `functions`.
 */
bool ext_auth_functions(jv filters, jv resolved, jv *functions);

#endif

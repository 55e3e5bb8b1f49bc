/*
 * loaded: APISIX objects in the memory of a gateway, as its Control API shows them.
 *
 * A gateway fills in the defaults of its schemas, and plugins keep things of their own among their
 * configuration. So a loaded object holds what was written and more. It is the old one when something of that
 * is left which the new one does not have. Of an encrypted "client_key" it cannot be told whether it is the
 * same.
 */
#ifndef GW_APISIX_LOADED_H
#define GW_APISIX_LOADED_H

#include "json/jx.h"

/* Whether `live` is `wanted`, which was written over `was`; JX_NONE: there was none. */
bool loaded_is(jv wanted, jv was, jv live);

#endif

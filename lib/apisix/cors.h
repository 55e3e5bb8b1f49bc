/* cors: the CORS filter (Gateway API HTTPCORSFilter) as APISIX's plugin of that name. */
#ifndef GW_CORS_H
#define GW_CORS_H

#include "json/jx.h"

/* The plugin's configuration. Owned. */
jv cors_plugin(jv spec);

/*
 * Whether preflights must be told the very method that they ask for: any method is allowed, with credentials,
 * which forbid "*", and the plugin's own way would send a fixed list.
 */
bool cors_echoes_method(jv spec);

#endif

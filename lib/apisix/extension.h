/* extension: ExtensionRef filters: the plugins of a PluginConfig (apisix.apache.org), as they stand there. */
#ifndef GW_EXTENSION_H
#define GW_EXTENSION_H

#include "json/jx.h"

/*
 * Adds the plugins of all extensions of `resolved` to `plugins`. A plugin occurs once in a route: NULL, or
 * the name (borrowed) of the first that is there already or that two of them have. False in *known when some
 * extension is none that we know.
 */
const char *extensions_put(jv resolved, jv *plugins, bool *known);

/* Whether each extension among the filters was resolved: by an older gw-resolve-refs, which knew of none, it
 * was not. */
bool extensions_are_whole(jv filters, jv resolved);

#endif

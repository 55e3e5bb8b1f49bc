#include "apisix/extension.h"

const char *extensions_put(jv resolved, jv *plugins, bool *known)
{
    *known = true;
    for (int i = 0; i < jx_len(resolved); i++) {
        jv mine = jx_get(jx_at(resolved, i), "plugins");
        *known &= jx_is_obj(mine);
        for (struct jx_iter it = jx_iter(mine); jx_next(&it);) {
            if (!jx_is_none(jx_get(*plugins, it.key)))
                return it.key;
            jb_put(plugins, it.key, jb_copy(it.value));
        }
    }
    return NULL;
}

bool extensions_are_whole(jv filters, jv resolved)
{
    int n = 0;
    for (int i = 0; i < jx_len(filters); i++)
        n += jx_is_obj(jx_get(jx_at(filters, i), "extensionRef"));
    return n == jx_len(resolved);
}

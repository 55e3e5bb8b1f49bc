#include "apisix/ext_auth.h"

#include <stdlib.h>

#include "apisix/ids.h"
#include "apisix/lua.h"

bool ext_auth_functions(jv filters, jv resolved, jv *functions)
{
    bool all = true;
    for (int i = 0, k = 0; i < jx_len(filters); i++) {
        jv spec = jx_get(jx_at(filters, i), "externalAuth"), http = jx_get(spec, "http");
        struct id id;
        if (!jx_is_obj(spec))
            continue;
        if (!id_of_backend(jx_at(resolved, k++), &id)) {
            all = false;
            continue;
        }
        struct lua_ext_auth a = {.upstream = id.text,
                                 .prefix = jx_getstr_or(http, "path", ""),
                                 .allowed = jx_get(http, "allowedHeaders"),
                                 .back = jx_get(http, "allowedResponseHeaders"),
                                 .max_body = jx_getint_or(jx_get(spec, "forwardBody"), "maxSize", 0)};
        char *text = lua_ext_auth(&a);
        jb_add_str(functions, text);
        free(text);
    }
    return all;
}

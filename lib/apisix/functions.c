#include "apisix/functions.h"

#include <stdlib.h>

static jv serverless(const char *phase, jv owned_functions)
{
    jv o = jb_obj();
    jb_put_str(&o, "phase", phase);
    jb_put(&o, "functions", owned_functions);
    return o;
}

bool put_functions(jv *plugins, const char *phase, jv owned_functions)
{
    static const char *const places[] = {"serverless-post-function", "serverless-pre-function"};
    for (size_t i = 0; i < N_ELEMS(places); i++) {
        jv there = jx_get(*plugins, places[i]), all = jb_arr();
        const char *taken = jx_getstr(there, "phase");
        if (taken && !str_eq(taken, phase)) {
            jb_free(all);
            continue;
        }
        for (int k = 0; k < jx_len(jx_get(there, "functions")); k++)
            jb_add(&all, jb_copy(jx_at(jx_get(there, "functions"), k)));
        for (int k = 0; k < jx_len(owned_functions); k++)
            jb_add(&all, jb_copy(jx_at(owned_functions, k)));
        jb_put(plugins, places[i], serverless(phase, all));
        jb_free(owned_functions);
        return true;
    }
    jb_free(owned_functions);
    return false;
}

jv list_of_function(char *owned_function)
{
    jv functions = jb_arr();
    jb_add_str(&functions, owned_function);
    free(owned_function);
    return functions;
}

void put_functions_first(jv *plugins, const char *phase, jv owned_functions)
{
    jb_put(plugins, "serverless-pre-function", serverless(phase, owned_functions));
}

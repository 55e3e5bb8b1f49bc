#include "gw/status.h"

jv status_condition(const char *type, bool is_true, const char *reason, const char *message,
                    int64_t generation)
{
    jv c = jb_obj();
    jb_put_str(&c, "type", type);
    jb_put_str(&c, "status", is_true ? "True" : "False");
    jb_put_str(&c, "reason", reason);
    jb_put_str(&c, "message", message ? message : "");
    if (generation > 0)
        jb_put_int(&c, "observedGeneration", generation);
    return c;
}

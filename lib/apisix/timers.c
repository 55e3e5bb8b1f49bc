#include "apisix/timers.h"

#include "gw/duration.h"

/* APISIX has timers for each step, none for the whole; "0s" means never, which it cannot say. */
void timers_put(jv timeouts, jv *route)
{
    enum { NEVER = 2147483 };
    const char *text = jx_getstr(timeouts, "backendRequest");
    text = text ? text : jx_getstr(timeouts, "request");
    if (!text)
        return;
    double seconds = duration_seconds(text);
    static const char *const steps[] = {"connect", "send", "read"};
    jv o = jb_obj();
    for (size_t i = 0; i < N_ELEMS(steps); i++)
        jb_put(&o, steps[i], jb_number(seconds > 0 ? seconds : NEVER));
    jb_put(route, "timeout", o);
}

#include "apisix/timers.h"

#include "base/base.h"

double timers_seconds(const char *s)
{
    double total = 0;
    while (s && *s) {
        double n = 0;
        for (; *s >= '0' && *s <= '9'; s++)
            n = n * 10 + (*s - '0');
        bool is_ms = has_prefix(s, "ms");
        total += *s == 'h' ? n * 3600 : is_ms ? n / 1000 : *s == 'm' ? n * 60 : n;
        s += is_ms ? 2 : *s != '\0';
    }
    return total;
}

/* APISIX has timers for each step, none for the whole; "0s" means never, which it cannot say. */
void timers_put(jv timeouts, jv *route)
{
    enum { NEVER = 2147483 };
    const char *text = jx_getstr(timeouts, "backendRequest");
    text = text ? text : jx_getstr(timeouts, "request");
    if (!text)
        return;
    double seconds = timers_seconds(text);
    static const char *const steps[] = {"connect", "send", "read"};
    jv o = jb_obj();
    for (size_t i = 0; i < N_ELEMS(steps); i++)
        jb_put(&o, steps[i], jb_number(seconds > 0 ? seconds : NEVER));
    jb_put(route, "timeout", o);
}

/*
 * timers: how long APISIX waits.
 */
#ifndef GW_TIMERS_H
#define GW_TIMERS_H

#include "json/jx.h"

/* A duration of the Gateway API (GEP-2257: "1h30m", "500ms") in seconds; 0 when there is none. */
double timers_seconds(const char *text);

/* A rule's `timeouts` as the `timeout` of a route. */
void timers_put(jv timeouts, jv *route);

#endif

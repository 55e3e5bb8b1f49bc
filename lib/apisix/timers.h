/*
 * timers: how long APISIX waits.
 */
#ifndef GW_TIMERS_H
#define GW_TIMERS_H

#include "json/jx.h"

/* A rule's `timeouts` as the `timeout` of a route. */
void timers_put(jv timeouts, jv *route);

#endif

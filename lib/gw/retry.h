/*
 * retry: what a rule of an HTTPRoute says about trying again (HTTPRouteRetry).
 *
 * APISIX by itself tries other endpoints at once when one does not connect or answer in time. Answers with
 * certain codes, pauses between the tries, and a limit on all tries together need a loop (apisix/retries.h).
 */
#ifndef GW_RETRY_H
#define GW_RETRY_H

#include "json/jx.h"

enum { RETRY_ANY = -1, RETRY_MAX = 99 };

struct retry {
    int attempts;   /* tries after the first; RETRY_ANY: as many as APISIX sees fit */
    bool has_loop;  /* it needs one */
    jv codes;       /* borrowed: answers to try again after */
    double backoff; /* seconds to pause at least; 0: none */
    double limit;   /* seconds for all tries together; 0: none */
};

struct retry retry_read(jv rule);

#endif

/* status: conditions and parent references as the Gateway API writes them, without times. */
#ifndef GW_STATUS_H
#define GW_STATUS_H

#include "json/jx.h"

/* {type, status, reason, message, observedGeneration}. lastTransitionTime is the writer's to know.
   A generation of 0 (objects that never saw an API server) is left out. */
jv status_condition(const char *type, bool is_true, const char *reason, const char *message,
                    int64_t generation);

#endif

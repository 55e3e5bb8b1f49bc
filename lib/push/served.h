/*
 * served: whether a gateway serves what was written to its target (--wait), by its Control API.
 *
 * APISIX answers a write before its workers have taken it over. What one of them has in memory is shown by
 * the Control API: routes, services and upstreams (not ssls, stream_routes or global_rules: of these nothing
 * is proven). A worker answers for itself alone, whichever takes the connection; so every question comes by a
 * connection of its own, and a gateway is believed after SERVED_ROUNDS times in a row in which all was there.
 *
 * What was not served in time is asked about again at the next SYNC, along with what comes then.
 */
#ifndef GW_PUSH_SERVED_H
#define GW_PUSH_SERVED_H

#include "apisix/plan.h"
#include "net/http.h"

enum { SERVED_ROUNDS = 5 };

struct served;

/* `urls` are those of the Control APIs of one data plane, all of which must serve. NULL, and the complaint in
 *why (owned), when one cannot be used. */
struct served *served_new(const char *const *urls, size_t n, const struct http_settings *s, char **why);
void served_free(struct served *s);

/*
 * Returns once everything that the plan has done, and what was still missing, is served: EXIT_OK; EXIT_ENV,
 * and a message in the name of `target`, when it is not within `seconds`.
 */
int served_wait(struct served *s, const struct plan *p, int seconds, const char *target);

#endif

/*
 * served: whether a gateway serves what was written to its target (--wait), by the Control APIs of its
 * instances (control.h).
 *
 * One look after another, with growing pauses, until all of them serve what the last SYNC wrote, or the time
 * is up. What is not served by then is owed: it is looked at once at every later SYNC, and while nothing
 * comes, but not waited for again, so that one object that a gateway does not take holds up no other.
 *
 * What it proves: that workers have the objects in memory. A worker makes a new router of them with the next
 * request that it gets.
 */
#ifndef GW_PUSH_SERVED_H
#define GW_PUSH_SERVED_H

#include "push/control.h"

struct served;

/* `urls` are those of the Control APIs of one data plane, all of which must serve. NULL, and the complaint in
 *why (owned), when one cannot be used. */
struct served *served_new(const char *const *urls, size_t n, const struct http_settings *s, char **why);
void served_free(struct served *s);

/*
 * Returns once everything that the plan has done is served, or `seconds` later, with a message in the name of
 * `target`. EXIT_OK when nothing is owed then, else EXIT_ENV. `all`: what is live, for the first time; NULL
 * after that.
 */
int served_wait(struct served *s, const struct plan *p, const struct items *all, int seconds,
                const char *target);

/* Whether something of that owner (its label) was owed at the end of the last wait. */
bool served_owes(const struct served *s, const char *owner);

#endif

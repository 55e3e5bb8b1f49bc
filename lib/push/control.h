/*
 * control: the Control API of one instance of the data plane, and what that instance still owes us: objects
 * that were written and that it did not show at work yet.
 *
 * An answer of the Control API is the memory of one worker, whichever took the connection. So an object
 * counts as served once CONTROL_ANSWERS answers in a row, each over a connection of its own, show it as it
 * was written, or do not show it any more when it was deleted. Most of them are asked at the same time, which
 * spreads them over more workers than one after the other would; still nobody can tell that all were asked.
 *
 * To answer for one object a worker copies all objects of its kind before it, so asking for two costs it
 * more than asking for the list: one is asked for by its id, several by the list of their kind.
 *
 * It shows routes and upstreams, and nothing of certificates, stream routes, consumers and global rules.
 */
#ifndef GW_PUSH_CONTROL_H
#define GW_PUSH_CONTROL_H

#include "apisix/plan.h"
#include "net/http.h"
#include "json/digest.h"

enum {
    CONTROL_ANSWERS = 5,
    CONTROL_LARGEST = 128 << 20, /* bytes of an answer: a list of 100,000 small routes */
};

/* One object. */
struct owed {
    struct item *item; /* as it was written or, when it is gone, as it was before */
    struct item *was;  /* what it replaced, or NULL */
    bool is_gone;
    bool is_new;   /* of the last SYNC */
    int n_shown;   /* answers of this look that show it */
    bool is_known; /* `known` is the digest of an answer that does; they repeat themselves */
    struct digest known;
};

struct control {
    char *url; /* "http://127.0.0.1:9090" */
    struct {
        struct owed *items; /* sorted by kind and id */
        size_t n, cap;
    } owed;
    char *why; /* what was wrong at the last look, in a few words; NULL: nothing */
};

/* Whether objects of the kind are shown at all. */
bool control_shows(enum apisix_kind k);

/*
 * Takes what the plan did to such objects; what was owed of the same object before is void. With `all`, also
 * those of ours in this list of which nothing was done: nobody has seen yet whether they are served.
 */
void control_take(struct control *c, const struct plan *p, const struct items *all);

/* How many of them are of the last SYNC. */
size_t control_new(const struct control *c);

/* Asks each of them once, all at the same time, and forgets what they serve. `http` has is_fresh. */
void control_look(struct http *http, struct control *list, size_t n, double seconds);

void control_release(struct control *c);

#endif

/* admin_answer: what the Admin API says, for people and for the next step. */
#ifndef GW_PUSH_ADMIN_ANSWER_H
#define GW_PUSH_ADMIN_ANSWER_H

#include "apisix/item.h"
#include "apisix/split.h"
#include "net/http.h"

enum answer {
    ANSWER_DONE,
    ANSWER_ABSENT,  /* 404: no such object */
    ANSWER_STALE,   /* refused for a reference that a worker of the server may not have seen change yet */
    ANSWER_REFUSED, /* sending it again will not help */
    ANSWER_DENIED,  /* the key: nothing else will be taken either */
    ANSWER_AGAIN,   /* no answer, 429, 5xx */
};

enum answer answer_of(const struct http_response *r);

/* Whether the answer to a write is the Admin API's, and not that of something before it that answers 200 to
 * all. */
bool answer_is_of_api(const struct http_response *r);

enum { REASON_MOST = 400 }; /* bytes of what a server says, in a message */

/*
 * Why it is not done, in a few words: owned. Of what the server says the error message only, `most` bytes of
 * it, and nothing in it that is secret in `item` (NULL: nothing is). It may quote the key, see api_reason().
 */
char *answer_reason(const struct http_response *r, const struct item *item, size_t most);

/*
 * The objects of an array of {"key":...,"value":{...}}, added to `out` as stored_item() makes them; *n counts
 * the entries. NULL, or the complaint as below.
 */
const char *answer_entries(struct slice list, enum apisix_kind kind, const char *instance, struct items *out,
                           int64_t *n);

/*
 * The list of a kind, added to `out`: the objects as stored_item() makes them. NULL, or the complaint, static
 * or thread-local: it "is not a JSON array".
 */
const char *answer_list(const struct http_response *r, enum apisix_kind kind, const char *instance,
                        struct items *out);

#endif

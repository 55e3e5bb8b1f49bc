/*
 * redact: the same APISIX object without its secrets, for everything that people read.
 *
 * What is secret is told by where it stands (redact.c has the rows): private keys of ssls and upstreams,
 * whatever a consumer's plugins hold, and members of any plugin that are named like a secret. Their values
 * become "<redacted>", of whatever kind they were.
 */
#ifndef GW_APISIX_REDACT_H
#define GW_APISIX_REDACT_H

#include "apisix/item.h"
#include "json/jx.h"

#define REDACTED "<redacted>"

/* Owned; the same value when there is nothing to hide. */
jv redact_object(enum apisix_kind kind, jv object);

/*
 * A record's `apisix` member, {kind: [objects]}, and its `planes` member, {plane: {kind: [objects]}}, with
 * all that is secret hidden: owned. JX_NONE when there is nothing to hide.
 */
jv apisix_hidden(jv apisix);
jv planes_hidden(jv planes);

/*
 * What a server says about an object may quote it: the text without anything that redact_object() hides, in
 * one line, at most `most` bytes. Owned.
 */
char *redact_text(enum apisix_kind kind, jv object, const char *text, size_t most);

/* The same about an object's text, of what is yet to be cut. Takes and gives back what is the caller's. */
char *redact_about(const struct item *item, char *owned_text);

/* The same without one secret; NULL: there is none. Takes the text; owned. */
char *text_without(char *owned_text, const char *secret);

/* Cheap and cautious: false only when the text of a record surely holds nothing to hide. */
bool may_hold_secrets(const char *json, size_t n);

#endif

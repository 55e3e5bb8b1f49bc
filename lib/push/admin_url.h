/* admin_url: the addresses of the Admin API. */
#ifndef GW_PUSH_ADMIN_URL_H
#define GW_PUSH_ADMIN_URL_H

#include "apisix/kind.h"

/* What is wrong with a URL for an API, or NULL: it is no http or https URL, or holds what does not belong
   there: a user and a password would show in the list of processes. */
const char *url_problem(const char *url);

/*
 * "http://127.0.0.1:9180" becomes ".../apisix/admin"; with a path it is taken as it is. Owned. NULL, and the
 * complaint in *why (owned), when it has a problem.
 */
char *admin_base(const char *url, char **why);

/* Where that is, spelt in one way: two URLs of one API have the same. Owned; NULL when it has a problem. */
char *url_address(const char *url);

/* Whether the id is one that APISIX takes, and so can stand in a URL as it is. */
bool is_admin_id(enum apisix_kind kind, const char *id);

/* Owned. */
char *admin_url(const char *base, enum apisix_kind kind, const char *id);

#endif

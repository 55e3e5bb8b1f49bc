/*
 * consumer: consumers of APISIX and their credentials.
 *
 * Documents hold both in one list, `consumers`: a consumer by its "username", a credential by the id
 * "USERNAME/credentials/ID". So do records and lists of items here. The Admin API has credentials below their
 * consumer, with the last part as their id.
 */
#ifndef GW_APISIX_CONSUMER_H
#define GW_APISIX_CONSUMER_H

#include "apisix/item.h"

bool is_credential(const struct item *i);

/* The username in a credential's id: owned; NULL when the id is none of a credential. */
char *consumer_of_credential(const char *id);

/* The id that a credential has below its consumer; the id itself when it is none of a credential. */
const char *credential_name(const char *id);

#endif

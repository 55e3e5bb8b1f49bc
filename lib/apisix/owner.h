/*
 * owner: how an APISIX object says whose it is.
 *
 * Every object that gwpipe writes carries three labels: that gwpipe made it, which instance of gwpipe
 * (two pipelines may share one APISIX), and which Kubernetes object owns it. gw-translate writes them,
 * gw-push believes nothing else: an object without all three is not ours and is never touched.
 *
 * APISIX wants label values of 1 to 256 characters without white space.
 */
#ifndef GW_OWNER_H
#define GW_OWNER_H

#include "rec/record.h"

#define LABEL_MANAGED_BY "managed-by"
#define MANAGED_BY       "gwpipe"
#define LABEL_INSTANCE   "gwpipe-instance"
#define LABEL_OWNER      "gwpipe-owner"
#define DEFAULT_INSTANCE "default"

enum { OWNER_LABEL_MAX = 256 };

/*
 * "HTTPRoute/shop/cart", or "GatewayClass/apisix" when cluster-scoped. Of an identity that does not fit,
 * or that holds bytes no Kubernetes name has, a readable prefix, '~' and 32 hex digits that tell it from
 * every other. The API group is no part: the kinds that own APISIX objects differ by name.
 */
void owner_label(const struct ident *id, char out[OWNER_LABEL_MAX + 1]);

/* NULL when `name` can be the value of the instance label, else what is wrong with it. */
const char *instance_problem(const char *name);

#endif

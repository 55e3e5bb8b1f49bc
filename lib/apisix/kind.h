/* kind: the kinds of APISIX object, from the table in kinds.def. */
#ifndef GW_APISIX_KIND_H
#define GW_APISIX_KIND_H

#include "base/base.h"

enum apisix_kind {
#define KIND(ID, NAME, KEY, LABELS, OURS, RECORDS) ID,
#include "apisix/kinds.def"
#undef KIND
    N_APISIX_KINDS
};

struct apisix_kind_row {
    const char *name;
    const char *key; /* the member that names an object where it has no "id" */
    bool has_labels;
    bool is_written;     /* by gw-push */
    bool is_for_records; /* a record's `apisix` member may hold it */
};
const struct apisix_kind_row *apisix_kind(enum apisix_kind k);

/* The kind of that name, -1 when there is none. */
int apisix_kind_named(const char *name, size_t len);

#endif

/*
 * validate: what an API server would say to one object, and what it would fill in.
 */
#ifndef GW_VALIDATE_H
#define GW_VALIDATE_H

#include "rec/record.h"

struct validate_options {
    bool is_standard; /* the standard channel: experimental fields are unknown */
};

enum verdict {
    VERDICT_VALID,
    VERDICT_INVALID,
    VERDICT_UNKNOWN_KIND, /* not checked */
};

/* Checks the record's object. Findings carry the source line where the record tells it. */
enum verdict validate(const struct validate_options *o, const struct rec *r, struct findings *fs);

/*
 * The object as an API server would hold it: defaults, namespace "default", stringData in data, the
 * namespace's own label. Owned; JX_NONE when nothing is missing. For objects that never met an API server.
 */
jv validate_fill(const struct rec *r);

#endif

/*
 * validate: what an API server would say to one object, and what it would fill in.
 *
 * Pure and stateless: a verdict depends on the record and the options only, and takes time linear in the size
 * of the object (patterns of users are probed with a limit on steps each).
 */
#ifndef GW_VALIDATE_H
#define GW_VALIDATE_H

#include "rec/record.h"

struct validate_options {
    bool is_standard;   /* the standard channel: experimental fields, values and versions are findings */
    bool is_for_apisix; /* tell what is valid and APISIX cannot serve (support.h) */
};

enum verdict {
    VERDICT_VALID,        /* no error findings, and nothing is missing */
    VERDICT_INCOMPLETE,   /* no error findings; validate_fill() adds what an API server would add */
    VERDICT_INVALID,      /* there are error findings */
    VERDICT_UNKNOWN_KIND, /* not checked; a finding says so */
};

/* Checks the record's object. The severities of fs decide what is an error. */
enum verdict validate(const struct validate_options *o, const struct rec *r, struct findings *fs);

/*
 * The object as an API server would hold it: defaults, namespace "default", stringData in data, the
 * namespace's own label, no nulls. Owned; JX_NONE when nothing is missing. For valid objects that never met
 * an API server.
 */
jv validate_fill(const struct rec *r);

#endif

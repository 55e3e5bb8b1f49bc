/*
 * finding: one diagnostic about one object, as data.
 *
 * A finding travels in its record's `findings` array (append-only, see gw-record(7)) and is printed to
 * stderr once, by the tool that made it. Ids are stable API: rows of findings.def, where each has its
 * default severity and meaning. Messages never quote values of Secrets.
 */
#ifndef GW_FINDING_H
#define GW_FINDING_H

#include "json/jx.h"

enum severity {
    SEV_ERROR,
    SEV_WARNING,
    SEV_INFO,
    SEV_OFF, /* not told at all; only as somebody's wish */
    N_SEVERITIES
};

enum finding_id {
#define FINDING(ID, NAME, SEVERITY, MEANING) ID,
#include "rec/findings.def"
#undef FINDING
    N_FINDING_IDS
};

enum { FINDINGS_MAX = 64 }; /* an object; one more says how many were left out */

struct finding_kind {
    const char *name; /* "field-unknown" */
    enum severity severity;
    const char *meaning;
};
const struct finding_kind *finding_kind(enum finding_id id);
const char *severity_name(enum severity s);

/* By their names; N_FINDING_IDS and N_SEVERITIES for none. */
enum finding_id finding_by_name(const char *name);
enum severity severity_by_name(const char *name);

/* What a finding means for the object's status, where it bears on it (Gateway API section "conditions"). */
struct finding_condition {
    const char *type;   /* "Accepted" */
    const char *status; /* "False" */
    const char *reason; /* "UnsupportedValue" */
};

struct finding {
    enum finding_id id;
    const char *path;    /* "spec.rules[2].matches[0].path.value"; NULL: the object as a whole */
    const char *message; /* what is wrong, and what was expected */
    int line;            /* of that field in the source file; 0: not known */
    const struct finding_condition *condition; /* may be NULL */
};

/*
 * A list being collected, as the JSON array that will travel. Pure functions in lib/ take one of these
 * and add to it; the tool then hands it to rec_add_findings().
 */
struct findings {
    jv list; /* owned array */
    int errors, dropped;
    const enum severity *severities; /* by id; borrowed; NULL: as in findings.def */
};
void findings_init(struct findings *fs);
void findings_release(struct findings *fs);
void findings_add(struct findings *fs, const struct finding *f);
/* Gives those that have a condition of type `from` this one instead. */
void findings_recondition(struct findings *fs, const char *from, const struct finding_condition *to);
void findings_addf(struct findings *fs, enum finding_id id, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif

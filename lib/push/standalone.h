/*
 * standalone: standalone:URL, one APISIX that keeps its configuration in memory and takes it over its API
 * (role traditional, config_provider yaml). One document, one write.
 *
 * Whether what is remembered is still what the instance holds is one HEAD: every document has a digest of its
 * own, and an instance that was restarted has none. The same HEAD stands right before each write, and what
 * somebody else writes even after that refuses our document (configs.h). Then the plan is made anew.
 *
 * A stream proxy looks for news once a second, by a time in whole seconds: two documents in one second, and
 * it may never see the second one. So a document waits until the one before it is two seconds old, whoever
 * wrote that.
 */
#ifndef GW_PUSH_STANDALONE_H
#define GW_PUSH_STANDALONE_H

#include "apisix/configs.h"
#include "push/api.h"
#include "push/drift.h"

struct standalone {
    struct target base;
    struct api api;
    char *url;              /* of the document */
    struct configs configs; /* what base.live says of itself */
    struct drift drift;
    bool is_known;   /* base.live is what the instance holds, if it has that digest */
    double took;     /* seconds, to answer the last question that it answered; 0: none yet */
    int n_hung;      /* HEADs in a row that took too long */
    char *told;      /* what was said of it since it last answered as it should */
    int mishaps;     /* documents in a row that were neither taken nor refused */
    double wrote_at; /* 0: never */
    struct {         /* the last look whether it still has the document, while nothing may be written */
        double at;
        bool found_none;
    } look;
    size_t max_document; /* bytes; less once a document turned out to be too large, until it was restarted */
    size_t max_setting;  /* as the settings have it */
};

/* What a HEAD tells. */
struct glimpse {
    bool can_tell; /* releases before 3.14 have no HEAD */
    char *digest;  /* NULL: it holds no document */
    double age;    /* seconds since its document was written, as it says itself; -1: not known */
};

/* Exit codes, and a message where it is none. The digest is the caller's to free. */
int standalone_look(struct standalone *s, struct glimpse *g, const char *consequence);

/* Replaces base.live and configs by what the instance holds; on failure both stay as they were. */
int standalone_fetch(struct standalone *s, const char *consequence);

int standalone_carry_out(struct target *t, struct plan *p);

/* Seconds on a clock that only goes forward. */
double standalone_now(void);

#endif

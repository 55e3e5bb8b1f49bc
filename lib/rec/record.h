/*
 * record: one line of the stream (gw-record(7)).
 *
 * A record keeps the bytes it was read from. Adding members to it appends text to those bytes; the
 * line is only written anew when a member that is already there must change. Members and types that
 * this code does not know pass through untouched.
 */
#ifndef GW_RECORD_H
#define GW_RECORD_H

#include "rec/finding.h"

enum rec_type {
    REC_UPSERT,  /* ADDED and MODIFIED */
    REC_DELETED, /* the object is gone */
    REC_SYNC,    /* closes a cut */
    REC_OTHER,   /* anything else: pass it on */
};

/* Identity: (group, kind, namespace, name). Strings are borrowed from the record's object. */
struct ident {
    char group[254];     /* "" for core */
    const char *version; /* "v1"; points into apiVersion */
    const char *kind;
    const char *ns; /* "" when cluster-scoped or not given */
    const char *name;
};

enum { REC_MAX_ADDED = 8 };

struct rec {
    const char *line; /* as read, without LF, NUL-terminated; borrowed from the caller of rec_parse */
    size_t len;
    size_t lineno; /* in the input stream, 0 when not read from one */
    enum rec_type type;
    bool full; /* of a SYNC */
    jv root;   /* owned */
    jv object; /* borrowed from root; none for SYNC and OTHER */
    struct ident id;

    struct { /* what this stage adds, in order */
        const char *name;
        jv value; /* owned */
    } added[REC_MAX_ADDED];
    int n_added;
    bool rewrite; /* root itself was changed: the bytes of `line` are stale */
};

/*
 * Parses a line. Returns NULL and fills `r`, or the complaint (static or thread-local, quoting nothing)
 * with `r` holding nothing to release. The line must outlive the record and be NUL-terminated.
 */
const char *rec_parse(struct rec *r, const char *line, size_t len, size_t lineno);
void rec_release(struct rec *r);

/* A new record around an object: {"type":TYPE,"object":OBJECT}. Takes the object. */
void rec_new(struct rec *r, const char *type, jv owned_object);

/* Member of the record, borrowed: what this stage has added first, then what was read. */
jv rec_get(const struct rec *r, const char *name);

/* Sets a member, taking the value. The name must be a literal. */
void rec_put(struct rec *r, const char *name, jv owned);

/* Removes a member that was read; the line will be written anew. */
void rec_drop(struct rec *r, const char *name);

/* The object reduced to what it is known by: apiVersion, kind, and of metadata name, namespace, uid,
   generation and creationTimestamp. Owned. */
jv rec_identity(const struct rec *r);

/* Replaces the object (gw-validate's defaults, gw-translate's reduction). Takes it. */
void rec_set_object(struct rec *r, jv owned_object);

/* Appends findings to the record's list, at most FINDINGS_MAX in all, and prints each to stderr when
   `tell`. `fs` keeps its own. */
void rec_add_findings(struct rec *r, const struct findings *fs, bool tell);

/* Prints findings about this record's object to stderr, as rec_add_findings() does. */
void rec_tell(const struct rec *r, jv findings);

/* Whether the record carries a finding of severity error. */
bool rec_has_error(const struct rec *r);

/* Where the object came from, for diagnostics: "shop.yaml:12", else "stdin:LINENO", else NULL. `line` (0:
   none) overrides the line of the document. */
const char *rec_where(const struct rec *r, int line, char *room, size_t n);

/* "HTTPRoute shop/cart", "GatewayClass apisix" */
const char *rec_title(const struct rec *r, char *room, size_t n);

/* Appends a record of the same identity that says only "held": for one that cannot be passed on whole. */
void rec_emit_held(const struct rec *r, struct buf *b);

/* Appends the record as a line with LF. False when it would pass the cap of b. */
bool rec_emit(const struct rec *r, struct buf *b);

/* What names of data planes are made of (the record member `planes`), and how long they are at most. */
#define PLANE_NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
enum { PLANE_NAME_MAX = 63 };
bool is_plane_name(const char *s, size_t n);

/* The data plane that is called like a Gateway: "NS.NAME" for the first n bytes, "NS/NAME". Owned; NULL: they
   are none, or make no such name. */
char *plane_of_gateway(const char *s, size_t n);

#endif

/*
 * schema: the fields of the kinds we know, as tables, and the walk that holds an object against them.
 *
 * One row a field: its type, whether it is required, its default, its bounds and its format, as the CRDs
 * of Gateway API v1.6 say (and, for the Kubernetes kinds, as far as we read them). What CEL says of several
 * fields together are rules: functions attached to a struct or a list. The commonest of them, "this member
 * exactly when the type says so", is a row of its own.
 */
#ifndef GW_SCHEMA_H
#define GW_SCHEMA_H

#include "gw/format.h"
#include "rec/finding.h"

enum field_type { TYPE_ANY, TYPE_STRING, TYPE_INT, TYPE_BOOL, TYPE_OBJECT, TYPE_LIST, TYPE_MAP };

enum field_flags {
    REQUIRED = 1,
    EXPERIMENTAL = 2,        /* only in the experimental channel */
    FORMAT_EXPERIMENTAL = 4, /* its format is only asked for there */
    NULL_IS_EMPTY = 8,       /* in a map a null counts as "", as in the maps of Kubernetes' own types */
};

struct walk;
struct schema;

struct field {
    const char *name;
    enum field_type type;
    int flags;
    const char *otherwise; /* default, as JSON text */
    int64_t min,
        max; /* of an int its value; of a string code points; of a list or map entries; max 0: none */
    const struct format *format; /* of a string */
    const char *choices;         /* "A|B|+C"; those with '+' in the experimental channel only */
    const struct schema *of;     /* of an object */
    const struct field *items;   /* of a list; of the values of a map */
    const char *key;             /* items are unique by this member; "" for a list of scalars */
    void (*rule)(struct walk *w, jv value);
};

/* Member `member` is there exactly when `tag` (or its default) is `value`. */
struct variant {
    const char *tag, *value, *member;
};

struct schema {
    const struct field *fields;
    size_t n_fields;
    const struct variant *variants;
    size_t n_variants;
    void (*rule)(struct walk *w, jv value);
    jv (*fill)(jv owned, bool *changed); /* defaults that are no constants */
    bool is_open; /* fields that are not listed are none of our business, unless they look misspelt */
};

enum { SCHEMA_MAX_FIELDS = 64 };

#define SCHEMA_FIELDS(table)   .fields = (table), .n_fields = N_ELEMS(table)
#define SCHEMA_VARIANTS(table) .variants = (table), .n_variants = N_ELEMS(table)

struct schema_options {
    bool is_standard; /* fields of the experimental channel are unknown */
    bool is_secret;   /* values are never quoted */
};

/* Where the walk is, for rules. */
struct walk {
    const struct schema_options *options;
    struct findings *findings;
    struct buf path;
    int faults;         /* complaints so far about single fields; rules around those would be moot */
    bool is_incomplete; /* something is missing that schema_fill() can fill in */
};

/* A complaint about the value at hand, or about `below` (".member", "[3]") inside of it. */
void walk_complain(struct walk *w, enum finding_id id, const char *below, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A complaint about the entry `key` of the map at hand. */
void walk_complain_key(struct walk *w, enum finding_id id, const char *key, const char *words);

/* The row of that name, or -1. */
int schema_find(const struct schema *s, const char *name);

/*
 * Holds `object` (a whole Kubernetes object) against the schema. True when nothing is missing that
 * schema_fill() would fill in. Linear in the size of the object.
 */
bool schema_check(const struct schema *s, const struct schema_options *o, jv object, struct findings *fs);

/*
 * The object with what an API server would have filled in, and without the nulls that it would have dropped.
 * Takes it; *changed tells whether anything was done.
 */
jv schema_fill(const struct schema *s, jv owned, bool *changed);

#endif

/*
 * ledger: which file says what of which object, and what the stream was told of it last.
 *
 * Where an object is defined more than once, the last word counts: that of the file that is later in name
 * order, and in one file the later one. A word that is kept only because its file cannot be read any more
 * gives way to any other.
 */
#ifndef GW_LEDGER_H
#define GW_LEDGER_H

#include "watch/manifest.h"
#include "watch/tree.h"

/* An object's JSON, shared by all that say or know the same. */
struct text {
    unsigned refs;
    size_t n;
    char bytes[];
};
struct text *text_ref(struct text *t); /* NULL stays NULL */
void text_drop(struct text *t);

/* What one file says of one object. */
struct word {
    struct known *object;
    struct source *source;
    struct text *json;
    char *lines;
    int document, line;
    bool is_kept; /* from an earlier reading of a file that is now broken */
};

/* An object. */
struct known {
    char *key, *title;
    struct text *told;               /* what the stream was told last; NULL: nothing, or that it is gone */
    const struct word *last, *other; /* as of ledger_settle(): the word that counts, and one that does not */
};

/* A file. */
struct source {
    char *path;
    struct stat stat;
    bool is_fresh;  /* was changed so shortly before it was read that `stat` might not show a later change */
    bool is_broken; /* could not be read, or not whole */
    struct kinds lost; /* where it is broken: what may have been in it */
    char *errors;      /* what was wrong with it, "\\nLINE\\n..."; NULL: nothing */
    struct word **items;
    size_t n, cap;
};

struct ledger {
    struct ledger_index *index;
    struct known **items; /* all objects, in order of appearance */
    size_t n, cap;
};

void ledger_init(struct ledger *l);
void ledger_free(struct ledger *l);

/* The object with that identity, new if need be. */
struct known *ledger_object(struct ledger *l, const char *key, const char *title);

struct source *source_new(const char *path, const struct stat *st);
void source_free(struct source *s);

/* Adds what the file says. The text is shared with `told` where that is equal. */
struct word *source_add(struct source *s, struct known *object, const struct manifest_object *m);

/* Moves to `s` the words of `before` on objects that `s` says nothing of; both of one file. */
void source_keep(struct source *s, struct source *before);

/* Works out `last` and `other` of every object from all the sources, given in name order. */
void ledger_settle(struct ledger *l, struct source *const *sources, size_t n);

/* Drops the objects of which nobody says anything and the stream knows nothing. */
void ledger_sweep(struct ledger *l);

#endif

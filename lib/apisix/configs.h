/*
 * configs: the document of an API-driven standalone APISIX (/apisix/admin/configs), and the one to follow it.
 *
 * APISIX numbers what it holds. Each kind has a version, "routes_conf_version"; in a document that is PUT
 *   - a version above the one held replaces the objects of the kind by those in the document;
 *   - the same version leaves them as they are, whatever the document holds of them;
 *   - a lower one refuses the whole document.
 * So a kind in which nothing changes is sent as its version alone, and when somebody else has changed it
 * meanwhile the document is refused instead of undoing that. An object's "modifiedIndex" says which objects
 * of a replaced kind are still the same; workers keep theirs.
 *
 * No number is ever used twice for different things: workers compare for equality with what they hold, and
 * they outlive the document (it is gone when it did not fit). So the first document of an instance is
 * numbered by the clock, in milliseconds. Later ones follow closely upon the largest number there is: then
 * somebody else who has replaced the same kind meanwhile has most likely gone past ours, and it is refused.
 * Not by one, since two who both do that would take the same number, and the later one would be ignored.
 */
#ifndef GW_APISIX_CONFIGS_H
#define GW_APISIX_CONFIGS_H

#include "apisix/document.h"

/* Beyond it APISIX's JSON writer loses digits (14 significant ones). */
#define CONFIGS_MAX_VERSION 99999999999999LL

/* What a document says of itself, beside its objects. */
struct configs {
    struct { /* sorted by kind; every kind of kinds.def and "plugins", and what else the document named */
        struct conf_version {
            char *kind;
            int64_t number;
        } * items;
        size_t n, cap;
    } versions;
    int64_t *indexes; /* for each object of the document its modifiedIndex; 0: none, or it is in the text */
    int64_t newest;   /* the largest version that was ever seen */
    char *digest;     /* NULL: the instance has no document yet */
};

/*
 * Parses the answer to a GET (p[n] is NUL). NULL, or the complaint, thread-local or static, with `d` empty
 * and `c` as it was. The objects in `d` that are ours, and those of kinds without labels, are without their
 * modifiedIndex, so that they compare with what is wanted. `c` is replaced, but for `newest`, which only
 * grows.
 */
const char *configs_parse(struct configs *c, struct document *d, const char *p, size_t n,
                          const char *instance);

/*
 * Appends to `body` the document that takes an instance from `live` to `next`, and fills `to` (empty before)
 * with what it says of itself. Objects that stay are the same items in both. `now` is in milliseconds.
 * NULL, or the complaint.
 */
const char *configs_render(const struct configs *from, const struct document *live,
                           const struct document *next, int64_t now, struct configs *to, struct buf *body);

/* The bytes that APISIX stores for `d`, about: it keeps one document for all. */
size_t configs_size(const struct document *d);

void configs_release(struct configs *c);

#endif

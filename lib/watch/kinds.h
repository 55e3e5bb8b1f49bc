/*
 * kinds: of which kinds objects may be missing, because a text could not be read.
 *
 * A text that is broken still shows what it is about: its lines `kind: X`. What it does not show, nobody can
 * tell, and then objects of any kind may be missing. A kind too many does no harm, one too few does.
 */
#ifndef GW_KINDS_H
#define GW_KINDS_H

#include "base/base.h"

struct kinds {
    char **items; /* sorted, each once */
    size_t n, cap;
    bool is_any;
};

enum { KINDS_MOST = 64 }; /* more of them are any */

/* The kind of `p[n]`, which may be that of a list (ServiceList); what is no name of a kind is any. */
void kinds_add(struct kinds *k, const char *p, size_t n);
void kinds_add_any(struct kinds *k);

/* Those of a broken text of one document, or of several. JSON is any: where a line ends says nothing there.
 */
void kinds_add_text(struct kinds *k, const char *text, size_t n);

void kinds_add_all(struct kinds *k, const struct kinds *from);
void kinds_free(struct kinds *k);

#endif

/*
 * diag: what a tool says to people, on stderr.
 *
 *     gw-x: WHERE: error: TEXT [ID]
 *
 * or, after diag_format("json"), one JSON object a line with the members tool, level, where, id and
 * message. One write(2) a message, so that the messages of a pipeline's members and of threads never
 * interleave; control characters are replaced by '?', so that a manifest cannot drive the reader's terminal.
 * Colour only on a terminal and without NO_COLOR.
 */
#ifndef GW_DIAG_H
#define GW_DIAG_H

#include "base/base.h"

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_INFO, DIAG_DEBUG };

void diag_init(const char *tool);
const char *diag_tool(void); /* the name findings carry as `by` */

/* Messages above this level are dropped; the default is DIAG_WARNING. */
void diag_verbosity(enum diag_level most);
bool diag_wants(enum diag_level level);

/* "text" or "json"; false for anything else. GW_LOG_FORMAT sets the default. */
bool diag_format(const char *name);

const char *diag_level_name(enum diag_level level);

/* `where` (file:line, stdin:line) and `id` (a finding id) may be NULL. */
void diag(enum diag_level level, const char *where, const char *id, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * What goes on right now, in one line below the messages: replaced by the next, erased by NULL. Only on a
 * terminal, for people, and where information is wanted.
 */
void diag_status(const char *text);

#endif

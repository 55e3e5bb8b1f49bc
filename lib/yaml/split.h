/* split: a text of several documents into one piece each, before anything is parsed. */
#ifndef GW_YAML_SPLIT_H
#define GW_YAML_SPLIT_H

#include "base/base.h"

struct yaml_piece {
    const char *p;
    size_t n;
    int line; /* of its first byte, from 1 */
};

/*
 * Takes the next piece off the front of the text; false at its end. In YAML a line that starts with "---"
 * begins a document wherever it stands; directives before it belong to it. A text that starts with '{' or
 * '[' and holds several JSON values (kubectl's or jq's output) is cut between them.
 */
struct yaml_text {
    const char *p, *end;
    int line;
    bool is_json; /* decided at the first call */
    bool is_started;
};
bool yaml_next_piece(struct yaml_text *t, struct yaml_piece *piece);

#endif

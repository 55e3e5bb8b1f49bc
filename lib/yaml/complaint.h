/* complaint: what is wrong with a text, in words for the one who wrote it. Private to lib/yaml. */
#ifndef GW_YAML_COMPLAINT_H
#define GW_YAML_COMPLAINT_H

#include <yaml.h>

#include "base/base.h"

struct complaint {
    unsigned line, column; /* column 0: none */
    char text[400];
};

void complaint_set(struct complaint *c, unsigned line, unsigned column, const char *fmt, va_list ap)
    __attribute__((format(printf, 4, 0)));

/* Of a parser that has stopped; `text` is what it was given, `line` that of its first byte. */
void complaint_from_parser(struct complaint *c, const yaml_parser_t *parser, const char *text, size_t n,
                           unsigned line);

#endif

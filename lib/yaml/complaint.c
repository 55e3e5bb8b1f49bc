#include "yaml/complaint.h"

#include <stdio.h>

void complaint_set(struct complaint *c, unsigned line, unsigned column, const char *fmt, va_list ap)
{
    c->line = line;
    c->column = column;
    vsnprintf(c->text, sizeof c->text, fmt, ap);
}

static void set(struct complaint *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void set(struct complaint *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(c->text, sizeof c->text, fmt, ap);
    va_end(ap);
}

/* The reader stops at bytes and knows an offset, not a line. */
static void from_reader(struct complaint *c, const yaml_parser_t *parser, const char *text, size_t n)
{
    size_t at = parser->problem_offset < n ? parser->problem_offset : n;
    const char *from = text;
    for (const char *p; (p = memchr(from, '\n', (size_t)(text + at - from))); from = p + 1)
        c->line++;
    c->column = (unsigned)(text + at - from) + 1;
    if (parser->problem_value != -1 && strstr(parser->problem, "control"))
        set(c, "the control character 0x%02X is not allowed", (unsigned)parser->problem_value);
    else
        set(c, "not UTF-8: %s", parser->problem);
}

static const char *find_line(const char *text, size_t n, size_t line)
{
    const char *p = text, *end = text + n;
    for (; line > 0 && p < end; line--) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        p = lf ? lf + 1 : end;
    }
    return p < end ? p : NULL;
}

/* Whether a tab is in the white space that the line begins with. */
static bool is_tab_indented(const char *text, size_t n, size_t line)
{
    const char *p = find_line(text, n, line);
    while (p && p < text + n && *p == ' ')
        p++;
    return p && p < text + n && *p == '\t';
}

void complaint_from_parser(struct complaint *c, const yaml_parser_t *parser, const char *text, size_t n,
                           unsigned line)
{
    const yaml_mark_t *at = &parser->problem_mark, *begun = &parser->context_mark;
    const char *problem = parser->problem ? parser->problem : "cannot be read";
    c->line = line;
    if (parser->error == YAML_READER_ERROR) {
        from_reader(c, parser, text, n);
        return;
    }
    c->line = line + (unsigned)at->line;
    c->column = (unsigned)at->column + 1;
    if (is_tab_indented(text, n, at->line))
        set(c, "a tab cannot indent YAML; use spaces (%s)", problem);
    else if (parser->context && begun->line != at->line)
        set(c, "%s, %s that begins on line %u", problem, parser->context, line + (unsigned)begun->line);
    else if (parser->context)
        set(c, "%s, %s", problem, parser->context);
    else
        set(c, "%s", problem);
}

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

static bool holds(const char *text, size_t n, size_t line, const char *what)
{
    const char *p = find_line(text, n, line), *end = text + n,
               *lf = p ? memchr(p, '\n', (size_t)(end - p)) : NULL;
    return p && memmem(p, (size_t)((lf ? lf : end) - p), what, strlen(what));
}

/* What people most often did when the parser says this. */
static const char *hint(const yaml_parser_t *parser, const char *problem, const char *text, size_t n)
{
    const char *context = parser->context ? parser->context : "";
    if (holds(text, n, parser->problem_mark.line, "{{") || holds(text, n, parser->context_mark.line, "{{"))
        return "; a template must be rendered first";
    if (strstr(context, "scanning an alias"))
        return "; text that begins with * must be quoted";
    if (strstr(problem, "mapping values are not allowed"))
        return "; is a space missing behind a colon, or quotes around text with one?";
    return "";
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
        set(c, "%s, %s that begins on line %u%s", problem, parser->context, line + (unsigned)begun->line,
            hint(parser, problem, text, n));
    else
        set(c, "%s%s%s%s", problem, parser->context ? ", " : "", parser->context ? parser->context : "",
            hint(parser, problem, text, n));
}

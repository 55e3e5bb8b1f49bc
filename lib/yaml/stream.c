/*
 * The text of a stream to texts of documents.
 *
 * A line that starts with `---` or `...` and a blank divides documents wherever it stands (YAML 1.2, 9.1.2:
 * no scalar can hold one), so the text is cut there without parsing it. Each part goes through a parser of
 * its own: what is wrong in one cannot reach another, and memory is that of the largest.
 */
#include "yaml/build.h"
#include "yaml/json.h"

static unsigned count_lines(const char *p, size_t n)
{
    unsigned lines = 0;
    for (const char *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))); p++)
        lines++;
    return lines;
}

static int build_json(struct yaml_stream *s, const char *text, size_t n, unsigned line)
{
    struct buf joined;
    unsigned at;
    int errors = 1;
    buf_init(&joined, BUF_MAX_FILE);
    const char *ready = json_join_pairs(text, &n, &joined, &at);
    if (ready)
        errors = yaml_build(s->builder, ready, n, line, &s->document, true, s->handler);
    else
        yaml_complain(s->handler, ++s->document, line + at,
                      "half of a surrogate pair (\\uD800 to \\uDFFF) stands alone");
    buf_free(&joined);
    return errors;
}

static bool is_marker(const char *p, size_t n, const char *marker)
{
    return n >= 3 && memcmp(p, marker, 3) == 0 && (n == 3 || strchr(" \t\r\n", p[3]));
}

/* What is behind a marker and white space; the end of the text when that is all. */
static const char *skip_marker(const char *text, size_t n)
{
    const char *p = text, *end = text + n;
    if (is_marker(p, n, "---"))
        p += 3;
    while (p < end && strchr(" \t\r\n", *p) && *p)
        p++;
    return p;
}

/* One part: a YAML document, or JSON values one behind the other. */
static void take_part(struct yaml_stream *s, const char *text, size_t n)
{
    const char *end = text + n, *json = skip_marker(text, n);
    if (json == end || (*json != '{' && *json != '[')) {
        if (json == end)
            s->document += is_marker(text, n, "---");
        else
            s->errors += yaml_build(s->builder, text, n, s->line, &s->document, s->is_slow, s->handler);
        s->line += count_lines(text, n);
        return;
    }
    s->line += count_lines(text, (size_t)(json - text));
    while (json < end) {
        size_t len = json_first(json, (size_t)(end - json));
        s->errors += build_json(s, json, len, s->line);
        s->line += count_lines(json, len);
        json += len;
    }
}

/* Comments, directives and blank lines belong to the document after them. */
static bool is_prelude(const char *line, size_t n)
{
    while (n > 0 && (*line == ' ' || *line == '\t' || *line == '\r'))
        line++, n--;
    return n == 0 || *line == '#' || *line == '%';
}

/* Hands over the parts that have ended; with `is_last` also the one that has not. */
static void take_parts(struct yaml_stream *s, bool is_last)
{
    char *text = s->window.p, *end = text + s->window.len, *part = text, *line = text + s->scanned, *lf;
    while ((lf = memchr(line, '\n', (size_t)(end - line))) || (is_last && line < end)) {
        size_t n = (size_t)((lf ? lf : end) - line);
        char *next = line + n + (lf != NULL);
        if (is_marker(line, n, "---")) {
            if (s->has_content)
                take_part(s, part, (size_t)(line - part)), part = line;
            s->has_content = true;
        } else if (is_marker(line, n, "...")) {
            if (s->has_content)
                take_part(s, part, (size_t)(next - part)), part = next;
            s->has_content = false;
        } else if (!s->has_content) {
            s->has_content = !is_prelude(line, n);
        }
        line = next;
    }
    if (is_last && part < end)
        take_part(s, part, (size_t)(end - part)), part = line = end;
    s->scanned = (size_t)(line - part);
    memmove(text, part, (size_t)(end - part));
    s->window.len = (size_t)(end - part);
}

void yaml_open(struct yaml_stream *s, const struct yaml_handler *h)
{
    *s = (struct yaml_stream){.handler = h, .line = 1, .is_at_start = true, .builder = yaml_builder_new()};
    buf_init(&s->window, BUF_MAX_FILE);
}

static void skip_byte_order_mark(struct yaml_stream *s)
{
    if (s->window.len >= 3 && memcmp(s->window.p, "\xef\xbb\xbf", 3) == 0) {
        s->window.len -= 3;
        memmove(s->window.p, s->window.p + 3, s->window.len);
    }
    s->is_at_start = false;
}

void yaml_feed(struct yaml_stream *s, const char *p, size_t n)
{
    if (s->is_dead)
        return;
    buf_add(&s->window, p, n);
    if (s->window.overflow) {
        s->errors++;
        s->is_dead = true;
        yaml_complain(s->handler, s->document + 1, s->line, "a document larger than 512 MiB is not read");
        return;
    }
    if (s->is_at_start && s->window.len >= 3)
        skip_byte_order_mark(s);
    if (!s->is_at_start)
        take_parts(s, false);
}

int yaml_close(struct yaml_stream *s)
{
    if (!s->is_dead)
        take_parts(s, true);
    buf_free(&s->window);
    yaml_builder_free(s->builder);
    s->builder = NULL;
    return s->errors;
}

int yaml_each(const char *text, size_t n, const struct yaml_handler *h)
{
    struct yaml_stream s;
    yaml_open(&s, h);
    yaml_feed(&s, text, n);
    return yaml_close(&s);
}

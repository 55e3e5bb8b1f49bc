/*
 * Any bytes as YAML: every document that comes out is JSON that parses, with as many lines as it has
 * values; the errors have lines; and it makes no difference in which portions the bytes come, nor whether
 * simple documents are read without libyaml.
 */
#include <stdlib.h>

#include "rec/lines.h"
#include "yaml/yaml.h"
#include "json/jx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_JSON = 64 << 20 };

static void require(bool is_so)
{
    if (!is_so)
        abort();
}

static void on_document(struct ynode *root, int document, void *ctx)
{
    struct buf *seen = ctx, json, lines;
    const char *why;
    buf_init(&json, MAX_JSON);
    buf_init(&lines, MAX_JSON);
    ynode_json(&json, root);
    ynode_lines(&lines, root);
    require(!json.overflow && !lines.overflow);
    buf_addf(seen, "%d %u ", document, root->line);
    buf_add(seen, json.p, json.len);
    buf_add(seen, lines.p, lines.len);
    if (root->kind >= Y_LIST) {
        jv v = jx_parse(json.p, json.len, &why);
        require(!jx_is_none(v));
        require(lines_find(lines.p, (int)root->line, v, "") == (int)root->line);
        jb_free(v);
    }
    buf_free(&json);
    buf_free(&lines);
}

static void on_error(const struct yaml_error *e, void *ctx)
{
    require(e->line > 0 && e->document > 0 && *e->message);
    buf_addf(ctx, "%d %u:%u %s\n", e->document, e->line, e->column, e->message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct buf whole, parts;
    struct yaml_stream s;
    buf_init(&whole, MAX_JSON);
    buf_init(&parts, MAX_JSON);
    yaml_each(text, size, &(struct yaml_handler){on_document, on_error, &whole});
    struct yaml_handler h = {on_document, on_error, &parts};
    yaml_open(&s, &h);
    s.is_slow = true;
    for (size_t i = 0; i < size; i += 7)
        yaml_feed(&s, text + i, size - i < 7 ? size - i : 7);
    yaml_close(&s);
    require(whole.len == parts.len && memcmp(whole.p, parts.p, whole.len) == 0);
    buf_free(&whole);
    buf_free(&parts);
    return 0;
}

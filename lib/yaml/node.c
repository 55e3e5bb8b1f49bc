#include "rec/lines.h"
#include "yaml/yaml.h"
#include "json/jx.h"

/* Where the key is, or would be. */
static size_t position(const struct ynode *map, const char *key)
{
    size_t from = 0, to = map->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (strcmp(map->members[mid].key, key) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

struct ynode *ynode_get(const struct ynode *map, const char *key)
{
    if (!map || map->kind != Y_MAP)
        return NULL;
    size_t i = position(map, key);
    return i < map->n && str_eq(map->members[i].key, key) ? map->members[i].value : NULL;
}

const char *ynode_str(const struct ynode *node)
{
    return node && node->kind == Y_STRING ? node->text : NULL;
}

const char *ynode_getstr(const struct ynode *map, const char *key)
{
    return ynode_str(ynode_get(map, key));
}

const char *ynode_kind_name(const struct ynode *node)
{
    static const char *const names[] = {"null", "a boolean", "a number", "a string", "a list", "a map"};
    return node ? names[node->kind] : "nothing";
}

void ynode_drop(struct ynode *map, const char *key)
{
    if (!ynode_get(map, key))
        return;
    struct ymember *m = &map->members[position(map, key)];
    memmove(m, m + 1, (size_t)(map->members + map->n - (m + 1)) * sizeof *m);
    map->n--;
}

static void members_json(struct buf *b, const struct ynode *map)
{
    buf_addc(b, '{');
    for (size_t i = 0; i < map->n && !b->overflow; i++) {
        if (i)
            buf_addc(b, ',');
        jx_dump_str(b, map->members[i].key, map->members[i].key_len);
        buf_addc(b, ':');
        ynode_json(b, map->members[i].value);
    }
    buf_addc(b, '}');
}

void ynode_json(struct buf *b, const struct ynode *node)
{
    switch (node->kind) {
    case Y_MAP: members_json(b, node); break;
    case Y_LIST:
        buf_addc(b, '[');
        for (size_t i = 0; i < node->n && !b->overflow; i++) {
            if (i)
                buf_addc(b, ',');
            ynode_json(b, node->items[i]);
        }
        buf_addc(b, ']');
        break;
    case Y_STRING: jx_dump_str(b, node->text, node->n); break;
    default: buf_add(b, node->text, node->n);
    }
}

static void add_lines(struct buf *b, const struct ynode *node, unsigned line, int *before)
{
    lines_add(b, (int)line, before);
    if (node->kind == Y_MAP)
        for (size_t i = 0; i < node->n && !b->overflow; i++)
            add_lines(b, node->members[i].value, node->members[i].line, before);
    if (node->kind == Y_LIST)
        for (size_t i = 0; i < node->n && !b->overflow; i++)
            add_lines(b, node->items[i], node->items[i]->line, before);
}

void ynode_lines(struct buf *b, const struct ynode *node)
{
    int before = (int)node->line;
    add_lines(b, node, node->line, &before);
}

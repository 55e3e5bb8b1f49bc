#include "apisix/refs.h"

#include <stdlib.h>

#include "apisix/consumer.h"
#include "apisix/mark.h"

bool kind_is_named(enum apisix_kind k)
{
    return k == AK_UPSTREAMS || k == AK_PLUGIN_CONFIGS || k == AK_CONSUMERS;
}

static void add(struct refs *r, enum apisix_kind kind, char *owned_id)
{
    VEC_GROW(r);
    r->items[r->n++] = (struct ref){kind, owned_id};
}

/*
 * Item texts are compact JSON, and inside of a JSON string a quote is escaped: these bytes are a member and
 * nothing else. Ids hold no character that JSON would escape.
 */
#define MEMBER "\"upstream_id\":\""

static void add_upstreams(struct refs *r, const struct item *from)
{
    const char *p = from->text;
    while ((p = strstr(p, MEMBER))) {
        p += strlen(MEMBER);
        size_t n = strcspn(p, "\"");
        add(r, AK_UPSTREAMS, xstrndup(p, n));
        p += n;
    }
}

/* A credential that somebody else gave to a consumer of ours keeps neither alive. */
void refs_add(struct refs *r, const struct item *from)
{
    add_upstreams(r, from);
    if (from->owner && kind_needs_mark(from->kind))
        add(r, AK_PLUGIN_CONFIGS, xstrdup(mark_id(from->kind, from->id).text));
    char *consumer = from->owner && from->kind == AK_CONSUMERS ? consumer_of_credential(from->id) : NULL;
    if (consumer)
        add(r, AK_CONSUMERS, consumer);
}

void refs_add_item(struct refs *r, const struct item *item)
{
    add(r, item->kind, xstrdup(item->id));
}

static int compare(const void *a, const void *b)
{
    const struct ref *x = a, *y = b;
    return x->kind != y->kind ? (x->kind < y->kind ? -1 : 1) : strcmp(x->id, y->id);
}

void refs_sort(struct refs *r)
{
    if (r->n > 1)
        qsort(r->items, r->n, sizeof *r->items, compare);
}

bool refs_has(const struct refs *r, enum apisix_kind kind, const char *id)
{
    struct ref key = {kind, (char *)id};
    return r->n > 0 && bsearch(&key, r->items, r->n, sizeof *r->items, compare) != NULL;
}

char *refs_first_named(const struct refs *r, const struct item *by)
{
    struct refs named = {0};
    char *found = NULL;
    if (r->n == 0)
        return NULL;
    refs_add(&named, by);
    for (size_t i = 0; i < named.n && !found; i++)
        if (refs_has(r, named.items[i].kind, named.items[i].id))
            found = xasprintf("%s \"%s\"", apisix_kind(named.items[i].kind)->name, named.items[i].id);
    refs_release(&named);
    return found;
}

void refs_release(struct refs *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->items[i].id);
    free(r->items);
    *r = (struct refs){0};
}

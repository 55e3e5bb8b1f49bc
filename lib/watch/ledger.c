#include "watch/ledger.h"

#include <stdlib.h>
#include <uthash.h>

struct text *text_ref(struct text *t)
{
    if (t)
        t->refs++;
    return t;
}

void text_drop(struct text *t)
{
    if (t && --t->refs == 0) {
        explicit_bzero(t->bytes, t->n); /* it may be a Secret */
        free(t);
    }
}

static struct text *text_new(const char *p, size_t n)
{
    struct text *t = xmalloc(sizeof *t + n);
    t->refs = 1;
    t->n = n;
    memcpy(t->bytes, p, n);
    return t;
}

/* Objects by key; `known` comes first, so that one is the other. */
struct ledger_index {
    struct known known;
    UT_hash_handle hh;
};

void ledger_init(struct ledger *l)
{
    *l = (struct ledger){0};
}

struct known *ledger_object(struct ledger *l, const char *key, const char *title)
{
    struct ledger_index *e;
    HASH_FIND_STR(l->index, key, e);
    if (e)
        return &e->known;
    e = xcalloc(1, sizeof *e);
    e->known.key = xstrdup(key);
    e->known.title = xstrdup(title);
    HASH_ADD_KEYPTR(hh, l->index, e->known.key, strlen(e->known.key), e);
    VEC_GROW(l);
    l->items[l->n++] = &e->known;
    return &e->known;
}

static void forget(struct ledger *l, struct known *o)
{
    struct ledger_index *e = (struct ledger_index *)o;
    HASH_DEL(l->index, e);
    text_drop(o->told);
    free(o->key);
    free(o->title);
    free(e);
}

void ledger_sweep(struct ledger *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        if (l->items[i]->last || l->items[i]->told)
            l->items[n++] = l->items[i];
        else
            forget(l, l->items[i]);
    l->n = n;
}

void ledger_free(struct ledger *l)
{
    for (size_t i = 0; i < l->n; i++)
        forget(l, l->items[i]);
    free(l->items);
    *l = (struct ledger){0};
}

struct source *source_new(const char *path, const struct stat *st)
{
    struct source *s = xcalloc(1, sizeof *s);
    s->path = xstrdup(path);
    s->stat = *st;
    return s;
}

static void word_free(struct word *w)
{
    text_drop(w->json);
    free(w->lines);
    free(w);
}

void source_free(struct source *s)
{
    for (size_t i = 0; i < s->n; i++)
        word_free(s->items[i]);
    free(s->items);
    free(s->path);
    free(s->errors);
    kinds_free(&s->lost);
    free(s);
}

static void push(struct source *s, struct word *w)
{
    w->source = s;
    VEC_GROW(s);
    s->items[s->n++] = w;
}

struct word *source_add(struct source *s, struct known *object, const struct manifest_object *m)
{
    struct word *w = xcalloc(1, sizeof *w);
    struct text *told = object->told;
    bool is_told = told && told->n == m->json_len && memcmp(told->bytes, m->json, told->n) == 0;
    *w = (struct word){.object = object,
                       .json = is_told ? text_ref(told) : text_new(m->json, m->json_len),
                       .lines = xstrdup(m->lines),
                       .document = m->document,
                       .line = m->line};
    push(s, w);
    return w;
}

/* `last` serves as a mark here: ledger_settle() works it out anew after every reading. */
void source_keep(struct source *s, struct source *before)
{
    size_t n_new = s->n, n = 0;
    for (size_t i = 0; i < before->n; i++)
        before->items[i]->object->last = NULL;
    for (size_t i = 0; i < n_new; i++)
        s->items[i]->object->last = s->items[i];
    for (size_t i = 0; i < before->n; i++) {
        struct word *w = before->items[i];
        if (w->object->last) {
            before->items[n++] = w;
            continue;
        }
        w->is_kept = true;
        push(s, w);
    }
    before->n = n;
}

static void hear(const struct word *w)
{
    struct known *o = w->object;
    if (!o->last || !w->is_kept || o->last->is_kept) {
        o->other = o->last;
        o->last = w;
    }
}

void ledger_settle(struct ledger *l, struct source *const *sources, size_t n)
{
    for (size_t i = 0; i < l->n; i++)
        l->items[i]->last = l->items[i]->other = NULL;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sources[i]->n; k++)
            hear(sources[i]->items[k]);
}

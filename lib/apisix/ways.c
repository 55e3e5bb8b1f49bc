#include "apisix/ways.h"

#include <stdlib.h>

#include "apisix/backends.h"
#include "apisix/ext_auth.h"
#include "apisix/extension.h"
#include "apisix/lua.h"
#include "apisix/mirror.h"
#include "apisix/modifier.h"
#include "apisix/place.h"

static jv joined(jv a, jv b)
{
    jv list = jb_arr();
    for (int i = 0; i < jx_len(a); i++)
        jb_add(&list, jb_copy(jx_at(a, i)));
    for (int i = 0; i < jx_len(b); i++)
        jb_add(&list, jb_copy(jx_at(b, i)));
    return list;
}

static struct way *add_way(struct rule *r, int backend)
{
    struct way *w = &r->ways[r->n_ways++];
    jv ref = jx_at(jx_get(r->resolved, "backends"), backend), own = JX_NONE;
    const struct ident *id = &r->t->rec->id;
    if (backend >= 0)
        own = jx_get(jx_at(jx_get(r->spec, "backendRefs"), backend), "filters");
    jv copies = joined(jx_get(r->resolved, "mirrors"), backend >= 0 ? jx_get(ref, "mirrors") : JX_NONE);
    jv asked = joined(jx_get(r->resolved, "auth"), backend >= 0 ? jx_get(ref, "auth") : JX_NONE);
    *w = (struct way){.filters = modifiers_joined(joined(jx_get(r->spec, "filters"), own)),
                      .backends = jb_arr(),
                      .auth = jb_arr(),
                      .backend = backend};
    w->is_broken = !ext_auth_functions(w->filters, asked, &w->auth);
    w->extensions =
        joined(jx_get(r->resolved, "extensions"), backend >= 0 ? jx_get(ref, "extensions") : JX_NONE);
    w->is_broken |= !extensions_are_whole(w->filters, w->extensions);
    w->mirrors = mirrors_read(w->filters, copies);
    w->name = backend >= 0 ? id_make("%s.%s.%s.%d_%d", r->kind->prefix, id->ns, id->name, r->index, backend)
                           : id_make("%s.%s.%s.%d", r->kind->prefix, id->ns, id->name, r->index);
    jb_free(copies);
    jb_free(asked);
    return w;
}

static void give(struct way *w, jv backend)
{
    w->weight += jx_getint_or(backend, "weight", 1);
    jb_add(&w->backends, jb_copy(backend));
}

/* Whether some references are broken, some are not, and the share of the broken ones can be exact. */
static bool parts_broken(const struct rule *r, jv resolved)
{
    bool any[2] = {false, false};
    for (int i = 0; i < jx_len(resolved); i++)
        if (jx_getint_or(jx_at(resolved, i), "weight", 1) > 0)
            any[jx_getstr(jx_at(resolved, i), "reason") != NULL] = true;
    return any[false] && any[true] && !r->t->options->no_lua;
}

void ways_find(struct rule *r)
{
    jv refs = jx_get(r->spec, "backendRefs"), resolved = jx_get(r->resolved, "backends");
    struct way *plain = NULL, *broken = NULL;
    bool splits = parts_broken(r, resolved);
    for (int i = 0; i < jx_len(refs); i++)
        splits |= jx_len(jx_get(jx_at(refs, i), "filters")) > 0;
    for (int i = 0; i < jx_len(resolved) && r->n_ways < MAX_WAYS; i++) {
        jv b = jx_at(resolved, i);
        bool has_own = jx_len(jx_get(jx_at(refs, i), "filters")) > 0,
             is_broken = jx_getstr(b, "reason") != NULL;
        if (splits && jx_getint_or(b, "weight", 1) <= 0)
            continue;
        struct way **w = splits && is_broken ? &broken : &plain;
        if (has_own && !is_broken) {
            give(add_way(r, i), b);
            continue;
        }
        if (!*w)
            *w = add_way(r, -1);
        give(*w, b);
    }
    if (r->n_ways == 0)
        add_way(r, -1);
    if (broken)
        broken->is_broken = true;
}

void ways_release(struct rule *r)
{
    for (int i = 0; i < r->n_ways; i++) {
        jb_free(r->ways[i].filters);
        jb_free(r->ways[i].mirrors);
        jb_free(r->ways[i].auth);
        jb_free(r->ways[i].extensions);
        jb_free(r->ways[i].backends);
    }
}

/* ---- which share ---- */

/* By the beginning of the random request_id: right on average. */
static void add_random_share(const struct rule *r, int way, jv *vars)
{
    int64_t total = 0, before = 0;
    struct buf b;
    for (int i = 0; i < r->n_ways; i++) {
        before += i < way ? r->ways[i].weight : 0;
        total += r->ways[i].weight;
    }
    if (total == 0)
        return;
    unsigned from = (unsigned)(before * 65536 / total),
             to = (unsigned)((before + r->ways[way].weight) * 65536 / total);
    buf_init(&b, BUF_MAX_SCRATCH);
    if (to == 0) {
        jb_add(vars, condition("request_id", "~~", "^$")); /* less than one in 65536 */
    } else if (to < 65536) {
        share_regex(&b, to);
        jb_add(vars, condition("request_id", "~~", b.p));
    }
    if (from > 0) {
        jv c = jb_arr();
        buf_reset(&b);
        share_regex(&b, from);
        jb_add_str(&c, "request_id");
        jb_add_str(&c, "!");
        jb_add_str(&c, "~~");
        jb_add_str(&c, b.p);
        jb_add(vars, c);
    }
    buf_free(&b);
}

void ways_put_share(const struct rule *r, int way, jv *route, jv *vars)
{
    int64_t weights[MAX_WAYS];
    if (r->n_ways == 1)
        return;
    if (r->t->options->no_lua) {
        add_random_share(r, way, vars);
        return;
    }
    const struct ident *id = &r->t->rec->id;
    struct id name = id_make("%s.%s.%s.%d", r->kind->prefix, id->ns, id->name, r->index);
    for (int i = 0; i < r->n_ways; i++)
        weights[i] = r->ways[i].weight;
    char *text = lua_share(name.text, weights, r->n_ways, way);
    jb_put_str(route, "filter_func", text);
    free(text);
}

#include "gw/transition.h"

#include <stdlib.h>
#include <uthash.h>

#include "gw/fields.h"

/* Both kinds are cluster-scoped, and have this one immutable field. */
static const struct {
    const char *group, *kind;
} immutable[] = {
    {GATEWAY_GROUP, "GatewayClass"},
    {EXPERIMENTAL_GROUP, "XMesh"},
};

struct remembered {
    char *key; /* "KIND/NAME"; the kinds differ by name */
    char *controller;
    bool is_fresh; /* kept since the last full SYNC */
    UT_hash_handle hh;
};

static bool has_immutable(const struct ident *id)
{
    for (size_t i = 0; i < N_ELEMS(immutable); i++)
        if (str_eq(id->group, immutable[i].group) && str_eq(id->kind, immutable[i].kind))
            return true;
    return false;
}

static struct remembered *find(const struct transitions *t, const struct ident *id)
{
    struct remembered *m;
    char *key = xasprintf("%s/%s", id->kind, id->name);
    HASH_FIND_STR(t->all, key, m);
    free(key);
    return m;
}

static void forget(struct transitions *t, struct remembered *m)
{
    HASH_DEL(t->all, m);
    free(m->key);
    free(m->controller);
    free(m);
}

static const char *controller_of(const struct rec *r)
{
    return jx_getstr_or(jx_get(r->object, "spec"), "controllerName", "");
}

void transition_check(const struct transitions *t, const struct rec *r, struct findings *fs)
{
    const struct remembered *m = has_immutable(&r->id) ? find(t, &r->id) : NULL;
    if (m && !str_eq(m->controller, controller_of(r)))
        findings_addf(
            fs, F_RULE, "spec.controllerName",
            "the field is immutable: it was \"%.253s\"; delete the %s and create it anew to change it",
            m->controller, r->id.kind);
}

void transition_keep(struct transitions *t, const struct rec *r)
{
    if (!has_immutable(&r->id))
        return;
    struct remembered *m = find(t, &r->id);
    if (r->type == REC_DELETED) {
        if (m)
            forget(t, m);
        return;
    }
    if (!m) {
        m = xcalloc(1, sizeof *m);
        m->key = xasprintf("%s/%s", r->id.kind, r->id.name);
        m->controller = xstrdup(controller_of(r));
        HASH_ADD_KEYPTR(hh, t->all, m->key, strlen(m->key), m);
    }
    m->is_fresh = true;
}

void transition_sync(struct transitions *t, const struct rec *sync)
{
    struct remembered *m, *next;
    if (!sync->full)
        return;
    HASH_ITER(hh, t->all, m, next)
    {
        if (!m->is_fresh)
            forget(t, m);
        else
            m->is_fresh = false;
    }
}

void transition_release(struct transitions *t)
{
    while (t->all)
        forget(t, t->all);
}

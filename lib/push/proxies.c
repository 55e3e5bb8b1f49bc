#include "push/proxies.h"

#include <stdlib.h>

#include "apisix/owner.h"
#include "apisix/translate.h"
#include "base/diag.h"
#include "base/proc.h"
#include "base/token.h"

static char *copy(const char *s)
{
    return s ? xstrdup(s) : NULL;
}

static void forget(struct proxy_target *t)
{
    if (t->key)
        explicit_bzero(t->key, strlen(t->key));
    target_free(t->target);
    free(t->plane);
    free(t->name);
    free(t->owner);
    free(t->key);
    free(t->ca);
}

static void add(struct proxy_targets *l, struct proxy_target owned)
{
    VEC_GROW(l);
    l->items[l->n++] = owned;
}

void proxy_targets_release(struct proxy_targets *l)
{
    for (size_t i = 0; i < l->n; i++)
        forget(&l->items[i]);
    free(l->items);
    *l = (struct proxy_targets){0};
}

/* ---- what records say ---- */

static void forget_said_by(struct proxies *p, const char *owner)
{
    size_t n = 0;
    for (size_t i = 0; i < p->said.n; i++) {
        if (str_eq(p->said.items[i].owner, owner))
            forget(&p->said.items[i]);
        else
            p->said.items[n++] = p->said.items[i];
    }
    p->is_stale |= n != p->said.n;
    p->said.n = n;
}

/* Records come from people who may not write files here. */
static bool may_be_named(const char *target)
{
    return has_prefix(target, "admin:") || has_prefix(target, "standalone:");
}

static void take_targets(struct proxies *p, const char *owner, const char *plane, jv control_plane)
{
    jv targets = jx_get(control_plane, "targets"), verify = jx_get(control_plane, "tlsVerify");
    const char *key = jx_getstr(control_plane, "apiKey");
    for (int i = 0; i < jx_len(targets); i++) {
        const char *name = jx_str(jx_at(targets, i));
        if (!name || !may_be_named(name)) {
            diag(DIAG_WARNING, NULL, NULL,
                 "%s: %.200s is no target for a record: expected admin:URL or standalone:URL", owner,
                 name ? name : "what is no text");
            continue;
        }
        add(&p->said, (struct proxy_target){.plane = xstrdup(plane),
                                            .name = xstrdup(name),
                                            .owner = xstrdup(owner),
                                            .key = key ? token_of(key) : NULL,
                                            .ca = copy(jx_getstr(control_plane, "caCert")),
                                            .skip_verify = jx_is_bool(verify) && !jx_true(verify),
                                            .is_idle = jx_true(jx_get(control_plane, "idle"))});
        p->is_stale = true;
    }
}

void proxies_take(struct proxies *p, const struct rec *r)
{
    char owner[OWNER_LABEL_MAX + 1];
    if (r->type != REC_DELETED && (jx_true(rec_get(r, "held")) || is_untranslated(r)))
        return;
    owner_label(&r->id, owner);
    if (p->said.n > 0)
        forget_said_by(p, owner);
    if (r->type == REC_DELETED)
        return;
    for (struct jx_iter it = jx_iter(rec_get(r, "planes")); jx_next(&it);)
        if (is_plane_name(it.key, strlen(it.key)))
            take_targets(p, owner, it.key, jx_get(it.value, "controlPlane"));
}

bool proxies_name(const struct proxies *p, const char *plane)
{
    for (size_t i = 0; i < p->said.n; i++)
        if (str_eq(p->said.items[i].plane, plane))
            return true;
    return false;
}

/* ---- what is open ---- */

static int compare(const void *a, const void *b)
{
    const struct proxy_target *x = a, *y = b;
    int d = (int)x->is_idle - (int)y->is_idle;
    d = d ? d : strcmp(x->plane, y->plane);
    d = d ? d : strcmp(x->name, y->name);
    return d ? d : strcmp(x->owner, y->owner);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? str_eq(a, b) : a == b;
}

/* The same target, reached in the same way. */
static bool is_same(const struct proxy_target *a, const struct proxy_target *b)
{
    return str_eq(a->plane, b->plane) && str_eq(a->name, b->name) && same_text(a->key, b->key) &&
           same_text(a->ca, b->ca) && a->skip_verify == b->skip_verify;
}

/* The owners that are known, of each target the first: sorted. */
static struct proxy_targets wanted_targets(const struct proxies *p, const struct wanted *first)
{
    struct proxy_targets all = {0};
    for (size_t i = 0; i < p->said.n; i++) {
        const struct proxy_target *t = &p->said.items[i];
        const struct owner *o = wanted_owner(first, t->owner);
        if (o && !o->is_gone)
            add(&all, (struct proxy_target){.plane = copy(t->plane),
                                            .name = copy(t->name),
                                            .owner = copy(t->owner),
                                            .key = copy(t->key),
                                            .ca = copy(t->ca),
                                            .skip_verify = t->skip_verify,
                                            .is_idle = t->is_idle});
    }
    if (all.n > 1)
        qsort(all.items, all.n, sizeof *all.items, compare);
    return all;
}

static const char *plane_that_has(const struct proxy_targets *l, const char *address)
{
    for (size_t i = 0; i < l->n; i++)
        if (str_eq(l->items[i].target->address, address))
            return l->items[i].plane;
    return NULL;
}

static bool is_given(struct target *const *given, size_t n, const char *address)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(given[i]->address, address))
            return true;
    return false;
}

static void forget_contests(struct proxies *p)
{
    for (size_t i = 0; i < p->contests.n; i++) {
        free(p->contests.items[i].plane);
        free(p->contests.items[i].address);
    }
    p->contests.n = 0;
}

static void add_contest(struct proxies *p, const char *plane, const char *address)
{
    VEC_GROW(&p->contests);
    p->contests.items[p->contests.n++] = (struct contest){xstrdup(plane), xstrdup(address)};
}

static void complain(const struct proxy_target *t, const char *what, const char *more)
{
    char *title = target_title(t->name);
    diag(DIAG_ERROR, NULL, NULL, "%s: the target \"%s\" %s%s", t->owner, title, what, more);
    free(title);
}

static bool open_target(const struct proxies *p, struct proxy_target *t)
{
    char *why = NULL;
    struct target_settings s = *p->settings;
    s.api_key = t->key;
    s.http.ca_text = t->ca;
    s.http.cert_file = s.http.key_file = NULL;
    s.http.skip_verify |= t->skip_verify;
    t->target = target_new(t->name, &s, &why);
    if (t->target)
        t->target->plane = t->plane;
    else
        complain(t, why, "");
    free(why);
    return t->target != NULL;
}

/* One that is open already moves over with all it remembers. */
static bool take_over(struct proxy_targets *from, struct proxy_target *t)
{
    for (size_t i = 0; i < from->n; i++) {
        struct proxy_target *old = &from->items[i];
        if (!is_same(old, t))
            continue;
        struct proxy_target kept = *old;
        *old = *t;
        *t = kept;
        free(t->owner);
        t->owner = copy(old->owner);
        t->is_idle = old->is_idle;
        t->is_emptied &= t->is_idle;
        forget(old);
        *old = from->items[--from->n];
        return true;
    }
    return false;
}

/* Whether an idle one is to be opened: it is open, and has something left. */
static bool is_left(const struct proxies *p, const struct proxy_target *t)
{
    for (size_t i = 0; i < p->open.n; i++)
        if (is_same(&p->open.items[i], t))
            return !p->open.items[i].is_emptied;
    return false;
}

struct settling {
    struct proxies *p;
    struct target *const *given;
    size_t n_given;
    struct proxy_targets open; /* from now on */
    size_t n_new;
};

/* Whether one is to be had, or need not be: else it is a contest. */
static bool is_free(struct settling *s, const struct proxy_target *t, const char *address, bool *is_needed)
{
    const char *of = plane_that_has(&s->open, address);
    bool is_taken = is_given(s->given, s->n_given, address);
    *is_needed = !(t->is_idle && (of || is_taken || !is_left(s->p, t))) && !(of && str_eq(of, t->plane));
    if (!*is_needed || (!of && !is_taken))
        return true;
    complain(t, "is of another data plane already: ", of ? of : "a --to names it");
    add_contest(s->p, t->plane, address);
    return false;
}

/* False when it cannot be. `t` is empty when it is open. */
static bool settle_target(struct settling *s, struct proxy_target *t)
{
    bool is_needed;
    char *address = target_address(t->name);
    bool is_fine = is_free(s, t, address, &is_needed);
    free(address);
    if (!is_fine || !is_needed)
        return is_fine;
    bool was_open = take_over(&s->p->open, t);
    if (!was_open && !open_target(s->p, t))
        return false;
    s->n_new += !was_open;
    add(&s->open, *t);
    *t = (struct proxy_target){0};
    return true;
}

bool proxies_settle(struct proxies *p, const struct wanted *first, bool full, struct target *const *given,
                    size_t n_given, struct proxy_targets *closed, int *code)
{
    *closed = (struct proxy_targets){0};
    if (!p->is_stale && !full)
        return false;
    struct settling s = {.p = p, .given = given, .n_given = n_given};
    struct proxy_targets all = wanted_targets(p, first);
    forget_contests(p);
    for (size_t i = 0; i < all.n; i++)
        if (!settle_target(&s, &all.items[i]))
            *code = worse(*code, EXIT_FINDINGS);
    proxy_targets_release(&all);
    *closed = p->open;
    p->open = s.open;
    p->is_stale = false;
    return s.n_new > 0 || closed->n > 0;
}

void proxies_release(struct proxies *p)
{
    proxy_targets_release(&p->said);
    proxy_targets_release(&p->open);
    forget_contests(p);
    free(p->contests.items);
}

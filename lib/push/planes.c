#include "push/planes.h"

#include <stdlib.h>

#include "apisix/owner.h"
#include "apisix/translate.h"

static struct plane_wishes *find(const struct planes *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (str_eq(p->items[i]->name, name))
            return p->items[i];
    return NULL;
}

struct plane_wishes *planes_add(struct planes *p, const char *name)
{
    struct plane_wishes *w = find(p, name);
    if (w)
        return w;
    w = xcalloc(1, sizeof *w);
    w->name = xstrdup(name);
    wanted_init(&w->wanted, p->instance);
    if (p->n > 0) /* the first, which knows every owner */
        wanted_inherit(&w->wanted, &p->items[0]->wanted);
    p->items = xreallocarray(p->items, p->n + 1, sizeof *p->items);
    p->items[p->n++] = w;
    return w;
}

void planes_init(struct planes *p, const char *instance, struct target *const *targets, size_t n)
{
    *p = (struct planes){.instance = instance};
    planes_add(p, "");
    for (size_t i = 0; i < n; i++)
        planes_add(p, targets[i]->plane)->has_target = true;
}

void planes_release(struct planes *p)
{
    for (size_t i = 0; i < p->n; i++) {
        wanted_release(&p->items[i]->wanted);
        free(p->items[i]->name);
        free(p->items[i]);
    }
    free(p->items);
    *p = (struct planes){0};
}

struct wanted *planes_wanted(const struct planes *p, const char *name)
{
    struct plane_wishes *w = find(p, name);
    return w ? &w->wanted : NULL;
}

/* ---- a record ---- */

static bool holds_objects(jv set)
{
    for (struct jx_iter it = jx_iter(set); jx_next(&it);)
        if (jx_len(it.value) > 0)
            return true;
    return false;
}

/* What has nowhere to go. A data plane that nobody pushes to from here may be somebody else's to push to. */
static void note_homeless(const struct planes *p, const struct rec *r, struct findings *fs)
{
    if (!p->items[0]->has_target && holds_objects(rec_get(r, "apisix")))
        findings_addf(fs, F_PUSH_NO_TARGET, NULL,
                      "some of it is for the data plane without a name, which has no --to");
    for (struct jx_iter it = jx_iter(rec_get(r, "planes")); jx_next(&it);) {
        const struct plane_wishes *w = find(p, it.key);
        if ((!w || !w->has_target) && holds_objects(it.value))
            findings_addf(fs, F_PUSH_NO_TARGET, NULL,
                          "some of it is for the data plane \"%.64s\", which has no --to %.64s=TARGET%s",
                          it.key, it.key, p->is_open ? ", and no GatewayProxy that can be used" : "");
    }
}

static void note_named(const struct planes *p, jv planes)
{
    for (struct jx_iter it = jx_iter(planes); jx_next(&it);) {
        struct plane_wishes *w = find(p, it.key);
        if (w)
            w->is_named = true;
    }
}

/*
 * Of very many data planes a record names one or two, and is known to no others: those are not asked more
 * than that. What says nothing of a data plane, and yet of all: held, what is live of it stays there too; so
 * it does where `planes` cannot be read; deleted, and its data planes are not known, it goes wherever it is.
 */
static void take_named(struct planes *p, const struct rec *r, jv planes, struct findings *fs)
{
    char label[OWNER_LABEL_MAX + 1];
    struct findings unheard; /* of a broken one each data plane would say the same */
    bool is_broken = !jx_is_none(planes) && !jx_is_obj(planes), is_for_all;
    owner_label(&r->id, label);
    is_for_all = jx_true(rec_get(r, "held")) || is_untranslated(r) || is_broken ||
                 (r->type == REC_DELETED && !wanted_owner(&p->items[0]->wanted, label));
    findings_init(&unheard);
    note_named(p, planes);
    for (size_t i = 1; i < p->n; i++) {
        struct plane_wishes *w = p->items[i];
        if (w->is_named || is_for_all || wanted_owner(&w->wanted, label))
            wanted_take(&w->wanted, r,
                        w->is_named ? jx_get(planes, w->name)
                        : is_broken ? planes
                                    : JX_NONE,
                        is_broken ? &unheard : fs);
        w->is_named = false;
    }
    findings_release(&unheard);
}

const struct owner *planes_take(struct planes *p, const struct rec *r, struct findings *fs)
{
    jv planes = rec_get(r, "planes");
    if (!jx_is_none(planes) && !jx_is_obj(planes))
        findings_addf(fs, F_PUSH_REJECTED, NULL, "planes is %s, expected an object", jx_kind(planes));
    note_homeless(p, r, fs);
    if (is_untranslated(r))
        findings_addf(fs, F_HELD, NULL, "the record was not translated; what is live for it stays untouched");
    take_named(p, r, planes, fs);
    return wanted_take(&p->items[0]->wanted, r, rec_get(r, "apisix"), fs);
}

/* ---- SYNC ---- */

bool planes_have_gaps(const struct planes *p)
{
    bool has_gaps = false;
    for (size_t i = 0; i < p->n; i++)
        has_gaps |= p->items[i]->wanted.has_gaps;
    return has_gaps;
}

bool planes_sync(struct planes *p, bool full)
{
    bool knows_all = true;
    for (size_t i = 0; i < p->n; i++)
        knows_all &= wanted_sync(&p->items[i]->wanted, full);
    return knows_all;
}

void planes_claims(struct planes *p)
{
    for (size_t i = 0; i < p->n; i++)
        wanted_claims(&p->items[i]->wanted);
}

bool newcomers_want(const struct newcomers *those, const struct item *item)
{
    bool is_wanted = false;
    for (size_t i = 0; those->planes && i < those->planes->n && !is_wanted; i++) {
        const struct plane_wishes *p = those->planes->items[i];
        is_wanted = p->is_served && p->since >= those->since && wanted_has(&p->wanted, item);
    }
    return is_wanted;
}

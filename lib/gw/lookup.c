#include "gw/lookup.h"

#define GATEWAY_GROUP "gateway.networking.k8s.io"

static bool grants_from(const struct grant *g, const char *kind, const char *ns)
{
    for (int i = 0; i < g->n_from; i++)
        if (str_eq(g->from[i].group, GATEWAY_GROUP) && str_eq(g->from[i].kind, kind) &&
            str_eq(g->from[i].ns, ns))
            return true;
    return false;
}

static bool grants_to(const struct grant *g, const struct ref *to)
{
    for (int i = 0; i < g->n_to; i++)
        if (str_eq(g->to[i].group, to->group) && str_eq(g->to[i].kind, to->kind) &&
            (!g->to[i].name || str_eq(g->to[i].name, to->name)))
            return true;
    return false;
}

enum answer ref_is_permitted(struct world *w, struct node *user, const char *from_kind, const struct ref *to)
{
    if (str_eq(user->ns, to->ns))
        return ANSWER_YES;
    struct node *bucket = world_look(w, user, NODE_GRANTS, to->ns, "");
    enum answer answer = w->unread & KIND_BIT(NODE_GRANT) ? ANSWER_WAIT : ANSWER_NO;
    for (size_t i = 0; i < bucket->members.n; i++) {
        const struct node *n = bucket->members.items[i];
        const struct grant *g = n->facts;
        if (n->present && g && grants_from(g, from_kind, user->ns) && grants_to(g, to))
            return ANSWER_YES;
        if (node_is_rejected(n))
            answer = ANSWER_WAIT;
    }
    return answer;
}

bool slices_are_unknown(const struct world *w, const struct node *bucket)
{
    for (size_t i = 0; i < bucket->members.n; i++)
        if (node_is_rejected(bucket->members.items[i]))
            return true;
    return w->unread & KIND_BIT(NODE_SLICE);
}

static bool holds_string(jv list, const char *s)
{
    for (int i = 0; i < jx_len(list); i++)
        if (str_same(jx_str(jx_at(list, i)), s))
            return true;
    return false;
}

static bool expression_matches(jv e, jv labels)
{
    const char *key = jx_getstr_or(e, "key", ""), *op = jx_getstr_or(e, "operator", "");
    const char *value = jx_getstr(labels, key);
    jv values = jx_get(e, "values");
    if (str_eq(op, "Exists"))
        return value != NULL;
    if (str_eq(op, "DoesNotExist"))
        return value == NULL;
    if (str_eq(op, "In"))
        return value && holds_string(values, value);
    if (str_eq(op, "NotIn"))
        return !value || !holds_string(values, value);
    return false;
}

bool selector_matches(jv selector, jv labels)
{
    if (!jx_is_obj(selector))
        return false;
    for (struct jx_iter it = jx_iter(jx_get(selector, "matchLabels")); jx_next(&it);) {
        const char *value = jx_getstr(labels, it.key);
        if (!value || !str_same(value, jx_str(it.value)))
            return false;
    }
    jv expressions = jx_get(selector, "matchExpressions");
    for (int i = 0; i < jx_len(expressions); i++)
        if (!expression_matches(jx_at(expressions, i), labels))
            return false;
    return true;
}

enum answer namespace_matches(struct world *w, struct node *user, const char *ns, jv selector)
{
    const struct node *n = world_look(w, user, NODE_NAMESPACE, "", ns);
    if (node_is_unknown(w, n))
        return ANSWER_WAIT;
    const struct namespace *facts = n->facts;
    /* The API server gives every namespace this label; a namespace that no manifest shows has it too. */
    jv labels = facts ? jb_copy(facts->labels) : jb_obj();
    jb_put_str(&labels, "kubernetes.io/metadata.name", ns);
    bool matches = selector_matches(selector, labels);
    jb_free(labels);
    return matches ? ANSWER_YES : ANSWER_NO;
}

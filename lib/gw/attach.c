#include "gw/attach.h"

#include "gw/hostname.h"

static const struct {
    const char *reason, *message;
} outcomes[] = {
    [ATTACH_NO_MATCHING_PARENT] = {"NoMatchingParent",
                                   "the parent has no listener with that sectionName and port"},
    [ATTACH_NOT_ALLOWED] =
        {"NotAllowedByListeners",
         "no listener of the parent allows routes of this kind from this namespace (allowedRoutes)"},
    [ATTACH_NO_HOSTNAME] = {"NoMatchingListenerHostname",
                            "no hostname of the route matches the hostname of a listener of the parent"},
    [ATTACH_ACCEPTED] = {"Accepted", NULL},
};

const char *attach_reason(enum attach_outcome o)
{
    return outcomes[o].reason;
}

const char *attach_message(enum attach_outcome o)
{
    return outcomes[o].message;
}

static bool is_selected(const struct listener *l, jv parent_ref)
{
    const char *section = jx_getstr(parent_ref, "sectionName");
    int64_t port = jx_getint_or(parent_ref, "port", 0);
    return (!section || str_eq(section, l->name)) && (port == 0 || port == l->port);
}

static enum answer lets_in(struct world *w, struct node *route, unsigned kind, const struct node *parent,
                           const struct listener *l)
{
    if (!(l->kinds & kind))
        return ANSWER_NO;
    switch (l->from) {
    case FROM_ALL: return ANSWER_YES;
    case FROM_SAME: return str_eq(route->ns, parent->ns) ? ANSWER_YES : ANSWER_NO;
    default: return namespace_matches(w, route, route->ns, l->selector);
    }
}

static void serve(struct served_list *out, size_t since, struct served s)
{
    for (size_t i = since; i < out->n; i++)
        if (str_eq(out->items[i].host, s.host))
            return;
    VEC_GROW(out);
    out->items[out->n++] = s;
}

/* Appends each hostname that route and listener share; false when there is none. */
static bool intersect(struct served_list *out, struct node *parent, struct listener *l, jv hostnames)
{
    size_t since = out->n;
    int n = jx_len(hostnames);
    for (int i = 0; i < (n ? n : 1); i++) {
        const char *own = n ? jx_str(jx_at(hostnames, i)) : "";
        const char *host = own ? host_intersect(l->hostname, own) : NULL;
        if (host)
            serve(out, since, (struct served){.host = host, .parent = parent, .listener = l});
    }
    return out->n > since;
}

struct attach attach_to(struct world *w, struct node *route, unsigned kind, jv parent_ref, jv hostnames,
                        struct node *parent, struct served_list *out)
{
    struct attach a = {.outcome = ATTACH_NO_MATCHING_PARENT};
    struct parent *p = parent_facts(parent);
    for (int i = 0; i < p->n_listeners; i++) {
        struct listener *l = &p->listeners[i];
        if (!is_selected(l, parent_ref))
            continue;
        enum answer answer = lets_in(w, route, kind, parent, l);
        a.is_waiting |= answer == ANSWER_WAIT;
        enum attach_outcome got = answer != ANSWER_YES                    ? ATTACH_NOT_ALLOWED
                                  : !intersect(out, parent, l, hostnames) ? ATTACH_NO_HOSTNAME
                                                                          : ATTACH_ACCEPTED;
        if (got > a.outcome)
            a.outcome = got;
    }
    return a;
}

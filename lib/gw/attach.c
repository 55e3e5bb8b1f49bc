#include "gw/attach.h"

#include "gw/hostname.h"

static const char *const reasons[] = {
    [ATTACH_NO_MATCHING_PARENT] = "NoMatchingParent",
    [ATTACH_NOT_ALLOWED] = "NotAllowedByListeners",
    [ATTACH_NO_HOSTNAME] = "NoMatchingListenerHostname",
    [ATTACH_EXCLUDED] = "HostnameConflict",
    [ATTACH_ACCEPTED] = "Accepted",
};

const char *attach_reason(enum attach_outcome o)
{
    return reasons[o];
}

enum { MOST_LISTED = 8 };

/* "a (80), b (443)": what could have been meant. */
static void list_listeners(struct buf *b, const struct parent *p)
{
    for (int i = 0; i < p->n_listeners && i < MOST_LISTED; i++)
        buf_addf(b, "%s%.64s (%d)", i ? ", " : "", p->listeners[i].name, p->listeners[i].port);
    if (p->n_listeners > MOST_LISTED)
        buf_addf(b, " and %d more", p->n_listeners - MOST_LISTED);
}

static void describe_no_match(struct buf *b, const struct parent *p, jv parent_ref)
{
    const char *section = jx_getstr(parent_ref, "sectionName");
    int64_t port = jx_getint_or(parent_ref, "port", 0);
    buf_adds(b, " has no listener");
    if (section)
        buf_addf(b, " named \"%.64s\"", section);
    if (port)
        buf_addf(b, " on port %d", (int)port);
    if (p->n_listeners == 0)
        return;
    buf_adds(b, "; it has ");
    list_listeners(b, p);
}

void attach_describe(struct buf *b, enum attach_outcome o, const struct node *route, const char *kind,
                     jv parent_ref, const struct node *parent)
{
    if (o == ATTACH_ACCEPTED || o == ATTACH_EXCLUDED) /* exclusion.h has the words */
        return;
    if (o != ATTACH_NO_MATCHING_PARENT)
        buf_adds(b, "no listener of ");
    buf_addf(b, "%s %s/%s", jx_getstr_or(parent_ref, "kind", "Gateway"), parent->ns, parent->name);
    if (parent_facts(parent)->is_refused)
        buf_adds(b, " is not allowed by its Gateway (allowedListeners)");
    else if (o == ATTACH_NO_MATCHING_PARENT)
        describe_no_match(b, parent_facts(parent), parent_ref);
    else if (o == ATTACH_NOT_ALLOWED)
        buf_addf(b, " lets %ss of namespace %s in (allowedRoutes)", kind, route->ns);
    else
        buf_adds(b, " has a hostname that matches one of the route's");
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
    for (int i = 0; !p->is_refused && i < p->n_listeners; i++) {
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

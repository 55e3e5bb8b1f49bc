/*
 * resolve: how the objects fit together, kept up to date record by record.
 *
 * The resolver holds the world (world.h). resolver_take() stores what a record says and marks what that
 * can have affected; resolver_sync() computes what is marked, in the order Gateways, ListenerSets,
 * families of these, the data plane, routes, the rest, and emits the records that differ from what was last
 * emitted, sorted by kind, namespace and name. The result depends on the objects only, never on the order or
 * the number of steps in which they came.
 *
 * A version that carries error findings never replaces a good one: the object stays as it was, or, where
 * no good version is known, it is `held`, and so is what cannot be decided without it.
 */
#ifndef GW_RESOLVE_H
#define GW_RESOLVE_H

#include "gw/gateway.h"

struct resolver;

/* `o` is copied; what it points to is borrowed for the life of the resolver. */
struct resolver *resolver_new(const struct gateway_options *o);
void resolver_free(struct resolver *r);

/* False when the record is not the resolver's business: it should be passed on at once. */
bool resolver_take(struct resolver *r, struct rec *rec);

struct resolver_sink {
    /* One record, as a line without LF. */
    void (*emit)(const char *line, size_t len, void *ctx);
    /* Findings that it carries for the first time. */
    void (*tell)(const struct rec *rec, jv findings, void *ctx);
    void *ctx;
};

/*
 * Closes a cut. After a full one everything is emitted anew and objects that were not named since the
 * last full one are gone. Until there was a full one, objects of the kinds in `unread` (a list of names;
 * none: of every kind) may be there that were not named: what refers to such a one is held, and where
 * listeners may be missing, all is. Returns the number of error findings told.
 */
int resolver_sync(struct resolver *r, bool full, jv unread, const struct resolver_sink *sink);

/* Whether everything is held, for want of what decides where listeners are. */
bool resolver_waits(const struct resolver *r);

/* Whether there is a Gateway of that name, "NS/NAME", with errors or without. */
bool resolver_has_gateway(const struct resolver *r, const char *name);

/* There are GatewayClasses, and none of them is of our controller. The name of another's, or NULL. */
const char *resolver_foreign_class(const struct resolver *r);

/* Whether records were taken since the last SYNC. */
bool resolver_is_pending(const struct resolver *r);

#endif

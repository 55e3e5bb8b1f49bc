/*
 * plane: all that data planes listen for, over all Gateways and ListenerSets: one cell for each address
 * group, port and hostname that some programmed listener has.
 *
 * Gateways with addresses of their own form a group each set of addresses ("10.0.0.1,10.0.0.2"); all others
 * share the group "". Those of a data plane with a name have its name before that ("edge;", "edge;10.0.0.1"):
 * groups of different data planes have nothing to do with each other. Listeners with one group, port and
 * hostname are one cell: their routes are served together.
 *
 * A request belongs to the cell of its address and port whose hostname is the narrowest that covers its Host
 * (and, by TLS, its server name). What else could take it is kept off by conditions, and only where there is
 * something else:
 *
 *     limit         "scheme" when http or https tells a cell's port from the others of its group, "port" when
 *                   only the port does
 *     addresses     there are several groups, and the cell's has these
 *     notAddresses  there are several groups, and the cell's is the default: all but these
 *     sni           another HTTPS cell is on the port: {in: HOSTNAME, notIn: [HOSTNAME, ...]}, what the
 * server name must and must not be under
 */
#ifndef GW_PLANE_H
#define GW_PLANE_H

#include "gw/parent.h"

struct cell {
    char *group, *hostname; /* owned */
    int port;
    bool is_https;
    jv sni; /* owned, or JX_NONE when nothing must be said of the server name */
};

/* A port that some cell is on. */
struct plane_port {
    const char *group; /* borrowed from a cell */
    int port;
    bool is_https;
};

struct plane {
    struct cell *cells; /* sorted by group, port, hostname */
    size_t n, cap;
    struct plane_port *ports; /* each once, sorted */
    size_t n_ports;
    /*
     * Requests come back by APISIX's internal port (copies for mirrors, tries of retries), for any host of
     * some wildcard: nothing else may take them, so everything is notInternal.
     */
    bool has_internal;
    char *seen; /* what all routes depend on: groups, ports, schemes; owned */
};

/* What `sni` holds at most; a wider cell with more narrower ones goes without. */
enum { SNI_MAX = 50 };

/*
 * Settles which of the parents (Gateways and ListenerSets) have their ports: HTTP and HTTPS cannot share one,
 * so the oldest Gateway has it, then the first by name. `changed` is called for each parent of which a
 * listener gets or loses its port.
 */
void plane_settle_ports(const struct nodes *parents, void (*changed)(struct node *parent, void *ctx),
                        void *ctx);

void plane_add(struct plane *p, const char *group, const struct listener *l);

/* To be called when all have been added: sorts, and derives the rest. */
void plane_finish(struct plane *p);
void plane_clear(struct plane *p);

/* Calls `differs` with the key of each cell that is in one of the two only or has another `sni`. */
void plane_compare(const struct plane *a, const struct plane *b,
                   void (*differs)(const char *place, const char *hostname, void *ctx), void *ctx);

/* The place of a group and port in keys of nodes. */
const char *plane_place(const char *group, int port, char *room, size_t n);

const struct cell *plane_cell(const struct plane *p, const char *group, int port, const char *hostname);

/*
 * Whether `host`, served by a listener of this hostname, is the listener's: no narrower cell there has it.
 * Makes `user` depend on the answer.
 */
bool plane_is_owner(const struct plane *p, struct world *w, struct node *user, const char *group, int port,
                    const char *hostname, const char *host);

struct port_use {
    int port;
    bool is_https;
};

/* Puts limit, addresses and notAddresses for something that is served on these ports of the group. */
void plane_put_limits(const struct plane *p, const char *group, const struct port_use *mine, size_t n, jv *o);

/*
 * What must answer for the listener when none of its routes does, lest a wider one's do: the conditions
 * above, with `misdirected` when requests that came by another server name are to be told so (421). JX_NONE
 * when nothing is needed. Owned.
 */
jv plane_catch_all(const struct plane *p, const char *group, const struct listener *l);

#endif

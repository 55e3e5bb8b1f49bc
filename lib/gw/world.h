/*
 * world: everything gw-resolve-refs knows, and who depends on what.
 *
 * A node stands for one thing that can be looked up by key: an object, or a bucket (all grants of a
 * namespace, all slices of a Service, the ports of the data plane). A node exists as soon as somebody
 * has asked for it, there or not: that is how the arrival of a missing object wakes those who wait.
 *
 * Edges: while a node is computed, each world_look() records "user depends on node". A change of a node
 * then reaches exactly its users. Edges are dropped and recorded anew with each computation.
 *
 * Ownership: the world owns its nodes; a node owns its text, its facts (through free_facts) and its
 * outgoing edges. Stored objects are kept as the text of their record, parsed again when needed: parsed
 * JSON takes twelve times the room.
 */
#ifndef GW_WORLD_H
#define GW_WORLD_H

#include <uthash.h>

#include "rec/record.h"
#include "json/digest.h"

enum node_kind {
    NODE_CLASS, /* up to NODE_GRPCROUTE they are emitted, in this order; the others are consumed */
    NODE_PROXY, /* a GatewayProxy of APISIX */
    NODE_GATEWAY,
    NODE_LISTENERSET,
    NODE_SERVICE,
    NODE_HTTPROUTE,
    NODE_GRPCROUTE,
    NODE_SLICE,
    NODE_SECRET,
    NODE_CONFIGMAP,
    NODE_NAMESPACE,
    NODE_PLUGINS, /* a PluginConfig of APISIX */
    NODE_GRANT,
    NODE_GRANTS,        /* bucket: the ReferenceGrants of a namespace */
    NODE_SLICES,        /* bucket: the EndpointSlices of a Service */
    NODE_SETS,          /* bucket: the ListenerSets of a Gateway; computed as a family (family.h) */
    NODE_CONTROL_PLANE, /* bucket: the GatewayProxies that name it, by the name of its data plane */
    NODE_PLANE,         /* a cell of the data plane, or without a name all its ports (plane.h) */
    NODE_OTHER,         /* not kept */
};

struct node;
struct edge {
    struct node *peer;
    uint32_t slot; /* of the other half, in the peer's list */
};
struct edges {
    struct edge *items;
    size_t n, cap;
};

struct nodes {
    struct node **items;
    size_t n, cap;
};

struct node {
    UT_hash_handle hh;
    enum node_kind kind;
    char *key;
    char *ns; /* "" for what is cluster-scoped */
    char *name;

    char *text; /* the record line of the last accepted version, no LF; NULL: not there */
    size_t len;
    char *rejected;       /* the record line of a version with errors that came after it, or instead of it */
    unsigned epoch;       /* of the full list that last named it */
    bool present;         /* an accepted version is known (consumed kinds keep facts, not text) */
    void *facts;          /* what the accepted version says, as far as others need it (facts.h) */
    struct node *bucket;  /* that it is a member of */
    struct nodes members; /* of a bucket */

    struct edges users; /* who looked this up */
    struct edges deps;  /* what this looked up */

    bool is_dirty;      /* to be computed at the next SYNC */
    bool is_stale;      /* to be emitted at the next SYNC, if the line differs from the last */
    bool was_emitted;   /* the stream knows of it */
    struct digest told; /* of the findings last printed */
    char *farewell;     /* the DELETED record to emit at the next SYNC */
    struct digest said; /* of the line last emitted; of the line last read for kinds that are consumed */
};

struct world {
    struct node *nodes;             /* uthash by key */
    struct nodes dirty[NODE_OTHER]; /* to compute, by kind */
    struct nodes stale[NODE_OTHER]; /* to emit */
    unsigned epoch;
    bool has_pending; /* changes since the last SYNC */
    unsigned unread;  /* KIND_BIT of the kinds of which objects may be there that were never read */
};

#define KIND_BIT(kind) (1u << (kind))

/* Until a full SYNC has named all that is there, what is not there may exist. */
enum { UNREAD_ANY = KIND_BIT(NODE_OTHER) - 1 };

/* The bits of the kinds whose names begin so, of whatever group: a text may end within the name. */
unsigned node_kind_bits(const char *kind);

/* Which kind a record's object is to us. */
enum node_kind node_kind_of(const struct ident *id);
bool node_kind_is_gateway_api(const struct ident *id);

/* The node for a key, made when it is new. */
struct node *world_node(struct world *w, enum node_kind kind, const char *ns, const char *name);

/* The same, and `user` depends on it from now on. */
struct node *world_look(struct world *w, struct node *user, enum node_kind kind, const char *ns,
                        const char *name);
void world_depend(struct node *user, struct node *on);
/* Drops the edges, and with them the nodes that nobody else asks for. */
void world_forget_deps(struct world *w, struct node *user);

void world_mark(struct world *w, struct node *n);
void world_mark_users(struct world *w, struct node *n);
void world_mark_stale(struct world *w, struct node *n);

/* Membership in a bucket (NULL: none), marking the users of the old and the new one. */
void world_enlist(struct world *w, struct node *n, struct node *bucket);

/* Known only by rejected versions: what depends on it must wait rather than lose it. */
static inline bool node_is_rejected(const struct node *n)
{
    return !n->present && n->rejected;
}

/* The same, or it may be there and was not read. */
static inline bool node_is_unknown(const struct world *w, const struct node *n)
{
    return node_is_rejected(n) || (!n->present && (w->unread & KIND_BIT(n->kind)));
}

static inline bool node_is_route(const struct node *n)
{
    return n->kind == NODE_HTTPROUTE || n->kind == NODE_GRPCROUTE;
}

/* The Gateway API's order of precedence: by metadata.creationTimestamp, one without is new; then by name. */
int node_age_cmp(const char *stamp_x, const struct node *x, const char *stamp_y, const struct node *y);

/* Sorts by (ns, name): the order of everything that is written. */
void nodes_sort(struct nodes *v);
void nodes_add(struct nodes *v, struct node *n);

/* Frees the node when it is neither there nor asked for. */
void world_retire(struct world *w, struct node *n);
void world_free(struct world *w);

/* Given by the modules that own the facts. */
void facts_free(struct node *n);

#endif

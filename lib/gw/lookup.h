/* lookup: questions that one object asks about others. Each answer makes the asker depend on it. */
#ifndef GW_LOOKUP_H
#define GW_LOOKUP_H

#include "gw/facts.h"

/* Yes, no, or: an object that would decide it is known only by a rejected version, or was not read, so wait.
 */
enum answer { ANSWER_NO, ANSWER_YES, ANSWER_WAIT };

struct ref {
    const char *group, *kind, *ns, *name;
};

/*
 * Whether `user` (of `from_kind` in the Gateway API group) may refer to `to`: always within its
 * namespace, elsewhere by a ReferenceGrant in the namespace of `to` (Gateway API "ReferenceGrant").
 */
enum answer ref_is_permitted(struct world *w, struct node *user, const char *from_kind, const struct ref *to);

/* Whether the labels of namespace `ns` meet a Kubernetes LabelSelector. No selector meets nothing. */
enum answer namespace_matches(struct world *w, struct node *user, const char *ns, jv selector);

/* Whether the EndpointSlices in the bucket of a Service may not be all that it has. */
bool slices_are_unknown(const struct world *w, const struct node *bucket);

/* Exposed for tests: LabelSelector semantics on a labels object. */
bool selector_matches(jv selector, jv labels);

#endif

/* What is told of a plan. */
#include "apisix/plan.h"

const char *op_name(enum op_type t)
{
    return t == OP_CREATE ? "create" : t == OP_UPDATE ? "update" : "delete";
}

char *failure_text(const struct op *op, enum finding_id *id)
{
    *id = op->may_pass ? F_PUSH_FAILED : F_PUSH_REJECTED;
    return xasprintf("%s \"%s\" could not be %sd: %s", apisix_kind(op->item->kind)->name, op->item->id,
                     op_name(op->type), op->why);
}

char *refusal_text(const struct refusal *r, enum finding_id *id)
{
    const char *kind = apisix_kind(r->item->kind)->name;
    *id = r->reason == REFUSED_ENV_REF ? F_PUSH_REJECTED : F_PUSH_FOREIGN;
    switch (r->reason) {
    case REFUSED_PLUGIN:
        return xasprintf(
            "%s \"%s\" has a plugin that runs in \"%s\" already, which is not made by this gwpipe instance "
            "or has to stay; APISIX runs it in one of them only",
            kind, r->item->id, r->other);
    case REFUSED_ENV_REF:
        return xasprintf("%s \"%s\" holds the text \"${{\", which APISIX would replace from its environment; "
                         "it is left as it is live",
                         kind, r->item->id);
    case REFUSED_OWNER:
        if (!apisix_kind(r->item->kind)->has_labels)
            return xasprintf(
                "%s \"%s\" is there once for the data plane, and %s, which has it, wants it otherwise", kind,
                r->item->id, r->other);
        return xasprintf("%s \"%s\" is taken by %s; an id has one owner", kind, r->item->id, r->other);
    default:
        return xasprintf("%s \"%s\" is live and %s; it is left untouched", kind, r->item->id,
                         apisix_kind(r->item->kind)->has_labels
                             ? "not made by this gwpipe instance"
                             : "is not marked as made by this gwpipe instance");
    }
}

#include "push/dry_run.h"

#include "apisix/redact.h"
#include "base/proc.h"

static jv redacted(enum apisix_kind kind, jv owned_object)
{
    jv clean = redact_object(kind, owned_object);
    jb_free(owned_object);
    return clean;
}

static jv parsed(const struct item *item)
{
    const char *why;
    return jx_parse(item->text, item->len, &why);
}

static void add_op(struct buf *out, const struct op *op, const struct plan_options *o, const char *target)
{
    const struct item *item = op->item;
    jv record = jb_obj();
    jb_put_str(&record, "type", "PLAN");
    jb_put_str(&record, "op", op_name(op->type));
    jb_put_str(&record, "kind", apisix_kind(item->kind)->name);
    jb_put_str(&record, "id", item->id);
    jb_put_str(&record, "owner", op->owner ? op->owner->label : item->owner);
    jb_put_str(&record, "target", target);
    jb_put_str(&record, "why", op->why);
    jb_put(&record, "object", redacted(item->kind, parsed(item)));
    if (op->was)
        jb_put(&record, "was", redacted(item->kind, o->beside ? o->beside(item, op->was) : parsed(op->was)));
    jx_dump(out, record);
    buf_addc(out, '\n');
    jb_free(record);
}

void dry_run_print(const struct plan *p, const struct plan_options *o, const char *target)
{
    struct buf out;
    buf_init(&out, BUF_MAX_OUTPUT);
    for (size_t i = 0; i < p->ops.n; i++) {
        buf_reset(&out);
        add_op(&out, &p->ops.items[i], o, target);
        out_write(out.p, out.len);
    }
    buf_free(&out);
}

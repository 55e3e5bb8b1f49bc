/*
 * --check for the Admin API. Releases before 3.17 have no configs/validate; they can be asked about the shape
 * of one object at a time.
 */
#include <stdlib.h>

#include "apisix/consumer.h"
#include "apisix/stored.h"
#include "base/diag.h"
#include "push/admin.h"
#include "push/admin_answer.h"

struct checking {
    const struct api *api;
    int code;
    char *why; /* the server cannot be asked */
};

/* Credentials and metadata have other schemas than that of their list, which cannot be asked for. */
static bool is_asked(const struct op *op)
{
    return op->type != OP_DELETE && op->state != OP_FAILED && !is_credential(op->item) &&
           op->item->kind != AK_PLUGIN_METADATA;
}

static bool checked(void *ctx, struct call *c, const struct http_response *r)
{
    struct checking *k = ctx;
    struct op *op = c->what;
    enum answer answer = answer_of(r);
    if (answer == ANSWER_DONE)
        return true;
    if (r->status == 400) {
        op->state = OP_FAILED;
        op->why = api_reason(k->api, r, op->item, REASON_MOST);
        return true;
    }
    free(k->why);
    k->why = api_reason(k->api, r, op->item, REASON_MOST);
    if (answer == ANSWER_AGAIN)
        return false;
    k->code = EXIT_FINDINGS;
    c->batch->is_over = true;
    return true;
}

/* By the schemas of the kinds, which do not look into plugins. As api_check(). */
static int check_shapes(struct admin *a, struct plan *p, char **why)
{
    struct checking k = {.api = &a->api};
    struct calls calls = api_calls(&a->api, checked, &k);
    for (size_t i = 0; i < p->ops.n; i++) {
        struct op *op = &p->ops.items[i];
        if (!is_asked(op))
            continue;
        struct call *c =
            calls_add(&calls, "POST",
                      xasprintf("%s/schema/validate/%s", a->api.root, apisix_kind(op->item->kind)->name));
        c->what = op;
        c->body = op->item->text;
        c->len = op->item->len;
    }
    if (calls.n > 0)
        calls_run(&calls);
    bool are_all_settled = true;
    for (size_t i = 0; i < calls.n; i++)
        are_all_settled &= calls.items[i].is_settled;
    if (k.code == EXIT_OK && !are_all_settled)
        k.code = EXIT_ENV;
    calls_release(&calls);
    *why = k.code == EXIT_OK ? NULL : k.why;
    if (k.code == EXIT_OK)
        free(k.why);
    return k.code;
}

int admin_check(struct target *t, struct plan *p)
{
    struct admin *a = (struct admin *)t;
    bool has_validate;
    char *why;
    a->api.is_in_doubt = t->is_unfinished;
    int code = api_check(&a->api, p, &why, &has_validate);
    a->api.is_in_doubt = false;
    if (!has_validate) {
        diag(a->has_told_shapes ? DIAG_DEBUG : DIAG_WARNING, NULL, NULL,
             "%s: %s; objects are checked against the schemas of their kinds only, plugins are not", t->name,
             why);
        a->has_told_shapes = true;
        free(why);
        code = check_shapes(a, p, &why);
    }
    if (why)
        diag(DIAG_ERROR, NULL, NULL, "%s: the objects cannot be checked: %s", t->name, why);
    free(why);
    return code;
}

/* What the server would say of the objects, before any of them is written. */
#include <stdlib.h>

#include "apisix/redact.h"
#include "push/admin_answer.h"
#include "push/api.h"

enum {
    BODY_MOST = 1400 << 10, /* the server takes 1.5 MiB */
};

/* Operations that go into one request: they stand together in the plan. */
struct batch {
    struct op *ops;
    size_t n;
    struct buf body;
};

struct checking {
    const struct api *api;
    int code;
    bool is_missing; /* there is no such question */
    char *why;       /* the server cannot be asked */
};

/* What is larger than a request may be is not asked about. */
static bool is_asked(const struct op *op)
{
    return op->type != OP_DELETE && op->item->len < BODY_MOST;
}

/* "routes", or "route". */
static bool is_kind(enum apisix_kind kind, const char *name)
{
    const char *plural = apisix_kind(kind)->name;
    size_t n = strlen(name);
    return n > 0 && strncmp(plural, name, n) == 0 && (!plural[n] || str_eq(plural + n, "s"));
}

static struct op *op_at(const struct batch *b, const char *type, int64_t index)
{
    for (size_t i = 0; i < b->n; i++)
        if (is_asked(&b->ops[i]) && is_kind(b->ops[i].item->kind, type) && index-- == 0)
            return &b->ops[i];
    return NULL;
}

static void take_error(struct checking *k, const struct batch *b, jv error)
{
    const char *why, *text = jx_getstr_or(error, "error", "refused");
    struct op *op = op_at(b, jx_getstr_or(error, "resource_type", ""), jx_getint_or(error, "index", -1));
    if (!op) {
        free(k->why);
        k->why = xstrdup("the server refuses an object that it was not asked about");
        k->code = EXIT_FINDINGS;
    }
    if (!op || op->state == OP_FAILED)
        return;
    jv object = jx_parse(op->item->text, op->item->len, &why);
    op->state = OP_FAILED;
    op->why = redact_text(op->item->kind, object, text, REASON_MOST);
    jb_free(object);
}

/* False when it is no list of errors. */
static bool take_errors(struct checking *k, const struct batch *b, const struct http_response *r)
{
    const char *why;
    jv answer = jx_parse(r->body, r->len, &why), errors = jx_get(answer, "errors");
    for (int i = 0; i < jx_len(errors); i++)
        take_error(k, b, jx_at(errors, i));
    bool is_list = jx_is_arr(errors) && jx_len(errors) > 0;
    jb_free(answer);
    return is_list;
}

static bool checked(void *ctx, struct call *c, const struct http_response *r)
{
    struct checking *k = ctx;
    struct batch *b = c->what;
    free(k->why);
    k->why = NULL;
    if (answer_of(r) == ANSWER_DONE || (r->status == 400 && take_errors(k, b, r)))
        return true;
    k->why = r->status == 404 ? xstrdup("the server has no configs/validate: it is of APISIX 3.17 and later")
                              : api_reason(k->api, r, NULL, REASON_MOST);
    if (answer_of(r) == ANSWER_AGAIN)
        return false;
    c->batch->is_over = true;
    k->is_missing = r->status == 404;
    k->code = EXIT_FINDINGS;
    return true;
}

/* {"routes":[...],...} of as many operations as fit. */
static size_t fill(struct batch *b, struct op *ops, size_t n)
{
    int kind = -1;
    size_t i = 0;
    b->ops = ops;
    buf_init(&b->body, BUF_MAX_OUTPUT);
    for (; i < n && (!is_asked(&ops[i]) || b->body.len + ops[i].item->len < BODY_MOST); i++) {
        const struct item *item = ops[i].item;
        if (!is_asked(&ops[i]))
            continue;
        if (kind == (int)item->kind)
            buf_addc(&b->body, ',');
        else
            buf_addf(&b->body, "%s\"%s\":[", kind < 0 ? "{" : "],", apisix_kind(item->kind)->name);
        kind = (int)item->kind;
        buf_add(&b->body, item->text, item->len);
    }
    if (kind >= 0)
        buf_adds(&b->body, "]}");
    b->n = i;
    return i;
}

int api_check(const struct api *a, struct plan *p, char **why, bool *has_validate)
{
    struct checking k = {.api = a};
    for (size_t i = 0; i < p->ops.n && !k.why;) {
        struct batch b = {0};
        struct calls calls = api_calls(a, checked, &k);
        i += fill(&b, p->ops.items + i, p->ops.n - i);
        struct call *c = calls_add(&calls, "POST", xasprintf("%s/configs/validate", a->root));
        c->what = &b;
        c->body = b.body.p;
        c->len = b.body.len;
        if (c->len > 0)
            calls_run(&calls);
        if (c->len > 0 && !c->is_settled)
            k.code = EXIT_ENV;
        calls_release(&calls);
        buf_free(&b.body);
    }
    *why = k.why;
    if (has_validate)
        *has_validate = !k.is_missing;
    return k.code;
}

/* What the server would say of the objects, before any of them is written. */
#include <stdlib.h>

#include "apisix/redact.h"
#include "push/admin_answer.h"
#include "push/api.h"

enum {
    BODY_MOST = 1400 << 10, /* the server takes 1.5 MiB */
    HALVES_MOST = 256,      /* requests to find the objects that the server fails at */
};

/* Operations that go into one request. */
struct part {
    struct op **ops;
    size_t n;
};

/* What the server fails at, and could not be halved any more. */
struct faulty {
    struct part part;
    char *why;
};

struct checking {
    const struct api *api;
    int code;
    bool is_missing;  /* there is no such question */
    bool is_broken;   /* the last answer was a 5xx */
    bool was_patient; /* with those, once */
    char *why;        /* the server cannot be asked */
    size_t n_halves;  /* that were made */
    struct {
        struct faulty *items;
        size_t n, cap;
    } faulty;
    struct { /* to ask about, one after the other */
        struct part *items;
        size_t n, cap;
    } parts;
};

bool api_can_ask(const struct op *op)
{
    return op->item->len < BODY_MOST;
}

static bool is_asked(const struct op *op)
{
    return op->type != OP_DELETE && op->state != OP_FAILED && api_can_ask(op);
}

/* ---- what is said ---- */

/* Takes the text. What is cut could not be recognised any more, so that comes last. */
static char *without_secrets(const struct part *p, char *owned_text)
{
    for (size_t i = 0; i < p->n; i++)
        owned_text = redact_about(p->ops[i]->item, owned_text);
    char *reason = redact_text(AK_ROUTES, JX_NONE, owned_text, REASON_MOST);
    free(owned_text);
    return reason;
}

/* "routes", or "route". */
static bool is_kind(enum apisix_kind kind, const char *name)
{
    const char *plural = apisix_kind(kind)->name;
    size_t n = strlen(name);
    return n > 0 && strncmp(plural, name, n) == 0 && (!plural[n] || str_eq(plural + n, "s"));
}

/* Where it is in the part; p->n: nowhere. */
static size_t position(const struct part *p, const char *type, int64_t index)
{
    size_t i = 0;
    while (i < p->n && !(is_kind(p->ops[i]->item->kind, type) && index-- == 0))
        i++;
    return i;
}

static void take_error(struct checking *k, const struct part *p, jv error)
{
    size_t at = position(p, jx_getstr_or(error, "resource_type", ""), jx_getint_or(error, "index", -1));
    if (at == p->n) {
        free(k->why);
        k->why = xstrdup("the server refuses an object that it was not asked about");
        k->code = EXIT_FINDINGS;
    }
    if (at == p->n || p->ops[at]->state == OP_FAILED)
        return;
    char *text = xstrndup(jx_getstr_or(error, "error", "refused"), BUF_MAX_SCRATCH - 1);
    p->ops[at]->state = OP_FAILED;
    p->ops[at]->why = without_secrets(&(struct part){p->ops + at, 1}, text_without(text, api_key_of(k->api)));
}

/* False when it is no list of errors. */
static bool take_errors(struct checking *k, const struct part *p, const struct http_response *r)
{
    const char *why;
    jv answer = jx_parse(r->body, r->len, &why), errors = jx_get(answer, "errors");
    for (int i = 0; i < jx_len(errors); i++)
        take_error(k, p, jx_at(errors, i));
    bool is_list = jx_is_arr(errors) && jx_len(errors) > 0;
    jb_free(answer);
    return is_list;
}

static bool checked(void *ctx, struct call *c, const struct http_response *r)
{
    struct checking *k = ctx;
    const struct part *p = c->what;
    free(k->why);
    k->why = NULL;
    k->is_broken = r->status >= 500;
    if (answer_of(r) == ANSWER_DONE || (r->status == 400 && take_errors(k, p, r)))
        return true;
    k->why = r->status == 404 ? xstrdup("the server has no configs/validate: it is of APISIX 3.17 and later")
                              : api_reason(k->api, r, NULL, BUF_MAX_MESSAGE);
    if (answer_of(r) == ANSWER_AGAIN)
        return k->is_broken && k->was_patient;
    c->batch->is_over = true;
    k->is_missing = r->status == 404;
    k->code = EXIT_FINDINGS;
    return true;
}

/* ---- the questions ---- */

/* {"routes":[...],...} */
static void write_body(const struct part *p, struct buf *body)
{
    int kind = -1;
    for (size_t i = 0; i < p->n; i++) {
        const struct item *item = p->ops[i]->item;
        if (kind == (int)item->kind)
            buf_addc(body, ',');
        else
            buf_addf(body, "%s\"%s\":[", kind < 0 ? "{" : "],", apisix_kind(item->kind)->name);
        kind = (int)item->kind;
        buf_add(body, item->text, item->len);
    }
    buf_adds(body, kind < 0 ? "{}" : "]}");
}

/* Whether it is settled. */
static bool post(const struct checking *k, const struct part *p,
                 bool (*answered)(void *, struct call *, const struct http_response *), void *ctx)
{
    struct calls calls = api_calls(k->api, answered, ctx);
    struct buf body;
    buf_init(&body, BUF_MAX_OUTPUT);
    write_body(p, &body);
    struct call *c = calls_add(&calls, "POST", xasprintf("%s/configs/validate", k->api->root));
    c->what = (void *)p;
    c->body = body.p;
    c->len = body.len;
    calls_run(&calls);
    bool is_settled = c->is_settled;
    calls_release(&calls);
    buf_free(&body);
    return is_settled;
}

static bool probed(void *ctx, struct call *c, const struct http_response *r)
{
    (void)c;
    *(bool *)ctx = answer_of(r) != ANSWER_AGAIN;
    return true;
}

/* When it is asked about nothing: whether what it fails at are the objects. */
static bool is_answering(const struct checking *k)
{
    bool is = false;
    post(k, &(struct part){0}, probed, &is);
    return is;
}

static void add_part(struct checking *k, struct op **ops, size_t n)
{
    VEC_GROW(&k->parts);
    k->parts.items[k->parts.n++] = (struct part){ops, n};
}

/* As many in each as fit. */
static void add_parts(struct checking *k, struct op **ops, size_t n)
{
    for (size_t from = 0, to; from < n; from = to) {
        size_t len = 0;
        for (to = from; to < n && (to == from || len + ops[to]->item->len < BODY_MOST); to++)
            len += ops[to]->item->len + 1;
        add_part(k, ops + from, to - from);
    }
}

/*
 * One object that the server fails at, by a fault in a plugin's schema, say, must not keep all others from
 * being written. So the part is halved until that object is alone. Halves wait behind what was there before
 * them: however many such objects there are, each part gets its share of HALVES_MOST, what is good is soon
 * told apart and written, and the next SYNC begins with less.
 */
static void narrow(struct checking *k, struct part p)
{
    if (k->n_halves == 0 && k->faulty.n == 0 && !is_answering(k)) {
        k->code = EXIT_ENV; /* it fails at everything now */
        return;
    }
    if (p.n > 1 && k->n_halves < HALVES_MOST) {
        add_part(k, p.ops, p.n / 2);
        add_part(k, p.ops + p.n / 2, p.n - p.n / 2);
        k->n_halves += 2;
        free(k->why);
    } else {
        VEC_GROW(&k->faulty);
        k->faulty.items[k->faulty.n++] = (struct faulty){p, k->why};
    }
    k->why = NULL;
}

static void blame(const struct faulty *f)
{
    for (size_t i = 0; i < f->part.n; i++) {
        struct op *op = f->part.ops[i];
        op->state = OP_FAILED;
        op->may_pass = true;
        op->why = f->part.n == 1
                      ? xstrdup(f->why)
                      : xasprintf("%s, of one or more of %zu objects that it was asked about together",
                                  f->why, f->part.n);
    }
}

/* Unless it has begun to fail at everything meanwhile: then nobody is to blame. */
static void settle_faulty(struct checking *k)
{
    if (k->faulty.n > 0 && !k->why && !is_answering(k)) {
        k->code = EXIT_ENV;
        k->why = xstrdup(k->faulty.items[0].why);
    }
    for (size_t i = 0; i < k->faulty.n; i++) {
        if (!k->why)
            blame(&k->faulty.items[i]);
        free(k->faulty.items[i].why);
    }
    free(k->faulty.items);
}

static void ask(struct checking *k, struct part p)
{
    bool is_settled = post(k, &p, checked, k);
    if (k->why)
        k->why = without_secrets(&p, k->why);
    if (k->is_broken) {
        k->was_patient = true;
        narrow(k, p);
    } else if (!is_settled) {
        k->code = EXIT_ENV;
    }
}

/* The objects of a kind stand together in a body, whatever the order in which they are written. */
static int by_item(const void *a, const void *b)
{
    return item_compare((*(struct op *const *)a)->item, (*(struct op *const *)b)->item);
}

int api_check(const struct api *a, struct plan *p, char **why, bool *has_validate)
{
    struct checking k = {.api = a};
    struct op **asked = xcalloc(p->ops.n + 1, sizeof(struct op *));
    size_t n = 0;
    for (size_t i = 0; i < p->ops.n; i++)
        if (is_asked(&p->ops.items[i]))
            asked[n++] = &p->ops.items[i];
    if (n > 1)
        qsort(asked, n, sizeof *asked, by_item);
    add_parts(&k, asked, n);
    for (size_t i = 0; i < k.parts.n && !k.why; i++)
        ask(&k, k.parts.items[i]);
    settle_faulty(&k);
    free(k.parts.items);
    free(asked);
    *why = k.why;
    if (has_validate)
        *has_validate = !k.is_missing;
    return k.code;
}

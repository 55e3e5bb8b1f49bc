#include "push/control.h"

#include <stdlib.h>

#include "apisix/loaded.h"
#include "apisix/stored.h"
#include "push/admin_answer.h"
#include "push/admin_url.h"

/* What the paths are called: one object, and all of them. */
static const struct {
    const char *one, *all;
} names[N_APISIX_KINDS] = {
    [AK_UPSTREAMS] = {"upstream", "upstreams"},
    [AK_ROUTES] = {"route", "routes"},
};

bool control_shows(enum apisix_kind k)
{
    return names[k].one != NULL;
}

/* ---- what is owed ---- */

static void owed_release(struct owed *o)
{
    item_unref(o->item);
    item_unref(o->was);
}

/* Of one object the newer one comes last. */
static int compare(const void *a, const void *b)
{
    const struct owed *x = a, *y = b;
    int c = item_compare(x->item, y->item);
    return c ? c : (int)x->is_new - (int)y->is_new;
}

static void add(struct control *c, const struct op *op)
{
    VEC_GROW(&c->owed);
    c->owed.items[c->owed.n++] = (struct owed){
        .item = item_ref(op->item),
        .was = op->was ? item_ref(op->was) : NULL,
        .is_gone = op->type == OP_DELETE,
        .is_new = true,
    };
}

static bool is_void(const struct control *c, size_t i)
{
    return i + 1 < c->owed.n && item_compare(c->owed.items[i].item, c->owed.items[i + 1].item) == 0;
}

static void drop_void(struct control *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->owed.n; i++) {
        if (is_void(c, i))
            owed_release(&c->owed.items[i]);
        else
            c->owed.items[n++] = c->owed.items[i];
    }
    c->owed.n = n;
}

/* Before what the plan did, and as if of an earlier SYNC: so that is void where both are of one object. */
static void add_all(struct control *c, const struct items *all)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct item *item = all->items[i];
        if (!item->owner || !control_shows(item->kind))
            continue;
        VEC_GROW(&c->owed);
        c->owed.items[c->owed.n++] = (struct owed){.item = item_ref(all->items[i])};
    }
}

void control_take(struct control *c, const struct plan *p, const struct items *all)
{
    for (size_t i = 0; i < c->owed.n; i++)
        c->owed.items[i].is_new = false;
    if (all)
        add_all(c, all);
    for (size_t i = 0; i < p->ops.n; i++)
        if (p->ops.items[i].state == OP_DONE && control_shows(p->ops.items[i].item->kind))
            add(c, &p->ops.items[i]);
    if (c->owed.n > 0)
        qsort(c->owed.items, c->owed.n, sizeof *c->owed.items, compare);
    drop_void(c);
    for (size_t i = 0; all && i < c->owed.n; i++)
        c->owed.items[i].is_new = true;
}

size_t control_new(const struct control *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->owed.n; i++)
        n += c->owed.items[i].is_new;
    return n;
}

static void drop_served(struct control *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->owed.n; i++) {
        if (c->owed.items[i].n_shown >= CONTROL_ANSWERS)
            owed_release(&c->owed.items[i]);
        else
            c->owed.items[n++] = c->owed.items[i];
    }
    c->owed.n = n;
}

void control_release(struct control *c)
{
    for (size_t i = 0; i < c->owed.n; i++)
        owed_release(&c->owed.items[i]);
    free(c->owed.items);
    free(c->why);
    free(c->url);
}

/* ---- one question, asked CONTROL_ANSWERS times ---- */

struct question {
    struct http *http;
    struct control *control;
    enum apisix_kind kind;
    struct owed *first; /* of the kind */
    size_t n;
    bool is_list;
    char *url;
    double seconds;
    int n_answers;
    char *why; /* the first complaint */
};

static void complain(struct question *q, char *owned_why)
{
    if (q->why)
        free(owned_why);
    else
        q->why = owned_why;
}

static void doubt(struct question *q, const struct owed *o, const char *how)
{
    if (!q->why)
        q->why = xasprintf("%s \"%s\" %s", names[q->kind].one, o->item->id, how);
}

static bool is_loaded(const char *text, size_t len, jv was, jv held)
{
    const char *why;
    jv wanted = jx_parse(text, len, &why);
    bool is = loaded_is(wanted, was, held);
    jb_free(wanted);
    return is;
}

/* An object with a key shows its hash where the key is kept in secret. */
static bool serves(const struct owed *o, const struct item *held)
{
    const char *why;
    jv live = jx_parse(held->text, held->len, &why);
    jv was = o->was ? jx_parse(o->was->text, o->was->len, &why) : jb_obj();
    bool has_hash = jx_getstr(jx_get(live, "labels"), LABEL_HASH) != NULL;
    char *body = has_hash ? stored_body(o->item) : NULL;
    bool is = is_loaded(body ? body : o->item->text, body ? strlen(body) : o->item->len, was, live);
    free(body);
    jb_free(was);
    jb_free(live);
    return is;
}

/* `held` is NULL where the worker has none. */
static void judge(struct question *q, struct owed *o, const struct item *held)
{
    if (o->is_gone || !held) {
        if (o->is_gone && !held)
            o->n_shown++;
        else
            doubt(q, o, held ? "is still there" : "is not there");
        return;
    }
    struct digest d = digest_of(held->text, held->len);
    bool is_known = o->is_known && digest_equal(d, o->known);
    if (!is_known && !serves(o, held)) {
        doubt(q, o, "is not as it was written");
        return;
    }
    o->is_known = true;
    o->known = d;
    o->n_shown++;
}

/* Both are sorted. */
static void judge_list(struct question *q, const struct items *held)
{
    size_t at = 0;
    for (size_t i = 0; i < q->n; i++) {
        int c = -1;
        while (at < held->n && (c = item_compare(held->items[at], q->first[i].item)) < 0)
            at++;
        judge(q, &q->first[i], at < held->n && c == 0 ? held->items[at] : NULL);
    }
}

static void take_list(struct question *q, const struct http_response *r)
{
    int64_t n;
    struct items held = {0};
    const char *why = answer_entries((struct slice){r->body, r->len}, q->kind, "", &held, &n);
    if (!why && (size_t)n != held.n)
        why = "holds what is none";
    if (why) {
        complain(q, xasprintf("the Control API's list of %s %s", names[q->kind].all, why));
    } else {
        items_sort(&held);
        judge_list(q, &held);
    }
    items_release(&held);
}

static void take_one(struct question *q, const struct http_response *r)
{
    const char *why;
    struct item *held = stored_item(q->kind, r->body, r->len, "", &why);
    if (held && item_compare(held, q->first->item) == 0)
        judge(q, q->first, held);
    else
        complain(q, xasprintf("the Control API answers for %s \"%s\" with what is none", names[q->kind].one,
                              q->first->item->id));
    item_unref(held);
}

/* It says so with the object's name; any server says 404. */
static bool is_absent(const struct question *q, const struct http_response *r)
{
    const char *why;
    if (q->is_list || r->status != 404 || r->len > BUF_MAX_MESSAGE)
        return false;
    jv body = jx_parse(r->body, r->len, &why);
    char *text = xasprintf("%s[%s] not found", names[q->kind].one, q->first->item->id);
    bool is = str_same(jx_getstr(body, "error_msg"), text);
    free(text);
    jb_free(body);
    return is;
}

static void answered(void *ctx, const struct http_response *r);

static void ask(struct question *q)
{
    http_add(q->http, &(struct http_request){
                          .method = "GET",
                          .url = q->url,
                          .seconds = q->seconds,
                          .done = answered,
                          .ctx = q,
                      });
}

static bool shows_any(const struct question *q)
{
    for (size_t i = 0; i < q->n; i++)
        if (q->first[i].n_shown > 0)
            return true;
    return false;
}

static void answered(void *ctx, const struct http_response *r)
{
    struct question *q = ctx;
    if (r->status == 200 && q->is_list)
        take_list(q, r);
    else if (r->status == 200)
        take_one(q, r);
    else if (is_absent(q, r))
        judge(q, q->first, NULL);
    else
        complain(q, r->status ? xasprintf("the Control API answers %d", r->status)
                              : xasprintf("the Control API does not answer: %s", r->why));
    if (q->n_answers++ > 0 || !shows_any(q))
        return;
    for (int i = 1; i < CONTROL_ANSWERS; i++)
        ask(q);
}

/* ---- a look ---- */

/* Of the kind that first[0] is of. */
static struct question question_of(struct http *http, struct control *c, struct owed *first, double seconds)
{
    struct question q = {.http = http, .control = c, .first = first, .seconds = seconds};
    const struct owed *end = c->owed.items + c->owed.n;
    q.kind = first->item->kind;
    for (; first + q.n < end && first[q.n].item->kind == q.kind; q.n++)
        first[q.n].n_shown = 0;
    q.is_list = q.n > 1 || !is_admin_id(q.kind, first->item->id);
    q.url = q.is_list ? xasprintf("%s/v1/%s", c->url, names[q.kind].all)
                      : xasprintf("%s/v1/%s/%s", c->url, names[q.kind].one, first->item->id);
    return q;
}

static void finish(struct question *q)
{
    free(q->url);
    if (q->control->why)
        free(q->why);
    else
        q->control->why = q->why;
}

void control_look(struct http *http, struct control *list, size_t n, double seconds)
{
    size_t n_questions = 0;
    struct question *questions = xcalloc(n * N_APISIX_KINDS + 1, sizeof *questions);
    for (size_t i = 0; i < n; i++) {
        struct control *c = &list[i];
        free(c->why);
        c->why = NULL;
        for (size_t k = 0; k < c->owed.n; k += questions[n_questions++].n)
            questions[n_questions] = question_of(http, c, &c->owed.items[k], seconds);
    }
    for (size_t i = 0; i < n_questions; i++)
        ask(&questions[i]);
    http_run(http);
    for (size_t i = 0; i < n_questions; i++)
        finish(&questions[i]);
    for (size_t i = 0; i < n; i++)
        drop_served(&list[i]);
    free(questions);
}

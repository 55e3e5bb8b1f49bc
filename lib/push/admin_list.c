/* What is live: one list of each kind that we write. */
#include <stdlib.h>

#include "apisix/consumer.h"
#include "base/diag.h"
#include "push/admin.h"
#include "push/admin_answer.h"
#include "push/admin_url.h"

/*
 * Each list in one piece. The server reads all objects of the kind from etcd for every page of it, and pages
 * of a list that changes meanwhile miss objects; the whole list is one moment in time.
 */
struct listing {
    struct admin *admin;
    struct items *out;
};

/* Whatever came of the others: which is told of must not depend on who was first. */
static bool complain(struct call *c, char *owned_why)
{
    free(c->why);
    c->why = owned_why;
    return true;
}

/* A server without a stream proxy has no stream routes, and says so in its own way. */
static bool is_disabled(enum apisix_kind kind, const struct http_response *r)
{
    return kind == AK_STREAM_ROUTES && r->status == 400 && strstr(r->body, "stream mode is disabled");
}

static bool take_list(void *ctx, struct call *c, const struct http_response *r)
{
    const struct listing *l = ctx;
    enum apisix_kind kind = *(const enum apisix_kind *)c->what;
    enum answer answer = answer_of(r);
    if (answer == ANSWER_DONE) {
        const char *why = answer_list(r, kind, l->admin->base.instance, l->out);
        return complain(c, why ? xasprintf("the answer %s", why) : NULL);
    }
    if (answer == ANSWER_ABSENT || is_disabled(kind, r))
        return complain(c, NULL);
    char *why = api_reason(&l->admin->api, r, NULL, REASON_MOST);
    if (r->status == 404) {
        complain(c, xasprintf("%s (an APISIX without etcd is standalone:URL)", why));
        free(why);
    } else {
        complain(c, why);
    }
    return answer != ANSWER_AGAIN;
}

static int tell(const struct admin *a, const struct calls *calls)
{
    for (size_t i = 0; i < calls->n; i++) {
        const struct call *c = &calls->items[i];
        if (c->is_settled && !c->why)
            continue;
        diag(DIAG_ERROR, NULL, NULL, "%s: what is live cannot be read: %s: %s; nothing was written",
             a->base.name, apisix_kind(*(const enum apisix_kind *)c->what)->name,
             c->why ? c->why : "not asked, since nothing answers");
        return c->is_settled ? EXIT_FINDINGS : EXIT_ENV;
    }
    return EXIT_OK;
}

/* Those of consumers of ours. The list of the consumers leaves them out, or not, by the release. */
static int list_credentials(struct admin *a, struct items *out)
{
    enum apisix_kind kind = AK_CONSUMERS;
    struct items found = {0};
    struct listing l = {.admin = a, .out = &found};
    struct calls calls = api_calls(&a->api, take_list, &l);
    size_t n = 0;
    for (size_t i = 0; i < out->n; i++) {
        struct item *item = out->items[i];
        if (is_credential(item)) {
            item_unref(item);
            continue;
        }
        out->items[n++] = item;
        if (item->kind == AK_CONSUMERS && item->owner && is_admin_id(AK_CONSUMERS, item->id))
            calls_add(&calls, "GET", xasprintf("%s/consumers/%s/credentials", a->api.root, item->id))->what =
                &kind;
    }
    out->n = n;
    if (calls.n > 0)
        calls_run(&calls);
    int code = tell(a, &calls);
    calls_release(&calls);
    for (size_t i = 0; i < found.n; i++)
        items_add(out, item_ref(found.items[i]));
    items_release(&found);
    return code;
}

int admin_list(struct admin *a, struct items *out)
{
    enum apisix_kind kinds[N_APISIX_KINDS];
    struct listing l = {.admin = a, .out = out};
    struct calls calls = api_calls(&a->api, take_list, &l);
    for (enum apisix_kind k = 0; k < N_APISIX_KINDS; k++) {
        kinds[k] = k;
        if (apisix_kind(k)->is_written)
            calls_add(&calls, "GET", xasprintf("%s/%s", a->api.root, apisix_kind(k)->name))->what = &kinds[k];
    }
    calls_run(&calls);
    int code = tell(a, &calls);
    calls_release(&calls);
    return code == EXIT_OK ? list_credentials(a, out) : code;
}

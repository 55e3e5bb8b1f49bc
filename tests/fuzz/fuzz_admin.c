/*
 * Any bytes as an answer of the Admin API: a list is refused, or it reads; an object of ours that is put
 * there again comes back as the same; and what is said of an error is one short line.
 */
#include <stdlib.h>

#include "apisix/stored.h"
#include "push/admin_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_ok)
{
    if (!is_ok)
        abort();
}

static struct item *read_back(enum apisix_kind kind, jv entry)
{
    const char *why;
    struct buf all;
    buf_init(&all, BUF_MAX_OUTPUT);
    jx_dump(&all, entry);
    struct item *back = stored_item(kind, all.p, all.len, "default", &why);
    buf_free(&all);
    return back;
}

static void put_again(const struct item *item)
{
    const char *why;
    char *body = stored_body(item);
    const char *text = body ? body : item->text;
    jv value = jx_parse(text, strlen(text), &why), entry = jb_obj();
    check(why == NULL);
    jb_put_int(&value, "update_time", 1);
    jb_put(&entry, "value", value);
    jb_put(&entry, "key", jb_strf("/apisix/%s/%s", apisix_kind(item->kind)->name, item->id));
    struct item *back = read_back(item->kind, entry);
    jb_put_str(&entry, "more", "\xc3\xa4"); /* not plain: the slow way */
    struct item *slow = read_back(item->kind, entry);
    check(slow && back && str_eq(slow->text, back->text) && str_eq(slow->id, back->id));
    check(str_same(slow->owner, back->owner));
    item_unref(slow);
    check(back && str_same(back->owner, item->owner) && stored_same(item, back));
    item_unref(back);
    jb_free(entry);
    free(body);
}

static void read_list(const struct http_response *r, enum apisix_kind kind)
{
    struct items found = {0};
    if (!answer_list(r, kind, "default", &found))
        for (size_t i = 0; i < found.n; i++)
            if (found.items[i]->owner)
                put_again(found.items[i]);
    items_release(&found);
}

static void read_error(const struct http_response *r, const struct item *item)
{
    char *reason = answer_reason(r, item, REASON_MOST);
    check(strlen(reason) < 500);
    for (const char *p = reason; *p; p++)
        check((unsigned char)*p >= ' ' && *p != 0x7f);
    free(reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = "{\"key\":\"hush\",\"snis\":[\"a\"]}";
    char *body = xstrndup((const char *)data, size);
    struct http_response r = {.status = 200, .body = body, .len = strlen(body)};
    struct item *item = item_new(AK_SSLS, "x", NULL, text, strlen(text));
    read_list(&r, AK_ROUTES);
    read_list(&r, AK_SSLS);
    read_list(&r, AK_CONSUMERS);
    r.status = 400;
    answer_of(&r);
    read_error(&r, item);
    item_unref(item);
    free(body);
    return 0;
}

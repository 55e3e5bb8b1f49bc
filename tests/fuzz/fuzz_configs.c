/*
 * A standalone APISIX's document of any bytes: it is refused, or it reads; what is given back to an instance
 * that has lost it reads as the same objects, and when nothing changes none is sent.
 */
#include <stdlib.h>

#include "apisix/configs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_ok)
{
    if (!is_ok)
        abort();
}

static void check_same(const struct document *a, const struct document *b)
{
    check(a->items.n == b->items.n && a->others.n == b->others.n);
    for (size_t i = 0; i < a->items.n; i++) {
        const struct item *x = a->items.items[i], *y = b->items.items[i];
        check(item_compare(x, y) == 0 && item_same(x, y) && str_same(x->owner, y->owner));
    }
    for (size_t i = 0; i < a->others.n; i++)
        check(str_eq(a->others.items[i].name, b->others.items[i].name) &&
              str_eq(a->others.items[i].text, b->others.items[i].text));
}

static void give_back(const struct document *d, int64_t newest)
{
    static const char nothing[] = "{\"routes_conf_version\":0}";
    struct configs lost = {.newest = newest}, to = {0}, again = {0};
    struct document empty, found;
    struct buf body;
    buf_init(&body, BUF_MAX_FILE);
    check(!configs_parse(&lost, &empty, nothing, strlen(nothing), "default"));
    if (!configs_render(&lost, &empty, d, 1, &to, &body)) {
        check(!configs_parse(&again, &found, body.p, body.len, "default"));
        check_same(d, &found);
        check(again.newest <= to.newest);
        document_release(&found);
    }
    configs_release(&again);
    configs_release(&to);
    configs_release(&lost);
    document_release(&empty);
    buf_free(&body);
}

/* Versions, and no list. */
static void change_nothing(const struct configs *c, const struct document *d)
{
    struct configs to = {0}, again = {0};
    struct document found;
    struct buf body;
    buf_init(&body, BUF_MAX_FILE);
    if (c->digest && !configs_render(c, d, d, 1, &to, &body)) {
        check(!configs_parse(&again, &found, body.p, body.len, "default"));
        check(found.items.n == 0 && found.others.n == 0 && again.versions.n == c->versions.n);
        for (size_t i = 0; i < c->versions.n; i++)
            check(str_eq(again.versions.items[i].kind, c->versions.items[i].kind) &&
                  again.versions.items[i].number == c->versions.items[i].number);
        document_release(&found);
    }
    configs_release(&again);
    configs_release(&to);
    buf_free(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xstrndup((const char *)data, size);
    struct configs c = {0};
    struct document d;
    if (strlen(text) == size && !configs_parse(&c, &d, text, size, "default")) {
        give_back(&d, c.newest);
        change_nothing(&c, &d);
        document_release(&d);
    }
    configs_release(&c);
    free(text);
    return 0;
}

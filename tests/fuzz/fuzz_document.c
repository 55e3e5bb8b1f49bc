/*
 * A target file of any bytes: it is refused, or it reads; what is read and written reads as the same again,
 * in both formats.
 */
#include <stdlib.h>

#include "apisix/document.h"

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
        check(str_eq(a->others.items[i].name, b->others.items[i].name));
}

static void round_trip(const struct document *d, enum document_format f)
{
    struct document again, third;
    struct buf once, twice;
    buf_init(&once, BUF_MAX_FILE);
    buf_init(&twice, BUF_MAX_FILE);
    document_render(d, f, &once);
    check(document_parse(&again, f, once.p, once.len, "default") == NULL);
    check_same(d, &again);
    document_render(&again, f, &twice);
    check(document_parse(&third, f, twice.p, twice.len, "default") == NULL);
    check_same(d, &third);
    document_release(&third);
    document_release(&again);
    buf_free(&twice);
    buf_free(&once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    enum document_format f = data[0] == '{' ? DOCUMENT_JSON : DOCUMENT_YAML;
    char *text = xstrndup((const char *)data, size);
    struct document d;
    if (strlen(text) == size && !document_parse(&d, f, text, size, "default")) {
        round_trip(&d, f);
        if (f == DOCUMENT_YAML)
            round_trip(&d, DOCUMENT_JSON);
        document_release(&d);
    }
    free(text);
    return 0;
}

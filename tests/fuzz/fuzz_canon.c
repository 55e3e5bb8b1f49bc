/* Any bytes: what the fast way to canonical JSON takes, comes out as the slow way has it. */
#include <stdlib.h>

#include "json/canon.h"
#include "json/jx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *why;
    struct buf fast, slow;
    char *text = xstrndup((const char *)data, size);
    size_t n = strlen(text);
    buf_init(&fast, BUF_MAX_OUTPUT);
    buf_init(&slow, BUF_MAX_OUTPUT);
    buf_adds(&fast, "before");
    bool is_plain = canon_text(&fast, text, n);
    jv v = jx_parse(text, n, &why);
    if (is_plain) {
        if (why)
            abort();
        jx_dump_sorted(&slow, v);
        if (!str_eq(fast.p + strlen("before"), slow.p))
            abort();
    } else if (!str_eq(fast.p, "before")) {
        abort();
    }
    jb_free(v);
    buf_free(&fast);
    buf_free(&slow);
    free(text);
    return 0;
}

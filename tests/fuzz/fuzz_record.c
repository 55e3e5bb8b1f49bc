/*
 * fuzz_record: a line that is a record comes out byte for byte, and with a member added is a record again
 * that has all it had before.
 */
#include <stdlib.h>

#include "rec/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_fine)
{
    if (!is_fine)
        abort();
}

static void read_again(const struct rec *r, const struct buf *b)
{
    struct rec again;
    check(rec_parse(&again, b->p, b->len - 1, 1) == NULL);
    check(jx_equal(rec_get(&again, "status"), rec_get(r, "status")));
    check(again.type == r->type && jx_equal(again.object, r->object));
    rec_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = xmalloc(size + 1);
    memcpy(line, data, size);
    line[size] = '\0';
    struct rec r;
    /* A NUL or a newline inside cannot come from the reader of lines. */
    if (!memchr(line, '\n', size) && !rec_parse(&r, line, size, 1)) {
        struct buf b;
        buf_init(&b, BUF_MAX_OUTPUT);
        check(rec_emit(&r, &b) && b.len == size + 1 && memcmp(b.p, line, size) == 0);
        struct findings fs;
        findings_init(&fs);
        findings_addf(&fs, F_RULE, "spec", "a finding");
        rec_put(&r, "status", jb_int(1));
        rec_add_findings(&r, &fs, false);
        buf_reset(&b);
        check(rec_emit(&r, &b));
        read_again(&r, &b);
        findings_release(&fs);
        buf_free(&b);
        rec_release(&r);
    }
    free(line);
    return 0;
}

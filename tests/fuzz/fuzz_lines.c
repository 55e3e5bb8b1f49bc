/* LINES NUL PATH NUL OBJECT: no string of lines, and no path, makes lines_find() or lines_adapt() stumble. */
#include <stdlib.h>

#include "rec/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf text, adapted;
    const char *why;
    buf_init(&text, BUF_MAX_SCRATCH);
    buf_init(&adapted, BUF_MAX_SCRATCH);
    buf_add(&text, data, size);
    const char *end = text.p + text.len, *lines = text.p, *path = lines + strlen(lines) + 1;
    const char *json = path <= end ? path + strlen(path) + 1 : end + 1;
    jv object = json <= end ? jx_parse(json, (size_t)(end - json), &why) : JX_NONE, other = jb_obj();
    if (!jx_is_none(object)) {
        int line = lines_find(lines, 1, object, path);
        lines_adapt(&adapted, lines, 1, object, other);
        if (line < 0 || lines_find(adapted.p, 1, other, "") != lines_find(lines, 1, object, ""))
            abort();
    }
    jb_free(object);
    jb_free(other);
    buf_free(&text);
    buf_free(&adapted);
    return 0;
}

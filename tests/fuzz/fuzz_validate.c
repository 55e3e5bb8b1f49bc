/*
 * fuzz_validate: a JSON object as a record, validated in both channels. Findings must be well formed, a valid
 * object must still be valid when it is filled in, and nothing may be left to fill in then.
 */
#include <stdlib.h>

#include "gw/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_findings(const struct findings *fs)
{
    if (jx_len(fs->list) > FINDINGS_MAX || (fs->errors > 0 && jx_len(fs->list) == 0))
        abort();
    for (int i = 0; i < jx_len(fs->list); i++)
        if (!jx_getstr(jx_at(fs->list, i), "id") || !*jx_getstr_or(jx_at(fs->list, i), "message", ""))
            abort();
}

static enum verdict judge(const struct rec *r, bool is_standard)
{
    struct findings fs;
    findings_init(&fs);
    enum verdict v = validate(&(struct validate_options){.is_standard = is_standard}, r, &fs);
    check_findings(&fs);
    if ((v == VERDICT_INVALID) != (fs.errors > 0))
        abort();
    findings_release(&fs);
    return v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf line;
    struct rec r;
    if (size > 64 << 10)
        return 0;
    buf_init(&line, BUF_MAX_LINE);
    buf_adds(&line, "{\"type\":\"ADDED\",\"object\":");
    buf_add(&line, data, size);
    buf_addc(&line, '}');
    if (!rec_parse(&r, line.p, line.len, 1) && r.type == REC_UPSERT) {
        judge(&r, true);
        enum verdict v = judge(&r, false);
        jv filled = validate_fill(&r); /* also of what is not valid: it must not abort */
        if ((v == VERDICT_VALID && !jx_is_none(filled)) || (v == VERDICT_INCOMPLETE && jx_is_none(filled)))
            abort();
        if (v == VERDICT_INCOMPLETE) {
            rec_set_object(&r, filled);
            if (judge(&r, false) != VERDICT_VALID)
                abort();
        } else {
            jb_free(filled);
        }
        rec_release(&r);
    }
    buf_free(&line);
    return 0;
}

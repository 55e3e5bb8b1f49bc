#include "rec/finding.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"

static const struct finding_kind kinds[] = {
#define FINDING(ID, NAME, SEVERITY, MEANING) [ID] = {NAME, SEVERITY, MEANING},
#include "rec/findings.def"
#undef FINDING
};

const struct finding_kind *finding_kind(enum finding_id id)
{
    return &kinds[id];
}

const char *severity_name(enum severity s)
{
    return s == SEV_ERROR ? "error" : s == SEV_WARNING ? "warning" : "info";
}

void findings_init(struct findings *fs)
{
    *fs = (struct findings){.list = jb_arr()};
}

void findings_release(struct findings *fs)
{
    jb_free(fs->list);
    *fs = (struct findings){.list = JX_NONE};
}

static jv condition_json(const struct finding_condition *c)
{
    jv o = jb_obj();
    jb_put_str(&o, "type", c->type);
    jb_put_str(&o, "status", c->status);
    jb_put_str(&o, "reason", c->reason);
    return o;
}

void findings_add(struct findings *fs, const struct finding *f)
{
    const struct finding_kind *kind = finding_kind(f->id);
    if (kind->severity == SEV_ERROR)
        fs->errors++;
    if (jx_len(fs->list) >= FINDINGS_MAX) {
        fs->dropped++;
        return;
    }
    jv o = jb_obj();
    jb_put_str(&o, "id", kind->name);
    jb_put_str(&o, "severity", severity_name(kind->severity));
    jb_put_str(&o, "message", f->message);
    jb_put_str(&o, "by", diag_tool());
    jb_put_str(&o, "path", f->path);
    if (f->line > 0)
        jb_put_int(&o, "line", f->line);
    if (f->condition)
        jb_put(&o, "condition", condition_json(f->condition));
    jb_add(&fs->list, o);
}

void findings_addf(struct findings *fs, enum finding_id id, const char *path, const char *fmt, ...)
{
    char *message;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&message, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    findings_add(fs, &(struct finding){.id = id, .path = path, .message = message});
    free(message);
}

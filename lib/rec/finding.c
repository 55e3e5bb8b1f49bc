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
    static const char *const names[] = {"error", "warning", "info", "off"};
    return names[s];
}

enum finding_id finding_by_name(const char *name)
{
    size_t i = 0;
    while (i < N_FINDING_IDS && !str_eq(kinds[i].name, name))
        i++;
    return (enum finding_id)i;
}

enum severity severity_by_name(const char *name)
{
    size_t i = 0;
    while (i < N_SEVERITIES && !str_eq(severity_name((enum severity)i), name))
        i++;
    return (enum severity)i;
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
    enum severity severity = fs->severities ? fs->severities[f->id] : kind->severity;
    if (severity == SEV_OFF)
        return;
    fs->errors += severity == SEV_ERROR;
    if (jx_len(fs->list) >= FINDINGS_MAX) {
        fs->dropped++;
        return;
    }
    jv o = jb_obj();
    jb_put_str(&o, "id", kind->name);
    jb_put_str(&o, "severity", severity_name(severity));
    jb_put_str(&o, "message", f->message);
    jb_put_str(&o, "by", diag_tool());
    jb_put_str(&o, "path", f->path);
    if (f->line > 0)
        jb_put_int(&o, "line", f->line);
    if (f->condition)
        jb_put(&o, "condition", condition_json(f->condition));
    jb_add(&fs->list, o);
}

void findings_recondition(struct findings *fs, const char *from, const struct finding_condition *to)
{
    for (int i = 0; i < jx_len(fs->list); i++) {
        jv f = jx_at(fs->list, i);
        if (!str_same(jx_getstr(jx_get(f, "condition"), "type"), from))
            continue;
        jv changed = jb_copy(f);
        jb_put(&changed, "condition", condition_json(to));
        jb_set(&fs->list, i, changed);
    }
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

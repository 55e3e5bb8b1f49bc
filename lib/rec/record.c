#include "rec/record.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "rec/lines.h"

static enum rec_type type_of(const char *type)
{
    if (str_eq(type, "ADDED") || str_eq(type, "MODIFIED"))
        return REC_UPSERT;
    if (str_eq(type, "DELETED"))
        return REC_DELETED;
    if (str_eq(type, "SYNC"))
        return REC_SYNC;
    return REC_OTHER;
}

static const char *ident_of(struct ident *id, jv object)
{
    const char *api = jx_getstr(object, "apiVersion");
    jv meta = jx_get(object, "metadata");
    id->kind = jx_getstr(object, "kind");
    id->name = jx_getstr(meta, "name");
    id->ns = jx_getstr_or(meta, "namespace", "");
    if (!api || !*api)
        return "object.apiVersion is missing or not a string";
    if (!id->kind || !*id->kind)
        return "object.kind is missing or not a string";
    if (!id->name || !*id->name)
        return "object.metadata.name is missing or not a string";
    const char *slash = strchr(api, '/');
    size_t group_len = slash ? (size_t)(slash - api) : 0;
    if (group_len >= sizeof id->group)
        return "object.apiVersion has a group longer than 253 characters";
    memcpy(id->group, api, group_len);
    id->group[group_len] = '\0';
    id->version = slash ? slash + 1 : api;
    return NULL;
}

static const char *fill(struct rec *r)
{
    const char *type = jx_getstr(r->root, "type");
    if (!jx_is_obj(r->root))
        return "is not a JSON object";
    if (!type)
        return "has no \"type\" (a watch event is expected: {\"type\":\"ADDED\",\"object\":{...}})";
    r->type = type_of(type);
    r->full = r->type == REC_SYNC && jx_true(jx_get(r->root, "full"));
    if (r->type == REC_SYNC || r->type == REC_OTHER)
        return NULL;
    r->object = jx_get(r->root, "object");
    if (!jx_is_obj(r->object))
        return "has no \"object\"";
    return ident_of(&r->id, r->object);
}

const char *rec_parse(struct rec *r, const char *line, size_t len, size_t lineno)
{
    const char *why;
    *r = (struct rec){.line = line, .len = len, .lineno = lineno, .object = JX_NONE};
    r->root = jx_parse(line, len, &why);
    if (!why)
        why = fill(r);
    if (why)
        rec_release(r);
    return why;
}

void rec_new(struct rec *r, const char *type, jv owned_object)
{
    *r = (struct rec){.line = "", .object = JX_NONE, .rewrite = true, .root = jb_obj()};
    jb_put_str(&r->root, "type", type);
    jb_put(&r->root, "object", owned_object);
    fill(r);
}

void rec_release(struct rec *r)
{
    for (int i = 0; i < r->n_added; i++)
        jb_free(r->added[i].value);
    jb_free(r->root);
    *r = (struct rec){.root = JX_NONE, .object = JX_NONE};
}

jv rec_get(const struct rec *r, const char *name)
{
    for (int i = 0; i < r->n_added; i++)
        if (str_eq(r->added[i].name, name))
            return r->added[i].value;
    return jx_get(r->root, name);
}

void rec_put(struct rec *r, const char *name, jv owned)
{
    for (int i = 0; i < r->n_added; i++) {
        if (str_eq(r->added[i].name, name)) {
            jb_free(r->added[i].value);
            r->added[i].value = owned;
            return;
        }
    }
    bool is_there = !jx_is_none(jx_get(r->root, name));
    if (is_there || r->rewrite || r->n_added == REC_MAX_ADDED) {
        jb_put(&r->root, name, owned);
        r->rewrite = true;
        return;
    }
    r->added[r->n_added].name = name;
    r->added[r->n_added++].value = owned;
}

void rec_drop(struct rec *r, const char *name)
{
    if (jx_is_none(jx_get(r->root, name)))
        return;
    jb_del(&r->root, name);
    r->rewrite = true;
}

jv rec_identity(const struct rec *r)
{
    static const char *const members[] = {"name", "namespace", "uid", "generation", "creationTimestamp"};
    jv o = jb_obj(), meta = jb_obj(), from = jx_get(r->object, "metadata");
    for (size_t i = 0; i < N_ELEMS(members); i++)
        if (!jx_is_none(jx_get(from, members[i])))
            jb_put(&meta, members[i], jb_copy(jx_get(from, members[i])));
    jb_put_str(&o, "apiVersion", jx_getstr(r->object, "apiVersion"));
    jb_put_str(&o, "kind", jx_getstr(r->object, "kind"));
    jb_put(&o, "metadata", meta);
    return o;
}

void rec_emit_held(const struct rec *r, struct buf *b)
{
    jv whole = jb_obj();
    jb_put_str(&whole, "type", "MODIFIED");
    jb_put(&whole, "object", rec_identity(r));
    jb_put_bool(&whole, "held", true);
    jx_dump(b, whole);
    buf_addc(b, '\n');
    jb_free(whole);
}

void rec_set_object(struct rec *r, jv owned_object)
{
    jb_put(&r->root, "object", owned_object);
    r->object = jx_get(r->root, "object");
    r->rewrite = true;
    ident_of(&r->id, r->object);
}

static void tell_finding(const struct rec *r, jv f)
{
    char where[512], title[600];
    const char *severity = jx_getstr_or(f, "severity", "error"), *path = jx_getstr(f, "path");
    enum diag_level level = str_eq(severity, "error")     ? DIAG_ERROR
                            : str_eq(severity, "warning") ? DIAG_WARNING
                                                          : DIAG_INFO;
    rec_title(r, title, sizeof title);
    diag(level, rec_where(r, (int)jx_getint_or(f, "line", 0), where, sizeof where), jx_getstr(f, "id"),
         "%s: %s%s%s", title, path ? path : "", path ? ": " : "", jx_getstr_or(f, "message", ""));
}

/* The finding with the source line of its field, where the record can tell it. */
static jv located(const struct rec *r, jv finding)
{
    jv source = rec_get(r, "source");
    const char *lines = jx_getstr(source, "lines"), *path = jx_getstr(finding, "path");
    int first = (int)jx_getint_or(source, "line", 0);
    jv f = jb_copy(finding);
    if (first == 0 || !jx_is_none(jx_get(finding, "line")))
        return f;
    int line = lines ? lines_find(lines, first, r->object, path ? path : "") : 0;
    jb_put_int(&f, "line", line > 0 ? line : first);
    return f;
}

void rec_tell(const struct rec *r, jv findings)
{
    for (int i = 0; i < jx_len(findings); i++) {
        jv f = located(r, jx_at(findings, i));
        tell_finding(r, f);
        jb_free(f);
    }
}

static jv truncation_notice(int n)
{
    jv o = jb_obj();
    jb_put_str(&o, "id", finding_kind(F_TOO_MANY)->name);
    jb_put_str(&o, "severity", severity_name(finding_kind(F_TOO_MANY)->severity));
    jb_put(&o, "message", jb_strf("%d more findings on this object are not shown", n));
    jb_put_str(&o, "by", diag_tool());
    return o;
}

void rec_add_findings(struct rec *r, const struct findings *fs, bool tell)
{
    int n = jx_len(fs->list), dropped = fs->dropped;
    if (n == 0)
        return;
    jv before = rec_get(r, "findings");
    jv all = jb_arr();
    for (int i = 0; i < jx_len(before); i++)
        jb_add(&all, jb_copy(jx_at(before, i)));
    for (int i = 0; i < n; i++) {
        if (jx_len(all) >= FINDINGS_MAX) {
            dropped++;
            continue;
        }
        jv f = located(r, jx_at(fs->list, i));
        if (tell)
            tell_finding(r, f);
        jb_add(&all, f);
    }
    if (dropped > 0)
        jb_add(&all, truncation_notice(dropped));
    rec_put(r, "findings", all);
}

bool rec_has_error(const struct rec *r)
{
    jv list = rec_get(r, "findings");
    for (int i = 0; i < jx_len(list); i++) {
        const char *severity = jx_getstr(jx_at(list, i), "severity");
        if (severity && str_eq(severity, "error"))
            return true;
    }
    return false;
}

const char *rec_where(const struct rec *r, int line, char *room, size_t n)
{
    jv source = rec_get(r, "source");
    const char *file = jx_getstr(source, "file");
    if (!file && r->lineno == 0)
        return NULL;
    if (!file)
        snprintf(room, n, "stdin:%zu", r->lineno);
    else
        snprintf(room, n, "%s:%d", file, line > 0 ? line : (int)jx_getint_or(source, "line", 1));
    return room;
}

const char *rec_title(const struct rec *r, char *room, size_t n)
{
    const struct ident *id = &r->id;
    snprintf(room, n, "%s %s%s%s", id->kind ? id->kind : "record", id->ns ? id->ns : "",
             id->ns && *id->ns ? "/" : "", id->name ? id->name : "");
    return room;
}

static bool emit_anew(const struct rec *r, struct buf *b)
{
    jv whole = jb_copy(r->root);
    for (int i = 0; i < r->n_added; i++)
        jb_put(&whole, r->added[i].name, jb_copy(r->added[i].value));
    jx_dump(b, whole);
    buf_addc(b, '\n');
    jb_free(whole);
    return !b->overflow;
}

bool rec_emit(const struct rec *r, struct buf *b)
{
    if (r->rewrite)
        return emit_anew(r, b);
    size_t n = r->len;
    if (r->n_added > 0) /* reopen the object: rec_parse saw that the last byte but white space is '}' */
        while (n > 0 && r->line[n - 1] != '}')
            n--;
    buf_add(b, r->line, r->n_added > 0 && n > 0 ? n - 1 : n);
    for (int i = 0; i < r->n_added; i++) {
        buf_addf(b, ",\"%s\":", r->added[i].name);
        jx_dump(b, r->added[i].value);
    }
    if (r->n_added > 0)
        buf_addc(b, '}');
    buf_addc(b, '\n');
    return !b->overflow;
}

bool is_plane_name(const char *s, size_t n)
{
    return n > 0 && n <= PLANE_NAME_MAX && strspn(s, PLANE_NAME_CHARS) >= n;
}

char *plane_of_gateway(const char *s, size_t n)
{
    const char *slash = memchr(s, '/', n);
    if (!slash || slash == s || slash == s + n - 1)
        return NULL;
    char *plane = xstrndup(s, n);
    plane[slash - s] = '.';
    if (is_plane_name(plane, n))
        return plane;
    free(plane);
    return NULL;
}

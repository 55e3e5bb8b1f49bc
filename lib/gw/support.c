#include "gw/support.h"

#include <fnmatch.h>

#include "base/buf.h"

static const struct row {
    const char *kind, *path, *value, *words;
} rows[] = {
#define SUPPORT(kind, path, value, level, feature, words) {kind, path, value, words},
#include "gw/support.def"
#undef SUPPORT
};

enum { MEMBER_MAX = 40 }; /* of the paths in the table */

/* The rows from `first` on are for one path: the first that fits what is there is told. */
static void judge(const struct row *first, jv v, const char *path, struct findings *fs)
{
    const char *text = jx_str(v);
    for (const struct row *r = first; r < rows + N_ELEMS(rows); r++) {
        if (!str_eq(r->kind, first->kind) || !str_eq(r->path, first->path))
            return;
        if (r->value && !(text && fnmatch(r->value, text, 0) == 0))
            continue;
        findings_add(fs, &(struct finding){.id = F_TARGET_LIMIT, .path = path, .message = r->words});
        return;
    }
}

/* What `rest` ("member", "list[].member") leads to from v, which is at `path`. */
static void follow(const struct row *r, jv v, const char *rest, struct buf *path, struct findings *fs)
{
    char member[MEMBER_MAX];
    size_t n = strcspn(rest, ".["), len = path->len;
    if (n >= sizeof member || jx_is_null(v) || jx_is_none(v))
        return;
    if (*rest == '\0') {
        if (!jx_is_arr(v) || jx_len(v) > 0)
            judge(r, v, path->p, fs);
    } else if (has_prefix(rest, "[]")) {
        for (int i = 0; i < jx_len(v) && !jx_is_none(jx_at(v, i)); i++) {
            buf_addf(path, "[%d]", i);
            follow(r, jx_at(v, i), rest + 2, path, fs);
            path->p[path->len = len] = '\0';
        }
    } else if (*rest == '.') {
        buf_addc(path, '.');
        follow(r, v, rest + 1, path, fs);
    } else {
        memcpy(member, rest, n);
        member[n] = '\0';
        buf_addf(path, "%s", member);
        follow(r, jx_get(v, member), rest + n, path, fs);
    }
    path->p[path->len = len] = '\0';
}

static bool is_first_of_path(const struct row *r)
{
    return r == rows || !str_eq(r->kind, r[-1].kind) || !str_eq(r->path, r[-1].path);
}

void support_check(const char *kind, jv object, struct findings *fs)
{
    struct buf path;
    buf_init(&path, BUF_MAX_SCRATCH);
    for (const struct row *r = rows; r < rows + N_ELEMS(rows); r++)
        if (str_eq(r->kind, kind) && is_first_of_path(r))
            follow(r, object, r->path, &path, fs);
    buf_free(&path);
}

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

enum {
    MEMBER_MAX = 40, /* of the paths in the table */
    LISTS_MAX = 4,   /* in one path */
};

/* Where the walk is: in which items of lists. A path is only written when there is something to say. */
struct place {
    int items[LISTS_MAX];
    int depth;
    struct findings *findings;
};

static void tell(const struct place *at, const struct row *row)
{
    struct buf path;
    const char *p = row->path;
    buf_init(&path, BUF_MAX_SCRATCH);
    for (int i = 0; i < at->depth; i++) {
        size_t n = strcspn(p, "[");
        buf_add(&path, p, n);
        buf_addf(&path, "[%d]", at->items[i]);
        p += n + 2;
    }
    buf_adds(&path, p);
    findings_add(at->findings,
                 &(struct finding){.id = F_TARGET_LIMIT, .path = path.p, .message = row->words});
    buf_free(&path);
}

/* Of the rows [r, end), all for one path, the first that fits what is there is told. */
static void judge(const struct place *at, const struct row *r, const struct row *end, jv v)
{
    const char *text = jx_str(v);
    if (jx_is_arr(v) && jx_len(v) == 0)
        return;
    for (; r < end; r++) {
        if (r->value && !(text && fnmatch(r->value, text, 0) == 0))
            continue;
        tell(at, r);
        return;
    }
}

/* The length of the first step of a path: ".member", "member" or "[]". */
static size_t step(const char *path)
{
    return *path == '[' ? 2 : strcspn(path + (*path == '.'), ".[") + (*path == '.');
}

static void walk(struct place *at, const struct row *r, const struct row *end, size_t done, jv v);

/* The rows [r, end) take the same step, of n bytes, from v on. */
static void take(struct place *at, const struct row *r, const struct row *end, size_t done, size_t n, jv v)
{
    char member[MEMBER_MAX];
    const char *from = r->path + done;
    if (n == 0) {
        judge(at, r, end, v);
    } else if (*from == '[' && at->depth < LISTS_MAX) {
        int *item = &at->items[at->depth++];
        for (*item = 0; jx_is_arr(v) && *item < jx_len(v); ++*item)
            walk(at, r, end, done + n, jx_at(v, *item));
        at->depth--;
    } else if (n < sizeof member) {
        size_t dot = *from == '.';
        memcpy(member, from + dot, n - dot);
        member[n - dot] = '\0';
        walk(at, r, end, done + n, jx_get(v, member));
    }
}

/* The rows [r, end) agree in the first `done` bytes of their paths, which lead to v. Steps that several have
   in common, which stand together, are taken once. */
static void walk(struct place *at, const struct row *r, const struct row *end, size_t done, jv v)
{
    if (jx_is_none(v) || jx_is_null(v))
        return;
    for (const struct row *next; r < end; r = next) {
        size_t n = step(r->path + done);
        for (next = r + 1; next < end && step(next->path + done) == n; next++)
            if (memcmp(next->path + done, r->path + done, n) != 0)
                break;
        take(at, r, next, done, n, v);
    }
}

void support_check(const char *kind, jv object, struct findings *fs)
{
    const struct row *r = rows, *all = rows + N_ELEMS(rows), *end;
    while (r < all && !str_eq(r->kind, kind))
        r++;
    for (end = r; end < all && str_eq(end->kind, kind); end++)
        ;
    walk(&(struct place){.findings = fs}, r, end, 0, object);
}

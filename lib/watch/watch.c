#include "watch/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/proc.h"
#include "rec/finding.h"

enum {
    READ_SIZE = 128 << 10,
    FRESH_S = 2, /* coarser than the time stamps of any file system in use */
};

/* ---- records ---- */

static void add_source(struct buf *out, const struct word *w)
{
    buf_adds(out, ",\"source\":{\"file\":");
    jx_dump_str(out, w->source->path, strlen(w->source->path));
    buf_addf(out, ",\"document\":%d,\"line\":%d,\"lines\":\"%s\"}", w->document, w->line, w->lines);
}

static void add_duplicate(struct buf *out, const struct word *w, const struct word *other)
{
    char where[600];
    struct findings fs;
    findings_init(&fs);
    findings_addf(&fs, F_DUPLICATE_OBJECT, NULL,
                  "defined in %.200s:%d and again in %.200s:%d; the later one counts", other->source->path,
                  other->line, w->source->path, w->line);
    snprintf(where, sizeof where, "%s:%d", w->source->path, w->line);
    diag(DIAG_WARNING, where, finding_kind(F_DUPLICATE_OBJECT)->name, "%s: %s", w->object->title,
         jx_getstr(jx_at(fs.list, 0), "message"));
    buf_adds(out, ",\"findings\":");
    jx_dump(out, fs.list);
    findings_release(&fs);
}

static void tell(struct watch *w, const char *type, const struct text *json, const struct word *word,
                 const struct word *other)
{
    buf_reset(&w->out);
    buf_addf(&w->out, "{\"type\":\"%s\",\"object\":", type);
    buf_add(&w->out, json->bytes, json->n);
    if (word)
        add_source(&w->out, word);
    if (word && other)
        add_duplicate(&w->out, word, other);
    buf_adds(&w->out, "}\n");
    out_write(w->out.p, w->out.len);
    w->n_told++;
}

static void tell_word(struct watch *w, const char *type, const struct word *word, const struct word *other)
{
    struct known *o = word->object;
    tell(w, type, word->json, word, other);
    text_drop(o->told);
    o->told = text_ref(word->json);
}

/* The SYNC's member, until all could be read once: of what there may be more than was told. Owned. */
static char *unread_member(const struct watch *w)
{
    struct kinds all = {0};
    struct buf b;
    if (w->is_complete)
        return xstrdup("");
    buf_init(&b, BUF_MAX_SCRATCH);
    for (size_t i = 0; i < w->n; i++)
        if (w->items[i]->is_broken)
            kinds_add_all(&all, &w->items[i]->lost);
    if (w->tree.unreadable.n > 0)
        kinds_add_any(&all);
    buf_adds(&b, all.is_any ? "" : ",\"unread\":[");
    for (size_t i = 0; i < all.n && !all.is_any; i++)
        buf_addf(&b, "%s\"%s\"", i ? "," : "", all.items[i]);
    buf_adds(&b, all.is_any ? "" : "]");
    kinds_free(&all);
    char *text = xstrdup(b.len ? b.p : "");
    buf_free(&b);
    return text;
}

static void tell_sync(struct watch *w, bool is_full)
{
    free(w->unread);
    w->unread = unread_member(w);
    buf_reset(&w->out);
    buf_addf(&w->out, "{\"type\":\"SYNC\"%s%s}\n", is_full ? ",\"full\":true" : "", w->unread);
    out_write(w->out.p, w->out.len);
}

/* A file may be broken in another way than it was. */
static bool has_other_unread(const struct watch *w)
{
    char *now = unread_member(w);
    bool is_other = !str_same(now, w->unread);
    free(now);
    return is_other;
}

/* ---- reading one file ---- */

struct reading {
    struct watch *watch;
    struct source *source;
    bool tells;       /* at once, as a listing does, rather than after all was compared */
    const char *said; /* the errors at the reading before, which are not told again; NULL: none */
};

static bool must_stop(const struct watch *w)
{
    return w->stop && *w->stop;
}

static void on_object(const struct manifest_object *m, void *ctx)
{
    struct reading *r = ctx;
    struct known *o = ledger_object(&r->watch->ledger, m->key, m->title);
    struct word *word = source_add(r->source, o, m);
    if (!r->tells || must_stop(r->watch))
        return;
    tell_word(r->watch, o->last ? "MODIFIED" : "ADDED", word, o->last);
    o->last = word;
    if (r->watch->is_follower)
        return;
    /* Nobody will ask again; where it stands is all that a duplicate needs. */
    text_drop(o->told);
    text_drop(word->json);
    free(word->lines);
    o->told = word->json = NULL;
    word->lines = NULL;
}

enum { ERRORS_MOST = 64 << 10 }; /* bytes that are remembered */

/* A file that was changed a moment ago is read several times. */
static bool is_new_error(struct reading *r, const char *where, const char *message)
{
    struct source *s = r->source;
    char *line = xasprintf("\n%s %s\n", where, message);
    bool is_new = !r->said || !strstr(r->said, line);
    if (!s->errors || strlen(s->errors) < ERRORS_MOST) {
        char *all = xasprintf("%s%s", s->errors ? s->errors : "", s->errors ? line + 1 : line);
        free(s->errors);
        s->errors = all;
    }
    free(line);
    return is_new;
}

static void on_error(const struct yaml_error *e, void *ctx)
{
    struct reading *r = ctx;
    char where[600];
    if (e->column > 0)
        snprintf(where, sizeof where, "%s:%u:%u", r->source->path, e->line, e->column);
    else
        snprintf(where, sizeof where, "%s:%u", r->source->path, e->line);
    if (is_new_error(r, where, e->message))
        diag(DIAG_ERROR, where, NULL, "%s", e->message);
    r->source->is_broken = true;
    r->watch->code = worse(r->watch->code, EXIT_FINDINGS);
}

static void on_lost(const struct kinds *k, void *ctx)
{
    struct reading *r = ctx;
    kinds_add_all(&r->source->lost, k);
}

static void cannot_read(struct watch *w, struct source *s)
{
    diag(DIAG_ERROR, s->path, NULL, "cannot be read: %s", strerror(errno));
    s->is_broken = true;
    kinds_add_any(&s->lost);
    w->code = worse(w->code, EXIT_ENV);
}

static void read_all(struct watch *w, struct source *s, int fd, bool tells, const char *said)
{
    struct reading r = {w, s, tells, said};
    struct manifest_sink sink = {on_object, on_error, on_lost, &r};
    struct manifest m;
    ssize_t n = 1;
    buf_reset(&w->room);
    buf_reserve(&w->room, READ_SIZE);
    manifest_open(&m, &sink);
    while (n != 0 && !must_stop(w)) {
        n = read(fd, w->room.p, READ_SIZE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            cannot_read(w, s);
            break;
        }
        manifest_feed(&m, w->room.p, (size_t)n);
    }
    manifest_close(&m);
}

static void read_source(struct watch *w, struct source *s, bool tells, const char *said)
{
    struct timespec now;
    int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        cannot_read(w, s);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    if (fstat(fd, &s->stat) == 0)
        s->is_fresh = s->stat.st_ctim.tv_sec + FRESH_S >= now.tv_sec;
    read_all(w, s, fd, tells, said);
    close(fd);
}

/* ---- all files ---- */

static void push(struct watch *w, struct source *s)
{
    VEC_GROW(w);
    w->items[w->n++] = s;
}

static bool has_stdin(const struct watch *w)
{
    for (size_t i = 0; i < w->n_operands; i++)
        if (str_eq(w->operands[i], "-"))
            return true;
    return false;
}

static void scan(struct watch *w)
{
    struct tree before = w->tree;
    const char **paths = xcalloc(w->n_operands, sizeof *paths);
    size_t n = 0;
    for (size_t i = 0; i < w->n_operands; i++)
        if (!str_eq(w->operands[i], "-"))
            paths[n++] = w->operands[i];
    tree_scan(&w->tree, &before, w->inotify, paths, n);
    tree_free(&before);
    free(paths);
    if (w->tree.unreadable.n > 0)
        w->code = worse(w->code, EXIT_ENV);
}

static bool is_whole(const struct watch *w)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->items[i]->is_broken)
            return false;
    return w->tree.unreadable.n == 0;
}

int watch_list(struct watch *w)
{
    scan(w);
    for (size_t i = 0; i < w->tree.n && !must_stop(w); i++) {
        struct source *s = source_new(w->tree.items[i].path, &w->tree.items[i].stat);
        push(w, s);
        read_source(w, s, true, NULL);
    }
    if (has_stdin(w) && !must_stop(w)) {
        struct source *s = source_new("stdin", &(struct stat){0});
        push(w, s);
        read_all(w, s, STDIN_FILENO, true, NULL);
    }
    if (must_stop(w))
        return w->code;
    w->is_complete = is_whole(w);
    if (!w->is_complete)
        diag(DIAG_ERROR, NULL, NULL,
             "not everything could be read; the SYNC is not full, so nothing is deleted for being absent");
    tell_sync(w, w->is_complete);
    w->n_told = 0;
    return w->code;
}

static struct source *find_source(const struct watch *w, const char *path)
{
    size_t from = 0, to = w->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        int order = strcmp(w->items[mid]->path, path);
        if (order == 0)
            return w->items[mid];
        if (order < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return NULL;
}

/* A pipe gives its text once. */
static bool is_unchanged(const struct source *s, const struct tree_file *f)
{
    return !S_ISREG(f->stat.st_mode) || (!s->is_fresh && tree_same_stat(&s->stat, &f->stat));
}

static struct source *read_again(struct watch *w, struct source *before, const struct tree_file *f)
{
    struct source *s = source_new(f->path, &f->stat);
    bool is_same = before && tree_same_stat(&before->stat, &f->stat);
    read_source(w, s, false, is_same ? before->errors : NULL);
    if (before && (s->is_broken || w->is_restless))
        source_keep(s, before);
    s->is_fresh |= w->is_restless;
    return s;
}

static int by_path(const void *a, const void *b)
{
    return strcmp((*(struct source *const *)a)->path, (*(struct source *const *)b)->path);
}

/* What becomes of a source that is not in the tree any more, or was read again. */
static void retire(struct watch *w, struct source *s, bool is_listed)
{
    if (!is_listed && (w->is_restless || tree_may_hide(&w->tree, s->path)))
        push(w, s);
    else
        source_free(s);
}

/* The sources as the tree is now, in its order; those of files that are gone, but not surely, stay. */
static void refresh(struct watch *w)
{
    struct watch old = *w;
    size_t n = w->tree.n;
    w->items = NULL;
    w->n = w->cap = 0;
    for (size_t i = 0; i < n; i++) {
        const struct tree_file *f = &w->tree.items[i];
        struct source *s = find_source(&old, f->path);
        push(w, s && is_unchanged(s, f) ? s : read_again(w, s, f));
    }
    for (size_t i = 0, k = 0; i < old.n; i++) {
        struct source *s = old.items[i];
        while (k < n && strcmp(w->tree.items[k].path, s->path) < 0)
            k++;
        bool is_listed = k < n && str_eq(w->tree.items[k].path, s->path);
        if (!is_listed || w->items[k] != s)
            retire(w, s, is_listed);
    }
    if (w->n > n)
        qsort(w->items, w->n, sizeof *w->items, by_path);
    free(old.items);
}

static bool is_told(const struct word *word)
{
    const struct text *told = word->object->told;
    return told && told->n == word->json->n && memcmp(told->bytes, word->json->bytes, told->n) == 0;
}

static void tell_differences(struct watch *w, bool tells_all)
{
    for (size_t i = 0; i < w->n; i++)
        for (size_t k = 0; k < w->items[i]->n; k++) {
            const struct word *word = w->items[i]->items[k];
            struct known *o = word->object;
            if (o->last == word && (tells_all || !is_told(word)))
                tell_word(w, o->told && !tells_all ? "MODIFIED" : "ADDED", word, o->other);
        }
    for (size_t i = 0; i < w->ledger.n; i++) {
        struct known *o = w->ledger.items[i];
        if (o->last || !o->told)
            continue;
        tell(w, "DELETED", o->told, NULL, NULL);
        text_drop(o->told);
        o->told = NULL;
    }
}

void watch_pass(struct watch *w)
{
    scan(w);
    refresh(w);
    if (must_stop(w))
        return;
    ledger_settle(&w->ledger, w->items, w->n);
    bool is_listing = !w->is_complete && !w->is_restless && is_whole(w);
    w->is_complete |= is_listing;
    tell_differences(w, is_listing);
    ledger_sweep(&w->ledger);
    if (w->n_told > 0 || is_listing || has_other_unread(w))
        tell_sync(w, is_listing);
    w->n_told = 0;
}

void watch_init(struct watch *w, const char *const *operands, size_t n_operands)
{
    *w = (struct watch){.operands = operands, .n_operands = n_operands, .inotify = -1};
    ledger_init(&w->ledger);
    buf_init(&w->out, BUF_MAX_OUTPUT);
    buf_init(&w->room, READ_SIZE);
}

void watch_free(struct watch *w)
{
    for (size_t i = 0; i < w->n; i++)
        source_free(w->items[i]);
    free(w->items);
    ledger_free(&w->ledger);
    tree_free(&w->tree);
    free(w->unread);
    buf_free(&w->out);
    buf_free(&w->room);
    if (w->inotify >= 0)
        close(w->inotify);
}

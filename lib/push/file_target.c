/*
 * file:PATH, the standalone configuration that APISIX reads from a file, and file:-, the same document on
 * stdout. The whole document is one write.
 */
#include <stdlib.h>

#include "base/diag.h"
#include "base/proc.h"
#include "net/safe_file.h"
#include "push/target.h"

struct file_target {
    struct target base;
    const char *path; /* NULL: stdout */
    enum document_format format;
    bool force;
    struct safe_file file;
    struct file_stamp stamp; /* of what `live` was read from or written as */
    bool has_stamp;
};

static int fail(const struct file_target *f, int code, const char *why)
{
    diag(DIAG_ERROR, NULL, NULL, "%s: %s; nothing was written", f->base.name, why);
    return code;
}

static void mark(struct plan *p, enum op_state state)
{
    for (size_t i = 0; i < p->ops.n; i++)
        if (p->ops.items[i].state == OP_PLANNED)
            p->ops.items[i].state = state;
}

/* ---- reading ---- */

static int unreadable(struct file_target *f, const char *why)
{
    if (!f->force) {
        diag(DIAG_ERROR, NULL, NULL,
             "%s: what is there cannot be used: it %s; nothing was written (--force writes over it)",
             f->base.name, why);
        return EXIT_FINDINGS;
    }
    diag(DIAG_WARNING, NULL, NULL, "%s: what is there cannot be used: it %s; it is written over",
         f->base.name, why);
    f->base.is_blank = true;
    return EXIT_OK;
}

static int read_document(struct file_target *f)
{
    struct buf text;
    buf_init(&text, BUF_MAX_FILE);
    const char *why = safe_file_read(&f->file, &text);
    int code = why ? fail(f, EXIT_ENV, why) : EXIT_OK;
    if (!why) {
        f->base.is_blank = text.len == 0;
        why = document_parse(&f->base.live, f->format, text.p, text.len, f->base.instance);
        code = why ? unreadable(f, why) : EXIT_OK;
    }
    buf_free(&text);
    return code;
}

static int file_read(struct target *t)
{
    struct file_target *f = (struct file_target *)t;
    struct file_stamp now;
    const char *why = safe_file_open(&f->file, f->path);
    if (!why)
        why = safe_file_stamp(&f->file, &now);
    if (why)
        return fail(f, EXIT_ENV, why);
    if (f->has_stamp && file_stamp_equal(&now, &f->stamp))
        return EXIT_OK;
    document_release(&t->live);
    f->has_stamp = false;
    t->is_blank = !now.exists;
    int code = now.exists ? read_document(f) : EXIT_OK;
    f->stamp = now;
    f->has_stamp = code == EXIT_OK;
    return code;
}

/* ---- writing ---- */

static const char *render(struct file_target *f, const struct plan *p, struct document *next,
                          struct buf *text)
{
    for (size_t i = 0; i < f->base.live.items.n; i++)
        items_add(&next->items, item_ref(f->base.live.items.items[i]));
    plan_carry_out(p, &next->items);
    next->others.items = f->base.live.others.items; /* lent */
    next->others.n = f->base.live.others.n;
    document_render(next, f->format, text);
    return text->overflow ? "the document would be larger than 512 MiB" : NULL;
}

static void become_live(struct file_target *f, struct document *next)
{
    items_release(&f->base.live.items);
    f->base.live.items = next->items;
    f->base.is_blank = false;
}

static int put(struct file_target *f, const struct buf *text)
{
    if (!f->path) {
        out_write(text->p, text->len);
        return EXIT_OK;
    }
    const char *why = safe_file_replace(&f->file, text->p, text->len, &f->stamp);
    f->has_stamp = !why;
    return why ? fail(f, EXIT_ENV, why) : EXIT_OK;
}

static int file_carry_out(struct target *t, struct plan *p)
{
    struct file_target *f = (struct file_target *)t;
    struct document next = {0};
    struct buf text;
    buf_init(&text, BUF_MAX_FILE);
    const char *why = render(f, p, &next, &text);
    int code = why ? fail(f, EXIT_FINDINGS, why) : put(f, &text);
    if (code == EXIT_OK)
        become_live(f, &next);
    else
        items_release(&next.items);
    mark(p, code == EXIT_OK ? OP_DONE : OP_FAILED);
    buf_free(&text);
    return code;
}

/* To see that nobody has changed it costs next to nothing. */
static bool file_is_due(struct target *t, bool was_refused)
{
    (void)t;
    return !was_refused;
}

static void file_rest(struct target *t)
{
    safe_file_close(&((struct file_target *)t)->file);
}

static void file_release(struct target *t)
{
    file_rest(t);
}

/* On stdout the document of before is all there ever is. */
static int stdout_read(struct target *t)
{
    (void)t;
    return EXIT_OK;
}

static const struct target_class file_class = {.is_due = file_is_due,
                                               .read = file_read,
                                               .carry_out = file_carry_out,
                                               .rest = file_rest,
                                               .release = file_release};
static const struct target_class stdout_class = {
    .read = stdout_read, .carry_out = file_carry_out, .release = file_release};

/* ---- by name ---- */

static const char *format_of(const char *path, const char *given)
{
    if (given)
        return given;
    if (str_eq(path, "-") || has_suffix(path, ".yaml") || has_suffix(path, ".yml"))
        return "yaml";
    return has_suffix(path, ".json") ? "json" : NULL;
}

struct target *file_target_new(const char *path, const struct target_settings *s, char **why)
{
    const char *format = format_of(path, s->format);
    if (!*path)
        *why = xstrdup("names no file");
    else if (!format)
        *why = xstrdup("ends in none of .yaml, .yml, .json: say which with --format");
    if (!*path || !format)
        return NULL;
    struct file_target *f = xcalloc(1, sizeof *f);
    bool is_stdout = str_eq(path, "-");
    f->base.class = is_stdout ? &stdout_class : &file_class;
    f->base.takes_stdout = f->base.is_blank = is_stdout;
    f->base.options.replaces_env_refs = true;
    f->path = is_stdout ? NULL : path;
    f->format = str_eq(format, "yaml") ? DOCUMENT_YAML : DOCUMENT_JSON;
    f->force = s->force;
    f->file.dir = -1;
    return &f->base;
}

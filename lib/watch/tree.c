#include "watch/tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/diag.h"

static void watch(struct tree *t, const char *path)
{
    const uint32_t mask = IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                          IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
    if (t->inotify >= 0 && inotify_add_watch(t->inotify, path, mask) < 0 && errno != ENOENT)
        t->is_blind = true;
}

static void watch_parent(struct tree *t, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *parent = !slash ? xstrdup(".") : xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
    watch(t, parent);
    free(parent);
}

/* Where a link to nothing leads; owned. */
static char *link_target(const char *path)
{
    char text[4096];
    ssize_t n = readlink(path, text, sizeof text);
    const char *slash = strrchr(path, '/');
    if (n <= 0 || n == sizeof text)
        return NULL;
    int dir = *text == '/' || !slash ? 0 : (int)(slash + 1 - path);
    return xasprintf("%.*s%.*s", dir, path, (int)n, text);
}

static bool is_link(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* A link is replaced where it is, its target where that is. */
static void watch_link(struct tree *t, const char *path)
{
    char *real = is_link(path) ? realpath(path, NULL) : NULL;
    if (!real)
        real = link_target(path);
    if (real)
        watch_parent(t, real);
    free(real);
}

/* Reported once, not at every scan. */
static void cannot_read(struct tree *t, const char *path, const char *what_is_hidden)
{
    bool is_known = false;
    for (size_t i = 0; t->before && i < t->before->unreadable.n; i++)
        is_known |= str_eq(t->before->unreadable.items[i], what_is_hidden);
    if (!is_known)
        diag(DIAG_ERROR, path, NULL, "cannot be read: %s", strerror(errno));
    VEC_GROW(&t->unreadable);
    t->unreadable.items[t->unreadable.n++] = xstrdup(what_is_hidden);
}

/* A file that was named and is gone is gone; a directory may be one that is not mounted. */
static void cannot_read_operand(struct tree *t, const char *path)
{
    int error = errno;
    char *below = xasprintf("%s%s", path, error == ENOENT ? "/" : "");
    errno = error;
    cannot_read(t, path, below);
    free(below);
}

static void add_file(struct tree *t, const char *path, const struct stat *st)
{
    if (t->inotify >= 0)
        watch_link(t, path);
    VEC_GROW(t);
    t->items[t->n++] = (struct tree_file){xstrdup(path), *st};
}

bool tree_is_manifest(const char *name)
{
    return has_suffix(name, ".yaml") || has_suffix(name, ".yml") || has_suffix(name, ".json");
}

static bool was_searched(struct tree *t, const char *path, const struct stat *st)
{
    for (size_t i = 0; i < t->dirs.n; i++)
        if (t->dirs.items[i].dev == st->st_dev && t->dirs.items[i].inode == st->st_ino)
            return true;
    VEC_GROW(&t->dirs);
    t->dirs.items[t->dirs.n++] = (struct tree_dir){xstrdup(path), st->st_dev, st->st_ino};
    return false;
}

static void search(struct tree *t, const char *path, const struct stat *st, int level);

static void add_entry(struct tree *t, const char *dir, const char *name, int level)
{
    struct stat st;
    char *path = xasprintf("%s%s%s", dir, has_suffix(dir, "/") ? "" : "/", name);
    if (stat(path, &st) < 0) {
        int error = errno;
        /* gone since; or a link to nothing, which a manifest may have been behind */
        bool is_gone = error == ENOENT || error == ELOOP;
        if (!is_gone || (tree_is_manifest(name) && is_link(path))) {
            if (t->inotify >= 0)
                watch_link(t, path);
            errno = error;
            cannot_read(t, path, path);
        }
    } else if (S_ISDIR(st.st_mode)) {
        search(t, path, &st, level + 1);
    } else if (S_ISREG(st.st_mode) && tree_is_manifest(name)) {
        add_file(t, path, &st);
    }
    free(path);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

static void search(struct tree *t, const char *path, const struct stat *st, int level)
{
    struct dirent **entries;
    if (level > TREE_MAX_LEVELS || was_searched(t, path, st))
        return;
    watch(t, path);
    int n = scandir(path, &entries, is_visible, by_bytes);
    if (n < 0) {
        if (errno != ENOENT || level == 0)
            cannot_read(t, path, path);
        return;
    }
    for (int i = 0; i < n; i++) {
        add_entry(t, path, entries[i]->d_name, level);
        free(entries[i]);
    }
    free(entries);
}

static void add_operand(struct tree *t, const char *path)
{
    struct stat st;
    if (t->inotify >= 0)
        watch_parent(t, path);
    if (stat(path, &st) < 0)
        cannot_read_operand(t, path);
    else if (S_ISDIR(st.st_mode))
        search(t, path, &st, 0);
    else
        add_file(t, path, &st);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct tree_file *)a)->path, ((const struct tree_file *)b)->path);
}

static void sort(struct tree *t)
{
    size_t n = 0;
    if (t->n > 1)
        qsort(t->items, t->n, sizeof *t->items, by_path);
    for (size_t i = 0; i < t->n; i++) {
        if (n > 0 && str_eq(t->items[n - 1].path, t->items[i].path))
            free(t->items[i].path);
        else
            t->items[n++] = t->items[i];
    }
    t->n = n;
}

void tree_scan(struct tree *t, const struct tree *before, int inotify, const char *const *operands, size_t n)
{
    *t = (struct tree){.inotify = inotify, .before = before};
    for (size_t i = 0; i < n; i++)
        add_operand(t, operands[i]);
    sort(t);
    t->before = NULL;
}

void tree_free(struct tree *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->items[i].path);
    for (size_t i = 0; i < t->dirs.n; i++)
        free(t->dirs.items[i].path);
    for (size_t i = 0; i < t->unreadable.n; i++)
        free(t->unreadable.items[i]);
    free(t->items);
    free(t->dirs.items);
    free(t->unreadable.items);
    *t = (struct tree){0};
}

bool tree_may_hide(const struct tree *t, const char *path)
{
    for (size_t i = 0; i < t->unreadable.n; i++) {
        const char *u = t->unreadable.items[i];
        size_t n = strlen(u);
        if (strncmp(path, u, n) == 0 && (path[n] == '/' || !path[n] || (n > 0 && u[n - 1] == '/')))
            return true;
    }
    return false;
}

bool tree_same_stat(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mode == b->st_mode && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

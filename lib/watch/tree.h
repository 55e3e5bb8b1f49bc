/*
 * tree: the manifest files that the operands of gw-watch name.
 *
 * An operand is a file, whatever its name, or a directory, searched recursively for .yaml, .yml and .json
 * files that are not hidden. Symbolic links are followed, each directory is searched once. With an inotify
 * descriptor, watches are set before anything is looked at: what changes later is announced.
 */
#ifndef GW_TREE_H
#define GW_TREE_H

#include <sys/stat.h>

#include "base/base.h"

struct tree_file {
    char *path;
    struct stat stat;
};

struct tree_dir {
    char *path;
    dev_t dev;
    ino_t inode;
};

struct tree {
    const struct tree *before; /* during a scan */
    int inotify;               /* -1: none */
    bool is_blind;             /* something could not be watched */
    struct tree_file *items;   /* in byte order of path, each once */
    size_t n, cap;
    struct {
        struct tree_dir *items;
        size_t n, cap;
    } dirs; /* that were searched */
    struct {
        char **items;
        size_t n, cap;
    } unreadable; /* operands and directories; each was reported */
};

enum { TREE_MAX_LEVELS = 32 };

/* `before`: the scan before this one, or NULL; what it could not read either is not reported again. */
void tree_scan(struct tree *t, const struct tree *before, int inotify, const char *const *operands, size_t n);
void tree_free(struct tree *t);

/* Whether the path is below one that could not be read: that it is not listed says nothing then. */
bool tree_may_hide(const struct tree *t, const char *path);

/* Whether the contents are surely those of before: nothing of the status differs. */
bool tree_same_stat(const struct stat *a, const struct stat *b);

/* Whether a file of this name is one, in a directory. */
bool tree_is_manifest(const char *name);

#endif

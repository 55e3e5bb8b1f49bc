#include "push/target.h"

#include <stdlib.h>

#include "push/admin_url.h"

#define STANDALONE "standalone:"

static const struct {
    const char *prefix;
    struct target *(*make)(const char *rest, const struct target_settings *s, char **why);
} classes[] = {
    {"admin:", admin_target_new},
    {"file:", file_target_new},
    {STANDALONE, standalone_target_new},
};

char *target_next_name(const char *name, const char **rest)
{
    const char *from = *rest;
    if (!from)
        return NULL;
    if (!has_prefix(name, STANDALONE)) {
        *rest = NULL;
        return xstrdup(name);
    }
    from += from == name ? strlen(STANDALONE) : 0;
    size_t n = strcspn(from, ",");
    *rest = from[n] ? from + n + 1 : NULL;
    return xasprintf(STANDALONE "%.*s", (int)n, from);
}

struct target *target_new(const char *name, const struct target_settings *s, char **why)
{
    for (size_t i = 0; i < N_ELEMS(classes); i++) {
        if (!has_prefix(name, classes[i].prefix))
            continue;
        struct target *t = classes[i].make(name + strlen(classes[i].prefix), s, why);
        if (t) {
            t->name = name;
            t->address = target_address(name);
            t->plane = "";
            t->instance = s->instance;
        }
        return t;
    }
    *why = xstrdup("is no target; file:PATH, admin:URL or standalone:URL is expected");
    return NULL;
}

/* Of a file that is not there yet: that of its directory. */
static char *path_address(const char *path)
{
    char *whole = realpath(path, NULL);
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (whole || str_eq(path, "-"))
        return whole ? whole : xstrdup(path);
    char *above = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup("."),
         *dir = realpath(above, NULL);
    whole = dir ? xasprintf("%s/%s", dir, name) : xstrdup(path);
    free(above);
    free(dir);
    return whole;
}

char *target_address(const char *name)
{
    const char *rest = strchr(name, ':');
    rest = rest ? rest + 1 : name;
    char *address = has_prefix(name, "file:") ? path_address(rest) : url_address(rest);
    return address ? address : xstrdup(rest);
}

char *target_title(const char *name)
{
    const char *host = strstr(name, "://");
    if (!host)
        return xstrdup(name);
    host += strlen("://");
    size_t authority = strcspn(host, "/?#"), shown = strcspn(host, "?#");
    const char *at = memrchr(host, '@', authority);
    return xasprintf("%.*s%s%.*s%s", (int)(host - name), name, at ? "...@" : "",
                     (int)(host + shown - (at ? at + 1 : host)), at ? at + 1 : host,
                     host[shown] ? "?..." : "");
}

char *target_complaint(const char *name, const char *what)
{
    char *title = target_title(name);
    char *text = xasprintf("\"%s\" %s", title, what);
    free(title);
    return text;
}

void target_note_loss(struct target *t, const struct items *held)
{
    struct items lost = {0};
    for (size_t i = 0; i < held->n; i++)
        items_add(&lost, item_ref(held->items[i]));
    items_release(&t->lost);
    t->lost = lost;
}

void target_free(struct target *t)
{
    if (!t)
        return;
    free(t->address);
    document_release(&t->live);
    items_release(&t->lost);
    t->class->release(t);
    free(t);
}

#include "push/target.h"

#include <stdlib.h>

static const struct {
    const char *prefix;
    struct target *(*make)(const char *rest, const struct target_settings *s, char **why);
} classes[] = {
    {"admin:", admin_target_new},
    {"file:", file_target_new},
};

struct target *target_new(const char *name, const struct target_settings *s, char **why)
{
    for (size_t i = 0; i < N_ELEMS(classes); i++) {
        if (!has_prefix(name, classes[i].prefix))
            continue;
        struct target *t = classes[i].make(name + strlen(classes[i].prefix), s, why);
        if (t) {
            t->name = name;
            t->instance = s->instance;
        }
        return t;
    }
    *why = xstrdup("expected file:PATH or admin:URL");
    return NULL;
}

void target_free(struct target *t)
{
    if (!t)
        return;
    document_release(&t->live);
    t->class->release(t);
    free(t);
}

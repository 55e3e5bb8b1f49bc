#include "push/aims.h"

#include <stdint.h>
#include <stdlib.h>

/* "--to: " and so on; takes `text`. */
static char *about(const char *option, char *text)
{
    char *whole = xasprintf("%s: %s", option, text);
    free(text);
    return whole;
}

static char *add(struct aims *a, char *owned_name, const char *plane, size_t plane_len,
                 const struct target_settings *s)
{
    char *why = NULL, *address = target_address(owned_name);
    for (size_t i = 0; i < a->n && !why; i++)
        if (str_eq(address, a->targets[i]->address))
            why = str_eq(owned_name, a->names[i]) ? xstrdup("is given twice")
                                                  : target_complaint(a->names[i], "is the same target");
    free(address);
    struct target *t = why ? NULL : target_new(owned_name, s, &why);
    if (!t) {
        char *text = about("--to", target_complaint(owned_name, why));
        free(why);
        free(owned_name);
        return text;
    }
    if (a->n == a->cap) {
        a->cap = a->cap ? 2 * a->cap : 4;
        a->targets = xreallocarray(a->targets, a->cap, sizeof(struct target *));
        a->served = xreallocarray(a->served, a->cap, sizeof(struct served *));
        a->names = xreallocarray(a->names, a->cap, sizeof(char *));
        a->planes = xreallocarray(a->planes, a->cap, sizeof(char *));
    }
    a->targets[a->n] = t;
    a->served[a->n] = NULL;
    a->planes[a->n] = plane_len > 0 ? xstrndup(plane, plane_len) : NULL;
    if (plane_len > 0)
        t->plane = a->planes[a->n];
    a->names[a->n++] = owned_name;
    return NULL;
}

/* The URLs of the --control options between two places on the command line; owned, and so are the texts. */
static struct opt_list urls_between(const struct opt_list *controls, size_t from, size_t to)
{
    struct opt_list urls = {0};
    for (size_t i = 0; i < controls->n; i++) {
        const char *p = controls->places[i] > from && controls->places[i] < to ? controls->items[i] : NULL;
        while (p) {
            VEC_GROW(&urls);
            urls.items[urls.n++] = xstrndup(p, strcspn(p, ","));
            p = strchr(p, ',');
            p = p ? p + 1 : NULL;
        }
    }
    return urls;
}

static int wait_until_served(void *ctx, const struct plan *p, const struct items *all, int seconds,
                             const char *target)
{
    return served_wait(ctx, p, all, seconds, target);
}

static bool owes(const void *ctx, const char *owner)
{
    return served_owes(ctx, owner);
}

/* An instance of a standalone APISIX has one Control API; behind another target all are of its data plane. */
static char *add_controls(struct aims *a, size_t first, const struct opt_list *urls, const char *name,
                          const struct target_settings *s)
{
    size_t n = a->n - first;
    char *why = NULL;
    if (n > 1 && urls->n != n)
        return about("--control", target_complaint(name, "has several instances: expected one URL for each, "
                                                         "in their order"));
    for (size_t i = 0; i < n; i++) {
        struct target *t = a->targets[first + i];
        t->gateway.ctx = a->served[first + i] =
            served_new(urls->items + (n > 1 ? i : 0), n > 1 ? 1 : urls->n, &s->http, &why);
        if (why)
            return about("--control", why);
        t->gateway.wait = wait_until_served;
        t->gateway.owes = owes;
    }
    return NULL;
}

/* The length of PLANE in PLANE=TARGET; 0: there is none. A path may hold a '=', but not before its "file:".
 */
static size_t plane_length(const char *to)
{
    size_t n = strcspn(to, "=");
    return to[n] && is_plane_name(to, n) ? n : 0;
}

/* Keeps the order in which they were given. */
static void insert(struct opt_list *list, const char *text, size_t place)
{
    VEC_GROW(list);
    list->places = xreallocarray(list->places, list->cap, sizeof *list->places);
    size_t i = list->n++;
    for (; i > 0 && list->places[i - 1] > place; i--) {
        list->items[i] = list->items[i - 1];
        list->places[i] = list->places[i - 1];
    }
    list->items[i] = text;
    list->places[i] = place;
}

char *aims_take_gateways(struct opt_list *to, const struct opt_list *gateways)
{
    for (size_t i = 0; i < gateways->n; i++) {
        const char *text = gateways->items[i];
        size_t n = strcspn(text, "=");
        char *plane = text[n] && text[n + 1] ? plane_of_gateway(text, n) : NULL;
        if (!plane)
            return about("--gateway",
                         target_complaint(text, "is not NAMESPACE/NAME=TARGET, where NAMESPACE.NAME has at "
                                                "most 63 letters, digits, '.', '_' and '-'"));
        insert(to, xasprintf("%s=%s", plane, text + n + 1), gateways->places[i]);
        free(plane);
    }
    return NULL;
}

char *aims_add(struct aims *a, const struct opt_list *to, const struct opt_list *controls,
               const struct target_settings *s)
{
    char *why = NULL;
    if (to->n == 0)
        return xstrdup("--to is missing, or --gateway-proxies");
    for (size_t i = 0; i < controls->n; i++)
        if (controls->places[i] < to->places[0])
            return about("--control",
                         target_complaint(controls->items[i],
                                          "stands before any --to: expected behind the one that it is of"));
    for (size_t i = 0; i < to->n && !why; i++) {
        size_t first = a->n;
        size_t n = plane_length(to->items[i]);
        const char *name = to->items[i] + (n > 0 ? n + 1 : 0), *rest = name;
        for (char *one; !why && (one = target_next_name(name, &rest));)
            why = add(a, one, to->items[i], n, s);
        struct opt_list urls =
            urls_between(controls, to->places[i], i + 1 < to->n ? to->places[i + 1] : SIZE_MAX);
        if (!why && urls.n > 0)
            why = add_controls(a, first, &urls, name, s);
        for (size_t k = 0; k < urls.n; k++)
            free((char *)urls.items[k]);
        free(urls.items);
    }
    return why;
}

void aims_release(struct aims *a)
{
    for (size_t i = 0; i < a->n; i++) {
        target_free(a->targets[i]);
        served_free(a->served[i]);
        free(a->names[i]);
        free(a->planes[i]);
    }
    free(a->targets);
    free(a->served);
    free(a->names);
    free(a->planes);
}

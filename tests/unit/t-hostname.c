/* Hostname intersection, as the Gateway API describes it for listeners and routes. */
#include "gw/hostname.h"
#include "tap.h"

static const struct {
    const char *a, *b, *both; /* NULL: nothing in common; "" is any host */
} rows[] = {
    {"", "", ""},
    {"", "a.example.com", "a.example.com"},
    {"", "*.example.com", "*.example.com"},
    {"a.example.com", "a.example.com", "a.example.com"},
    {"a.example.com", "b.example.com", NULL},
    {"*.example.com", "a.example.com", "a.example.com"},
    {"*.example.com", "a.b.example.com", "a.b.example.com"},
    {"*.example.com", "example.com", NULL},
    {"*.example.com", "example.org", NULL},
    {"*.example.com", "xexample.com", NULL},
    {"*.example.com", "*.example.com", "*.example.com"},
    {"*.example.com", "*.b.example.com", "*.b.example.com"},
    {"*.a.example.com", "*.b.example.com", NULL},
    {"*.com", "*.example.com", "*.example.com"},
};

static const struct {
    const char *wildcard, *host;
    bool is_deep;
} deep[] = {
    {"*.example.com", "a.example.com", false},   {"*.example.com", "a.b.example.com", true},
    {"*.example.com", "*.b.example.com", false}, {"example.com", "a.b.example.com", false},
    {"*.example.com", "a.b.example.org", false},
};

int main(void)
{
    for (size_t i = 0; i < N_ELEMS(rows); i++) {
        char name[160];
        snprintf(name, sizeof name, "\"%s\" and \"%s\"", rows[i].a, rows[i].b);
        is_text(host_intersect(rows[i].a, rows[i].b), rows[i].both, name);
        snprintf(name, sizeof name, "\"%s\" and \"%s\"", rows[i].b, rows[i].a);
        is_text(host_intersect(rows[i].b, rows[i].a), rows[i].both, name);
    }
    for (size_t i = 0; i < N_ELEMS(deep); i++)
        ok(host_is_deep_under(deep[i].wildcard, deep[i].host) == deep[i].is_deep, "%s is %sdeep under %s",
           deep[i].host, deep[i].is_deep ? "" : "not ", deep[i].wildcard);
    return tap_done();
}

/* Of which kinds a broken text may have held objects. */
#include "watch/kinds.h"

#include <stdlib.h>

#include "base/buf.h"
#include "tap.h"

static const struct {
    const char *name, *text, *kinds;
} rows[] = {
    {"an object's own kind", "apiVersion: v1\nkind: Service\nspec: [\n", "Service"},
    {"the kinds of references are not lost", "kind: HTTPRoute\nspec:\n  parentRefs:\n  - kind: Gateway\n x\n",
     "HTTPRoute"},
    {"each document's", "kind: Service\n---\n# more\nkind: Secret # x\n", "Secret Service"},
    {"in quotes", "\"kind\": 'Service'\n", "Service"},
    {"a List: any", "kind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n- {kind: Service}\n", "any"},
    {"text behind the marker: any", "kind: Service\n--- !!map {kind: Secret\n", "any"},
    {"a comment behind the marker", "--- # one\nkind: Service\n", "Service"},
    {"a list of one kind", "kind: ServiceList\nitems: [\n", "Service ServiceList"},
    {"nothing", "# only\n\n---\n", ""},
    {"without a kind: any", "apiVersion: v1\nmetadata: [\n", "any"},
    {"one document without: any", "kind: Service\n---\nfoo: bar\n", "any"},
    {"a colon is missing: any", "kind Service\nspec:\n  kind: X\n", "any"},
    {"a List that shows none: any", "kind: List\nitems: [\n", "any"},
    {"a template: any", "kind: {{ .Values.kind }}\n", "any"},
    {"an open quote: any", "kind: \"Service\n", "any"},
    {"no value: any", "kind:\n", "any"},
    {"no name of a kind: any", "kind: service\n", "any"},
    {"JSON: any", "{\"kind\": \"Service\"\n", "any"},
    {"not at the margin: any", "  kind: Service\n", "any"},
    {"a list of objects: any", "- kind: Service\n", "any"},
};

static char *text_of(const struct kinds *k)
{
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_adds(&b, k->is_any ? "any" : "");
    for (size_t i = 0; i < k->n && !k->is_any; i++)
        buf_addf(&b, "%s%s", i ? " " : "", k->items[i]);
    char *text = xstrdup(b.len ? b.p : "");
    buf_free(&b);
    return text;
}

int main(void)
{
    for (size_t i = 0; i < N_ELEMS(rows); i++) {
        struct kinds k = {0};
        kinds_add_text(&k, rows[i].text, strlen(rows[i].text));
        char *got = text_of(&k);
        is_text(got, rows[i].kinds, rows[i].name);
        free(got);
        kinds_free(&k);
    }
    struct kinds many = {0};
    for (int i = 0; i <= KINDS_MOST; i++) {
        char name[20];
        kinds_add(&many, name, (size_t)snprintf(name, sizeof name, "K%d", i));
    }
    ok(many.is_any && many.n <= KINDS_MOST + 1, "very many kinds are any");
    kinds_free(&many);
    return tap_done();
}

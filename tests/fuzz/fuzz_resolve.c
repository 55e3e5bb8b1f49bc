/*
 * fuzz_resolve: records, one a line, through resolve and translate in this process. Every record that
 * comes out must parse, and saying everything twice must end where saying it once does.
 */
#include <stdlib.h>

#include "apisix/translate.h"
#include "gw/resolve.h"
#include "json/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    struct digest all;
    size_t n;
};

static void emit(const char *line, size_t len, void *ctx)
{
    struct outcome *o = ctx;
    struct findings fs;
    struct rec r;
    struct translate_options options = {.instance = "default", .internal_port = 19080};
    if (rec_parse(&r, line, len, 0))
        abort();
    findings_init(&fs);
    jv set = JX_NONE, planes = JX_NONE;
    if (!jx_true(rec_get(&r, "held")))
        translate(&options, &r, &fs, &set, &planes);
    struct digest d = digest_json(set), of_planes = digest_json(planes);
    for (size_t i = 0; i < sizeof d.bytes; i++) /* a sum: the order of emission is another test */
        o->all.bytes[i] = (unsigned char)(o->all.bytes[i] + d.bytes[i] + of_planes.bytes[i]);
    o->n++;
    jb_free(set);
    jb_free(planes);
    findings_release(&fs);
    rec_release(&r);
}

static void tell(const struct rec *r, jv findings, void *ctx)
{
    (void)r, (void)findings, (void)ctx;
}

static void take_all(struct resolver *resolver, const char *p, const char *end)
{
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((lf ? lf : end) - p);
        char *line = xstrndup(p, n);
        struct rec r;
        if (!rec_parse(&r, line, strlen(line), 1)) {
            if (r.type == REC_UPSERT || r.type == REC_DELETED)
                resolver_take(resolver, &r);
            rec_release(&r);
        }
        free(line);
        p += n + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome first = {0}, second = {0};
    struct resolver *r = resolver_new(&(struct gateway_options){
        .controller_name = "gwpipe.dev/apisix", .now = 1767225600, .has_proxies = true});
    struct resolver_sink once = {emit, tell, &first}, twice = {emit, tell, &second};
    const char *p = (const char *)data;
    take_all(r, p, p + size);
    resolver_sync(r, true, JX_NONE, &once);
    take_all(r, p, p + size);
    resolver_sync(r, true, JX_NONE, &twice);
    resolver_free(r);
    if (memmem(p, size, "DELETED", 7) == NULL &&
        (first.n != second.n || !digest_equal(first.all, second.all)))
        abort();
    return 0;
}

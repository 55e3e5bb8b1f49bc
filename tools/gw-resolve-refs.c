/*
 * gw-resolve-refs: how do the objects fit together?
 *
 * Holds the world. At each SYNC it attaches routes to Gateways, checks grants, certificates and backends,
 * and emits the records whose answer differs from the last one, with `resolved` and `status` added.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/opt.h"
#include "base/proc.h"
#include "gw/format.h"
#include "gw/resolve.h"
#include "gw/world.h"
#include "rec/loop.h"

static struct gateway_options options = {.controller_name = "gwpipe.dev/apisix"};
static struct opt_list addresses; /* "[NS/NAME=]ADDRESS" */
static struct opt_list planes;    /* "NS/NAME=PLANE" */

static const struct opt opts[] = {
    {0, "controller-name", "NAME", OPT_TEXT, &options.controller_name,
     "serve GatewayClasses of this controller (gwpipe.dev/apisix)", NULL, 0, 0},
    {0, "gateway-address", "[NS/NAME=]ADDRESS", OPT_LIST, &addresses,
     "an address of the data plane, of that Gateway or of those that ask for none; repeatable", NULL, 0, 0},
    {0, "data-plane", "NS/NAME[=PLANE]", OPT_LIST, &planes,
     "that Gateway is served by the data plane of that name, for gw-push --to PLANE=TARGET; repeatable", NULL,
     0, 0},
    {0, "gateway-proxies", NULL, OPT_FLAG, &options.has_proxies,
     "GatewayProxies name data planes, for gw-push --gateway-proxies", NULL, 0, 0},
    {0, "share-hostnames", NULL, OPT_FLAG, &options.shares_hostnames,
     "serve HTTPRoutes and GRPCRoutes of one hostname; without it the older one has it", NULL, 0, 0},
};

static const struct opt_usage usage = {
    .tool = "gw-resolve-refs",
    .synopsis = "[--controller-name NAME] [--gateway-address [NS/NAME=]ADDRESS]... "
                "[--data-plane NS/NAME[=PLANE]]... [--gateway-proxies] [--share-hostnames] [-]",
    .purpose = "Resolve what Gateway API objects say of each other, record by record.",
    .opts = opts,
    .n_opts = N_ELEMS(opts),
};

struct run {
    struct resolver *resolver;
    int code;
    bool has_told_waiting;
};

/* rec_write() says so, and writes it as held. */
static void pass_on_held(struct run *run, const char *line, size_t len)
{
    struct rec r;
    if (rec_parse(&r, line, len, 0))
        return;
    run->code = worse(run->code, rec_write(&r));
    rec_release(&r);
}

static void emit(const char *line, size_t len, void *ctx)
{
    static struct buf out; /* one write a record */
    struct run *run = ctx;
    if (!out.p)
        buf_init(&out, BUF_MAX_OUTPUT);
    if (len > BUF_MAX_LINE) {
        pass_on_held(run, line, len);
        return;
    }
    buf_reset(&out);
    buf_add(&out, line, len);
    buf_addc(&out, '\n');
    out_write(out.p, out.len);
}

static void tell(const struct rec *r, jv findings, void *ctx)
{
    (void)ctx;
    rec_tell(r, findings);
}

static void pass_on(struct run *run, struct rec *r)
{
    if (r->type == REC_UPSERT && node_kind_is_gateway_api(&r->id)) {
        struct findings fs;
        findings_init(&fs);
        findings_addf(&fs, F_KIND_NOT_YET, NULL, "%s is not served yet; the record is passed on as it is",
                      r->id.kind);
        rec_add_findings(r, &fs, true);
        findings_release(&fs);
    }
    run->code = worse(run->code, rec_write(r));
}

/* What is spelt wrong shows only once all is there: then something would be left without a word. */
static void warn_of_names(const struct resolver *r)
{
    const char *class = resolver_foreign_class(r);
    if (class)
        diag(
            DIAG_WARNING, NULL, NULL,
            "no GatewayClass here has the controllerName \"%s\" (\"%s\" has another): nothing is served; see "
            "--controller-name",
            options.controller_name, class);
    for (size_t i = 0; i < options.n_planes; i++)
        if (!resolver_has_gateway(r, options.planes[i].gateway))
            diag(DIAG_WARNING, NULL, NULL, "--data-plane %s=%s: there is no Gateway %s",
                 options.planes[i].gateway, options.planes[i].plane, options.planes[i].gateway);
    for (size_t i = 0; i < options.n_addresses; i++)
        if (options.addresses[i].gateway && !resolver_has_gateway(r, options.addresses[i].gateway))
            diag(DIAG_WARNING, NULL, NULL, "--gateway-address %s=%s: there is no Gateway %s",
                 options.addresses[i].gateway, options.addresses[i].address, options.addresses[i].gateway);
}

/* Once, not of each object. */
static void tell_waiting(struct run *run)
{
    bool waits = resolver_waits(run->resolver);
    if (waits && !run->has_told_waiting)
        diag(DIAG_WARNING, NULL, NULL,
             "not every GatewayClass, Gateway, ListenerSet and GatewayProxy may have been read: all that is "
             "live "
             "stays as it is until a full SYNC");
    run->has_told_waiting = waits;
}

static void on_record(struct rec *r, void *ctx)
{
    struct run *run = ctx;
    struct resolver_sink sink = {emit, tell, run};
    switch (r->type) {
    case REC_SYNC:
        if (resolver_sync(run->resolver, r->full, rec_get(r, "unread"), &sink) > 0)
            run->code = worse(run->code, EXIT_FINDINGS);
        if (r->full)
            warn_of_names(run->resolver);
        tell_waiting(run);
        run->code = worse(run->code, rec_write(r));
        break;
    case REC_OTHER: run->code = worse(run->code, rec_write(r)); break;
    default:
        if (!resolver_take(run->resolver, r))
            pass_on(run, r);
    }
}

/* GW_NOW makes runs repeatable: certificates are judged as of that second. */
static int64_t now(void)
{
    const char *fixed = getenv("GW_NOW");
    if (!fixed || !*fixed)
        return (int64_t)time(NULL);
    char *end;
    errno = 0;
    int64_t seconds = strtoll(fixed, &end, 10);
    if (errno || *end)
        usage_error(&usage, "GW_NOW: \"%.40s\" is no number of seconds since 1970", fixed);
    return seconds;
}

static struct plane_address *read_addresses(void)
{
    struct plane_address *list = xcalloc(addresses.n, sizeof *list);
    for (size_t i = 0; i < addresses.n; i++) {
        char *text = xstrdup(addresses.items[i]), *equals = strchr(text, '=');
        if (equals)
            *equals = '\0';
        list[i] = (struct plane_address){equals ? text : NULL, equals ? equals + 1 : text};
        if (!is_ip_address(list[i].address))
            usage_error(&usage, "--gateway-address: \"%s\" is not an IP address, or NAMESPACE/NAME=ADDRESS",
                        addresses.items[i]);
        if (equals && !strchr(text, '/'))
            usage_error(&usage, "--gateway-address: \"%s\" names no Gateway as NAMESPACE/NAME", text);
    }
    return list; /* for the life of the program, as argv is */
}

/* Splits NS/NAME[=PLANE]; false when it is none. */
static bool read_plane(const char *text, struct plane_choice *choice)
{
    const char *equals = strchr(text, '='), *slash = strchr(text, '/');
    if (!slash || (equals && slash > equals))
        return false;
    choice->gateway = xstrndup(text, strcspn(text, "="));
    choice->plane = equals ? equals + 1 : plane_of_gateway(text, strlen(text));
    return choice->plane && is_plane_name(choice->plane, strlen(choice->plane));
}

static struct plane_choice *read_planes(void)
{
    struct plane_choice *list = xcalloc(planes.n, sizeof *list);
    for (size_t i = 0; i < planes.n; i++) {
        if (!read_plane(planes.items[i], &list[i]))
            usage_error(&usage,
                        "--data-plane: \"%s\" is not NAMESPACE/NAME[=PLANE], where PLANE (NAMESPACE.NAME "
                        "without one) "
                        "has at most %d letters, digits, '.', '_' and '-'",
                        planes.items[i], PLANE_NAME_MAX);
        for (size_t k = 0; k < i; k++)
            if (str_eq(list[k].gateway, list[i].gateway))
                usage_error(&usage, "--data-plane: %s is given twice", list[i].gateway);
    }
    return list; /* for the life of the program, as argv is */
}

int main(int argc, char **argv)
{
    proc_init(usage.tool);
    opt_parse(&usage, argc, argv);
    opt_expect_stdin(&usage, argc, argv);
    options.now = now();
    options.addresses = read_addresses();
    options.n_addresses = addresses.n;
    options.planes = read_planes();
    options.n_planes = planes.n;
    struct run run = {.resolver = resolver_new(&options)};
    int code = rec_loop(STDIN_FILENO, &(struct loop){.on_record = on_record, .ctx = &run});
    if (resolver_is_pending(run.resolver)) {
        diag(DIAG_ERROR, NULL, NULL,
             "the stream ended before a SYNC: the records after the last one are not used");
        code = worse(code, EXIT_STREAM);
    }
    resolver_free(run.resolver);
    return proc_finish(worse(code, run.code));
}

/*
 * gw-push: make it so.
 *
 * Waits for each SYNC, reads what is live at the target, and makes the smallest safe set of writes that
 * brings it to what the records' `apisix` members want.
 */
#include <unistd.h>

#include "apisix/owner.h"
#include "base/diag.h"
#include "base/opt.h"
#include "base/proc.h"
#include "push/aims.h"
#include "push/api_key.h"
#include "push/session.h"
#include "rec/loop.h"

static struct opt_list names, gateways, controls;
static const char *format;
static struct target_settings settings = {
    .patience = 10,
    .resync = 600,
    .http = {.concurrency = 16, .connect_timeout = 5, .timeout = 60},
};
static const char *key_file;
static bool takes_proxies;
static int max_document = 9, recheck = 10;
static struct push_options options = {.instance = DEFAULT_INSTANCE, .max_delete = 30};

static const struct opt opts[] = {
    {0, "to", "[PLANE=]TARGET", OPT_LIST, &names,
     "file:PATH (.yaml, .yml, .json), file:- for stdout, admin:URL, an Admin API, or standalone:URL", NULL, 0,
     0},
    {0, "gateway", "NS/NAME=TARGET", OPT_LIST, &gateways,
     "--to NS.NAME=TARGET: what gw-resolve-refs --data-plane NS/NAME sets apart", NULL, 0, 0},
    {0, "gateway-proxies", NULL, OPT_FLAG, &takes_proxies,
     "also to the control planes that GatewayProxies name, with the keys that they name", NULL, 0, 0},
    {0, "format", "FORMAT", OPT_ENUM, &format, "yaml or json, where the file's name does not tell (yaml)",
     "yaml|json", 0, 0},
    {0, "instance", "NAME", OPT_TEXT, &options.instance, "touch objects of this instance only (default)",
     NULL, 0, 0},
    {0, "max-delete", "PERCENT", OPT_INT, &options.max_delete,
     "refuse to delete a larger share of what is live, when it is 10 objects or more (30); 0: any", NULL, 0,
     100},
    {0, "force", NULL, OPT_FLAG, &options.force, "delete more than that; write over what cannot be read",
     NULL, 0, 0},
    {'n', "dry-run", NULL, OPT_FLAG, &options.dry_run, "print the operations as records, write nothing", NULL,
     0, 0},
    {0, "check", NULL, OPT_FLAG, &options.check, "ask the target first, and leave out what it would refuse",
     NULL, 0, 0},
    {0, "control", "URL", OPT_LIST, &controls,
     "the Control API of a gateway behind the --to before it, for --wait; repeatable, or URL,URL", NULL, 0,
     0},
    {0, "wait", "SECONDS", OPT_INT, &options.wait,
     "return from a SYNC once the gateway serves it, or after that time", NULL, 1, 3600},
    {0, "timing", NULL, OPT_FLAG, &options.timing, "tell in the records how long it took", NULL, 0, 0},
    {0, "metrics-file", "FILE", OPT_TEXT, &options.metrics_file,
     "write numbers for Prometheus there, after each SYNC", NULL, 0, 0},
    {0, "key-file", "FILE", OPT_TEXT, &key_file, "the API's key (else the environment's APISIX_ADMIN_KEY)",
     NULL, 0, 0},
    {0, "concurrency", "N", OPT_INT, &settings.http.concurrency, "requests in flight (16)", NULL, 1, 256},
    {0, "timeout", "SECONDS", OPT_INT, &settings.http.timeout, "for one request (60)", NULL, 1, 3600},
    {0, "retry-for", "SECONDS", OPT_INT, &settings.patience,
     "go on trying where there is no answer, a 429 or a 5xx (10)", NULL, 0, 3600},
    {0, "resync", "SECONDS", OPT_INT, &settings.resync,
     "read what an Admin API holds again when that was longer ago; 0: never for that (600)", NULL, 0, 86400},
    {0, "recheck", "SECONDS", OPT_INT, &recheck,
     "while nothing comes, look at targets that failed or may have lost what they hold; 0: never (10)", NULL,
     0, 86400},
    {0, "max-document", "MIB", OPT_INT, &max_document, "what a standalone APISIX can store (9)", NULL, 1,
     512},
    {0, "cacert", "FILE", OPT_TEXT, &settings.http.ca_file, "trust these CAs only (PEM)", NULL, 0, 0},
    {0, "cert", "FILE", OPT_TEXT, &settings.http.cert_file, "the certificate to show to the server (PEM)",
     NULL, 0, 0},
    {0, "key", "FILE", OPT_TEXT, &settings.http.key_file, "the private key of --cert (PEM)", NULL, 0, 0},
    {0, "insecure", NULL, OPT_FLAG, &settings.http.skip_verify, "do not verify the server's certificate",
     NULL, 0, 0},
};

static struct opt_usage usage = {
    .tool = "gw-push",
    .synopsis = "--to [PLANE=]TARGET [--to [PLANE=]TARGET]... [--gateway-proxies] [OPTION]... [-]",
    .purpose = "Write the APISIX objects of the records to APISIX, at each SYNC.",
    .opts = opts,
    .n_opts = N_ELEMS(opts),
};

enum { LIST_MOST = 128 << 20 }; /* bytes: 100,000 small routes */

static void read_settings(void)
{
    char *why;
    const char *problem = instance_problem(options.instance);
    if (problem)
        usage_error(&usage, "--instance: \"%s\" %s", options.instance, problem);
    settings.instance = options.instance;
    settings.format = format;
    settings.force = options.force;
    settings.max_document = (size_t)max_document << 20;
    /* A list of an Admin API may be as large; a document is spelt longer in an answer. */
    settings.http.max_response =
        settings.max_document < LIST_MOST / 4 ? LIST_MOST : 4 * settings.max_document;
    settings.api_key = api_key_read(key_file, &why);
    if (why)
        usage_error(&usage, "%s", why);
}

/* Who asks to wait does not want to learn from a warning that nobody did. */
static void expect_controls(const struct aims *a)
{
    if (controls.n > 0 && options.wait == 0)
        usage_error(&usage, "--control: nobody asks there without --wait SECONDS");
    for (size_t i = 0; i < a->n && options.wait > 0; i++)
        if (!a->served[i])
            usage_error(
                &usage, "--wait: %s",
                target_complaint(a->names[i], "has no --control: expected the Control APIs of its gateways"));
}

static void on_record(struct rec *r, void *ctx)
{
    session_take(ctx, r);
}

static void on_silence(void *ctx)
{
    session_look(ctx);
}

int main(int argc, char **argv)
{
    struct session session;
    proc_init(usage.tool);
    usage.libraries = http_library();
    if (isatty(STDERR_FILENO))
        diag_verbosity(DIAG_INFO);
    opt_parse(&usage, argc, argv);
    read_settings();
    struct aims aims = {0};
    char *why = aims_take_gateways(&names, &gateways);
    if (!why && (!takes_proxies || names.n > 0 || controls.n > 0))
        why = aims_add(&aims, &names, &controls, &settings);
    if (why)
        usage_error(&usage, "%s", why);
    expect_controls(&aims);
    opt_expect_stdin(&usage, argc, argv);
    session_init(&session, &options, aims.targets, aims.n, takes_proxies ? &settings : NULL);
    int code =
        rec_loop(STDIN_FILENO,
                 &(struct loop){
                     .on_record = on_record, .ctx = &session, .silence = recheck, .on_silence = on_silence});
    code = worse(code, session_finish(&session));
    aims_release(&aims);
    return proc_finish(code);
}

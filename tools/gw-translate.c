/*
 * gw-translate: what does APISIX need?
 *
 * A map from one record to one record: adds the `apisix` member, the complete set of APISIX objects that
 * the record's object owns, and, unless --full, reduces the rest to what gw-push needs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "apisix/config.h"
#include "apisix/owner.h"
#include "apisix/translate.h"
#include "base/diag.h"
#include "base/opt.h"
#include "base/proc.h"
#include "rec/loop.h"

static const char *instance = DEFAULT_INSTANCE;
static struct opt_list port_maps;
static bool is_full, no_lua, has_h2c, wants_config;
static int internal_port = 19080;

static const struct opt opts[] = {
    {0, "instance", "NAME", OPT_TEXT, &instance,
     "label of everything written, to tell pipelines apart (default)", NULL, 0, 0},
    {0, "port-map", "FROM:TO", OPT_LIST, &port_maps,
     "APISIX listens on TO for listeners on port FROM; repeatable", NULL, 0, 0},
    {0, "internal-port", "PORT", OPT_INT, &internal_port,
     "APISIX listens on 127.0.0.1:PORT for requests of its own; 0: it does not (19080)", NULL, 0, 65535},
    {0, "h2c", NULL, OPT_FLAG, &has_h2c,
     "APISIX has the location that --print-config then prints: backends may speak HTTP/2 without TLS", NULL,
     0, 0},
    {0, "no-lua", NULL, OPT_FLAG, &no_lua, "routes without Lua: what needs it is done roughly, or told", NULL,
     0, 0},
    {0, "print-config", NULL, OPT_FLAG, &wants_config,
     "print what APISIX's config.yaml must hold for these records, instead of records", NULL, 0, 0},
    {0, "full", NULL, OPT_FLAG, &is_full, "keep the whole object and `resolved` in the record", NULL, 0, 0},
};

static const struct opt_usage usage = {
    .tool = "gw-translate",
    .synopsis =
        "[--instance NAME] [--port-map FROM:TO]... [--internal-port PORT] [--h2c] [--no-lua] [--full] "
        "[--print-config] [-]",
    .purpose = "Translate resolved Gateway API records to APISIX objects, one by one.",
    .opts = opts,
    .n_opts = N_ELEMS(opts),
};

struct run {
    struct translate_options options;
    struct config config; /* with --print-config */
    int code;
};

static struct port_map *read_port_maps(void)
{
    struct port_map *maps = xcalloc(port_maps.n, sizeof *maps);
    for (size_t i = 0; i < port_maps.n; i++) {
        int from, to, end = 0;
        if (sscanf(port_maps.items[i], "%d:%d%n", &from, &to, &end) != 2 || port_maps.items[i][end] ||
            from < 1 || from > 65535 || to < 1 || to > 65535)
            usage_error(&usage, "--port-map: \"%s\" is not FROM:TO with ports from 1 to 65535",
                        port_maps.items[i]);
        for (size_t k = 0; k < i; k++)
            if (maps[k].from == from && maps[k].to != to)
                usage_error(&usage, "--port-map: port %d stands for %d already, and cannot for %d too", from,
                            maps[k].to, to);
        maps[i] = (struct port_map){from, to};
    }
    return maps;
}

static void translate_record(struct rec *r, struct run *run)
{
    struct findings fs;
    findings_init(&fs);
    jv set = JX_NONE, planes = JX_NONE;
    if (!jx_true(rec_get(r, "held")) && !translate(&run->options, r, &fs, &set, &planes))
        rec_put(r, "held", jb_bool(true));
    if (wants_config)
        config_take(&run->config, &run->options, r, set, planes);
    if (!jx_is_none(set))
        rec_put(r, "apisix", set);
    if (!jx_is_none(planes))
        rec_put(r, "planes", planes);
    else if (!jx_is_none(rec_get(r, "planes"))) /* of a stream that was translated before */
        rec_drop(r, "planes");
    if (fs.errors > 0)
        run->code = worse(run->code, EXIT_FINDINGS);
    rec_add_findings(r, &fs, true);
    findings_release(&fs);
    if (is_full)
        return;
    rec_drop(r, "resolved");
    rec_set_object(r, rec_identity(r));
}

static void on_record(struct rec *r, void *ctx)
{
    struct run *run = ctx;
    if (r->type == REC_UPSERT || r->type == REC_DELETED)
        translate_record(r, run);
    if (wants_config)
        return;
    run->code = worse(run->code, rec_write(r));
}

static void print_config(struct run *run)
{
    struct buf out;
    buf_init(&out, BUF_MAX_OUTPUT);
    config_print(&run->config, &run->options, &out);
    out_write(out.p, out.len);
    buf_free(&out);
}

int main(int argc, char **argv)
{
    proc_init(usage.tool);
    opt_parse(&usage, argc, argv);
    opt_expect_stdin(&usage, argc, argv);
    if (instance_problem(instance))
        usage_error(&usage, "--instance: \"%s\" %s", instance, instance_problem(instance));
    struct port_map *maps = read_port_maps();
    struct run run = {.options = {.instance = instance,
                                  .ports = maps,
                                  .n_ports = port_maps.n,
                                  .no_lua = no_lua,
                                  .has_h2c = has_h2c && !no_lua,
                                  .internal_port = internal_port}};
    config_init(&run.config);
    int code = rec_loop(STDIN_FILENO, &(struct loop){.on_record = on_record, .ctx = &run});
    if (wants_config)
        print_config(&run);
    config_release(&run.config);
    free(maps);
    return proc_finish(worse(code, run.code));
}

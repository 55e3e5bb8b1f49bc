#include "apisix/place.h"

#include <stdio.h>

#include "apisix/escape.h"

jv condition(const char *var, const char *op, const char *value)
{
    jv c = jb_arr();
    jb_add_str(&c, var);
    jb_add_str(&c, op);
    jb_add_str(&c, value ? value : "");
    return c;
}

static void add_one_of(jv *vars, const char *var, jv list, bool is_negated)
{
    jv c = jb_arr();
    if (jx_len(list) == 1) {
        jb_add(vars, condition(var, is_negated ? "~=" : "==", jx_str(jx_at(list, 0))));
        jb_free(c);
        return;
    }
    jb_add_str(&c, var);
    if (is_negated)
        jb_add_str(&c, "!");
    jb_add_str(&c, "in");
    jb_add(&c, jb_copy(list));
    jb_add(vars, c);
}

static void add_limit(const struct place *p, jv *vars)
{
    const char *limit = jx_getstr(p->says, "limit");
    bool has_port = p->wants_port || (limit && str_eq(limit, "port"));
    if (has_port)
        add_one_of(vars, "server_port", p->ports, false);
    else if (limit)
        jb_add(vars, condition("scheme", "==", p->is_https ? "https" : "http"));
    bool has_https_only = limit && p->is_https; /* the internal port speaks http */
    if (!has_port && !has_https_only && p->internal_port && jx_true(jx_get(p->says, "notInternal"))) {
        char port[16];
        snprintf(port, sizeof port, "%d", p->internal_port);
        jb_add(vars, condition("server_port", "~=", port));
    }
}

/* A wildcard stands for one label or more. Clients may write names in any case. */
static void add_name(struct buf *b, const char *hostname)
{
    if (has_prefix(hostname, "*.")) {
        buf_adds(b, ".+");
        hostname++;
    }
    regex_quote(b, hostname, strlen(hostname));
}

static void add_sni(jv sni, jv *vars)
{
    const char *in = jx_getstr(sni, "in");
    jv not_in = jx_get(sni, "notIn");
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    if (in) {
        buf_adds(&b, "^(?i:");
        add_name(&b, in);
        buf_adds(&b, ")$");
        jb_add(vars, condition("ssl_server_name", "~~", b.p));
    }
    if (jx_len(not_in) > 0) {
        jv c = jb_arr();
        buf_reset(&b);
        buf_adds(&b, "^(?i:");
        for (int i = 0; i < jx_len(not_in); i++) {
            buf_adds(&b, i ? "|" : "");
            add_name(&b, jx_str(jx_at(not_in, i)) ? jx_str(jx_at(not_in, i)) : "");
        }
        buf_adds(&b, ")$");
        jb_add_str(&c, "ssl_server_name");
        jb_add_str(&c, "!");
        jb_add_str(&c, "~~");
        jb_add_str(&c, b.p);
        jb_add(vars, c);
    }
    buf_free(&b);
}

void place_add_conditions(const struct place *p, jv *vars)
{
    jv addresses = jx_get(p->says, "addresses"), others = jx_get(p->says, "notAddresses"),
       sni = jx_get(p->says, "sni");
    if (jx_len(addresses) > 0)
        add_one_of(vars, "server_addr", addresses, false);
    if (jx_len(others) > 0)
        add_one_of(vars, "server_addr", others, true);
    add_limit(p, vars);
    if (jx_is_obj(sni) && !p->any_sni)
        add_sni(sni, vars);
}

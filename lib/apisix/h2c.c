#include "apisix/h2c.h"

#include "apisix/functions.h"
#include "apisix/lua.h"

bool h2c_is(jv resolved)
{
    return str_eq(jx_getstr_or(resolved, "appProtocol", ""), "kubernetes.io/h2c");
}

bool h2c_put(const struct translate_options *o, jv ids, bool is_all, jv *plugins)
{
    if (!o->has_h2c || jx_len(ids) == 0)
        return true;
    return put_functions(plugins, "before_proxy", list_of_function(lua_h2c(is_all ? JX_NONE : ids)));
}

/* A PluginConfig may have put anything in place of the text of a function. */
static bool names_location(const char *text)
{
    return text && strstr(text, LUA_H2C_LOCATION);
}

bool h2c_is_used(jv route)
{
    static const char *const places[] = {"serverless-post-function", "serverless-pre-function"};
    bool is_used = false;
    for (size_t i = 0; i < N_ELEMS(places); i++) {
        jv functions = jx_get(jx_get(jx_get(route, "plugins"), places[i]), "functions");
        for (int k = 0; k < jx_len(functions); k++)
            is_used |= names_location(jx_str(jx_at(functions, k)));
    }
    return is_used;
}

/* As APISIX's own location for gRPC, but for the content type: the same phases, by other headers. */
void h2c_print_config(struct buf *out)
{
    static const char *const lines[] = {
        "    access_by_lua_block { apisix.grpc_access_phase() }",
        "    grpc_set_header \":authority\" $upstream_host;",
        "    grpc_set_header TE \"\";",
        "    grpc_socket_keepalive on;",
        "    grpc_pass grpc://apisix_backend;",
        "    header_filter_by_lua_block { apisix.http_header_filter_phase() }",
        "    body_filter_by_lua_block { apisix.http_body_filter_phase() }",
        "    log_by_lua_block { apisix.http_log_phase() }",
        "}",
    };
    buf_adds(out, "nginx_config:\n  http_server_configuration_snippet: |\n"
                  "    location " LUA_H2C_LOCATION " {\n");
    for (size_t i = 0; i < N_ELEMS(lines); i++)
        buf_addf(out, "    %s\n", lines[i]);
}

#include "apisix/matching.h"

#include <stdio.h>

#include "apisix/escape.h"
#include "apisix/path.h"

static void add_value_condition(jv *vars, const char *var, jv match)
{
    struct buf b;
    const char *value = jx_getstr_or(match, "value", "");
    buf_init(&b, BUF_MAX_SCRATCH);
    if (str_eq(jx_getstr_or(match, "type", "Exact"), "RegularExpression")) {
        buf_adds(&b, "^(?:");
        regex_keep(&b, value);
        buf_adds(&b, ")$");
        jb_add(vars, condition(var, "~~", b.p));
    } else if (holds_file_template(value)) {
        buf_addc(&b, '^');
        regex_quote(&b, value, strlen(value));
        buf_adds(&b, "\\z");
        jb_add(vars, condition(var, "~~", b.p));
    } else {
        jb_add(vars, condition(var, "==", value));
    }
    buf_free(&b);
}

/* "X-Request-Id" to "http_x_request_id"; false when nginx drops such headers before anyone can see them. */
static bool header_variable(char *room, size_t n, const char *name)
{
    size_t at = (size_t)snprintf(room, n, "http_");
    for (; *name && at + 1 < n; name++) {
        bool is_letter = (*name | 32) >= 'a' && (*name | 32) <= 'z', is_digit = *name >= '0' && *name <= '9';
        if (!is_letter && !is_digit && *name != '-' && *name != '_')
            return false;
        room[at++] = is_letter ? (char)(*name | 32) : is_digit ? *name : '_';
    }
    room[at] = '\0';
    return true;
}

static void add_header_conditions(const char *where, struct findings *fs, jv *vars, jv headers)
{
    for (int i = 0; i < jx_len(headers); i++) {
        char var[300], path[160];
        const char *name = jx_getstr_or(jx_at(headers, i), "name", "");
        if (match_is_repeated(headers, i, true))
            continue;
        snprintf(path, sizeof path, "%s.headers[%d].name", where, i);
        if (!header_variable(var, sizeof var, name)) {
            findings_addf(fs, F_NEVER_MATCHES, path,
                          "APISIX drops headers whose names hold other than letters, digits, '-' and '_': "
                          "\"%s\" never arrives",
                          name);
            snprintf(var, sizeof var, "http_%s", name);
        }
        add_value_condition(vars, var, jx_at(headers, i));
    }
}

static void add_query_conditions(jv *vars, jv queries)
{
    for (int i = 0; i < jx_len(queries); i++) {
        char var[300];
        if (match_is_repeated(queries, i, false))
            continue;
        snprintf(var, sizeof var, "arg_%s", jx_getstr_or(jx_at(queries, i), "name", ""));
        add_value_condition(vars, var, jx_at(queries, i));
    }
}

static int64_t priority_of(const struct match *m, const struct path_form *f, int64_t rank)
{
    int64_t p = f->weight;
    p = p * 10 + (m->method != NULL);
    p = p * 100 + m->n_headers;
    p = p * 100 + m->n_queries;
    return p * 100000 - rank;
}

void matching_put(const struct match *m, int64_t rank, const char *where, struct findings *fs, jv *route,
                  jv *vars)
{
    struct path_form f = path_form(m);
    int64_t priority = priority_of(m, &f, rank);
    if (jx_len(f.uris) == 1)
        jb_put(route, "uri", jb_copy(jx_at(f.uris, 0)));
    else
        jb_put(route, "uris", jb_copy(f.uris));
    if (m->method) {
        jv methods = jb_arr();
        jb_add_str(&methods, m->method);
        jb_put(route, "methods", methods);
    }
    if (!jx_is_none(f.condition))
        jb_add(vars, jb_copy(f.condition));
    add_header_conditions(where, fs, vars, m->headers);
    add_query_conditions(vars, m->queries);
    if (priority != 0)
        jb_put_int(route, "priority", priority);
    path_form_release(&f);
}

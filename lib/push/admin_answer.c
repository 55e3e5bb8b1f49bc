#include "push/admin_answer.h"

#include <stdlib.h>

#include "apisix/redact.h"
#include "apisix/stored.h"

/* An error's body is small, or it is none of APISIX. */
static jv parse_error(const struct http_response *r)
{
    const char *why;
    return r->status && r->len <= BUF_MAX_MESSAGE ? jx_parse(r->body, r->len, &why) : JX_NONE;
}

static const char *message_of(jv error)
{
    const char *text = jx_getstr(error, "error_msg");
    return text ? text : jx_getstr(error, "message");
}

static bool is_stale(const char *message)
{
    return message && (strstr(message, "is still using it now") || strstr(message, "response code: 404"));
}

enum answer answer_of(const struct http_response *r)
{
    if (r->status >= 200 && r->status < 300)
        return ANSWER_DONE;
    if (r->may_pass)
        return ANSWER_AGAIN;
    if (r->status == 401 || r->status == 403)
        return ANSWER_DENIED;
    jv error = parse_error(r);
    const char *message = message_of(error);
    enum answer a = ANSWER_REFUSED;
    if (r->status == 404 && str_same(message, "Key not found"))
        a = ANSWER_ABSENT;
    else if (r->status == 400 && is_stale(message))
        a = ANSWER_STALE;
    jb_free(error);
    return a;
}

/* {"key":"/apisix/routes/...",...}: looked for, not parsed, since every write is answered with all it wrote.
 */
bool answer_is_of_api(const struct http_response *r)
{
    struct slice body = trim((struct slice){r->body, r->len});
    return body.n > 0 && *body.p == '{' && memmem(body.p, body.n, "\"key\"", 5);
}

char *answer_reason(const struct http_response *r, const struct item *item, size_t most)
{
    const char *why;
    if (r->status == 0)
        return xstrdup(r->why);
    jv error = parse_error(r), object = item ? jx_parse(item->text, item->len, &why) : jb_obj();
    const char *message = message_of(error), *more = jx_getstr(error, "description");
    char *text = xasprintf("%s%s%s", message ? message : "", message && more ? ": " : "", more ? more : "");
    char *clean = redact_text(item ? item->kind : AK_ROUTES, object, text, most);
    char *reason = xasprintf("the server answers %d%s%s", r->status, *clean ? ": " : "", clean);
    free(text);
    free(clean);
    jb_free(error);
    jb_free(object);
    return reason;
}

/* ---- lists ---- */

static const char *add_entry(struct buf *piece, struct slice s, enum apisix_kind kind, const char *instance,
                             struct items *out)
{
    const char *why;
    buf_reset(piece);
    buf_add(piece, s.p, s.n);
    if (piece->overflow)
        return "has an object of more than 64 MiB";
    struct item *item = stored_item(kind, piece->p, piece->len, instance, &why);
    if (item)
        items_add(out, item);
    return why;
}

/* Lua has one empty table: an empty list may come as {}. */
static bool is_empty_table(struct slice s)
{
    return s.n >= 2 && *s.p == '{' && trim((struct slice){s.p + 1, s.n - 2}).n == 0;
}

const char *answer_entries(struct slice list, enum apisix_kind kind, const char *instance, struct items *out,
                           int64_t *n)
{
    const char *why = NULL;
    struct slice key, one;
    struct buf piece;
    *n = 0;
    if (is_empty_table(list))
        return NULL;
    buf_init(&piece, BUF_MAX_OUTPUT);
    struct split entries = split_begin(list, '[');
    for (; !why && split_next(&entries, &key, &one); ++*n)
        why = add_entry(&piece, one, kind, instance, out);
    buf_free(&piece);
    return why ? why : entries.why;
}

static bool is_named(struct slice key, const char *name)
{
    size_t n = strlen(name);
    return key.n == n + 2 && memcmp(key.p + 1, name, n) == 0;
}

const char *answer_list(const struct http_response *r, enum apisix_kind kind, const char *instance,
                        struct items *out)
{
    struct slice key, value, list = {0}, total = {0};
    int64_t n;
    struct split members = split_begin((struct slice){r->body, r->len}, '{');
    while (split_next(&members, &key, &value)) {
        list = is_named(key, "list") ? value : list;
        total = is_named(key, "total") ? value : total;
    }
    if (members.why || !list.p)
        return members.why ? members.why : "holds no list";
    const char *why = answer_entries(list, kind, instance, out, &n);
    /* What is cut short must not look like what is all there is. The body ends in NUL, so does the number. */
    if (!why && total.p && strtoll(total.p, NULL, 10) > n)
        why = "is shorter than it says";
    return why;
}

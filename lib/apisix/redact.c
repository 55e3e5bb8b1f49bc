#include "apisix/redact.h"

#include <ctype.h>
#include <stdlib.h>

/*
 * Members that hide their value wherever they stand inside a plugin's configuration: those with these names,
 * and those whose names end so, with '-' for '_' as in headers. They cover the `encrypt_fields` of APISIX's
 * plugins, and others like them.
 */
static const char *const secret_names[] = {
    "access_key_id", "auth",    "auth_header", "credential",       "credentials",
    "key_file",      "keyring", "sasl_config", "secret_fallbacks", "service_account_json",
};
static const char *const secret_endings[] = {
    "access_key",  "accesskey",      "api_key",     "apikey",     "authorization",
    "client_key",  "encryption_key", "license_key", "passphrase", "password",
    "private_key", "secret",         "secret_key",  "secretkey",  "token",
};

/* Those whose names say nothing of it. */
static const struct {
    const char *plugin, *member;
} secrets_of_plugins[] = {
    {"csrf", "key"},
    {"jwe-decrypt", "key"},
    {"elasticsearch-logger", "headers"},
    {"loki-logger", "headers"},
};

static bool is_same_name(const char *name, const char *secret, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)(name[i] == '-' ? '_' : name[i])) != secret[i])
            return false;
    return true;
}

/* Asked of every member of every plugin, so the length is looked at first. */
static bool is_secret_name(const char *name, size_t n)
{
    for (size_t i = 0; i < N_ELEMS(secret_names); i++)
        if (strlen(secret_names[i]) == n && is_same_name(name, secret_names[i], n))
            return true;
    for (size_t i = 0; i < N_ELEMS(secret_endings); i++) {
        size_t len = strlen(secret_endings[i]);
        if (len <= n && is_same_name(name + n - len, secret_endings[i], len))
            return true;
    }
    return false;
}

/*
 * Most objects have nothing to hide, and nothing is built for those. A *_hidden() answers JX_NONE then, else
 * the value with something hidden, owned.
 */

/* `copy` is JX_NONE until there is something to put. */
static void put_hidden(jv *copy, jv of, const char *member, jv hidden)
{
    if (jx_is_none(hidden))
        return;
    if (jx_is_none(*copy))
        *copy = jb_copy(of);
    jb_put(copy, member, hidden);
}

static jv plugin_hidden(jv v, bool all);

static jv list_hidden(jv list, jv (*hidden)(const void *ctx, jv item), const void *ctx)
{
    jv out = JX_NONE;
    for (int i = 0; i < jx_len(list); i++) {
        jv item = hidden(ctx, jx_at(list, i));
        if (jx_is_none(out) && !jx_is_none(item)) {
            out = jb_arr();
            for (int k = 0; k < i; k++)
                jb_add(&out, jb_copy(jx_at(list, k)));
        }
        if (!jx_is_none(out))
            jb_add(&out, jx_is_none(item) ? jb_copy(jx_at(list, i)) : item);
    }
    return out;
}

static jv plugin_item_hidden(const void *all, jv item)
{
    return plugin_hidden(item, *(const bool *)all);
}

/* A plugin's configuration. `all`: every text at the bottom, since nobody can tell. */
static jv plugin_hidden(jv v, bool all)
{
    jv out = JX_NONE;
    if (jx_is_arr(v))
        return list_hidden(v, plugin_item_hidden, &all);
    if (!jx_is_obj(v))
        return all && jx_is_str(v) ? jb_str(REDACTED) : JX_NONE;
    for (struct jx_iter it = jx_iter(v); jx_next(&it);)
        put_hidden(&out, v, it.key,
                   is_secret_name(it.key, it.key_len) ? jb_str(REDACTED) : plugin_hidden(it.value, all));
    return out;
}

static void hide(jv *copy, jv of, const char *member)
{
    if (!jx_is_none(jx_get(of, member)))
        put_hidden(copy, of, member, jb_str(REDACTED));
}

static jv plugins_hidden(jv plugins, bool all)
{
    jv out = JX_NONE;
    for (struct jx_iter it = jx_iter(plugins); jx_next(&it);) {
        jv hidden = plugin_hidden(it.value, all);
        for (size_t i = 0; i < N_ELEMS(secrets_of_plugins); i++)
            if (str_eq(it.key, secrets_of_plugins[i].plugin))
                hide(&hidden, it.value, secrets_of_plugins[i].member);
        put_hidden(&out, plugins, it.key, hidden);
    }
    return out;
}

static jv upstream_hidden(jv upstream)
{
    jv out = JX_NONE, tls = jx_get(upstream, "tls"), hidden = JX_NONE;
    if (jx_is_obj(tls))
        hide(&hidden, tls, "client_key");
    put_hidden(&out, upstream, "tls", hidden);
    return out;
}

static jv object_hidden(enum apisix_kind kind, jv object)
{
    jv out = JX_NONE, upstream = jx_get(object, "upstream"), plugins = jx_get(object, "plugins");
    if (!jx_is_obj(object))
        return out;
    switch (kind) {
    case AK_SSLS:
        hide(&out, object, "key");
        hide(&out, object, "keys");
        break;
    case AK_UPSTREAMS: out = upstream_hidden(object); break;
    case AK_PLUGIN_METADATA:
    case AK_SECRETS: return plugin_hidden(object, kind == AK_SECRETS);
    default:
        if (jx_is_obj(upstream)) /* in a route */
            put_hidden(&out, object, "upstream", upstream_hidden(upstream));
    }
    if (jx_is_obj(plugins))
        put_hidden(&out, object, "plugins", plugins_hidden(plugins, kind == AK_CONSUMERS));
    return out;
}

jv redact_object(enum apisix_kind kind, jv object)
{
    jv hidden = object_hidden(kind, object);
    return jx_is_none(hidden) ? jb_copy(object) : hidden;
}

static jv kind_item_hidden(const void *kind, jv item)
{
    return object_hidden(*(const enum apisix_kind *)kind, item);
}

/* Of a data plane: how its API is reached. */
static jv control_plane_hidden(jv control_plane)
{
    jv out = JX_NONE;
    if (jx_is_obj(control_plane))
        hide(&out, control_plane, "apiKey");
    return out;
}

jv apisix_hidden(jv apisix)
{
    jv out = JX_NONE;
    for (struct jx_iter it = jx_iter(apisix); jx_next(&it);) {
        int number = apisix_kind_named(it.key, it.key_len);
        enum apisix_kind kind = number < 0 ? AK_SECRETS : (enum apisix_kind)number;
        if (str_eq(it.key, "controlPlane"))
            put_hidden(&out, apisix, it.key, control_plane_hidden(it.value));
        else if (number >= 0 && jx_is_arr(it.value))
            put_hidden(&out, apisix, it.key, list_hidden(it.value, kind_item_hidden, &kind));
    }
    return out;
}

jv planes_hidden(jv planes)
{
    jv out = JX_NONE;
    for (struct jx_iter it = jx_iter(planes); jx_next(&it);)
        put_hidden(&out, planes, it.key, apisix_hidden(it.value));
    return out;
}

/* ---- texts about an object ---- */

enum { SHORTEST_SECRET = 3 }; /* what is shorter would be found in every word */

static void hide_text(struct buf *text, const char *secret, size_t n)
{
    const char *p = text->p, *found;
    struct buf out;
    if (n < SHORTEST_SECRET || !memmem(p, text->len, secret, n))
        return;
    buf_init(&out, text->max);
    for (; (found = memmem(p, (size_t)(text->p + text->len - p), secret, n)); p = found + n) {
        buf_add(&out, p, (size_t)(found - p));
        buf_adds(&out, REDACTED);
    }
    buf_adds(&out, p);
    buf_free(text);
    *text = out;
}

/* As it is, and as it is spelt in JSON. */
static void hide_line(struct buf *text, const char *p, size_t n)
{
    struct buf quoted;
    buf_init(&quoted, BUF_MAX_OUTPUT);
    jx_dump_str(&quoted, p, n);
    hide_text(text, p, n);
    if (quoted.len > n + 2)
        hide_text(text, quoted.p + 1, quoted.len - 2);
    buf_free(&quoted);
}

/* Line by line: a key may be quoted with its line ends spelt in some way. */
static void hide_leaves(struct buf *text, jv secret)
{
    for (int i = 0; jx_is_arr(secret) && i < jx_len(secret); i++)
        hide_leaves(text, jx_at(secret, i));
    for (struct jx_iter it = jx_iter(secret); jx_is_obj(secret) && jx_next(&it);)
        hide_leaves(text, it.value);
    for (const char *p = jx_str(secret); p && *p;) {
        size_t n = strcspn(p, "\n");
        hide_line(text, p, n);
        p += n + (p[n] == '\n');
    }
}

static void hide_differences(struct buf *text, jv plain, jv clean)
{
    if (str_same(jx_str(clean), REDACTED)) {
        hide_leaves(text, plain);
        return;
    }
    for (int i = 0; jx_is_arr(plain) && i < jx_len(plain); i++)
        hide_differences(text, jx_at(plain, i), jx_at(clean, i));
    for (struct jx_iter it = jx_iter(plain); jx_is_obj(plain) && jx_next(&it);)
        hide_differences(text, it.value, jx_get(clean, it.key));
}

/* Not in the middle of a character. */
static void cut(struct buf *text, size_t most)
{
    size_t n = most;
    if (text->len <= most)
        return;
    while (n > 0 && ((unsigned char)text->p[n] & 0xc0) == 0x80)
        n--;
    text->len = n;
    text->p[n] = '\0';
    buf_adds(text, "...");
}

char *redact_text(enum apisix_kind kind, jv object, const char *text, size_t most)
{
    struct buf b;
    jv clean = redact_object(kind, object);
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_add(&b, text, strnlen(text, BUF_MAX_MESSAGE));
    hide_differences(&b, object, clean);
    jb_free(clean);
    char *key = strstr(b.p, "-----BEGIN");
    if (key) {
        b.len = (size_t)(key - b.p);
        *key = '\0';
        buf_adds(&b, REDACTED);
    }
    cut(&b, most);
    for (char *p = b.p; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = ' ';
    char *line = buf_take(&b);
    buf_free(&b);
    return line;
}

char *redact_about(const struct item *item, char *owned_text)
{
    const char *bad;
    jv object = jx_parse(item->text, item->len, &bad);
    char *clean = redact_text(item->kind, object, owned_text, BUF_MAX_MESSAGE);
    jb_free(object);
    free(owned_text);
    return clean;
}

char *text_without(char *owned_text, const char *secret)
{
    struct buf b;
    if (!secret)
        return owned_text;
    buf_init(&b, BUF_MAX_SCRATCH);
    buf_adds(&b, owned_text);
    free(owned_text);
    hide_line(&b, secret, strlen(secret));
    char *text = buf_take(&b);
    buf_free(&b);
    return text;
}

bool may_hold_secrets(const char *json, size_t n)
{
    static const char *const signs[] = {
        "\"ssls\"",      "\"controlPlane\"", "\"tls\"", "\"plugins\"", "\"plugin_metadata\"",
        "\"consumers\"", "\"secrets\"",      "\\u00",
    };
    for (size_t i = 0; i < N_ELEMS(signs); i++)
        if (memmem(json, n, signs[i], strlen(signs[i])))
            return true;
    return false;
}

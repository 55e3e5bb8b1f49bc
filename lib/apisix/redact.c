#include "apisix/redact.h"

#include <stdlib.h>
#include <strings.h>

/* Members with these names hide their value wherever they stand inside a plugin's configuration. */
static const char *const secret_names[] = {
    "access_key",     "access_key_id",   "access_token", "api_key",           "apikey",     "auth_header",
    "auth_token",     "authorization",   "client_key",   "client_secret",     "credential", "credentials",
    "encryption_key", "key_file",        "license_key",  "master_apikey",     "passphrase", "password",
    "private_key",    "rsa_private_key", "secret",       "secret_access_key", "secret_key", "session_secret",
    "sasl_config",    "token",           "keyring",
};

static bool is_secret_name(const char *name)
{
    for (size_t i = 0; i < N_ELEMS(secret_names); i++)
        if (strcasecmp(name, secret_names[i]) == 0)
            return true;
    return false;
}

/* A plugin's configuration. `all`: every value at the bottom, since nobody can tell. */
static jv redact_plugin(jv v, bool all)
{
    if (jx_is_obj(v)) {
        jv out = jb_obj();
        for (struct jx_iter it = jx_iter(v); jx_next(&it);)
            jb_put(&out, it.key, is_secret_name(it.key) ? jb_str(REDACTED) : redact_plugin(it.value, all));
        return out;
    }
    if (jx_is_arr(v)) {
        jv out = jb_arr();
        for (int i = 0; i < jx_len(v); i++)
            jb_add(&out, redact_plugin(jx_at(v, i), all));
        return out;
    }
    return all && jx_is_str(v) ? jb_str(REDACTED) : jb_copy(v);
}

static void hide(jv *object, const char *member)
{
    if (!jx_is_none(jx_get(*object, member)))
        jb_put(object, member, jb_str(REDACTED));
}

/* An upstream, alone or inside a route. */
static void redact_upstream(jv *upstream)
{
    if (!jx_is_obj(jx_get(*upstream, "tls")))
        return;
    jv tls = jb_copy(jx_get(*upstream, "tls"));
    hide(&tls, "client_key");
    jb_put(upstream, "tls", tls);
}

static void redact_embedded_upstream(jv *object)
{
    if (!jx_is_obj(jx_get(*object, "upstream")))
        return;
    jv upstream = jb_copy(jx_get(*object, "upstream"));
    redact_upstream(&upstream);
    jb_put(object, "upstream", upstream);
}

jv redact_object(enum apisix_kind kind, jv object)
{
    jv out = jb_copy(object);
    if (!jx_is_obj(object))
        return out;
    switch (kind) {
    case AK_SSLS:
        hide(&out, "key");
        hide(&out, "keys");
        break;
    case AK_UPSTREAMS: redact_upstream(&out); break;
    case AK_PLUGIN_METADATA:
    case AK_SECRETS: {
        jv all = redact_plugin(out, kind == AK_SECRETS);
        jb_free(out);
        out = all;
        break;
    }
    default: redact_embedded_upstream(&out);
    }
    jv plugins = jx_get(out, "plugins");
    if (jx_is_obj(plugins))
        jb_put(&out, "plugins", redact_plugin(plugins, kind == AK_CONSUMERS));
    return out;
}

/* Of a data plane: how its API is reached. */
static jv redact_control_plane(jv control_plane)
{
    jv out = jb_copy(control_plane);
    if (jx_is_obj(out))
        hide(&out, "apiKey");
    return out;
}

jv redact_apisix(jv apisix)
{
    jv out = jb_copy(apisix);
    for (struct jx_iter it = jx_iter(apisix); jx_next(&it);) {
        if (str_eq(it.key, "controlPlane"))
            jb_put(&out, it.key, redact_control_plane(it.value));
        int kind = apisix_kind_named(it.key, it.key_len);
        if (kind < 0 || !jx_is_arr(it.value))
            continue;
        jv list = jb_arr();
        for (int i = 0; i < jx_len(it.value); i++)
            jb_add(&list, redact_object((enum apisix_kind)kind, jx_at(it.value, i)));
        jb_put(&out, it.key, list);
    }
    return out;
}

jv redact_planes(jv planes)
{
    jv out = jb_copy(planes);
    for (struct jx_iter it = jx_iter(planes); jx_next(&it);)
        jb_put(&out, it.key, redact_apisix(it.value));
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

/* Line by line: a key may be quoted with its line ends spelt in some way. */
static void hide_leaves(struct buf *text, jv secret)
{
    for (int i = 0; jx_is_arr(secret) && i < jx_len(secret); i++)
        hide_leaves(text, jx_at(secret, i));
    for (struct jx_iter it = jx_iter(secret); jx_is_obj(secret) && jx_next(&it);)
        hide_leaves(text, it.value);
    for (const char *p = jx_str(secret); p && *p;) {
        size_t n = strcspn(p, "\n");
        hide_text(text, p, n);
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

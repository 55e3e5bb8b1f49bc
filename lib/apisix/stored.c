#include "apisix/stored.h"

#include <math.h>
#include <stdlib.h>

#include "apisix/consumer.h"
#include "apisix/owner.h"
#include "apisix/split.h"
#include "json/canon.h"
#include "json/digest.h"

/* ---- in ---- */

static const char *const times[] = {"create_time", "update_time"};

/* "r1" of "/apisix/routes/r1". */
static const char *tail(const char *key)
{
    const char *slash = key ? strrchr(key, '/') : NULL;
    return slash ? slash + 1 : "";
}

/* "USERNAME/credentials/ID", as documents have it, of the key of a credential; NULL of another. */
static const char *credential_id(enum apisix_kind kind, const char *key)
{
    const char *at = kind == AK_CONSUMERS && key ? strstr(key, "/consumers/") : NULL;
    at = at ? at + strlen("/consumers/") : NULL;
    return at && credential_name(at) != at ? at : NULL;
}

static struct item *parsed_item(enum apisix_kind kind, jv entry, const char *instance)
{
    char room[32];
    const char *key = jx_getstr(entry, "key"), *id = credential_id(kind, key);
    jv value = jx_get(entry, "value");
    if (!jx_is_obj(value))
        return NULL;
    if (!id)
        id = item_id_of(kind, value, room, sizeof room);
    jv object = jb_copy(value);
    for (size_t i = 0; i < N_ELEMS(times); i++)
        jb_del(&object, times[i]);
    struct item *item = item_of(kind, *id ? id : tail(key), item_owner_of(kind, value, instance), object);
    jb_free(object);
    return item;
}

/* ---- in, the fast way: texts of canonical form, of strings without escapes where we look into them ---- */

static bool is_named(struct slice key, const char *name)
{
    size_t n = strlen(name);
    return key.n == n + 2 && memcmp(key.p + 1, name, n) == 0;
}

static struct slice member_of(struct slice object, const char *name)
{
    struct slice key, value;
    if (object.n == 0)
        return object;
    struct split members = split_begin(object, '{');
    while (split_next(&members, &key, &value))
        if (is_named(key, name))
            return value;
    return (struct slice){"", 0};
}

/* Owned; NULL when it is no such string. */
static char *text_of(struct slice string)
{
    if (string.n < 2 || *string.p != '"' || memchr(string.p, '\\', string.n))
        return NULL;
    return xstrndup(string.p + 1, string.n - 2);
}

static void add_without_times(struct buf *out, struct slice object)
{
    struct slice key, value;
    struct split members = split_begin(object, '{');
    buf_addc(out, '{');
    while (split_next(&members, &key, &value)) {
        if (is_named(key, times[0]) || is_named(key, times[1]))
            continue;
        if (out->p[out->len - 1] != '{')
            buf_addc(out, ',');
        buf_add(out, key.p, (size_t)(value.p + value.n - key.p));
    }
    buf_addc(out, '}');
}

/* The owner's label, owned; NULL when the object is not ours. */
static char *plain_owner(enum apisix_kind kind, struct slice object, const char *instance)
{
    struct slice labels = member_of(object, "labels");
    char *by = text_of(member_of(labels, LABEL_MANAGED_BY)), *of = text_of(member_of(labels, LABEL_INSTANCE)),
         *owner = text_of(member_of(labels, LABEL_OWNER));
    bool is_ours = apisix_kind(kind)->has_labels && owner && *owner && str_same(by, MANAGED_BY) &&
                   str_same(of, instance);
    free(by);
    free(of);
    if (is_ours)
        return owner;
    free(owner);
    return NULL;
}

/* NULL: try the other way. */
static struct item *plain_item(enum apisix_kind kind, struct slice entry, const char *instance)
{
    struct slice value = member_of(entry, "value"), labels = member_of(value, "labels");
    bool has_two_ids = !str_eq(apisix_kind(kind)->key, "id") && member_of(value, "id").n > 0;
    if (has_two_ids || memchr(labels.p, '\\', labels.n))
        return NULL;
    char *key = text_of(member_of(entry, "key")), *id = text_of(member_of(value, apisix_kind(kind)->key));
    struct item *item = NULL;
    if (key && id && *id && value.n > 0 && *value.p == '{' && !credential_id(kind, key)) {
        struct buf text;
        buf_init(&text, BUF_MAX_OUTPUT);
        add_without_times(&text, value);
        char *owner = plain_owner(kind, value, instance);
        item = item_new(kind, id, owner, text.p, text.len);
        free(owner);
        buf_free(&text);
    }
    free(key);
    free(id);
    return item;
}

struct item *stored_item(enum apisix_kind kind, const char *p, size_t n, const char *instance,
                         const char **why)
{
    struct buf text;
    struct item *item = NULL;
    *why = NULL;
    buf_init(&text, BUF_MAX_OUTPUT);
    if (canon_text(&text, p, n))
        item = plain_item(kind, (struct slice){text.p, text.len}, instance);
    buf_free(&text);
    if (item)
        return item;
    jv entry = jx_parse(p, n, why);
    item = *why ? NULL : parsed_item(kind, entry, instance);
    jb_free(entry);
    return item;
}

/* ---- out ---- */

/* Its text is compact and sorted: these bytes are a member and nothing else. */
static bool holds_key(const struct item *item)
{
    return item->kind == AK_SSLS || strstr(item->text, "\"client_key\":") != NULL;
}

static void hash_of(const struct item *item, char hex[DIGEST_HEX + 1])
{
    digest_hex(digest_of(item->text, item->len), hex);
}

char *stored_body(const struct item *item)
{
    char hex[DIGEST_HEX + 1];
    const char *why;
    struct buf b;
    bool takes_hash = apisix_kind(item->kind)->has_labels && holds_key(item);
    if (!takes_hash && !is_credential(item))
        return NULL;
    jv object = jx_parse(item->text, item->len, &why);
    if (is_credential(item))
        jb_del(&object, "id"); /* the one in the URL is another */
    if (takes_hash) {
        hash_of(item, hex);
        jv labels = jx_is_obj(jx_get(object, "labels")) ? jb_copy(jx_get(object, "labels")) : jb_obj();
        jb_put_str(&labels, LABEL_HASH, hex);
        jb_put(&object, "labels", labels);
    }
    buf_init(&b, BUF_MAX_OUTPUT);
    jx_dump_sorted(&b, object);
    jb_free(object);
    char *body = buf_take(&b);
    buf_free(&b);
    return body;
}

/* ---- the same? ---- */

/* Where the comparison stands: "plugins.redirect.ret_code". */
struct place {
    struct buf path;
    enum apisix_kind kind;
};

/* Members that the server sets, or does not give back; by their whole path. */
static const char *const not_compared[] = {
    "id",
    "labels." LABEL_HASH,
    "create_time",
    "update_time",
};
static const char *const secrets_of_ssls[] = {"key", "keys"};

static bool is_compared(const struct place *at)
{
    for (size_t i = 0; i < N_ELEMS(not_compared); i++)
        if (str_eq(at->path.p, not_compared[i]))
            return false;
    for (size_t i = 0; at->kind == AK_SSLS && i < N_ELEMS(secrets_of_ssls); i++)
        if (str_eq(at->path.p, secrets_of_ssls[i]))
            return false;
    return !has_suffix(at->path.p, "tls.client_key");
}

/* An upstream is one wherever it stands. */
static bool is_default_path(const struct place *at, const char *path)
{
    const char *kind = apisix_kind(at->kind)->name;
    size_t n = strlen(kind);
    if (str_eq(path, at->path.p))
        return true;
    return strncmp(path, kind, n) == 0 && path[n] == '.' && str_eq(path + n + 1, at->path.p);
}

static bool is_default(const struct place *at, jv v)
{
    static const struct {
        const char *path, *value;
    } rows[] = {
#define DEFAULT(PATH, VALUE) {PATH, VALUE},
#include "apisix/stored.def"
#undef DEFAULT
    };
    const char *why;
    for (size_t i = 0; i < N_ELEMS(rows); i++) {
        if (!is_default_path(at, rows[i].path))
            continue;
        jv row = jx_parse(rows[i].value, strlen(rows[i].value), &why);
        bool is = jx_equal(row, v);
        jb_free(row);
        return is;
    }
    return false;
}

static double number(jv v)
{
    struct buf b;
    buf_init(&b, BUF_MAX_SCRATCH);
    jx_dump(&b, v);
    double d = strtod(b.p, NULL);
    buf_free(&b);
    return d;
}

/* The server writes numbers with 14 digits. */
static bool same_number(jv a, jv b)
{
    double x = number(a), y = number(b);
    return fabs(x - y) <= 1e-13 * fmax(fabs(x), fabs(y));
}

static bool same(struct place *at, jv wanted, jv live);

static size_t enter(struct place *at, const char *key)
{
    size_t before = at->path.len;
    if (before > 0)
        buf_addc(&at->path, '.');
    buf_adds(&at->path, key);
    return before;
}

static void leave(struct place *at, size_t before)
{
    at->path.len = before;
    at->path.p[before] = '\0';
}

/* What stands on one side only must be a default; what stands on both is compared once, from `wanted`. */
static bool same_members(struct place *at, jv from, jv other, bool from_is_wanted)
{
    bool is = true;
    for (struct jx_iter it = jx_iter(from); is && jx_next(&it);) {
        size_t before = enter(at, it.key);
        jv there = jx_get(other, it.key);
        if (!is_compared(at))
            is = true;
        else if (jx_is_none(there))
            is = is_default(at, it.value);
        else if (from_is_wanted)
            is = same(at, it.value, there);
        leave(at, before);
    }
    return is;
}

static bool same_elements(struct place *at, jv wanted, jv live)
{
    bool is = jx_len(wanted) == jx_len(live);
    for (int i = 0; is && i < jx_len(wanted); i++)
        is = same(at, jx_at(wanted, i), jx_at(live, i));
    return is;
}

static bool same(struct place *at, jv wanted, jv live)
{
    if (jx_is_obj(wanted) && jx_is_obj(live))
        return same_members(at, wanted, live, true) && same_members(at, live, wanted, false);
    if (jx_is_arr(wanted) && jx_is_arr(live))
        return same_elements(at, wanted, live);
    if (jx_is_num(wanted) && jx_is_num(live))
        return same_number(wanted, live);
    return jx_equal(wanted, live);
}

static bool same_hash(const struct item *wanted, jv live)
{
    char hex[DIGEST_HEX + 1];
    if (!apisix_kind(wanted->kind)->has_labels || !holds_key(wanted))
        return true;
    hash_of(wanted, hex);
    return str_same(jx_getstr(jx_get(live, "labels"), LABEL_HASH), hex);
}

bool stored_same(const struct item *wanted, const struct item *live)
{
    if (wanted == live || (wanted->len == live->len && memcmp(wanted->text, live->text, live->len) == 0))
        return true;
    const char *why;
    jv x = jx_parse(wanted->text, wanted->len, &why), y = jx_parse(live->text, live->len, &why);
    struct place at = {.kind = wanted->kind};
    buf_init(&at.path, BUF_MAX_SCRATCH);
    bool is = !jx_is_none(x) && !jx_is_none(y) && same_hash(wanted, y) && same(&at, x, y);
    buf_free(&at.path);
    jb_free(x);
    jb_free(y);
    return is;
}

/* ---- side by side ---- */

static jv beside(struct place *at, jv wanted, jv live);

/* Of a member that stands in one of them only. */
static bool is_overlooked(const struct place *at, jv value)
{
    return !is_compared(at) || is_default(at, value);
}

static jv members_beside(struct place *at, jv wanted, jv live)
{
    jv out = jb_obj();
    for (struct jx_iter it = jx_iter(live); jx_next(&it);) {
        size_t before = enter(at, it.key);
        jv there = jx_get(wanted, it.key);
        if (!jx_is_none(there))
            jb_put(&out, it.key, is_compared(at) ? beside(at, there, it.value) : jb_copy(there));
        else if (!is_overlooked(at, it.value))
            jb_put(&out, it.key, jb_copy(it.value));
        leave(at, before);
    }
    for (struct jx_iter it = jx_iter(wanted); jx_next(&it);) {
        size_t before = enter(at, it.key);
        if (jx_is_none(jx_get(live, it.key)) && is_overlooked(at, it.value))
            jb_put(&out, it.key, jb_copy(it.value));
        leave(at, before);
    }
    return out;
}

static jv beside(struct place *at, jv wanted, jv live)
{
    if (jx_is_obj(wanted) && jx_is_obj(live))
        return members_beside(at, wanted, live);
    if (jx_is_num(wanted) && jx_is_num(live) && same_number(wanted, live))
        return jb_copy(wanted);
    if (!jx_is_arr(wanted) || !jx_is_arr(live) || jx_len(wanted) != jx_len(live))
        return jb_copy(live);
    jv out = jb_arr();
    for (int i = 0; i < jx_len(live); i++)
        jb_add(&out, beside(at, jx_at(wanted, i), jx_at(live, i)));
    return out;
}

jv stored_beside(const struct item *wanted, const struct item *live)
{
    const char *why;
    jv x = jx_parse(wanted->text, wanted->len, &why), y = jx_parse(live->text, live->len, &why);
    struct place at = {.kind = wanted->kind};
    buf_init(&at.path, BUF_MAX_SCRATCH);
    jv out = beside(&at, x, y);
    buf_free(&at.path);
    jb_free(x);
    jb_free(y);
    return out;
}

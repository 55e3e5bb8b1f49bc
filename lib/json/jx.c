#include "json/jx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

jv jx_none(void)
{
    return jv_invalid();
}

bool jx_is_none(jv v)
{
    return jv_get_kind(v) == JV_KIND_INVALID;
}

bool jx_is_null(jv v)
{
    return jv_get_kind(v) == JV_KIND_NULL;
}

bool jx_is_obj(jv v)
{
    return jv_get_kind(v) == JV_KIND_OBJECT;
}

bool jx_is_arr(jv v)
{
    return jv_get_kind(v) == JV_KIND_ARRAY;
}

bool jx_is_str(jv v)
{
    return jv_get_kind(v) == JV_KIND_STRING;
}

bool jx_is_num(jv v)
{
    return jv_get_kind(v) == JV_KIND_NUMBER;
}

bool jx_is_bool(jv v)
{
    jv_kind k = jv_get_kind(v);
    return k == JV_KIND_TRUE || k == JV_KIND_FALSE;
}

const char *jx_kind(jv v)
{
    return jx_is_none(v) ? "nothing" : jv_kind_name(jv_get_kind(v));
}

/*
 * jv getters hand out an owned reference. The container holds another, so ours can go at once: what
 * is returned stays valid exactly as long as the container.
 */
static jv lend(jv owned)
{
    if (jv_get_kind(owned) != JV_KIND_INVALID) {
        jv_free(owned);
        return owned;
    }
    jv_free(owned); /* an invalid may carry a message of its own */
    return jv_invalid();
}

/* libjq counts references without locks: each thread has its own. */
enum { N_KEPT = 512, LONGEST = 48 };
static _Thread_local struct {
    jv string;
    size_t n;
    char text[LONGEST];
} kept[N_KEPT];

void jx_thread_end(void)
{
    for (size_t i = 0; i < N_KEPT; i++) {
        if (kept[i].n > 0)
            jv_free(kept[i].string);
        kept[i].n = 0;
    }
}

/*
 * The key as an owned jv string. Making one costs more than the look-up it is for, and programs ask for the
 * same few names all the time: the last ones are kept, by content.
 */
static jv key_string(const char *key)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    size_t n = 0;
    for (; n < LONGEST && key[n]; n++)
        hash = (hash ^ (unsigned char)key[n]) * 16777619u;
    if (n == 0 || n == LONGEST)
        return jv_string(key);
    size_t at = (hash ^ hash >> 16) % N_KEPT;
    if (kept[at].n == n && memcmp(kept[at].text, key, n) == 0)
        return jv_copy(kept[at].string);
    if (kept[at].n > 0)
        jv_free(kept[at].string);
    kept[at].string = jv_string_sized(key, (int)n);
    kept[at].n = n;
    memcpy(kept[at].text, key, n);
    return jv_copy(kept[at].string);
}

jv jx_get(jv obj, const char *key)
{
    if (!jx_is_obj(obj))
        return jv_invalid();
    return lend(jv_object_get(jv_copy(obj), key_string(key)));
}

jv jx_path(jv v, const char *path)
{
    char key[128];
    while (*path) {
        size_t n = strcspn(path, ".");
        if (n >= sizeof key)
            return jv_invalid();
        memcpy(key, path, n);
        key[n] = '\0';
        v = jx_get(v, key);
        path += n + (path[n] == '.');
    }
    return v;
}

jv jx_at(jv arr, int i)
{
    if (!jx_is_arr(arr) || i < 0)
        return jv_invalid();
    return lend(jv_array_get(jv_copy(arr), i));
}

int jx_len(jv v)
{
    if (jx_is_arr(v))
        return jv_array_length(jv_copy(v));
    if (jx_is_obj(v))
        return jv_object_length(jv_copy(v));
    return 0;
}

const char *jx_str(jv v)
{
    return jx_is_str(v) ? jv_string_value(v) : NULL;
}

size_t jx_strlen(jv v)
{
    return jx_is_str(v) ? (size_t)jv_string_length_bytes(jv_copy(v)) : 0;
}

double jx_number_or(jv v, double otherwise)
{
    return jv_get_kind(v) == JV_KIND_NUMBER ? jv_number_value(v) : otherwise;
}

bool jx_int(jv v, int64_t *out)
{
    if (!jx_is_num(v))
        return false;
    double d = jv_number_value(v);
    if (!(fabs(d) <= 9007199254740992.0) || d != floor(d))
        return false;
    *out = (int64_t)d;
    return true;
}

bool jx_true(jv v)
{
    return jv_get_kind(v) == JV_KIND_TRUE;
}

const char *jx_getstr(jv obj, const char *key)
{
    return jx_str(jx_get(obj, key));
}

const char *jx_getstr_or(jv obj, const char *key, const char *otherwise)
{
    const char *s = jx_getstr(obj, key);
    return s ? s : otherwise;
}

int64_t jx_getint_or(jv obj, const char *key, int64_t otherwise)
{
    int64_t n;
    return jx_int(jx_get(obj, key), &n) ? n : otherwise;
}

bool jx_equal(jv a, jv b)
{
    return jv_equal(jv_copy(a), jv_copy(b));
}

struct jx_iter jx_iter(jv obj)
{
    return (struct jx_iter){.obj = obj, .value = jv_invalid()};
}

bool jx_next(struct jx_iter *it)
{
    if (!jx_is_obj(it->obj))
        return false;
    it->at = it->started ? jv_object_iter_next(it->obj, it->at) : jv_object_iter(it->obj);
    it->started = true;
    if (!jv_object_iter_valid(it->obj, it->at))
        return false;
    jv key = lend(jv_object_iter_key(it->obj, it->at));
    it->key = jv_string_value(key);
    it->key_len = strlen(it->key); /* jx_parse() lets no NUL in */
    it->value = lend(jv_object_iter_value(it->obj, it->at));
    return true;
}

jv jb_keys(jv obj)
{
    return jx_is_obj(obj) ? jv_keys(jv_copy(obj)) : jv_array();
}

jv jb_obj(void)
{
    return jv_object();
}

jv jb_arr(void)
{
    return jv_array();
}

jv jb_str(const char *s)
{
    return jv_string(s);
}

jv jb_strn(const char *s, size_t n)
{
    return jv_string_sized(s, (int)n);
}

jv jb_strf(const char *fmt, ...)
{
    char *s;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&s, fmt, ap);
    va_end(ap);
    if (n < 0)
        s = xstrdup("");
    jv v = jv_string(s);
    free(s);
    return v;
}

jv jb_int(int64_t n)
{
    return jv_number((double)n);
}

jv jb_number(double d)
{
    return jv_number(d);
}

jv jb_bool(bool b)
{
    return jv_bool(b);
}

jv jb_copy(jv borrowed)
{
    return jv_copy(borrowed);
}

void jb_free(jv owned)
{
    jv_free(owned);
}

void jb_put(jv *obj, const char *key, jv owned)
{
    *obj = jv_object_set(*obj, key_string(key), owned);
}

void jb_put_str(jv *obj, const char *key, const char *s)
{
    if (s)
        jb_put(obj, key, jv_string(s));
}

void jb_put_int(jv *obj, const char *key, int64_t n)
{
    jb_put(obj, key, jb_int(n));
}

void jb_put_bool(jv *obj, const char *key, bool b)
{
    jb_put(obj, key, jv_bool(b));
}

void jb_del(jv *obj, const char *key)
{
    if (jx_is_obj(*obj))
        *obj = jv_object_delete(*obj, key_string(key));
}

void jb_add(jv *arr, jv owned)
{
    *arr = jv_array_append(*arr, owned);
}

void jb_add_str(jv *arr, const char *s)
{
    jb_add(arr, jv_string(s));
}

void jb_set(jv *arr, int i, jv owned)
{
    *arr = jv_array_set(*arr, i, owned);
}

jv jb_sorted(jv owned_arr)
{
    return jv_sort(owned_arr, jv_copy(owned_arr));
}

/* ---- text ---- */

size_t utf8_length(const char *text, size_t left)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    if (n == 0 || left < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    /* overlong forms, surrogates, and what lies beyond U+10FFFF */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

/*
 * What jv_parse would let pass, repair in silence, or crash on: NUL, invalid UTF-8, deep nesting.
 * One pass over the bytes, returns the complaint.
 */
static const char *precheck(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + n;
    int depth = 0;
    bool in_string = false;
    while (p < end) {
        unsigned char c = *p;
        if (c == 0)
            return "holds a NUL byte";
        if (c >= 0x80) {
            size_t len = utf8_length((const char *)p, (size_t)(end - p));
            if (len == 0)
                return "is not valid UTF-8";
            p += len;
            continue;
        }
        if (in_string) {
            if (c == '\\') {
                if (end - p >= 6 && memcmp(p, "\\u0000", 6) == 0)
                    return "holds an escaped NUL";
                p++;
                if (p < end && *p >= 0x80)
                    continue;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JX_MAX_DEPTH)
                return "is nested deeper than 100 levels";
        } else if (c == '}' || c == ']') {
            depth--;
        }
        p++;
    }
    return NULL;
}

/* libjq's messages end in " at line N, column M" and, in some versions, quote the whole input. */
static const char *parse_complaint(jv invalid)
{
    static _Thread_local char text[160];
    jv msg = jv_invalid_get_msg(invalid);
    const char *s = jx_str(msg) ? jv_string_value(msg) : "unknown error";
    snprintf(text, sizeof text, "is not JSON: %s", s);
    char *cut = strstr(text, " (while parsing");
    if (cut)
        *cut = '\0';
    jv_free(msg);
    return text;
}

jv jx_parse(const char *p, size_t n, const char **why)
{
    *why = precheck(p, n);
    if (*why)
        return jv_invalid();
    jv v = jv_parse_sized(p, (int)n);
    if (jv_is_valid(v))
        return v;
    *why = parse_complaint(v);
    return jv_invalid();
}

void jx_dump_str(struct buf *b, const char *s, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    buf_addc(b, '"');
    size_t run = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        buf_add(b, s + run, i - run);
        run = i + 1;
        char esc[7] = {'\\', 0};
        switch (c) {
        case '"':
        case '\\': esc[1] = (char)c; break;
        case '\n': esc[1] = 'n'; break;
        case '\t': esc[1] = 't'; break;
        case '\r': esc[1] = 'r'; break;
        case '\b': esc[1] = 'b'; break;
        case '\f': esc[1] = 'f'; break;
        default:
            memcpy(esc + 1, "u00", 3);
            esc[4] = hex[c >> 4];
            esc[5] = hex[c & 15];
        }
        buf_adds(b, esc);
    }
    buf_add(b, s + run, n - run);
    buf_addc(b, '"');
}

static void dump_number(struct buf *b, double d)
{
    char text[40];
    if (!isfinite(d)) {
        buf_adds(b, "null"); /* JSON has no such number; jq prints null too */
        return;
    }
    if (d == floor(d) && fabs(d) < 1e17) {
        snprintf(text, sizeof text, "%.0f", d == 0 ? 0.0 : d);
        buf_adds(b, text);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, d);
        if (strtod(text, NULL) == d)
            break;
    }
    buf_adds(b, text);
}

static void dump(struct buf *b, jv v, bool sorted, int depth);

enum { FEW_MEMBERS = 16 }; /* of an object that is sorted without an allocation */

struct entry {
    const char *key;
    size_t len;
    jv value;
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = memcmp(x->key, y->key, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* Most objects come sorted: from us, or from a server whose answers do not change. */
static void sort_entries(struct entry *e, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (compare_entries(&e[i - 1], &e[i]) > 0) {
            qsort(e, n, sizeof *e, compare_entries);
            return;
        }
}

static void dump_sorted_members(struct buf *b, jv v, int depth)
{
    size_t n = 0, most = (size_t)jx_len(v);
    struct entry few[FEW_MEMBERS], *all = most <= FEW_MEMBERS ? few : xreallocarray(NULL, most, sizeof *all);
    for (struct jx_iter it = jx_iter(v); n < most && jx_next(&it);)
        all[n++] = (struct entry){it.key, it.key_len, it.value};
    sort_entries(all, n);
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_addc(b, ',');
        jx_dump_str(b, all[i].key, all[i].len);
        buf_addc(b, ':');
        dump(b, all[i].value, true, depth + 1);
    }
    if (all != few)
        free(all);
}

static void dump_members(struct buf *b, jv v, int depth)
{
    bool first = true;
    for (struct jx_iter it = jx_iter(v); jx_next(&it); first = false) {
        if (!first)
            buf_addc(b, ',');
        jx_dump_str(b, it.key, it.key_len);
        buf_addc(b, ':');
        dump(b, it.value, false, depth + 1);
    }
}

static void dump(struct buf *b, jv v, bool sorted, int depth)
{
    if (depth > 2 * JX_MAX_DEPTH) { /* cannot happen to parsed input; a bound for what we build */
        buf_adds(b, "null");
        return;
    }
    switch (jv_get_kind(v)) {
    case JV_KIND_OBJECT:
        buf_addc(b, '{');
        sorted ? dump_sorted_members(b, v, depth) : dump_members(b, v, depth);
        buf_addc(b, '}');
        break;
    case JV_KIND_ARRAY:
        buf_addc(b, '[');
        for (int i = 0, n = jx_len(v); i < n; i++) {
            if (i)
                buf_addc(b, ',');
            dump(b, jx_at(v, i), sorted, depth + 1);
        }
        buf_addc(b, ']');
        break;
    case JV_KIND_STRING: jx_dump_str(b, jv_string_value(v), jx_strlen(v)); break;
    case JV_KIND_NUMBER: dump_number(b, jv_number_value(v)); break;
    case JV_KIND_TRUE: buf_adds(b, "true"); break;
    case JV_KIND_FALSE: buf_adds(b, "false"); break;
    default: buf_adds(b, "null");
    }
}

void jx_dump(struct buf *b, jv v)
{
    dump(b, v, false, 0);
}

void jx_dump_sorted(struct buf *b, jv v)
{
    dump(b, v, true, 0);
}

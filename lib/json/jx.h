/*
 * jx: the only door to libjq's jv values.
 *
 * Raw jv aborts the process on a wrong kind, and its ownership rules differ by function. Here:
 *
 *   jx_*  borrow. They never free their arguments, accept any kind, and answer JX_NONE (or NULL, 0,
 *         false) where the thing is absent or of another kind. What they return is borrowed from the
 *         argument: valid while the owner of the argument keeps it alive and unmodified.
 *   jb_*  build. They take ownership of the values handed in and update the container in place.
 *
 * No jv_* function is called outside this directory (a test greps for it). Never keep a second
 * reference (jb_copy) to a container across updates of it: libjq then copies it whole each time.
 */
#ifndef GW_JX_H
#define GW_JX_H

#include <jv.h>

#include "base/base.h"
#include "base/buf.h"

enum { JX_MAX_DEPTH = 100 };

/* Values belong to the thread that made them. A thread that has used this frees here what it remembers. */
void jx_thread_end(void);

/* ---- reading ---- */

#define JX_NONE (jx_none())
jv jx_none(void);

bool jx_is_none(jv v); /* absent; a JSON null is not none */
bool jx_is_null(jv v);
bool jx_is_obj(jv v);
bool jx_is_arr(jv v);
bool jx_is_str(jv v);
bool jx_is_num(jv v);
bool jx_is_bool(jv v);
const char *jx_kind(jv v); /* "object", "array", "string", "number", "boolean", "null", "nothing" */

jv jx_get(jv obj, const char *key);
jv jx_path(jv v, const char *path); /* "a.b.c": objects only; keys without dots */
jv jx_at(jv arr, int i);
int jx_len(jv v); /* of an array or object, 0 for the rest */

const char *jx_str(jv v); /* NULL unless a string */
size_t jx_strlen(jv v);   /* bytes; differs from strlen() only where a NUL is inside */
double jx_number_or(jv v, double otherwise);
bool jx_int(jv v, int64_t *out); /* integral numbers within +-2^53 */
bool jx_true(jv v);              /* is the boolean true */
const char *jx_getstr(jv obj, const char *key);
const char *jx_getstr_or(jv obj, const char *key, const char *otherwise);
int64_t jx_getint_or(jv obj, const char *key, int64_t otherwise);

bool jx_equal(jv a, jv b);

/*
 * Iteration over an object in insertion order (the order of the text it was parsed from):
 *     for (struct jx_iter it = jx_iter(obj); jx_next(&it);) use(it.key, it.value);
 * Arrays: for (int i = 0; i < jx_len(arr); i++) use(jx_at(arr, i));
 */
struct jx_iter {
    jv obj;
    int at;
    bool started;
    const char *key;
    size_t key_len;
    jv value;
};
struct jx_iter jx_iter(jv obj);
bool jx_next(struct jx_iter *it);

/* The keys of an object in byte order: an owned array of strings. */
jv jb_keys(jv obj);

/* ---- building ---- */

jv jb_obj(void);
jv jb_arr(void);
jv jb_str(const char *s);
jv jb_strn(const char *s, size_t n);
jv jb_strf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
jv jb_int(int64_t n);
jv jb_number(double d);
jv jb_bool(bool b);
jv jb_copy(jv borrowed); /* an owned reference */
void jb_free(jv owned);

void jb_put(jv *obj, const char *key, jv owned);
void jb_put_str(jv *obj, const char *key, const char *s); /* nothing when s is NULL */
void jb_put_int(jv *obj, const char *key, int64_t n);
void jb_put_bool(jv *obj, const char *key, bool b);
void jb_del(jv *obj, const char *key);
void jb_add(jv *arr, jv owned);
void jb_add_str(jv *arr, const char *s);
void jb_set(jv *arr, int i, jv owned);
jv jb_sorted(jv owned_arr); /* jq's sort order: for strings, by code point */

/* ---- text ---- */

/*
 * Parses n bytes of JSON (p[n] must be NUL). On failure returns JX_NONE and points *why at a static or
 * thread-local text that quotes nothing of the input. The result is owned.
 * Text nested deeper than JX_MAX_DEPTH, with a NUL byte or escaped NUL, or with invalid UTF-8, fails.
 */
jv jx_parse(const char *p, size_t n, const char **why);

/* The length in bytes of the UTF-8 sequence that p[0..n) starts with, n > 0; 0 when it is none. */
size_t utf8_length(const char *p, size_t n);

/*
 * Appends compact JSON. The same bytes with every libjq version: integral numbers are written as
 * integers, other numbers with the fewest digits that read back the same; strings as UTF-8 with only
 * the escapes that JSON demands.
 */
void jx_dump(struct buf *b, jv v);
void jx_dump_sorted(struct buf *b, jv v); /* canonical: object keys in byte order */
void jx_dump_str(struct buf *b, const char *s, size_t n);

#endif

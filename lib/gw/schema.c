#include "gw/schema.h"

#include <stdio.h>

#include "gw/choice.h"
#include "gw/near.h"

enum {
    QUOTED_MAX = 64, /* bytes of a value shown in a message */
    KEY_MAX = 316,   /* bytes of a key shown in a path: a qualified name */
    FEW = 32,        /* items that are compared pair by pair */
};

/* ---- complaints ---- */

/* Bytes of s[0..n) that are shown: at most `most`, and no half character. */
static size_t shown(const char *s, size_t n, size_t most)
{
    size_t end = n > most ? most : n;
    while (end < n && end > 0 && ((unsigned char)s[end] & 0xc0) == 0x80)
        end--;
    return end;
}

static bool is_full(const struct walk *w)
{
    return jx_len(w->findings->list) >= FINDINGS_MAX;
}

static bool is_fault(enum finding_id id)
{
    return id == F_FIELD_TYPE || id == F_FIELD_REQUIRED || id == F_FIELD_VALUE || id == F_FIELD_LENGTH ||
           id == F_FIELD_DUPLICATE || id == F_FIELD_EXPERIMENTAL;
}

void walk_complain(struct walk *w, enum finding_id id, const char *below, const char *fmt, ...)
{
    char message[1024];
    size_t len = w->path.len;
    va_list ap;
    w->faults += is_fault(id);
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    buf_adds(&w->path, below + (*below == '.' && len == 0));
    findings_add(w->findings,
                 &(struct finding){.id = id, .path = w->path.len ? w->path.p : NULL, .message = message});
    w->path.p[w->path.len = len] = '\0';
}

/* One step down: ".key", or ["key"] where it is not a plain name. Returns the length to go back to. */
static size_t descend(struct walk *w, const char *key)
{
    size_t len = w->path.len;
    if (*key && !strpbrk(key, ".[]\"\\")) { /* no printf: this runs for every field */
        if (len)
            buf_addc(&w->path, '.');
        buf_add(&w->path, key, shown(key, strlen(key), KEY_MAX));
        return len;
    }
    buf_adds(&w->path, "[\"");
    for (size_t i = 0, n = shown(key, strlen(key), KEY_MAX); i < n; i++) {
        if (key[i] == '"' || key[i] == '\\')
            buf_addc(&w->path, '\\');
        buf_addc(&w->path, key[i]);
    }
    buf_adds(&w->path, "\"]");
    return len;
}

static size_t descend_to(struct walk *w, int i)
{
    char digits[16];
    size_t len = w->path.len, at = sizeof digits;
    digits[--at] = ']';
    do
        digits[--at] = (char)('0' + i % 10);
    while ((i /= 10) > 0);
    digits[--at] = '[';
    buf_add(&w->path, digits + at, sizeof digits - at);
    return len;
}

static void ascend(struct walk *w, size_t len)
{
    w->path.p[w->path.len = len] = '\0';
}

void walk_complain_key(struct walk *w, enum finding_id id, const char *key, const char *words)
{
    size_t len = descend(w, key);
    walk_complain(w, id, "", "the key is not valid; expected %s", words);
    ascend(w, len);
}

/* A value for a message: short, and nothing at all of a Secret. */
static const char *quoted(const struct walk *w, jv v, char room[QUOTED_MAX + 16])
{
    struct buf b;
    if (w->options->is_secret)
        return "the value";
    buf_init(&b, BUF_MAX_LINE);
    jx_dump(&b, v);
    size_t n = shown(b.p, b.len, QUOTED_MAX);
    snprintf(room, QUOTED_MAX + 16, "%.*s%s", (int)n, b.p, n < b.len ? "..." : "");
    buf_free(&b);
    return room;
}

/* ---- values ---- */

static const char *const type_names[] = {
    [TYPE_STRING] = "a string",  [TYPE_INT] = "an integer", [TYPE_BOOL] = "true or false",
    [TYPE_OBJECT] = "an object", [TYPE_LIST] = "a list",    [TYPE_MAP] = "a map of strings",
};

static bool has_type(enum field_type t, jv v)
{
    switch (t) {
    case TYPE_STRING: return jx_is_str(v);
    case TYPE_INT: return jx_is_num(v);
    case TYPE_BOOL: return jx_is_bool(v);
    case TYPE_OBJECT:
    case TYPE_MAP: return jx_is_obj(v);
    case TYPE_LIST: return jx_is_arr(v);
    default: return true;
    }
}

/* Whether the text would be of the type without its quotes. */
static bool is_unquotable(const struct field *f, const char *s)
{
    return f->type == TYPE_BOOL ? str_eq(s, "true") || str_eq(s, "false")
                                : *s && strspn(s, "0123456789") == strlen(s);
}

static void complain_type(struct walk *w, const struct field *f, jv v)
{
    char room[QUOTED_MAX + 16];
    const char *hint = "";
    if (f->type == TYPE_STRING && jx_is_bool(v))
        hint = "; in YAML plain yes, no, on, off and the like are booleans: quote it";
    else if (f->type == TYPE_STRING && jx_is_num(v))
        hint = "; quote it";
    else if ((f->type == TYPE_INT || f->type == TYPE_BOOL) && jx_is_str(v))
        hint = is_unquotable(f, jx_str(v)) ? "; take the quotes off" : "";
    else if (f->type == TYPE_LIST)
        hint = "; in YAML its items start with \"- \"";
    walk_complain(w, F_FIELD_TYPE, "", "%s is of type %s, expected %s%s",
                  jx_is_obj(v) || jx_is_arr(v) ? "this" : quoted(w, v, room), jx_kind(v), type_names[f->type],
                  hint);
}

static size_t code_points(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

/* One word for one thing, as in "1 item". */
static bool check_count(struct walk *w, const struct field *f, int64_t n, const char *unit, const char *units)
{
    bool is_short = n<f->min, is_long = f->max> 0 && n > f->max;
    int64_t limit = is_short ? f->min : f->max;
    if (is_short || is_long)
        walk_complain(w, F_FIELD_LENGTH, "", "has %lld %s; at %s %lld %s", (long long)n,
                      n == 1 ? unit : units, is_short ? "least" : "most", (long long)limit,
                      limit == 1 ? "is expected" : "are expected");
    return !is_short && !is_long;
}

/* The value v is `value` as text. */
static void check_choice(struct walk *w, const char *choices, jv v, const char *value)
{
    char room[QUOTED_MAX + 16], all[400], near[80];
    bool is_experimental = false;
    if (is_choice(choices, value, &is_experimental) && !(is_experimental && w->options->is_standard))
        return;
    const char *as_shown = quoted(w, v, room);
    if (is_experimental)
        walk_complain(w, F_FIELD_EXPERIMENTAL, "", "%s is only in the experimental channel", as_shown);
    else if (nearest_choice(choices, w->options->is_standard, value, near))
        walk_complain(w, F_FIELD_VALUE, "", "%s is not allowed; did you mean %s?", as_shown, near);
    else
        walk_complain(w, F_FIELD_VALUE, "", "%s is not allowed; one of %s is expected", as_shown,
                      list_choices(choices, w->options->is_standard, all, sizeof all));
}

static bool asks_format(const struct walk *w, const struct field *f)
{
    return f->format && !(w->options->is_standard && f->flags & FORMAT_EXPERIMENTAL);
}

static void check_string(struct walk *w, const struct field *f, jv v)
{
    char room[QUOTED_MAX + 16];
    const char *s = jx_str(v);
    if (f->min > 0 && !*s) {
        walk_complain(w, F_FIELD_LENGTH, "", "is empty");
        return;
    }
    if ((f->min > 0 || f->max > 0) && !check_count(w, f, (int64_t)code_points(s), "character", "characters"))
        return;
    if (f->choices)
        check_choice(w, f->choices, v, s);
    if (asks_format(w, f) && !f->format->matches(s))
        walk_complain(w, F_FIELD_VALUE, "", "%s is not valid; expected %s", quoted(w, v, room),
                      f->format->words);
}

static void check_int(struct walk *w, const struct field *f, jv v)
{
    char room[QUOTED_MAX + 16];
    int64_t n;
    if (!jx_int(v, &n)) {
        walk_complain(w, F_FIELD_VALUE, "", "%s is not an integer that fits", quoted(w, v, room));
        return;
    }
    int64_t max = f->max ? f->max : INT32_MAX, min = f->max || f->min ? f->min : INT32_MIN;
    if (f->choices) {
        snprintf(room, sizeof room, "%lld", (long long)n);
        check_choice(w, f->choices, v, room);
    } else if (n < min || n > max) {
        walk_complain(w, F_FIELD_VALUE, "", "%lld is out of range; %lld to %lld is expected", (long long)n,
                      (long long)min, (long long)max);
    }
}

static void check_value(struct walk *w, const struct field *f, jv v);

static void check_map(struct walk *w, const struct field *f, jv v)
{
    static const struct field any_string = {.type = TYPE_STRING};
    check_count(w, f, jx_len(v), "entry", "entries");
    jv keys = jb_keys(v);
    for (int i = 0; i < jx_len(keys); i++) {
        const char *key = jx_str(jx_at(keys, i));
        jv value = jx_get(v, key);
        if (jx_is_null(value) && f->flags & NULL_IS_EMPTY) {
            w->is_incomplete = true;
            continue;
        }
        size_t len = descend(w, key);
        check_value(w, f->items ? f->items : &any_string, value);
        ascend(w, len);
    }
    jb_free(keys);
}

/* ---- lists ---- */

static jv key_of(const struct field *f, jv list, int i)
{
    return *f->key ? jx_get(jx_at(list, i), f->key) : jx_at(list, i);
}

static void complain_duplicate(struct walk *w, const struct field *f, jv list, int i, int first)
{
    char room[QUOTED_MAX + 16], below[60];
    snprintf(below, sizeof below, "[%d]%s%.20s", i, *f->key ? "." : "", f->key);
    walk_complain(w, F_FIELD_DUPLICATE, below, "%s is there already, in item %d",
                  quoted(w, key_of(f, list, i), room), first);
}

/* Pair by pair: of a few items nothing is faster. */
static void check_unique_few(struct walk *w, const struct field *f, jv list, int n)
{
    for (int i = 1; i < n; i++) {
        jv key = key_of(f, list, i);
        for (int k = 0; k < i && !jx_is_none(key); k++) {
            if (!jx_equal(key, key_of(f, list, k)))
                continue;
            complain_duplicate(w, f, list, i, k);
            break;
        }
    }
}

static void check_unique_many(struct walk *w, const struct field *f, jv list, int n)
{
    jv seen = jb_obj();
    struct buf text;
    buf_init(&text, BUF_MAX_LINE);
    for (int i = 0; i < n; i++) {
        jv key = key_of(f, list, i);
        buf_reset(&text);
        jx_dump(&text, key);
        int64_t first = jx_is_none(key) ? -1 : jx_getint_or(seen, text.p, -1);
        if (first >= 0)
            complain_duplicate(w, f, list, i, (int)first);
        else if (!jx_is_none(key))
            jb_put_int(&seen, text.p, i);
    }
    buf_free(&text);
    jb_free(seen);
}

static void check_list(struct walk *w, const struct field *f, jv v)
{
    int n = jx_len(v), faults = w->faults;
    check_count(w, f, n, "item", "items");
    for (int i = 0; i < n; i++) {
        size_t len = descend_to(w, i);
        check_value(w, f->items, jx_at(v, i));
        ascend(w, len);
    }
    if (f->key && w->faults == faults)
        (n <= FEW ? check_unique_few : check_unique_many)(w, f, v, n);
}

/* ---- objects ---- */

int schema_find(const struct schema *s, const char *name)
{
    for (size_t i = 0; i < s->n_fields; i++)
        if (s->fields[i].name[0] == name[0] && str_eq(s->fields[i].name, name))
            return (int)i;
    return -1;
}

/* The field that was probably meant, or -1. Where others may be right, only what is very near counts. */
static int nearest_field(const struct walk *w, const struct schema *s, const char *name)
{
    for (size_t i = 0; i < s->n_fields && !is_full(w); i++) {
        const char *field = s->fields[i].name;
        size_t n = strlen(field), most = n < 4 ? 0 : n < 6 && s->is_open ? 1 : 2;
        bool is_hidden = w->options->is_standard && s->fields[i].flags & EXPERIMENTAL;
        if (!is_hidden && is_near(name, field, most))
            return (int)i;
    }
    return -1;
}

/* Which fields of an object are there, by the bits of their rows. */
struct members {
    uint64_t present;
    uint64_t meant; /* there, by a name that is near */
};

static void unknown_member(struct walk *w, const struct schema *s, const char *name, struct members *m)
{
    int near = nearest_field(w, s, name);
    if (near < 0 && s->is_open)
        return;
    size_t len = descend(w, name);
    if (near >= 0)
        walk_complain(w, F_FIELD_UNKNOWN, "", "there is no such field; did you mean %s?",
                      s->fields[near].name);
    else
        walk_complain(w, F_FIELD_UNKNOWN, "", "there is no such field");
    ascend(w, len);
    if (near >= 0)
        m->meant |= (uint64_t)1 << near;
}

static void check_member(struct walk *w, const struct schema *s, const char *name, jv value,
                         struct members *m)
{
    int i = schema_find(s, name);
    if (i < 0) {
        unknown_member(w, s, name, m);
        return;
    }
    if (jx_is_null(value)) { /* as if it were not there: an API server drops it */
        w->is_incomplete = true;
        return;
    }
    m->present |= (uint64_t)1 << i;
    size_t len = descend(w, name);
    if (w->options->is_standard && s->fields[i].flags & EXPERIMENTAL)
        walk_complain(w, F_FIELD_EXPERIMENTAL, "", "this field is only in the experimental channel");
    else
        check_value(w, &s->fields[i], value);
    ascend(w, len);
}

/* What is not there and has to be, here or by schema_fill(). */
static void check_missing(struct walk *w, const struct schema *s, const struct members *m)
{
    for (size_t i = 0; i < s->n_fields; i++) {
        char below[80];
        const struct field *f = &s->fields[i];
        if (m->present >> i & 1)
            continue;
        w->is_incomplete |= f->otherwise != NULL;
        if (!(f->flags & REQUIRED) || m->meant >> i & 1)
            continue;
        snprintf(below, sizeof below, ".%s", f->name);
        walk_complain(w, F_FIELD_REQUIRED, below, "is required");
    }
}

/* The value of a union's tag, or its default. */
static const char *tag_of(const struct schema *s, jv v, const char *tag, char room[40])
{
    const char *value = jx_getstr(v, tag);
    int i = schema_find(s, tag);
    if (value)
        return value;
    if (i < 0 || !s->fields[i].otherwise)
        return "";
    snprintf(room, 40, "%s", s->fields[i].otherwise + 1); /* without the quotes of the JSON text */
    room[strcspn(room, "\"")] = '\0';
    return room;
}

static void check_variants(struct walk *w, const struct schema *s, jv v, const struct members *m)
{
    char room[40], below[80];
    const char *tag = NULL;
    for (size_t i = 0; i < s->n_variants; i++) {
        const struct variant *o = &s->variants[i];
        if (i == 0 || !str_eq(o->tag, o[-1].tag)) /* all of a struct have one tag, as a rule */
            tag = tag_of(s, v, o->tag, room);
        int member = schema_find(s, o->member);
        bool is_wanted = str_eq(tag, o->value), is_there = m->present >> member & 1,
             is_meant = m->meant >> member & 1;
        if (is_wanted ? is_there || is_meant : !is_there)
            continue;
        snprintf(below, sizeof below, ".%s", o->member);
        if (is_wanted)
            walk_complain(w, F_RULE, below, "is required when %s is %s", o->tag, o->value);
        else
            walk_complain(w, F_RULE, below, "is only allowed when %s is %s; it is \"%.40s\"", o->tag,
                          o->value, tag);
    }
}

static void check_object(struct walk *w, const struct schema *s, jv v)
{
    int faults = w->faults;
    struct members m = {0, 0};
    for (struct jx_iter it = jx_iter(v); jx_next(&it);)
        check_member(w, s, it.key, it.value, &m);
    check_missing(w, s, &m);
    if (w->faults != faults)
        return;
    check_variants(w, s, v, &m);
    if (s->rule && !m.meant)
        s->rule(w, v);
}

static void check_value(struct walk *w, const struct field *f, jv v)
{
    int faults = w->faults;
    if (!has_type(f->type, v)) {
        complain_type(w, f, v);
        return;
    }
    switch (f->type) {
    case TYPE_STRING: check_string(w, f, v); break;
    case TYPE_INT: check_int(w, f, v); break;
    case TYPE_OBJECT: check_object(w, f->of, v); break;
    case TYPE_LIST: check_list(w, f, v); break;
    case TYPE_MAP: check_map(w, f, v); break;
    default: break;
    }
    if (f->rule && w->faults == faults)
        f->rule(w, v);
}

bool schema_check(const struct schema *s, const struct schema_options *o, jv object, struct findings *fs)
{
    struct walk w = {.options = o, .findings = fs};
    buf_init(&w.path, BUF_MAX_SCRATCH);
    check_object(&w, s, object);
    buf_free(&w.path);
    return !w.is_incomplete;
}

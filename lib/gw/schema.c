#include "gw/schema.h"

#include <stdio.h>
#include <strings.h>

enum { QUOTED_MAX = 64 }; /* bytes of a value shown in a message */

void walk_complain(struct walk *w, enum finding_id id, const char *below, const char *fmt, ...)
{
    char message[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    size_t len = w->path.len;
    if (*below == '.' && len == 0)
        below++;
    buf_adds(&w->path, below);
    findings_add(w->findings,
                 &(struct finding){.id = id, .path = w->path.len ? w->path.p : NULL, .message = message});
    w->path.p[w->path.len = len] = '\0';
}

/* A value for a message: short, and nothing at all of a Secret. */
static const char *quoted(const struct walk *w, jv v, char room[QUOTED_MAX + 16])
{
    struct buf b;
    if (w->options->is_secret)
        return "the value";
    buf_init(&b, BUF_MAX_LINE);
    jx_dump(&b, v);
    size_t n = b.len > QUOTED_MAX ? QUOTED_MAX : b.len;
    while (n < b.len && n > 0 && ((unsigned char)b.p[n] & 0xc0) == 0x80) /* not inside of a character */
        n--;
    snprintf(room, QUOTED_MAX + 16, "%.*s%s", (int)n, b.p, n < b.len ? "..." : "");
    buf_free(&b);
    return room;
}

/* ---- near misses ---- */

static size_t distance(const char *a, const char *b)
{
    enum { MAX = 40 };
    size_t n = strlen(a), m = strlen(b), row[MAX + 1];
    if (n > MAX || m > MAX)
        return MAX;
    for (size_t k = 0; k <= m; k++)
        row[k] = k;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= m; k++) {
            size_t above = row[k], best = diagonal + (a[i - 1] != b[k - 1]);
            best = above + 1 < best ? above + 1 : best;
            best = row[k - 1] + 1 < best ? row[k - 1] + 1 : best;
            diagonal = above;
            row[k] = best;
        }
    }
    return row[m];
}

static bool is_near(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0 || (strlen(b) > 3 && distance(a, b) <= 2);
}

static const char *nearest_field(const struct schema *s, const char *name)
{
    for (size_t i = 0; i < s->n_fields; i++)
        if (is_near(name, s->fields[i].name))
            return s->fields[i].name;
    return NULL;
}

/* The choice nearest to the value, copied into room; NULL when none is near. */
static const char *nearest_choice(const char *choices, const char *value, char room[80])
{
    while (*choices) {
        size_t n = strcspn(choices, "|");
        snprintf(room, 80, "%.*s", (int)n, choices);
        if (is_near(value, room))
            return room;
        choices += n + (choices[n] == '|');
    }
    return NULL;
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

static void complain_type(struct walk *w, const struct field *f, jv v)
{
    char room[QUOTED_MAX + 16];
    const char *hint = "";
    if (f->type == TYPE_STRING && jx_is_bool(v))
        hint = "; in YAML plain yes, no, on, off and the like are booleans: quote it";
    else if (f->type == TYPE_STRING && jx_is_num(v))
        hint = "; quote it";
    else if (f->type == TYPE_INT && jx_is_str(v))
        hint = "; take the quotes off";
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

static void check_count(struct walk *w, const struct field *f, int64_t n, const char *unit)
{
    if (n < f->min)
        walk_complain(w, F_FIELD_LENGTH, "", "has %d %s, at least %d are expected", (int)n, unit,
                      (int)f->min);
    else if (f->max > 0 && n > f->max)
        walk_complain(w, F_FIELD_LENGTH, "", "has %d %s, at most %d are allowed", (int)n, unit, (int)f->max);
}

static bool is_choice(const char *choices, const char *value)
{
    size_t n = strlen(value);
    for (const char *c = choices; *c;) {
        size_t len = strcspn(c, "|");
        if (len == n && memcmp(c, value, n) == 0)
            return true;
        c += len + (c[len] == '|');
    }
    return false;
}

static void check_choice(struct walk *w, const char *choices, jv v)
{
    char room[QUOTED_MAX + 16], near[80];
    const char *value = jx_str(v), *best;
    if (is_choice(choices, value))
        return;
    best = nearest_choice(choices, value, near);
    if (best)
        walk_complain(w, F_FIELD_VALUE, "", "%s is not allowed; did you mean %s?", quoted(w, v, room), best);
    else
        walk_complain(w, F_FIELD_VALUE, "", "%s is not allowed; one of %s is expected", quoted(w, v, room),
                      choices);
}

static void check_string(struct walk *w, const struct field *f, jv v)
{
    char room[QUOTED_MAX + 16];
    const char *s = jx_str(v);
    if (f->min > 0 && !*s) {
        walk_complain(w, F_FIELD_LENGTH, "", "is empty");
        return;
    }
    if (f->min > 0 || f->max > 0)
        check_count(w, f, (int64_t)code_points(s), "characters");
    if (f->choices)
        check_choice(w, f->choices, v);
    if (f->format && !f->format->matches(s))
        walk_complain(w, F_FIELD_VALUE, "", "%s is not valid; expected %s", quoted(w, v, room),
                      f->format->words);
}

static void check_int(struct walk *w, const struct field *f, jv v)
{
    char room[QUOTED_MAX + 16];
    int64_t n;
    if (!jx_int(v, &n)) {
        walk_complain(w, F_FIELD_VALUE, "", "%s is no integer", quoted(w, v, room));
        return;
    }
    int64_t max = f->max ? f->max : INT32_MAX, min = f->max || f->min ? f->min : INT32_MIN;
    if (f->choices) {
        char text[24];
        snprintf(text, sizeof text, "%d", (int)n);
        if (!is_choice(f->choices, text))
            walk_complain(w, F_FIELD_VALUE, "", "%s is not allowed; one of %s is expected", text, f->choices);
    } else if (n < min || n > max) {
        walk_complain(w, F_FIELD_VALUE, "", "%lld is out of range; %lld to %lld is expected", (long long)n,
                      (long long)min, (long long)max);
    }
}

static void check_object(struct walk *w, const struct schema *s, jv v);
static void check_value(struct walk *w, const struct field *f, jv v);

static void check_map(struct walk *w, const struct field *f, jv v)
{
    check_count(w, f, jx_len(v), "entries");
    jv keys = jb_keys(v);
    for (int i = 0; i < jx_len(keys); i++) {
        const char *key = jx_str(jx_at(keys, i));
        jv value = jx_get(v, key);
        size_t len = w->path.len;
        buf_addf(&w->path, "[\"%s\"]", key);
        const struct field item = {.type = TYPE_STRING, .format = f->format};
        if (!jx_is_str(value))
            complain_type(w, &item, value);
        else
            check_string(w, &item, value);
        w->path.p[w->path.len = len] = '\0';
    }
    jb_free(keys);
}

/* Items that share their key: told at the second one. */
static void check_unique(struct walk *w, const struct field *f, jv v)
{
    for (int i = 1; f->key && i < jx_len(v); i++) {
        jv a = *f->key ? jx_get(jx_at(v, i), f->key) : jx_at(v, i);
        for (int k = 0; k < i && !jx_is_none(a); k++) {
            jv b = *f->key ? jx_get(jx_at(v, k), f->key) : jx_at(v, k);
            char room[QUOTED_MAX + 16], below[40];
            if (!jx_equal(a, b))
                continue;
            snprintf(below, sizeof below, "[%d]%s%.20s", i, *f->key ? "." : "", f->key);
            walk_complain(w, F_FIELD_DUPLICATE, below, "%s is there already, in item %d", quoted(w, a, room),
                          k);
            break;
        }
    }
}

static void check_list(struct walk *w, const struct field *f, jv v)
{
    check_count(w, f, jx_len(v), "items");
    for (int i = 0; i < jx_len(v); i++) {
        size_t len = w->path.len;
        buf_addf(&w->path, "[%d]", i);
        check_value(w, f->items, jx_at(v, i));
        w->path.p[w->path.len = len] = '\0';
    }
    check_unique(w, f, v);
}

static void check_value(struct walk *w, const struct field *f, jv v)
{
    int before = w->findings->errors;
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
    /* Rules speak of fields together: of use only where each is right for itself. */
    if (f->rule && w->findings->errors == before)
        f->rule(w, v);
}

/* ---- objects ---- */

static const struct field *find_field(const struct walk *w, const struct schema *s, const char *name)
{
    for (size_t i = 0; i < s->n_fields; i++)
        if (str_eq(s->fields[i].name, name))
            return w->options->is_standard && s->fields[i].flags & EXPERIMENTAL ? NULL : &s->fields[i];
    return NULL;
}

static void complain_unknown(struct walk *w, const struct schema *s, const char *name)
{
    char below[300];
    const char *near = nearest_field(s, name);
    snprintf(below, sizeof below, strpbrk(name, ".[]\"") ? "[\"%.250s\"]" : ".%.250s", name);
    if (near && str_eq(near, name))
        walk_complain(w, F_FIELD_UNKNOWN, below, "this field is only in the experimental channel");
    else if (near)
        walk_complain(w, F_FIELD_UNKNOWN, below, "there is no such field; did you mean %s?", near);
    else
        walk_complain(w, F_FIELD_UNKNOWN, below, "there is no such field");
}

static void check_member(struct walk *w, const struct schema *s, const char *name, jv value)
{
    const struct field *f = find_field(w, s, name);
    size_t len = w->path.len;
    if (!f) {
        if (!s->is_open)
            complain_unknown(w, s, name);
        return;
    }
    if (jx_is_null(value)) /* an API server drops it */
        return;
    if (len)
        buf_addc(&w->path, '.'); /* not printf: this runs for every field */
    buf_adds(&w->path, name);
    check_value(w, f, value);
    w->path.p[w->path.len = len] = '\0';
}

static bool is_absent(jv v)
{
    return jx_is_none(v) || jx_is_null(v);
}

static void check_required(struct walk *w, const struct schema *s, jv v)
{
    for (size_t i = 0; i < s->n_fields; i++) {
        char below[80];
        const struct field *f = &s->fields[i];
        if (!(f->flags & REQUIRED) || !is_absent(jx_get(v, f->name)))
            continue;
        snprintf(below, sizeof below, ".%s", f->name);
        walk_complain(w, F_FIELD_REQUIRED, below, "is required");
    }
}

static const char *tag_of(const struct schema *s, jv v, const char *tag)
{
    const char *value = jx_getstr(v, tag);
    static char otherwise[40]; /* a default as JSON text, unquoted */
    for (size_t i = 0; !value && i < s->n_fields; i++) {
        if (!str_eq(s->fields[i].name, tag) || !s->fields[i].otherwise)
            continue;
        snprintf(otherwise, sizeof otherwise, "%.*s", (int)strlen(s->fields[i].otherwise) - 2,
                 s->fields[i].otherwise + 1);
        return otherwise;
    }
    return value ? value : "";
}

static void check_variants(struct walk *w, const struct schema *s, jv v)
{
    for (size_t i = 0; i < s->n_variants; i++) {
        const struct variant *o = &s->variants[i];
        char below[80];
        const char *tag = tag_of(s, v, o->tag);
        bool is_wanted = str_eq(tag, o->value), is_there = !is_absent(jx_get(v, o->member));
        snprintf(below, sizeof below, ".%s", o->member);
        if (is_wanted && !is_there)
            walk_complain(w, F_RULE, below, "is required when %s is %s", o->tag, o->value);
        else if (!is_wanted && is_there)
            walk_complain(w, F_RULE, below, "is only allowed when %s is %s; it is \"%s\"", o->tag, o->value,
                          tag);
    }
}

static void check_object(struct walk *w, const struct schema *s, jv v)
{
    int before = w->findings->errors;
    for (struct jx_iter it = jx_iter(v); jx_next(&it);)
        check_member(w, s, it.key, it.value);
    check_required(w, s, v);
    if (w->findings->errors != before)
        return;
    check_variants(w, s, v);
    if (s->rule)
        s->rule(w, v);
}

void schema_check(const struct schema *s, const struct schema_options *o, jv object, struct findings *fs)
{
    struct walk w = {.options = o, .findings = fs};
    buf_init(&w.path, BUF_MAX_SCRATCH);
    check_object(&w, s, object);
    buf_free(&w.path);
}

/* ---- defaults ---- */

static jv fill_value(const struct field *f, jv owned, bool *changed)
{
    if (f->type == TYPE_OBJECT && jx_is_obj(owned))
        return schema_fill(f->of, owned, changed);
    if (f->type != TYPE_LIST || !jx_is_arr(owned) || f->items->type != TYPE_OBJECT)
        return owned;
    for (int i = 0; i < jx_len(owned); i++) {
        bool item_changed = false;
        jv item = fill_value(f->items, jb_copy(jx_at(owned, i)), &item_changed);
        if (item_changed)
            jb_set(&owned, i, item);
        else
            jb_free(item);
        *changed |= item_changed;
    }
    return owned;
}

static jv default_of(const struct field *f)
{
    const char *why;
    return jx_parse(f->otherwise, strlen(f->otherwise), &why);
}

jv schema_fill(const struct schema *s, jv owned, bool *changed)
{
    for (size_t i = 0; i < s->n_fields; i++) {
        const struct field *f = &s->fields[i];
        jv value = jx_get(owned, f->name);
        if (jx_is_null(value)) {
            jb_del(&owned, f->name);
            *changed = true;
            value = JX_NONE;
        }
        if (jx_is_none(value) && f->otherwise) {
            jb_put(&owned, f->name, default_of(f));
            *changed = true;
            value = jx_get(owned, f->name);
        }
        bool is_nested = f->type == TYPE_OBJECT || (f->type == TYPE_LIST && f->items->type == TYPE_OBJECT);
        if (jx_is_none(value) || !is_nested)
            continue;
        bool value_changed = false;
        jv filled = fill_value(f, jb_copy(value), &value_changed);
        if (value_changed)
            jb_put(&owned, f->name, filled);
        else
            jb_free(filled);
        *changed |= value_changed;
    }
    return owned;
}

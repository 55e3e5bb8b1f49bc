#include "apisix/modifier.h"

#include <strings.h>

#include "base/buf.h"

static const char *const types[][2] = {
    {"RequestHeaderModifier", "requestHeaderModifier"},
    {"ResponseHeaderModifier", "responseHeaderModifier"},
};

static const char *name_of(jv entry)
{
    const char *s = jx_str(entry);
    return s ? s : jx_getstr_or(entry, "name", "");
}

/* The index of the entry about this header, or -1. */
static int find(jv list, const char *name)
{
    for (int i = 0; i < jx_len(list); i++)
        if (strcasecmp(name_of(jx_at(list, i)), name) == 0)
            return i;
    return -1;
}

static bool is_about(jv modifier, const char *name)
{
    return find(jx_get(modifier, "set"), name) >= 0 || find(jx_get(modifier, "add"), name) >= 0 ||
           find(jx_get(modifier, "remove"), name) >= 0;
}

static void add_header(jv *list, const char *name, const char *before, const char *value)
{
    jv o = jb_obj();
    jb_put_str(&o, "name", name);
    jb_put(&o, "value", *before ? jb_strf("%s,%s", before, value) : jb_str(value));
    jb_add(list, o);
}

/* The entries of `group` in the first that the second says nothing of, then all of the second's. */
static jv merged(jv first, jv second, const char *group)
{
    jv out = jb_arr(), a = jx_get(first, group), b = jx_get(second, group);
    for (int i = 0; i < jx_len(a); i++)
        if (!is_about(second, name_of(jx_at(a, i))))
            jb_add(&out, jb_copy(jx_at(a, i)));
    for (int i = 0; i < jx_len(b); i++)
        jb_add(&out, jb_copy(jx_at(b, i)));
    return out;
}

/*
 * What the second adds to a header that the first has touched. Two additions to a response stay two lines, as
 * Set-Cookie needs it; a request's are a map in APISIX and become one.
 */
static void put_additions(jv first, jv second, bool is_response, jv *set, jv *add)
{
    jv more = jx_get(second, "add"), was_set = jx_get(first, "set"), was_added = jx_get(first, "add");
    for (int i = 0; i < jx_len(more); i++) {
        const char *name = name_of(jx_at(more, i)), *value = jx_getstr_or(jx_at(more, i), "value", "");
        int k = find(was_set, name), n = find(was_added, name);
        if (n >= 0 && is_response)
            jb_add(add, jb_copy(jx_at(was_added, n)));
        if (k >= 0)
            add_header(set, name, jx_getstr_or(jx_at(was_set, k), "value", ""), value);
        else if (n >= 0 && !is_response)
            add_header(add, name, jx_getstr_or(jx_at(was_added, n), "value", ""), value);
        else if (find(jx_get(first, "remove"), name) >= 0)
            add_header(set, name, "", value);
        else
            add_header(add, name, "", value);
    }
}

static jv in_turn(jv first, jv second, bool is_response)
{
    jv out = jb_obj();
    jv set = merged(first, second, "set"), add = jb_arr(), old = jx_get(first, "add");
    for (int i = 0; i < jx_len(old); i++)
        if (!is_about(second, name_of(jx_at(old, i))))
            jb_add(&add, jb_copy(jx_at(old, i)));
    put_additions(first, second, is_response, &set, &add);
    jb_put(&out, "set", set);
    jb_put(&out, "add", add);
    jb_put(&out, "remove", merged(first, second, "remove"));
    return out;
}

jv modifiers_joined(jv filters)
{
    for (size_t t = 0; t < N_ELEMS(types); t++) {
        int before = -1;
        for (int i = 0; i < jx_len(filters); i++) {
            jv f = jx_at(filters, i);
            if (!str_same(jx_getstr(f, "type"), types[t][0]))
                continue;
            if (before >= 0) {
                jv both = jb_copy(f), nothing = jb_copy(jx_at(filters, before));
                jb_put(&both, types[t][1],
                       in_turn(jx_get(nothing, types[t][1]), jx_get(f, types[t][1]), t == 1));
                jb_put(&nothing, types[t][1], jb_obj());
                jb_set(&filters, i, both);
                jb_set(&filters, before, nothing);
            }
            before = i;
        }
    }
    return filters;
}

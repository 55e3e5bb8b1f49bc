/* rules: what the rule functions share. */
#ifndef GW_RULES_H
#define GW_RULES_H

#include <stdio.h>

#include "gw/fields.h"

/* A string member, "" when it is none. */
static inline const char *text(jv v, const char *key)
{
    return jx_getstr_or(v, key, "");
}

/* Null counts as absent, as it does for an API server. */
static inline bool has(jv v, const char *key)
{
    jv member = jx_get(v, key);
    return !jx_is_none(member) && !jx_is_null(member);
}

/* "before[i]after", for paths. */
static inline const char *at(char room[64], const char *before, int i, const char *after)
{
    snprintf(room, 64, "%s[%d]%s", before, i, after);
    return room;
}

#endif

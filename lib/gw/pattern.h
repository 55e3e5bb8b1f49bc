/* pattern: may a user's regular expression be given to APISIX? */
#ifndef GW_PATTERN_H
#define GW_PATTERN_H

#include "base/base.h"

/* The complaint (thread-local text): does not compile as PCRE2. NULL when it is fine. */
const char *pattern_problem(const char *re);

/* Whether matching it against awkward texts takes more steps than a gateway should spend on a request. */
bool pattern_is_slow(const char *re);

/* The version of PCRE2. */
const char *pattern_library(void);

#endif

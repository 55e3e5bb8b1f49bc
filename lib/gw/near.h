/* near: what a misspelt name was probably meant to be. */
#ifndef GW_NEAR_H
#define GW_NEAR_H

#include "base/base.h"

/* Whether they differ by case only, or by at most `most` letters put in, left out, changed or swapped. */
bool is_near(const char *a, const char *b, size_t most);

#endif

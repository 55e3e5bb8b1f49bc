/* choice: the values that a field may have, as text: "A|B|+C", where C is of the experimental channel only.
 */
#ifndef GW_CHOICE_H
#define GW_CHOICE_H

#include "base/base.h"

bool is_choice(const char *choices, const char *value, bool *is_experimental);

/* "A, B, C", for a message. */
const char *list_choices(const char *choices, bool is_standard, char *room, size_t size);

/* The one that was probably meant, in room; false when none is near. */
bool nearest_choice(const char *choices, bool is_standard, const char *value, char room[80]);

#endif

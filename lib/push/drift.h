/* drift: whether somebody else writes what is ours: another gw-push of this instance, or a person. */
#ifndef GW_PUSH_DRIFT_H
#define GW_PUSH_DRIFT_H

#include "push/target.h"

/* Says which objects of ours are not as they were left. Both lists are sorted. */
void drift_tell(const struct target *t, const struct items *left, const struct items *found);

#endif

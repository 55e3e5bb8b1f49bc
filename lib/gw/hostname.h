/*
 * hostname: Gateway API hostnames and their intersection (Gateway API "Hostname", listener and route).
 *
 * A hostname is precise ("a.example.com"), a wildcard ("*.example.com": one or more labels to the left,
 * never example.com itself), or absent, written "" here: any host. Hostnames are lowercase; admission
 * sees to that.
 */
#ifndef GW_HOSTNAME_H
#define GW_HOSTNAME_H

#include "base/base.h"

bool host_is_wildcard(const char *host);

/* Whether every name that `narrow` stands for is also one of `wide`. */
bool host_covers(const char *wide, const char *narrow);

/*
 * The hosts that both stand for: the narrower of the two where one covers the other, else NULL.
 * (Two hostnames never overlap otherwise.) Returns one of its arguments.
 */
const char *host_intersect(const char *a, const char *b);

/* Whether `host` lies more than one label below the wildcard: "a.b.x" under "*.x". */
bool host_is_deep_under(const char *wildcard, const char *host);

#endif

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

enum { HOST_MAX = 253 };

/*
 * The next wider hostname that covers `host`: "*.b.c" of "a.b.c", "*.c" of "*.b.c", "" of "*.c" or "c"; NULL
 * of
 * "". Written to `room` (which `host` may be), or static.
 */
const char *host_wider(const char *host, char room[HOST_MAX + 1]);

/* Whether `host` lies more than one label below the wildcard: "a.b.x" under "*.x". */
bool host_is_deep_under(const char *wildcard, const char *host);

#endif

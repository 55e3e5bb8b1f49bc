/*
 * duration: spans of time as the Gateway API writes them (GEP-2257: "1h30m", "500ms").
 */
#ifndef GW_DURATION_H
#define GW_DURATION_H

/* In seconds; 0 when there is none. */
double duration_seconds(const char *text);

#endif

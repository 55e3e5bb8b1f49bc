/*
 * place: where a request must have come in, as conditions of an APISIX route.
 *
 * gw-resolve-refs says with each binding, and each listener that something must answer for, what tells it
 * from the rest of the data plane (gw-record(7): limit, notInternal, addresses, notAddresses,
 * sni). Variables are strings to APISIX, ports too.
 */
#ifndef GW_PLACE_H
#define GW_PLACE_H

#include "apisix/translate.h"

struct place {
    jv says;           /* borrowed: the object with limit, addresses, notAddresses, sni */
    int internal_port; /* 0: there is none */
    jv ports;          /* borrowed: those of the data plane, as strings, each once */
    bool is_https;     /* of its listeners, where the scheme is the limit */
    bool wants_port;   /* whatever the limit says */
    bool any_sni;      /* leave the server name out */
};

/* [var, op, value] */
jv condition(const char *var, const char *op, const char *value);

void place_add_conditions(const struct place *p, jv *vars);

#endif

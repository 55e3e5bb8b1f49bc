/*
 * functions: where functions in Lua (lua.h) stand in a route: in serverless-pre-function, before all other
 * plugins, and in serverless-post-function, behind them. Each has one phase.
 */
#ifndef GW_FUNCTIONS_H
#define GW_FUNCTIONS_H

#include "json/jx.h"

/*
 * Puts functions where there is room, behind the other plugins if possible. False, with nothing put, when
 * both places are taken by other phases.
 */
bool put_functions(jv *plugins, const char *phase, jv owned_functions);

/* Before all other plugins, in place of whatever was there. */
void put_functions_first(jv *plugins, const char *phase, jv owned_functions);

/* A list of one. Owned. */
jv list_of_function(char *owned_function);

#endif

/* dry_run: a plan as records on stdout, for people and diffs; without key material. */
#ifndef GW_PUSH_DRY_RUN_H
#define GW_PUSH_DRY_RUN_H

#include "apisix/plan.h"

/*
 * {"type":"PLAN","op":"create","kind":"routes","id":ID,"owner":LABEL,"target":NAME,"object":{...}}, one for
 * each operation in the order of execution. The object of a delete is the one that goes; that of an update
 * has beside it what is live, as `was`. When --check has found that the target would refuse it, `why` says
 * so.
 */
void dry_run_print(const struct plan *p, const struct plan_options *o, const char *target);

#endif

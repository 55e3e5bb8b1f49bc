/*
 * aims: the targets that the options of a command line name.
 *
 * A --to is [PLANE=]TARGET, of the data plane PLANE. It may name several (standalone:A,B), and the --control
 * options behind it tell where its data plane says what it serves.
 */
#ifndef GW_PUSH_AIMS_H
#define GW_PUSH_AIMS_H

#include "base/opt.h"
#include "push/served.h"
#include "push/target.h"

struct aims {
    struct target **targets; /* ours */
    struct served **served;  /* of each target; NULL: nobody can tell */
    char **names;            /* without the data plane */
    char **planes;           /* of each; NULL: the one without a name */
    size_t n, cap;
};

/*
 * NS/NAME=TARGET of a --gateway is PLANE=TARGET of a --to, where PLANE is called like the Gateway: takes its
 * place among those of `to`. The texts added are there for the life of the program, as argv is. NULL, or what
 * is wrong (owned).
 */
char *aims_take_gateways(struct opt_list *to, const struct opt_list *gateways);

/* NULL, or what is wrong with the options (owned). */
char *aims_add(struct aims *a, const struct opt_list *to, const struct opt_list *controls,
               const struct target_settings *s);
void aims_release(struct aims *a);

#endif

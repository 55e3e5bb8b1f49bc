#include "push/pushed.h"

#include <math.h>

enum pushed_state pushed_state(const struct place *p, const struct owner *o, enum pushed_state before)
{
    struct tally t = plan_tally(&p->plan, o);
    if (p->outcome == OUTCOME_FAILED || t.failed > 0)
        return PUSHED_FAILED;
    if (p->outcome == OUTCOME_REFUSED || t.refused > 0 || (o && o->set_aside > 0))
        return PUSHED_REFUSED;
    if (o && o->is_held)
        return PUSHED_HELD;
    if (o && place_owes(p, o))
        return PUSHED_PENDING;
    if (t.created + t.updated + t.deleted == 0 && before != PUSHED_PENDING)
        return PUSHED_UNCHANGED;
    return PUSHED_PROGRAMMED;
}

jv pushed_entry(const struct place *p, const struct owner *o, enum pushed_state state)
{
    static const char *const names[] = {"unchanged", "programmed", "held", "pending", "refused", "failed"};
    struct tally t = p->outcome == OUTCOME_DONE ? plan_tally(&p->plan, o) : (struct tally){0};
    jv e = jb_obj();
    jb_put_str(&e, "target", p->target->name);
    jb_put_str(&e, "plane", *p->target->plane ? p->target->plane : NULL);
    jb_put_str(&e, "state", names[state]);
    jb_put_int(&e, "created", t.created);
    jb_put_int(&e, "updated", t.updated);
    jb_put_int(&e, "deleted", t.deleted);
    if (p->options->timing)
        jb_put(&e, "seconds", jb_number(round(p->seconds * 1e3) / 1e3));
    return e;
}

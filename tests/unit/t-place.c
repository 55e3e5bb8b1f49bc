/* place: the course of one SYNC at a target, played by one that does as it is told. */
#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "push/pushed.h"
#include "rec/record.h"

static int n_tests, n_failed;

static void check(bool is_ok, const char *what)
{
    printf("%sok %d place: %s\n", is_ok ? "" : "not ", ++n_tests, what);
    n_failed += !is_ok;
}

/* ---- the target ---- */

static struct {
    struct target base;
    int read_code, check_code, write_code, wait_code;
    const char *refused_by_check, *refused; /* ids */
    int moves;                              /* so many times somebody else is faster */
    int waited;                             /* seconds */
    const char *owed_to;                    /* an owner's label */
    struct buf log;                         /* a letter for each call */
} fake;

static int fake_read(struct target *t)
{
    (void)t;
    buf_addc(&fake.log, 'r');
    return fake.read_code;
}

static int fake_check(struct target *t, struct plan *p)
{
    (void)t;
    buf_addc(&fake.log, 'c');
    for (size_t i = 0; i < p->ops.n; i++)
        if (str_same(fake.refused_by_check, p->ops.items[i].item->id)) {
            p->ops.items[i].state = OP_FAILED;
            p->ops.items[i].why = xstrdup("no");
        }
    return fake.check_code;
}

static int fake_carry_out(struct target *t, struct plan *p)
{
    buf_addc(&fake.log, 'w');
    t->has_moved = fake.moves-- > 0;
    for (size_t i = 0; i < p->ops.n; i++) {
        struct op *op = &p->ops.items[i];
        if (op->state == OP_FAILED)
            continue;
        op->state = fake.write_code == EXIT_OK && !str_same(fake.refused, op->item->id) ? OP_DONE : OP_FAILED;
    }
    if (!t->has_moved)
        plan_carry_out(p, &t->live.items);
    return t->has_moved ? EXIT_ENV : fake.write_code;
}

static int fake_wait(void *ctx, const struct plan *p, const struct items *all, int seconds,
                     const char *target)
{
    (void)ctx, (void)p, (void)all, (void)target;
    buf_addc(&fake.log, '.');
    fake.waited = seconds;
    return fake.wait_code;
}

static bool fake_owes(const void *ctx, const char *owner)
{
    (void)ctx;
    return str_same(fake.owed_to, owner);
}

static void fake_rest(struct target *t)
{
    (void)t;
    buf_addc(&fake.log, 'z');
}

static const struct target_class fake_class = {
    .read = fake_read, .check = fake_check, .carry_out = fake_carry_out, .rest = fake_rest};

/* ---- a SYNC ---- */

static struct push_options options;
static struct wanted wanted;
static struct place place;

static void begin(struct push_options o)
{
    buf_init(&fake.log, BUF_MAX_SCRATCH);
    fake.base = (struct target){.class = &fake_class,
                                .name = "fake:",
                                .plane = "",
                                .gateway = {.wait = fake_wait, .owes = fake_owes}};
    fake.read_code = fake.check_code = fake.write_code = fake.wait_code = EXIT_OK;
    fake.refused_by_check = fake.refused = fake.owed_to = NULL;
    fake.moves = 0;
    options = o;
    options.max_delete = 30;
    wanted_init(&wanted, "t");
    place_init(&place, &fake.base, &wanted, &options);
}

static void end(void)
{
    document_release(&fake.base.live);
    wanted_release(&wanted);
    buf_free(&fake.log);
}

#define UPSTREAM(ID, NAME, V)                                                                                \
    "{\"id\":\"" ID "\",\"retries\":" V                                                                      \
    ",\"labels\":{\"gwpipe-instance\":\"t\",\"gwpipe-owner\":\"Service/n/" NAME "\","                        \
    "\"managed-by\":\"gwpipe\"}}"

/* The record of Service n/NAME. */
static void say(const char *name, const char *upstreams)
{
    struct rec r;
    struct findings fs;
    char *line =
        xasprintf("{\"type\":\"ADDED\",\"object\":{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":"
                  "{\"namespace\":\"n\",\"name\":\"%s\"}},\"apisix\":{\"upstreams\":[%s]}}",
                  name, upstreams);
    findings_init(&fs);
    if (rec_parse(&r, line, strlen(line), 1) == NULL) {
        wanted_take(&wanted, &r, rec_get(&r, "apisix"), &fs);
        rec_release(&r);
    }
    findings_release(&fs);
    free(line);
}

/* A SYNC; `course` is which calls it makes. */
static void serve(bool full, const char *course, const char *what)
{
    buf_reset(&fake.log);
    bool knows_all = wanted_sync(&wanted, full);
    wanted_claims(&wanted);
    place_serve(&place, full, knows_all);
    check(str_eq(fake.log.p, course), what);
    if (!str_eq(fake.log.p, course))
        printf("#   expected: %s\n#   seen:     %s\n", course, fake.log.p);
}

static enum pushed_state state_of(const char *label, enum pushed_state before)
{
    return pushed_state(&place, wanted_owner(&wanted, label), before);
}

static void test_waiting(void)
{
    begin((struct push_options){.wait = 7});
    say("a", UPSTREAM("a", "a", "1"));
    say("b", UPSTREAM("b", "b", "1"));
    fake.wait_code = EXIT_ENV;
    fake.owed_to = "Service/n/a";
    serve(true, "rwz.", "what was written is waited for, when the target is at rest");
    check(fake.waited == 7 && place.code == EXIT_ENV, "for as long as asked; too long is exit code 4");
    check(state_of("Service/n/a", PUSHED_UNCHANGED) == PUSHED_PENDING, "written but not served is pending");
    check(state_of("Service/n/b", PUSHED_UNCHANGED) == PUSHED_PROGRAMMED,
          "another's object that is served is programmed");
    place_rest(&place);
    serve(false, "rz.", "what is pending is asked about at the next SYNC, though nothing is written");
    check(state_of("Service/n/a", PUSHED_PENDING) == PUSHED_PENDING, "and goes on being pending");
    check(state_of("Service/n/a", PUSHED_UNCHANGED) == PUSHED_PENDING, "a new record of it too");
    check(state_of("Service/n/b", PUSHED_PROGRAMMED) == PUSHED_UNCHANGED, "the other is unchanged");
    place_rest(&place);
    fake.read_code = EXIT_ENV;
    serve(false, "rz.", "also when the target itself cannot be reached");
    fake.read_code = EXIT_OK;
    place_rest(&place);
    fake.wait_code = EXIT_OK;
    fake.owed_to = NULL;
    serve(false, "rz.", "until it is served");
    check(state_of("Service/n/a", PUSHED_PENDING) == PUSHED_PROGRAMMED, "then it is programmed");
    place_rest(&place);
    serve(false, "rz", "and nothing is waited for any more");
    check(state_of("Service/n/a", PUSHED_PROGRAMMED) == PUSHED_UNCHANGED && place.code == EXIT_OK,
          "unchanged");
    place_rest(&place);
    end();
    begin((struct push_options){0});
    say("a", UPSTREAM("a", "a", "1"));
    serve(true, "rwz", "without --wait nothing is waited for");
    check(state_of("Service/n/a", PUSHED_UNCHANGED) == PUSHED_PROGRAMMED, "and written is programmed");
    place_rest(&place);
    end();
}

static void test_checking(void)
{
    begin((struct push_options){.check = true});
    say("a", UPSTREAM("a", "a", "1"));
    say("b", UPSTREAM("b", "b", "1"));
    fake.refused_by_check = "a";
    serve(true, "rcwz", "what the check did not refuse is written");
    check(place.code == EXIT_FINDINGS, "with exit code 1");
    check(state_of("Service/n/a", PUSHED_UNCHANGED) == PUSHED_FAILED, "the rest has failed");
    check(state_of("Service/n/b", PUSHED_UNCHANGED) == PUSHED_PROGRAMMED && place.outcome == OUTCOME_DONE,
          "each for itself");
    place_rest(&place);
    serve(false, "rcz", "when all is refused, nothing is written");
    place_rest(&place);
    fake.check_code = EXIT_FINDINGS;
    say("c", UPSTREAM("c", "c", "1"));
    serve(false, "rcz", "nor what could not be asked about, after some were refused");
    check(place.outcome == OUTCOME_REFUSED, "which is refused as a whole");
    place_rest(&place);
    fake.refused_by_check = NULL;
    fake.check_code = EXIT_ENV;
    serve(false, "rcz", "nor when it cannot be asked");
    check(place.outcome == OUTCOME_FAILED && place.code == EXIT_ENV, "which has failed as a whole");
    place_rest(&place);
    end();
}

static void test_failures(void)
{
    begin((struct push_options){0});
    say("a", UPSTREAM("a", "a", "1"));
    say("b", UPSTREAM("b", "b", "1"));
    fake.read_code = EXIT_ENV;
    serve(true, "rz", "a target that cannot be read is not written to");
    check(state_of("Service/n/a", PUSHED_UNCHANGED) == PUSHED_FAILED && place.code == EXIT_ENV,
          "and has failed");
    place_rest(&place);
    fake.read_code = EXIT_OK;
    fake.refused = "a";
    serve(false, "rwz", "it is tried again at the next SYNC");
    check(state_of("Service/n/a", PUSHED_FAILED) == PUSHED_FAILED &&
              state_of("Service/n/b", PUSHED_FAILED) == PUSHED_PROGRAMMED,
          "one failure is nothing to the others");
    check(place.plan.n_failed == 1 && place.plan.n_created == 1, "and is counted");
    place_rest(&place);
    fake.refused = NULL;
    fake.moves = 2;
    serve(false, "rwrwrwz", "when somebody else was faster, it is planned anew");
    check(state_of("Service/n/a", PUSHED_FAILED) == PUSHED_PROGRAMMED && place.code == EXIT_OK,
          "until it fits");
    place_rest(&place);
    say("a", UPSTREAM("a", "a", "2"));
    fake.moves = 1000;
    serve(false, "rwrwrwrwrwz", "but not for ever");
    check(place.code == EXIT_ENV, "that is exit code 4");
    place_rest(&place);
    end();
}

static void test_pruning_is_owed(void)
{
    begin((struct push_options){0});
    say("a", UPSTREAM("a", "a", "1"));
    say("b", UPSTREAM("b", "b", "1"));
    serve(true, "rwz", "two are there");
    place_rest(&place);
    say("a", UPSTREAM("a", "a", "1"));
    fake.refused = "b";
    serve(true, "rwz", "a delete that fails");
    check(place.plan.n_failed == 1 && place.owes_prune, "is owed");
    place_rest(&place);
    fake.refused = NULL;
    serve(false, "rwz", "and done at a later SYNC, though that is not full");
    check(place.plan.n_deleted == 1 && !place.owes_prune, "once");
    place_rest(&place);
    end();
}

int main(void)
{
    diag_verbosity(DIAG_ERROR);
    test_waiting();
    test_checking();
    test_failures();
    test_pruning_is_owed();
    printf("1..%d\n", n_tests);
    return n_failed > 0;
}

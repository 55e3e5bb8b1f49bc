/* drift: two that write one instance, on a clock of the test's own. */
#include <stdio.h>
#include <stdlib.h>

#include "push/drift.h"
#include "tap.h"

static struct target target = {.name = "fake:", .instance = "t"};
static struct drift drift;

/* Upstreams u0, u1, ...: a letter of each, '-' where it is not there. The caller's to release. */
static struct items live(const char *letters)
{
    struct items l = {0};
    for (int i = 0; letters[i]; i++) {
        char id[16], text[64];
        if (letters[i] == '-')
            continue;
        snprintf(id, sizeof id, "u%d", i);
        int n = snprintf(text, sizeof text, "{\"id\":\"%s\",\"desc\":\"%c\"}", id, letters[i]);
        items_add(&l, item_new(AK_UPSTREAMS, id, "Service/n/x", text, (size_t)n));
    }
    items_sort(&l);
    return l;
}

static int look(const char *left, const char *found, double now)
{
    struct items a = live(left), b = live(found);
    int code = drift_look(&drift, &target, &a, &b, now);
    items_release(&a);
    items_release(&b);
    return code;
}

static void begin(void)
{
    drift_release(&drift);
    drift = (struct drift){0};
}

/* Looks that find what others made of it, mended each time, until this one gives way; how many. */
static int fight(double *now)
{
    for (int n = 1; n < 100; n++, *now += 10)
        if (look("a", "b", *now) == EXIT_FINDINGS)
            return n;
    return -1;
}

int main(void)
{
    double now = 1000;
    if (!freopen("/dev/null", "w", stderr)) /* what is said is told in tests/bats */
        return 1;

    begin();
    ok(look("a", "a", now) == EXIT_OK && !drift_is_due(&drift, false, now),
       "nothing has changed, nothing is due");
    ok(look("a", "b", now) == EXIT_OK && drift_is_due(&drift, false, now),
       "what was mended is looked at soon");
    ok(!drift_is_due(&drift, true, now), "but not when the last SYNC was refused for another reason");
    ok(look("a", "a", now) == EXIT_OK && !drift_is_due(&drift, false, now), "and then left alone");
    for (int i = 0; i < 5; i++)
        look("ab", i % 2 ? "xb" : i % 4 ? "ay" : "az", now);
    ok(!drift.gives_way, "changes here and there are no fight");
    for (char c = 'c'; c < 'k'; c++)
        look("a", (char[]){c, '\0'}, now);
    ok(!drift.gives_way, "nor is what is changed to something else each time");
    begin();
    for (int i = 0; i < 2 * DRIFT_ROUNDS - 1; i++, now += 600)
        look("a", i % 2 ? "a" : "b", now);
    ok(drift.gives_way, "what comes back is, however long nobody looked in between");

    begin();
    ok(fight(&now) == DRIFT_ROUNDS, "an object changed several times in a row is fought over");
    ok(!drift_is_due(&drift, true, now + DRIFT_REST - 1), "whoever gives way does not look for a while");
    ok(drift_is_due(&drift, true, now + DRIFT_REST), "then does, though the last SYNC was refused");
    ok(look("b", "c", now + DRIFT_REST) == EXIT_FINDINGS, "the other still writes: so it goes on resting");
    now += DRIFT_REST;
    ok(drift_rest(&drift, &target, now + DRIFT_REST - 1) == EXIT_FINDINGS, "for as long again");
    ok(look("c", "c", now + DRIFT_REST) == EXIT_OK && !drift.gives_way,
       "left alone for that long, it goes on");
    now += DRIFT_REST;

    look("a", "a", now + 1);
    ok(look("aa", "ac", now + 2) == EXIT_OK, "something else that somebody changes is mended");
    ok(fight(&now) == 1, "what was fought over before is given up at once");
    ok(look("b", "b", now + 2 * DRIFT_REST - 1) == EXIT_FINDINGS, "and for twice as long");
    ok(look("b", "b", now + 2 * DRIFT_REST) == EXIT_OK, "but not longer");
    now += 2 * DRIFT_REST;
    for (int i = 0; i < 12; i++) {
        fight(&now);
        look("b", "b", now += DRIFT_REST_MOST);
    }
    ok(!drift.gives_way, "an hour is the longest rest");
    now += DRIFT_MEMORY;
    ok(fight(&now) == DRIFT_ROUNDS && drift.rest == DRIFT_REST, "after two hours in peace all is forgotten");
    drift_release(&drift);
    return tap_done();
}

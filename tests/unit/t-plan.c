/* plan: what is wanted against what is live, and what may go. Each row is one meeting of the two. */
#include <stdio.h>
#include <stdlib.h>

#include "apisix/owner.h"
#include "apisix/plan.h"
#include "rec/record.h"

static int n_tests, n_failed;

static void check(bool is_ok, const char *what)
{
    printf("%sok %d plan: %s\n", is_ok ? "" : "not ", ++n_tests, what);
    n_failed += !is_ok;
}

/* A route's text: ID of OWNER, with V in it so that versions differ. "" for a foreign one. */
static char *route(const char *id, const char *owner, int v)
{
    return xasprintf(
        "{\"id\":\"%s\",\"labels\":{\"gwpipe-instance\":\"t\",\"gwpipe-owner\":\"%s\",\"managed-by\":\"%s\"},"
        "\"priority\":%d}",
        id, owner, *owner ? "gwpipe" : "me", v);
}

static void go_live(struct items *live, const char *id, const char *owner, int v)
{
    char *text = route(id, owner, v);
    items_add(live, item_new(AK_ROUTES, id, *owner ? owner : NULL, text, strlen(text)));
    free(text);
}

/* The record of HTTPRoute n/NAME; `more` is its apisix member and what follows, or NULL. */
static void say(struct wanted *w, const char *type, const char *name, const char *more)
{
    struct rec r;
    struct findings fs;
    char *line =
        xasprintf("{\"type\":\"%s\",\"object\":{\"apiVersion\":\"g/v1\",\"kind\":\"HTTPRoute\",\"metadata\":"
                  "{\"namespace\":\"n\",\"name\":\"%s\"}}%s%s}",
                  type, name, more ? "," : "", more ? more : "");
    const char *why = rec_parse(&r, line, strlen(line), 1);
    if (why) {
        check(false, why);
    } else {
        findings_init(&fs);
        wanted_take(w, &r, rec_get(&r, "apisix"), &fs);
        findings_release(&fs);
        rec_release(&r);
    }
    free(line);
}

static void want(struct wanted *w, const char *name, const char *id, int v)
{
    char *owner = xasprintf("HTTPRoute/n/%s", name), *text = route(id, owner, v);
    char *more = xasprintf("\"apisix\":{\"routes\":[%s]}", text);
    say(w, "ADDED", name, more);
    free(more);
    free(text);
    free(owner);
}

/* "+id ~id -id !id" for create, update, delete, refusal. */
static void expect(struct wanted *w, struct items *live, bool full, const char *plan, const char *what)
{
    struct plan p;
    struct buf seen;
    buf_init(&seen, BUF_MAX_SCRATCH);
    items_sort(live);
    bool knows_all = wanted_sync(w, full);
    plan_make(&p, &(struct plan_options){.replaces_env_refs = true, .prunes = knows_all}, w, live);
    for (size_t i = 0; i < p.ops.n; i++)
        buf_addf(&seen, "%s%c%s", seen.len ? " " : "", "+~-"[p.ops.items[i].type], p.ops.items[i].item->id);
    for (size_t i = 0; i < p.refusals.n; i++)
        buf_addf(&seen, "%s!%s", seen.len ? " " : "", p.refusals.items[i].item->id);
    check(str_eq(seen.p, plan), what);
    if (!str_eq(seen.p, plan))
        printf("#   expected: %s\n#   seen:     %s\n", plan, seen.p);
    plan_carry_out(&p, live);
    plan_release(&p);
    wanted_settle(w);
    buf_free(&seen);
}

static void begin(struct wanted *w, struct items *live)
{
    wanted_init(w, "t");
    *live = (struct items){0};
}

static void end(struct wanted *w, struct items *live)
{
    wanted_release(w);
    items_release(live);
}

static void test_life_of_an_owner(void)
{
    struct wanted w;
    struct items live;
    begin(&w, &live);
    want(&w, "a", "1", 1);
    want(&w, "b", "2", 1);
    expect(&w, &live, true, "+1 +2", "what is missing is created");
    expect(&w, &live, false, "", "nothing changed, nothing planned");
    want(&w, "a", "1", 2);
    expect(&w, &live, false, "~1", "what differs is updated");
    want(&w, "a", "3", 2);
    expect(&w, &live, false, "+3 -1", "what an owner wants no more is deleted, after the writes");
    say(&w, "ADDED", "b", "\"held\":true");
    expect(&w, &live, false, "", "a held owner keeps what is live");
    say(&w, "ADDED", "b", "\"apisix\":{\"keep\":[\"routes/2\"]}");
    expect(&w, &live, false, "", "a kept id stays");
    say(&w, "ADDED", "b", "\"apisix\":{}");
    expect(&w, &live, false, "-2", "an empty set removes all");
    say(&w, "DELETED", "a", NULL);
    expect(&w, &live, false, "-3", "DELETED removes all");
    end(&w, &live);
}

static void test_pruning(void)
{
    struct wanted w;
    struct items live;
    begin(&w, &live);
    go_live(&live, "1", "HTTPRoute/n/a", 1);
    go_live(&live, "2", "HTTPRoute/n/b", 1);
    go_live(&live, "3", "", 1);
    want(&w, "a", "1", 1);
    expect(&w, &live, false, "", "an increment prunes nothing");
    w.has_gaps = true;
    want(&w, "a", "1", 1);
    expect(&w, &live, true, "", "nor does a full SYNC with a gap in it");
    want(&w, "a", "1", 1);
    expect(&w, &live, true, "-2", "a full SYNC prunes ours that nobody names, and no other");
    expect(&w, &live, true, "-1", "an owner that the next full SYNC does not name is gone");
    end(&w, &live);
}

static void test_conflicts(void)
{
    struct wanted w;
    struct items live;
    begin(&w, &live);
    want(&w, "b", "1", 1);
    expect(&w, &live, true, "+1", "the only owner has the id");
    want(&w, "a", "1", 2);
    expect(&w, &live, false, "~1 !1", "the first by name takes it over");
    say(&w, "DELETED", "a", NULL);
    expect(&w, &live, false, "~1", "the second has it back, though nothing was said of it");
    say(&w, "ADDED", "b", "\"held\":true");
    want(&w, "a", "1", 2);
    expect(&w, &live, false, "!1", "a held owner's object is not taken over");
    go_live(&live, "x", "", 1);
    want(&w, "a", "x", 1);
    expect(&w, &live, false, "!x", "a foreign object is not written over");
    end(&w, &live);
}

static void test_rejections(void)
{
    struct wanted w;
    struct items live;
    begin(&w, &live);
    want(&w, "a", "1", 1);
    expect(&w, &live, true, "+1", "ours");
    say(&w, "ADDED", "a", "\"apisix\":{\"routes\":[7]}");
    expect(&w, &live, false, "", "a rejected object is not a deleted one");
    say(&w, "ADDED", "a",
        "\"apisix\":{\"routes\":[{\"id\":\"1\",\"desc\":\"${{X}}\",\"labels\":{\"gwpipe-instance\":\"t\","
        "\"gwpipe-owner\":"
        "\"HTTPRoute/n/a\",\"managed-by\":\"gwpipe\"}}]}");
    expect(&w, &live, false, "!1", "an environment reference leaves the live one as it is");
    end(&w, &live);
}

/* Fails "ID ID ..." before the plan is carried out; then "id" for what would go, "!id" for what was set
 * aside. */
static void expect_after_check(struct wanted *w, struct items *live, const char *failing, const char *plan,
                               const char *what)
{
    struct plan p;
    struct buf seen;
    buf_init(&seen, BUF_MAX_SCRATCH);
    items_sort(live);
    bool knows_all = wanted_sync(w, true);
    plan_make(&p, &(struct plan_options){.prunes = knows_all}, w, live);
    for (size_t i = 0; i < p.ops.n; i++)
        if (str_eq(p.ops.items[i].item->id, failing))
            p.ops.items[i].state = OP_FAILED;
    plan_fail_dependents(&p, live);
    for (size_t i = 0; i < p.ops.n; i++)
        buf_addf(&seen, "%s%s%c%s", seen.len ? " " : "", p.ops.items[i].state == OP_FAILED ? "!" : "",
                 "+~-"[p.ops.items[i].type], p.ops.items[i].item->id);
    check(str_eq(seen.p, plan), what);
    if (!str_eq(seen.p, plan))
        printf("#   expected: %s\n#   seen:     %s\n", plan, seen.p);
    buf_free(&seen);
    plan_count_failures(&p);
    size_t n_left = 0;
    for (size_t i = 0; i < p.ops.n; i++)
        n_left += p.ops.items[i].state == OP_FAILED;
    check(n_left == p.n_failed && p.n_created + p.n_updated + p.n_deleted + p.n_failed == p.ops.n,
          "and what failed is counted as that only");
    plan_release(&p);
}

#define LABELS(OWNER)                                                                                        \
    "\"labels\":{\"gwpipe-instance\":\"t\",\"gwpipe-owner\":\"HTTPRoute/n/" OWNER                            \
    "\",\"managed-by\":\"gwpipe\"}"

static void use(struct wanted *w, struct items *live, const char *upstream, bool is_live)
{
    char *u = xasprintf("{\"id\":\"%s\"," LABELS("a") "}", upstream),
         *r = xasprintf("{\"id\":\"r\"," LABELS("a") ",\"upstream_id\":\"%s\"}", upstream),
         *more = xasprintf("\"apisix\":{\"upstreams\":[%s],\"routes\":[%s]}", u, r);
    if (is_live) {
        items_add(live, item_new(AK_UPSTREAMS, upstream, "HTTPRoute/n/a", u, strlen(u)));
        items_add(live, item_new(AK_ROUTES, "r", "HTTPRoute/n/a", r, strlen(r)));
    } else {
        say(w, "ADDED", "a", more);
    }
    free(more);
    free(r);
    free(u);
}

static void test_dependents(void)
{
    struct wanted w;
    struct items live;
    begin(&w, &live);
    use(&w, &live, "old", true);
    use(&w, &live, "new", false);
    want(&w, "b", "x", 1);
    expect_after_check(&w, &live, "none", "+new ~r +x -old", "nothing fails, nothing is set aside");
    use(&w, &live, "new", false);
    want(&w, "b", "x", 1);
    expect_after_check(&w, &live, "new", "!+new !~r +x !-old",
                       "without its upstream a route is set aside, and what it named before stays");
    use(&w, &live, "new", false);
    want(&w, "b", "x", 1);
    expect_after_check(&w, &live, "x", "+new ~r !+x -old", "a failure is nothing to the others");
    use(&w, &live, "new", false);
    want(&w, "b", "x", 1);
    expect_after_check(&w, &live, "r", "+new !~r +x !-old", "an upstream stays while a route names it");
    end(&w, &live);
}

/* Two targets, one `wanted`: each plan has its own counts. */
static void test_two_plans(void)
{
    struct wanted w;
    struct items empty = {0}, live;
    struct plan one, two;
    begin(&w, &live);
    want(&w, "a", "1", 1);
    go_live(&live, "1", "", 1);
    wanted_sync(&w, true);
    plan_make(&one, &(struct plan_options){0}, &w, &empty);
    plan_make(&two, &(struct plan_options){0}, &w, &live);
    const struct owner *o = wanted_owner(&w, "HTTPRoute/n/a");
    struct tally a = plan_tally(&one, o), b = plan_tally(&two, o);
    check(a.created == 1 && a.refused == 0, "what one target takes");
    check(b.created == 0 && b.refused == 1, "is refused at another");
    plan_release(&one);
    plan_release(&two);
    end(&w, &live);
}

/* Whether they are what sorting all items of all owners would give, and each owner has a slot of its own. */
static bool are_claims_right(const struct wanted *w)
{
    size_t n = 0;
    bool *is_taken = xcalloc(w->n_slots + 1, sizeof *is_taken), is_right = true;
    for (const struct owner *o = w->owners; o; o = o->hh.next) {
        is_right = is_right && o->slot < w->n_slots && !is_taken[o->slot] && !o->is_changed;
        is_taken[o->slot] = true;
        n += o->items.n;
    }
    is_right = is_right && w->n_claims == n;
    for (size_t i = 0; is_right && i < n; i++) {
        const struct claim *c = &w->claims[i], *before = i > 0 ? c - 1 : NULL;
        bool is_there = wanted_owner(w, c->owner->label) == c->owner, is_its = false;
        for (size_t k = 0; k < c->owner->items.n; k++)
            is_its |= c->owner->items.items[k] == c->item;
        int order = before ? item_compare(before->item, c->item) : -1;
        is_right = is_there && is_its &&
                   (order < 0 || (order == 0 && strcmp(before->owner->label, c->owner->label) < 0));
    }
    free(is_taken);
    return is_right;
}

/* Owners come, change and go, some of them wanting the same ids; claims are only brought up to date. */
static void test_claims_in_increments(void)
{
    struct wanted w;
    bool are_right = true;
    wanted_init(&w, "t");
    srand(1);
    for (int step = 0; step < 3000 && are_right; step++) {
        char name[16], id[16];
        for (int n = rand() % 8; n > 0; n--) {
            snprintf(name, sizeof name, "o%d", rand() % 60);
            snprintf(id, sizeof id, "i%d", rand() % 40);
            if (rand() % 5 == 0)
                say(&w, "DELETED", name, NULL);
            else if (rand() % 5 == 0)
                say(&w, "ADDED", name, "\"apisix\":{}");
            else
                want(&w, name, id, rand() % 3);
        }
        wanted_sync(&w, rand() % 30 == 0);
        wanted_claims(&w);
        are_right = are_claims_right(&w);
        if (rand() % 3 == 0)
            wanted_settle(&w);
    }
    check(are_right, "claims in increments are those that sorting gives");
    check(w.n_slots <= 2 * 60 + 64 + 8, "slots of those that are gone are used again");
    wanted_release(&w);
}

static void test_guard(void)
{
    struct plan p = {.n_deleted = 10, .n_live = 30};
    check(plan_shrinks(&p, 30), "10 of 30 are more than 30 percent");
    check(!plan_shrinks(&p, 34), "but not more than 34");
    p.n_deleted = p.n_live = 9;
    check(!plan_shrinks(&p, 1), "fewer than ten do not count");
    check(plan_shrinks(&p, 0), "but at 0 percent");
    p.n_deleted = 0;
    check(!plan_shrinks(&p, 0), "at which none is none");
}

static void test_owner_labels(void)
{
    char a[OWNER_LABEL_MAX + 1], b[OWNER_LABEL_MAX + 1], name[400];
    struct ident id = {.kind = "HTTPRoute", .ns = "shop", .name = "cart"};
    owner_label(&id, a);
    check(str_eq(a, "HTTPRoute/shop/cart"), "an owner label is kind, namespace, name");
    memset(name, 'x', sizeof name);
    name[399] = '\0';
    id.name = name;
    owner_label(&id, a);
    name[398] = 'y';
    owner_label(&id, b);
    check(strlen(a) == OWNER_LABEL_MAX && !str_eq(a, b), "a long one is cut and stays unique");
    owner_label(&(struct ident){.kind = "K", .ns = "a/b", .name = "c"}, a);
    owner_label(&(struct ident){.kind = "K", .ns = "a", .name = "b/c"}, b);
    check(!str_eq(a, b) && !strpbrk(a, " \t\n"), "names that no cluster has do not collide either");
}

int main(void)
{
    test_life_of_an_owner();
    test_pruning();
    test_conflicts();
    test_rejections();
    test_dependents();
    test_two_plans();
    test_claims_in_increments();
    test_guard();
    test_owner_labels();
    printf("1..%d\n", n_tests);
    return n_failed > 0;
}

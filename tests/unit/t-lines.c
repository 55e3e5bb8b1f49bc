/* lines: what is encoded is found again, and what does not fit the object is refused. */
#include <stdio.h>
#include <stdlib.h>

#include "rec/lines.h"

static int n_tests, n_failed;

static void check(bool is_ok, const char *what)
{
    printf("%sok %d lines: %s\n", is_ok ? "" : "not ", ++n_tests, what);
    n_failed += !is_ok;
}

/* The same with defaults filled in, and a member gone. */
static const char more_text[] =
    "{\"spec\":{\"rules\":[{\"a\":[]},{\"a\":2,\"z\":[1,2]}],\"host.s\":true,\"a\":0},"
    "\"kind\":\"X\",\"a\\\"b\":null}";

/* The lines of the nodes of OBJECT in pre-order over sorted keys. */
static const char object_text[] = "{\"spec\":{\"rules\":[{\"b\":1,\"a\":[]},{\"a\":2}],\"host.s\":true},"
                                  "\"kind\":\"X\",\"a\\\"b\":null}";
static const int object_lines[] = {
    3,    /* the object */
    900,  /* a"b */
    3,    /* kind */
    4,    /* spec */
    5,    /* spec["host.s"] */
    6,    /* spec.rules */
    7,    /* spec.rules[0] */
    8,    /* spec.rules[0].a */
    70,   /* spec.rules[0].b */
    4000, /* spec.rules[1] */
    5,    /* spec.rules[1].a */
};

static const struct {
    const char *path;
    int line;
} rows[] = {
    {"", 3},
    {NULL, 3},
    {"kind", 3},
    {".kind", 3},
    {"[\"a\\\"b\"]", 900},
    {"spec", 4},
    {"spec[\"host.s\"]", 5},
    {"spec.rules", 6},
    {"spec[\"rules\"]", 6},
    {"spec.rules[0].a", 8},
    {"spec.rules[0].a[0]", 8},
    {"spec.rules[0].b", 70},
    {"spec.rules[0].b.c.d", 70},
    {"spec.rules[0].missing", 7},
    {"spec.rules[1]", 4000},
    {"spec.rules[1].a", 5},
    {"spec.rules[2].a", 6},
    {"spec.rules.a", 6},
    {"spec[0]", 4},
    {"status.parents[0]", 3},
    {"spec.rules[", 6},
    {"spec.rules[x]", 6},
    {"spec.rules[0", 6},
    {"spec[\"rules", 4},
    {"spec..rules", 4},
    {"spec.rules[99999999999]", 6},
};

int main(void)
{
    const char *why;
    struct buf b;
    int before = 3;
    jv object = jx_parse(object_text, strlen(object_text), &why);
    buf_init(&b, BUF_MAX_SCRATCH);
    for (size_t i = 0; i < N_ELEMS(object_lines); i++)
        lines_add(&b, object_lines[i], &before);
    for (size_t i = 0; i < N_ELEMS(rows); i++) {
        char what[100];
        int got = lines_find(b.p, 3, object, rows[i].path);
        snprintf(what, sizeof what, "\"%s\" is on line %d", rows[i].path ? rows[i].path : "", rows[i].line);
        check(got == rows[i].line, what);
        if (got != rows[i].line)
            printf("# got %d\n", got);
    }
    check(strpbrk(b.p, "\"\\ \n") == NULL, "the string needs no escapes");
    check(lines_find(NULL, 3, object, "kind") == 0, "no lines, no answer");
    check(lines_find("", 3, object, "kind") == 0, "too few lines, no answer");
    buf_addc(&b, 'A');
    check(lines_find(b.p, 3, object, "kind") == 0, "too many lines, no answer");
    check(lines_find("!999999999999;AAAAAAAAAA", 3, object, "kind") == 0, "an entry out of range, no answer");
    check(lines_find("AAAAAAAAA!5A", 3, object, "kind") == 0, "an entry without end, no answer");
    check(lines_find(b.p, 3, JX_NONE, "kind") == 0, "no object, no answer");

    struct buf adapted;
    buf_init(&adapted, BUF_MAX_SCRATCH);
    b.p[--b.len] = '\0';
    jv more = jx_parse(more_text, strlen(more_text), &why);
    lines_adapt(&adapted, b.p, 3, object, more);
    check(lines_find(adapted.p, 3, more, "spec.rules[1].a") == 5, "adapted to added members: old lines stay");
    check(lines_find(adapted.p, 3, more, "spec.rules[1].z") == 4000,
          "what is new stands where its parent does");
    check(lines_find(adapted.p, 3, more, "spec.rules[0].b") == 7, "what was removed is its parent's");
    jb_free(more);
    buf_free(&adapted);

    buf_reset(&b);
    for (int line = 84; line <= 147; line += 63)
        before = 100, lines_add(&b, line, &before);
    check(b.len == 2, "from 16 lines back to 47 on take a byte");
    jb_free(object);
    buf_free(&b);
    printf("1..%d\n", n_tests);
    return n_failed > 0;
}

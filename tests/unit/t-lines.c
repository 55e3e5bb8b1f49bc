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

/* The lines of the nodes of OBJECT in pre-order over sorted keys. */
static const char object_text[] = "{\"spec\":{\"rules\":[{\"b\":1,\"a\":[]},{\"a\":2}],\"host.s\":true},"
                                  "\"kind\":\"X\",\"a\\\"b\":null}";
static const unsigned object_lines[] = {
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
    {"spec.rules[", 0},
    {"spec.rules[x]", 0},
    {"spec.rules[0", 0},
    {"spec[\"rules", 0},
    {"spec..rules", 0},
    {"spec.rules[99999999999]", 0},
};

int main(void)
{
    const char *why;
    struct buf b;
    unsigned before = 0;
    jv object = jx_parse(object_text, strlen(object_text), &why);
    buf_init(&b, BUF_MAX_SCRATCH);
    for (size_t i = 0; i < N_ELEMS(object_lines); i++)
        lines_add(&b, &before, object_lines[i]);
    for (size_t i = 0; i < N_ELEMS(rows); i++) {
        char what[100];
        int got = lines_find(b.p, object, rows[i].path);
        snprintf(what, sizeof what, "\"%s\" is on line %d", rows[i].path ? rows[i].path : "", rows[i].line);
        check(got == rows[i].line, what);
        if (got != rows[i].line)
            printf("# got %d\n", got);
    }
    check(strpbrk(b.p, "\"\\ \n") == NULL, "the string needs no escapes");
    check(lines_find(NULL, object, "kind") == 0, "no lines, no answer");
    check(lines_find("", object, "kind") == 0, "too few lines, no answer");
    buf_addc(&b, '#');
    check(lines_find(b.p, object, "kind") == 0, "too many lines, no answer");
    check(lines_find("~~~~~~~~~~~~~~~~~~~~", object, "kind") == 0, "an entry without end, no answer");
    check(lines_find("$$$$$$$$$$$", object, "kind") == 0, "lines before the first, no answer");
    check(lines_find(b.p, JX_NONE, "kind") == 0, "no object, no answer");

    buf_reset(&b);
    before = 0;
    lines_add(&b, &before, UINT32_MAX);
    jv empty = jb_obj();
    check(lines_find(b.p, empty, "") > 0, "a line too large to be one is still positive");
    buf_reset(&b);
    before = 37;
    for (unsigned line = 0; line <= 74; line += 74)
        lines_add(&b, &before, line), before = 37;
    check(b.len == 2, "up to 37 lines either way take a byte");
    jb_free(empty);
    jb_free(object);
    buf_free(&b);
    printf("1..%d\n", n_tests);
    return n_failed > 0;
}

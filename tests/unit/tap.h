/* tap: the few lines that a test program in C needs. Call tap_done() last. */
#ifndef GW_TAP_H
#define GW_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_n, tap_failed;

__attribute__((format(printf, 2, 3), unused)) static void ok(bool is_fine, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    printf("%sok %d - ", is_fine ? "" : "not ", ++tap_n);
    vprintf(fmt, ap);
    puts("");
    va_end(ap);
    tap_failed += !is_fine;
}

/* Strings, NULL included; shows both when they differ. */
__attribute__((unused)) static void is_text(const char *got, const char *want, const char *name)
{
    bool is_fine = got && want ? strcmp(got, want) == 0 : got == want;
    ok(is_fine, "%s", name);
    if (!is_fine)
        printf("#      got: %s\n# expected: %s\n", got ? got : "(null)", want ? want : "(null)");
}

static int tap_done(void)
{
    printf("1..%d\n", tap_n);
    return tap_failed > 0;
}

#endif

#include "gw/near.h"

#include <strings.h>

enum { LONGEST = 40 }; /* longer names are near to nothing but themselves: bounded time */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits between two words, where swapping neighbours is one edit (optimal string alignment). */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t rows[3][LONGEST + 1], *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t k = 0; k <= m; k++)
        above[k] = k;
    for (size_t i = 1; i <= n; i++) {
        row[0] = i;
        for (size_t k = 1; k <= m; k++) {
            row[k] = least(above[k - 1] + (a[i - 1] != b[k - 1]), least(above[k], row[k - 1]) + 1);
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                row[k] = least(row[k], before[k - 2] + 1);
        }
        size_t *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[m];
}

bool is_near(const char *a, const char *b, size_t most)
{
    size_t n = strnlen(a, LONGEST + 1), m = strnlen(b, LONGEST + 1);
    if (n > LONGEST || m > LONGEST || n > m + most || m > n + most)
        return false;
    return strcasecmp(a, b) == 0 || distance(a, n, b, m) <= most;
}

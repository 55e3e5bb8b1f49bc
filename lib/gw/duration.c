#include "gw/duration.h"

#include "base/base.h"

double duration_seconds(const char *s)
{
    double total = 0;
    while (s && *s) {
        double n = 0;
        for (; *s >= '0' && *s <= '9'; s++)
            n = n * 10 + (*s - '0');
        bool is_ms = has_prefix(s, "ms");
        total += *s == 'h' ? n * 3600 : is_ms ? n / 1000 : *s == 'm' ? n * 60 : n;
        s += is_ms ? 2 : *s != '\0';
    }
    return total;
}

#include "gw/choice.h"

#include <stdio.h>

#include "gw/near.h"

struct choice {
    const char *name;
    size_t n;
    bool is_experimental;
};

static bool next_choice(const char **choices, struct choice *c)
{
    const char *p = *choices;
    c->is_experimental = *p == '+';
    c->name = p + c->is_experimental;
    c->n = strcspn(c->name, "|");
    *choices = c->name + c->n + (c->name[c->n] == '|');
    return *p != '\0';
}

bool is_choice(const char *choices, const char *value, bool *is_experimental)
{
    size_t n = strlen(value);
    struct choice c;
    while (next_choice(&choices, &c)) {
        if (c.n != n || memcmp(c.name, value, n) != 0)
            continue;
        *is_experimental = c.is_experimental;
        return true;
    }
    return false;
}

const char *list_choices(const char *choices, bool is_standard, char *room, size_t size)
{
    struct choice c;
    size_t n = 0;
    *room = '\0';
    while (next_choice(&choices, &c) && n < size)
        if (!c.is_experimental || !is_standard)
            n += (size_t)snprintf(room + n, size - n, "%s%.*s", n ? ", " : "", (int)c.n, c.name);
    return room;
}

bool nearest_choice(const char *choices, bool is_standard, const char *value, char room[80])
{
    struct choice c;
    while (next_choice(&choices, &c)) {
        snprintf(room, 80, "%.*s", (int)c.n, c.name);
        if ((!c.is_experimental || !is_standard) && is_near(value, room, c.n > 3 ? 2 : 0))
            return true;
    }
    return false;
}

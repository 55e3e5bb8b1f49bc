#include "apisix/owner.h"

#include <stdio.h>

#include "json/digest.h"

static bool is_safe(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == ':';
}

static bool is_plain(const char *s)
{
    while (is_safe(*s))
        s++;
    return *s == '\0';
}

/* The parts apart by NUL, which none of them can hold: a/b + c is not a + b/c. */
static void digest_ident(const struct ident *id, char hex[DIGEST_HEX + 1])
{
    struct buf b;
    buf_init(&b, BUF_MAX_OUTPUT);
    buf_add(&b, id->kind, strlen(id->kind) + 1);
    buf_add(&b, id->ns, strlen(id->ns) + 1);
    buf_add(&b, id->name, strlen(id->name) + 1);
    digest_hex(digest_of(b.p, b.len), hex);
    buf_free(&b);
}

void owner_label(const struct ident *id, char out[OWNER_LABEL_MAX + 1])
{
    const char *sep = *id->ns ? "/" : "";
    int n = snprintf(out, OWNER_LABEL_MAX + 1, "%s/%s%s%s", id->kind, id->ns, sep, id->name);
    bool fits = n > 0 && n <= OWNER_LABEL_MAX;
    if (fits && is_plain(id->kind) && is_plain(id->ns) && is_plain(id->name))
        return;
    char hex[DIGEST_HEX + 1];
    digest_ident(id, hex);
    size_t keep = OWNER_LABEL_MAX - 1 - DIGEST_HEX, have = strlen(out);
    keep = have < keep ? have : keep;
    for (size_t i = 0; i < keep; i++)
        if (!is_safe(out[i]) && out[i] != '/')
            out[i] = '_';
    snprintf(out + keep, OWNER_LABEL_MAX + 1 - keep, "~%s", hex);
}

const char *instance_problem(const char *name)
{
    if (!*name)
        return "is empty";
    if (strlen(name) > 63)
        return "is longer than 63 characters";
    return is_plain(name) ? NULL : "holds something else than letters, digits, '-', '.', '_' and ':'";
}

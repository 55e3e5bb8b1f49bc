#include "base/token.h"

#include <unistd.h>

#include "base/base.h"

char *token_of(const char *text)
{
    text += strspn(text, " \t\r\n");
    size_t n = strlen(text);
    while (n > 0 && strchr(" \t\r\n", text[n - 1]))
        n--;
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return NULL;
    return n > 0 && n <= TOKEN_MOST ? xstrndup(text, n) : NULL;
}

const char *shown_path(const char *path)
{
    return strpbrk(path, "/.") || access(path, F_OK) == 0 ? path : "(not shown: it may be the key itself)";
}

#include "base/token.h"

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

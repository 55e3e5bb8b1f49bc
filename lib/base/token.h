/* token: a secret text that goes into the header of a request. */
#ifndef GW_BASE_TOKEN_H
#define GW_BASE_TOKEN_H

enum { TOKEN_MOST = 4096 };

/*
 * The text without white space around it, which editors and `echo` leave there. Owned, to be wiped by the
 * caller; NULL when that is no single line of 1 to TOKEN_MOST visible ASCII characters.
 */
char *token_of(const char *text);

#endif

/* token: a secret text that goes into the header of a request. */
#ifndef GW_BASE_TOKEN_H
#define GW_BASE_TOKEN_H

enum { TOKEN_MOST = 4096 };

/*
 * The text without white space around it, which editors and `echo` leave there. Owned, to be wiped by the
 * caller; NULL when that is no single line of 1 to TOKEN_MOST visible ASCII characters.
 */
char *token_of(const char *text);

/*
 * The name of a file that holds one, for messages. Somebody may have given the secret itself in its place:
 * what is no file, and does not look like one, is not shown.
 */
const char *shown_path(const char *path);

#endif

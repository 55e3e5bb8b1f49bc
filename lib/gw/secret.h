/* secret: texts out of the data of Secrets. */
#ifndef GW_SECRET_H
#define GW_SECRET_H

/*
 * Of base64, owned, NUL-terminated; NULL when it is not base64, or not of an ASCII text. White space is let
 * through, as in YAML blocks. The caller wipes it.
 */
char *secret_text(const char *base64);

#endif

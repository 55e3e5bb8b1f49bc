/*
 * escape: user strings on their way into APISIX, where many places interpret what they are given.
 *
 *   in a                           a '$'             else
 *   proxy-rewrite header, uri      starts a variable `${_d??$}` is a plain '$'
 *   response-rewrite header        the same
 *   redirect uri                   starts a variable %24
 *   regular expression (vars)      -                 every special byte is quoted
 *   regex_uri replacement          starts a capture  $$
 *   any plugin string              `$secret://`, `$env://` at its start are fetched: none starts so here
 *   any string of a file target    `${{NAME}}` is replaced from the environment, and an unset NAME makes
 *                                  APISIX refuse the whole file: never written
 *
 * All append to `out` and take (pointer, length) where the bytes may be anything.
 */
#ifndef GW_ESCAPE_H
#define GW_ESCAPE_H

#include "base/buf.h"

/* Bytes that may not stand in a URI path to %XX; '%' that starts an escape stays, '$' becomes %24. */
void percent_encode_path(struct buf *out, const char *s);

/* A PCRE that matches exactly these bytes. */
void regex_quote(struct buf *out, const char *s, size_t n);

/* A user's PCRE as it may be written: the same expression without the text `${{`. */
void regex_keep(struct buf *out, const char *re);

/* A value in which APISIX resolves variables. */
void variable_quote(struct buf *out, const char *s);

/* A replacement of ngx.re.sub. */
void replacement_quote(struct buf *out, const char *s);

/* Length of the longest prefix that JSON can carry and APISIX takes literally as a route uri: no `*`, no
   `${{`, only valid UTF-8. */
size_t literal_length(const char *s, size_t n);

bool holds_file_template(const char *s); /* has `${{` inside */

#endif

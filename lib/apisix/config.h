/*
 * config: what must stand in APISIX's own config.yaml for the objects of a stream to work: the ports that it
 * listens on, and a location for backends that speak HTTP/2 (h2c.h). Everything else that we use is on by
 * default.
 */
#ifndef GW_APISIX_CONFIG_H
#define GW_APISIX_CONFIG_H

#include "apisix/translate.h"

struct config {
    jv needs; /* owned: {owner label: {http: [port], https: [port], internal: bool, h2c: bool}} */
};

void config_init(struct config *c);
void config_release(struct config *c);

/* Takes a record's last word: what its object needs now, given the `apisix` and `planes` members made of it
   (may be none).
 */
void config_take(struct config *c, const struct translate_options *o, const struct rec *r, jv set, jv planes);

/* Appends YAML. */
void config_print(const struct config *c, const struct translate_options *o, struct buf *out);

#endif

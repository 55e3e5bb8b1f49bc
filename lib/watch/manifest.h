/*
 * manifest: the Kubernetes objects in a text of YAML or JSON, ready to be written as records.
 *
 * Lists (`kind: List`, and those of an API server) are unrolled. metadata.managedFields and kubectl's
 * last-applied annotation are left out: they can be as large as all the rest, and nobody reads them here.
 * What has no identity (apiVersion, kind, metadata.name) is an error. Pure: bytes in, callbacks out.
 */
#ifndef GW_MANIFEST_H
#define GW_MANIFEST_H

#include "watch/kinds.h"
#include "yaml/yaml.h"

/* All strings are valid during the callback only. */
struct manifest_object {
    const char *key;   /* the identity (group, kind, namespace, name) as one string */
    const char *title; /* "HTTPRoute shop/cart" */
    const char *json;  /* the object, canonical: equal objects have equal bytes */
    size_t json_len;
    const char *lines; /* rec/lines.h */
    int document, line;
};

struct manifest_sink {
    void (*on_object)(const struct manifest_object *o, void *ctx);
    void (*on_error)(const struct yaml_error *e, void *ctx);
    void (*on_lost)(const struct kinds *k,
                    void *ctx); /* with an error: of what kinds it may have cost objects */
    void *ctx;
};

struct manifest {
    const struct manifest_sink *sink;
    struct yaml_handler handler;
    struct yaml_stream yaml;
    struct buf key, title, json, lines; /* of the object at hand */
    int document;
    int errors;
};
void manifest_open(struct manifest *m, const struct manifest_sink *sink);
void manifest_feed(struct manifest *m, const char *p, size_t n);
int manifest_close(struct manifest *m); /* returns the number of errors */

#endif

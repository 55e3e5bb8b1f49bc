/*
 * mark: whose an object is that has no labels.
 *
 * global_rules and plugin_metadata have none in APISIX. So beside each one that we write stands a mark: a
 * plugin_config without plugins, which nothing refers to, with our labels. It is written before the object
 * and deleted after it. Of a push that was ended midway a mark without its object may be left, never the
 * other way round: an object without a mark of ours is not ours.
 */
#ifndef GW_APISIX_MARK_H
#define GW_APISIX_MARK_H

#include "apisix/ids.h"
#include "apisix/item.h"

/* Whether it takes a mark to tell whose objects of this kind are. */
bool kind_needs_mark(enum apisix_kind k);

/* The id of the mark for an object of such a kind. */
struct id mark_id(enum apisix_kind k, const char *id);

/* The mark for an object that has an owner. One reference, the caller's. */
struct item *mark_new(const struct item *of, const char *instance);

/* Gives objects of such kinds the owner that their marks in the list have. `live` is sorted. */
void marks_apply(struct items *live);

#endif

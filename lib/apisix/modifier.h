/*
 * modifier: header modifiers of a rule and of its backend, one after the other, as one.
 *
 * A plugin occurs once in a route and knows no order, so what two filters do to one header is worked out
 * here: what is set and then added to is set to both values, what is removed and then added is set, and so
 * on. (Gateway API HTTPHeaderFilter.)
 */
#ifndef GW_MODIFIER_H
#define GW_MODIFIER_H

#include "json/jx.h"

/*
 * Takes a list of filters and returns it with the same length and types: of those that modify the same
 * headers (RequestHeaderModifier, or ResponseHeaderModifier) the last does it all, and the ones before do
 * nothing.
 */
jv modifiers_joined(jv owned_filters);

#endif

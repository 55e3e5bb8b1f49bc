#include "apisix/consumer.h"

#define CREDENTIALS "/credentials/"

/* The slash before the last part, NULL when there is no such. */
static const char *seam(const char *id)
{
    const char *at = strstr(id, CREDENTIALS);
    return at && at > id && at[strlen(CREDENTIALS)] ? at : NULL;
}

bool is_credential(const struct item *i)
{
    return i->kind == AK_CONSUMERS && seam(i->id);
}

char *consumer_of_credential(const char *id)
{
    const char *at = seam(id);
    return at ? xstrndup(id, (size_t)(at - id)) : NULL;
}

const char *credential_name(const char *id)
{
    const char *at = seam(id);
    return at ? at + strlen(CREDENTIALS) : id;
}

#include "apisix/kind.h"

static const struct apisix_kind_row rows[] = {
#define KIND(ID, NAME, KEY, LABELS, OURS, RECORDS) [ID] = {NAME, KEY, LABELS, OURS, RECORDS},
#include "apisix/kinds.def"
#undef KIND
};

const struct apisix_kind_row *apisix_kind(enum apisix_kind k)
{
    return &rows[k];
}

int apisix_kind_named(const char *name, size_t len)
{
    for (int k = 0; k < N_APISIX_KINDS; k++)
        if (strlen(rows[k].name) == len && memcmp(rows[k].name, name, len) == 0)
            return k;
    return -1;
}

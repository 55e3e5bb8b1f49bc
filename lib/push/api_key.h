/* api_key: the key of an API, from where it shows in no list of processes. */
#ifndef GW_PUSH_API_KEY_H
#define GW_PUSH_API_KEY_H

/*
 * Of the file, or of the environment's APISIX_ADMIN_KEY when `file` is NULL, as base/token.h has it. Owned.
 * NULL with *why NULL: there is none; NULL with *why (owned): it cannot be used.
 */
char *api_key_read(const char *file, char **why);

#endif

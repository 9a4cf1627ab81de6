#include "hsm/vault/vault.h"

#include <string.h>

size_t
sfi__vault_name(const char *name, const char **uri)
{
    static const char option[] = "?token=";
    const char *at = strstr(name, option);

    *uri = at != NULL ? at + strlen(option) : NULL;
    return at != NULL ? (size_t)(at - name) : strlen(name);
}

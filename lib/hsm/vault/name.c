/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Split the name of a vault into its path and its token's URI. */
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

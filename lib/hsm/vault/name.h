/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The name of a vault: PATH, or the URI of a database. */
#ifndef SFI_HSM_VAULT_NAME_H
#define SFI_HSM_VAULT_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Is it "postgresql://..." or "postgres://..."? */
bool sfi__vault_is_database(const char *path);
/* The path for messages: of a database's URI nothing that may be a secret. */
void sfi__vault_label(const char *path, size_t len, char *out, size_t cap);

#endif

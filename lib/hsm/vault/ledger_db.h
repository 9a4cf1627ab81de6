/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* SQLite connections of the ledger: open and configure, report errors, bind
 * values. */
#ifndef SFI_HSM_VAULT_LEDGER_DB_H
#define SFI_HSM_VAULT_LEDGER_DB_H

#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "hsm/vault/ledger.h"

/* `db` may be NULL. */
sfi_status sfi__db_fail(sfi_ctx *ctx, sqlite3 *db, int rc);
/* The ledger_place's create. */
sfi_status sfi__db_create(sfi_ctx *ctx, const char *path,
                          const struct ledger_head *head);
/* An existing file; NULL after a failure.  Its content is not looked at. */
sfi_status sfi__db_open(sfi_ctx *ctx, const char *path, sqlite3 **db);
/* The same only to look: nothing is written, and the file is a vault.  SFI_OK
 * and NULL: it has a log, so it must be opened by sfi__db_open(). */
sfi_status sfi__db_open_to_look(sfi_ctx *ctx, const char *path, sqlite3 **db);
/* A connection that looks has found a log: end it. */
bool sfi__db_is_disturbed(sqlite3 *db);
/* The file is a vault, and its schema is the one of vaults. */
sfi_status sfi__db_check(sfi_ctx *ctx, sqlite3 *db);
/* All statements are finalised.  `db` may be NULL. */
int sfi__db_close(sqlite3 *db);
/* The same in the child of a fork: everything in the file belongs to the
 * parent. */
void sfi__db_forget(sqlite3 *db);
/* Put the file into write-ahead mode, which the ledger needs to sync commits; a
 * tool may have turned it off. */
sfi_status sfi__db_use_wal(sfi_ctx *ctx, sqlite3 *db);
/* Path and suffix, such that SQLite always treats them as a file name; NULL: no
 * memory, recorded.  The caller frees it with sfi__ctx_dealloc(). */
char *sfi__db_path(sfi_ctx *ctx, const char *path, const char *suffix);

/* Binds one value after the other; a failure is sticky, as in wr. */
struct values {
    sqlite3_stmt *statement;
    int at;
    int rc;
};

void sfi__db_value_u64(struct values *v, uint64_t n);
void sfi__db_value_blob(struct values *v, const uint8_t *data, size_t len);
void sfi__db_value_text(struct values *v, const char *text);

#endif

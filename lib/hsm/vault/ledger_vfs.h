/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What SQLite may do for a vault: a VFS of one connection, over SQLite's own.
 * It knows three names (the file, its -wal, its -shm), refuses every other, and
 * checks every page that SQLite reads.  A planted rollback journal would make
 * SQLite write what the journal says, and delete the files that it names. */
#ifndef SFI_HSM_VAULT_LEDGER_VFS_H
#define SFI_HSM_VAULT_LEDGER_VFS_H

#include <sqlite3.h>

#include <sfi/ctx.h>

#include "hsm/vault/ledger_page.h"

struct ledger_vfs;

/* With SQLITE_OPEN_READONLY nothing is written, neither the file nor the two
 * beside it: SQLite reads the file as if it had no write-ahead mode.  That is
 * right as long as no log exists, which is checked whenever a page was read:
 * SQLite locks the file meanwhile, so that nobody can delete a log, and only
 * who has one writes to the file.
 *
 * Open `path` through a VFS of its own, which has the connection in *db.  After
 * a failure both may be there.  End with sfi__ledger_vfs_close(), or in the
 * child of a fork with sfi__ledger_vfs_forget(); both accept NULL. */
int sfi__ledger_vfs_open(sfi_ctx *ctx, const char *path, int flags,
                         sqlite3 **db, struct ledger_vfs **out);
int sfi__ledger_vfs_close(struct ledger_vfs *v);
void sfi__ledger_vfs_forget(struct ledger_vfs *v);

/* The VFS of an open connection; NULL: not one of ours. */
struct ledger_vfs *sfi__ledger_vfs_of(sqlite3 *db);
/* Has SQLite read the first page of a sound vault? */
bool sfi__ledger_vfs_is_sound(const struct ledger_vfs *v);
/* Only to look: nothing is written. */
bool sfi__ledger_vfs_looks(const struct ledger_vfs *v);
/* A log was found when only looking. */
bool sfi__ledger_vfs_is_disturbed(const struct ledger_vfs *v);
/* Why the VFS refused something since the last call. */
struct ledger_finding sfi__ledger_vfs_take_finding(struct ledger_vfs *v);

#endif

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* SQLite connections of the ledger: open, configure, bind values, report
 * errors. */
#include "hsm/vault/ledger_db.h"

#include <errno.h>
#include <string.h>

#include "core/ctx.h"
#include "core/err.h"

/* How long to wait for another process: longer than any transaction of libsfi,
 * and short enough for a person. */
#define BUSY_TIMEOUT_MS 10000
/* Far longer than any value in a vault: a damaged length is refused before
 * memory is allocated for it. */
#define VALUE_MAX 65536

sfi_status
sfi__db_fail(sfi_ctx *ctx, sqlite3 *db, int rc)
{
    int os_code = db != NULL ? sqlite3_system_errno(db) : 0;
    const char *why = db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc);

    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return sfi__nomem(ctx);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return sfi__fail(ctx, SFI_ERR_TIMEOUT,
                         "another process has locked the vault for %d s",
                         BUSY_TIMEOUT_MS / 1000);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        return sfi__fail_os(ctx, SFI_ERR_ACCESS,
                            os_code != 0 ? os_code : EACCES,
                            "the vault cannot be opened for writing");
    case SQLITE_FULL:
        return sfi__fail_os(ctx, SFI_ERR_OS, ENOSPC,
                            "the vault cannot be written");
    case SQLITE_IOERR:
        if (rc == SQLITE_IOERR_SHORT_READ)
            break;
        return sfi__fail_os(ctx, SFI_ERR_OS, os_code != 0 ? os_code : EIO,
                            "the vault cannot be read or written");
    case SQLITE_NOTADB:
        return sfi__fail(ctx, SFI_ERR_HSM, "not a vault: %s", why);
    default:
        break;
    }
    return sfi__fail(ctx, SFI_ERR_HSM, "the vault is damaged: %s", why);
}

/* The file is untrusted input and must not run code (triggers, views).
 * secure_delete: an old seal must not survive between rows.  With synchronous =
 * NORMAL the ledger syncs a commit in the write-ahead log, after the write lock
 * is free; SQLite syncs everything else. */
static int
ledger_configure_db(sqlite3 *db)
{
    static const struct {
        int option, value;
    } options[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
    };
    int rc = SQLITE_OK;

    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
        if (rc == SQLITE_OK)
            rc = sqlite3_db_config(db, options[i].option, options[i].value,
                                   NULL);
    }
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
    if (rc == SQLITE_OK)
        rc = sqlite3_extended_result_codes(db, 1);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db,
                          "PRAGMA synchronous = NORMAL; PRAGMA fullfsync = 1;"
                          "PRAGMA cell_size_check = 1;"
                          "PRAGMA secure_delete = 1;",
                          NULL, NULL, NULL);
    return rc;
}

sfi_status
sfi__db_open(sfi_ctx *ctx, const char *path, sqlite3 **db)
{
    int rc = sqlite3_open_v2(path, db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    if (rc == SQLITE_OK)
        rc = ledger_configure_db(*db);
    return rc == SQLITE_OK ? SFI_OK : sfi__db_fail(ctx, *db, rc);
}

sfi_status
sfi__db_use_wal(sfi_ctx *ctx, sqlite3 *db)
{
    sqlite3_stmt *s = NULL;
    const char *mode = "";
    sfi_status st = SFI_OK;
    int rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &s, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        mode = (const char *)sqlite3_column_text(s, 0);
    else
        st = sfi__db_fail(ctx, db, rc);
    if (st == SFI_OK && (mode == NULL || strcmp(mode, "wal") != 0))
        st = sfi__fail(ctx, SFI_ERR_OS,
                       "SQLite cannot use a write-ahead log here, which a "
                       "vault needs; is the file on a network drive");
    (void)sqlite3_finalize(s);
    return st;
}

/* SQLite gives ":memory:" and "file:x" a special meaning, but not after "./".
 */
char *
sfi__db_path(sfi_ctx *ctx, const char *path, const char *suffix)
{
    size_t size = strlen(path) + strlen(suffix) + sizeof("./");
    char *copy = sfi__ctx_alloc(ctx, size);

    if (copy != NULL)
        sfi__text_format(copy, size, "%s%s%s", path[0] == '/' ? "" : "./", path,
                         suffix);
    return copy;
}

void
sfi__db_value_u64(struct values *v, uint64_t n)
{
    v->at++;
    if (v->rc == SQLITE_OK)
        v->rc = sqlite3_bind_int64(v->statement, v->at, (sqlite3_int64)n);
}

void
sfi__db_value_blob(struct values *v, const uint8_t *data, size_t len)
{
    v->at++;
    if (v->rc == SQLITE_OK)
        v->rc = sqlite3_bind_blob(v->statement, v->at, data, (int)len,
                                  SQLITE_STATIC);
}

void
sfi__db_value_text(struct values *v, const char *text)
{
    v->at++;
    if (v->rc == SQLITE_OK)
        v->rc = sqlite3_bind_text(v->statement, v->at, text, -1, SQLITE_STATIC);
}

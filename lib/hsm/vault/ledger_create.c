/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Create a vault: the whole file appears under its name, or nothing does. */
#define _GNU_SOURCE /* mkostemp() */
#include "hsm/vault/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/file.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/file_guard.h"
#include "hsm/vault/ledger_db.h"
#include "hsm/vault/ledger_page.h"

#define TEXT_OF(n) #n
#define TEXT(n) TEXT_OF(n)

/* No journal beside it: half a file is thrown away. */
static const char begin[] =
    "PRAGMA journal_mode = MEMORY;"
    "BEGIN;"
    "PRAGMA application_id = " TEXT(
        LEDGER_APPLICATION_ID) ";"
                               "PRAGMA user_version = " TEXT(
                                   LEDGER_SCHEMA_VERSION) ";";

static const char insert_head[] =
    "INSERT INTO vault VALUES (1,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

static int
ledger_insert_head(sqlite3 *db, const struct ledger_head *h)
{
    struct values v = {0};
    uint8_t serial[LEDGER_SERIAL_MAX];
    size_t serial_len = sfi__ledger_put_serial(&h->audit, serial);

    v.rc = sqlite3_prepare_v2(db, insert_head, -1, &v.statement, NULL);
    sfi__db_value_u64(&v, h->audit.flags);
    sfi__db_value_blob(&v, serial, serial_len);
    sfi__db_value_text(&v, h->audit.firmware_id);
    sfi__db_value_text(&v, h->audit.product_id);
    sfi__db_value_blob(&v, h->audit.ca_public, sizeof(h->audit.ca_public));
    sfi__db_value_u64(&v, h->audit.maximum);
    sfi__db_value_u64(&v, h->audit.low_water);
    sfi__db_value_blob(&v, h->audit.genesis, sizeof(h->audit.genesis));
    sfi__db_value_u64(&v, h->audit.remaining);
    sfi__db_value_u64(&v, h->audit.sequence);
    sfi__db_value_blob(&v, h->audit.audit_head, sizeof(h->audit.audit_head));
    sfi__db_value_blob(&v, h->audit.mac, sizeof(h->audit.mac));
    sfi__db_value_u64(&v, h->seal);
    sfi__db_value_u64(&v, h->cost.log2_n);
    sfi__db_value_u64(&v, h->cost.r);
    sfi__db_value_u64(&v, h->cost.p);
    sfi__db_value_blob(&v, h->salt, sizeof(h->salt));
    sfi__db_value_blob(&v, h->sealed, sizeof(h->sealed));
    sfi__db_value_blob(&v, h->sealed_check, sizeof(h->sealed_check));
    sfi__db_value_u64(&v, h->pin_tries);
    if (v.rc == SQLITE_OK)
        v.rc = sqlite3_step(v.statement);
    (void)sqlite3_finalize(v.statement);
    return v.rc == SQLITE_DONE ? SQLITE_OK : v.rc;
}

static int
ledger_make_tables(sqlite3 *db)
{
    int rc = sqlite3_exec(db, begin, NULL, NULL, NULL);

    for (size_t i = 0; i < LEDGER_ENTRIES && rc == SQLITE_OK; i++) {
        const char *sql = sfi__ledger_schema[i].sql;

        if (sql != NULL)
            rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    }
    return rc;
}

/* Write the whole file under its temporary name.  The write-ahead log is turned
 * on last, so that everything is in the file itself. */
static sfi_status
ledger_fill_file(sfi_ctx *ctx, const char *path, const struct ledger_head *head)
{
    sqlite3 *db = NULL;
    sfi_status st = sfi__db_open(ctx, path, &db);
    int rc = SQLITE_OK;

    if (st == SFI_OK) {
        rc = ledger_make_tables(db);
        if (rc == SQLITE_OK)
            rc = ledger_insert_head(db, head);
        if (rc == SQLITE_OK)
            rc = sqlite3_exec(db, "COMMIT;", NULL, NULL, NULL);
        st = rc == SQLITE_OK ? sfi__db_use_wal(ctx, db)
                             : sfi__db_fail(ctx, db, rc);
    }
    rc = sfi__db_close(db);
    if (st == SFI_OK && rc != SQLITE_OK)
        st = sfi__db_fail(ctx, NULL, rc);
    return st;
}

/* SQLite would replay the log of an earlier vault into the new file. */
static sfi_status
ledger_check_sidecars(sfi_ctx *ctx, const char *path)
{
    for (size_t i = 0; i < FILE_GUARD_SIDECARS; i++) {
        char *name = sfi__db_path(ctx, path, sfi__file_guard_sidecars[i]);
        struct stat info;
        bool there;

        if (name == NULL)
            return SFI_ERR_NOMEM;
        there = lstat(name, &info) == 0;
        sfi__ctx_dealloc(ctx, name);
        if (there)
            return sfi__fail(ctx, SFI_ERR_HSM_STATE,
                             "a file *%s of an earlier vault exists: restore "
                             "that vault or delete the file",
                             sfi__file_guard_sidecars[i]);
    }
    return SFI_OK;
}

static void
ledger_remove_temp(sfi_ctx *ctx, const char *temp)
{
    (void)unlink(temp);
    for (size_t i = 0; i < FILE_GUARD_SIDECARS; i++) {
        char *name = sfi__db_path(ctx, temp, sfi__file_guard_sidecars[i]);

        if (name != NULL)
            (void)unlink(name);
        sfi__ctx_dealloc(ctx, name);
    }
}

/* Of two processes that provision at once, the second fails here. */
static sfi_status
ledger_publish_file(sfi_ctx *ctx, const char *temp, const char *path)
{
    int err = sfi__file_name_once(temp, path);

    if (err == EEXIST)
        return sfi__fail(ctx, SFI_ERR_HSM_STATE,
                         "already provisioned, and locked for ever");
    if (err != 0)
        return sfi__fail_os(ctx, sfi__os_status(err), err,
                            "the vault cannot be created");
    err = sfi__file_sync_folder(path);
    if (err != 0)
        return sfi__fail_os(ctx, sfi__os_status(err), err,
                            "the vault's folder cannot be synced");
    return SFI_OK;
}

sfi_status
sfi__db_create(sfi_ctx *ctx, const char *path, const struct ledger_head *head)
{
    char *temp = sfi__db_path(ctx, path, ".XXXXXX");
    sfi_status st;
    int fd;

    if (temp == NULL)
        return SFI_ERR_NOMEM;
    st = ledger_check_sidecars(ctx, path);
    if (st != SFI_OK)
        goto out;
    fd = mkostemp(
        temp, O_CLOEXEC); /* mode 0600, and so are SQLite's files beside it */
    if (fd < 0) {
        st = sfi__fail_os(ctx, sfi__os_status(errno), errno,
                          "the vault cannot be created");
        goto out;
    }
    (void)close(fd);
    st = ledger_fill_file(ctx, temp, head);
    if (st == SFI_OK)
        st = ledger_publish_file(ctx, temp, path);
    if (st != SFI_OK)
        ledger_remove_temp(ctx, temp);
out:
    sfi__ctx_dealloc(ctx, temp);
    return st;
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Create a vault: the whole file appears under its name, or nothing does. */
#include "hsm/vault/ledger.h"

#include <errno.h>

#include "util/file.h"
#include "util/sys.h"
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
        bool there;

        if (name == NULL)
            return SFI_ERR_NOMEM;
        there = sfi__file_is_there(name);
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
    (void)sfi__sys_remove(temp);
    for (size_t i = 0; i < FILE_GUARD_SIDECARS; i++) {
        char *name = sfi__db_path(ctx, temp, sfi__file_guard_sidecars[i]);

        if (name != NULL)
            (void)sfi__sys_remove(name);
        sfi__ctx_dealloc(ctx, name);
    }
}

/* Of two processes that provision at once, the second fails here. */
static sfi_status
ledger_publish_file(sfi_ctx *ctx, const char *temp, const char *path)
{
    int err = sfi__sys_rename_new(temp, path);

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

/* `path` has "./" in front where SQLite would read more into it. */
static sfi_status
ledger_create_file(sfi_ctx *ctx, const char *path,
                   const struct ledger_head *head)
{
    struct file_out f;
    sfi_status st;
    /* SQLite's files beside it have its mode */
    int err = sfi__file_begin(&f, &ctx->alloc, path, 0600);

    if (err == 0)
        err = f.in_place ? EEXIST : sfi__file_put_down(&f);
    if (err == 0) {
        st = ledger_fill_file(ctx, f.temp, head);
        if (st == SFI_OK)
            st = ledger_publish_file(ctx, f.temp, path);
        if (st != SFI_OK)
            ledger_remove_temp(ctx, f.temp);
    } else {
        st = sfi__fail_os(ctx, sfi__os_status(err), err,
                          "the vault cannot be created");
    }
    sfi__file_abort(&f);
    return st;
}

sfi_status
sfi__db_create(sfi_ctx *ctx, const char *path, const struct ledger_head *head)
{
    char *name = sfi__db_path(ctx, path, "");
    sfi_status st =
        name != NULL ? ledger_check_sidecars(ctx, path) : SFI_ERR_NOMEM;

    if (st == SFI_OK)
        st = ledger_create_file(ctx, name, head);
    sfi__ctx_dealloc(ctx, name);
    return st;
}

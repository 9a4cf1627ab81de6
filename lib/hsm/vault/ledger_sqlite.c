/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The ledger as an SQLite file: connections and transactions; doc/format.md,
 * "Vault". */
#define _POSIX_C_SOURCE 200809L /* getpid() */
#include "hsm/vault/ledger_rows.h"

#include <errno.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/fd.h"
#include "util/sys.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/file_guard.h"
#include "hsm/vault/ledger_hold.h"

/* Provisioning gives a file two names for a moment: wait that long. */
#define NAMES_ROUNDS 20
#define NAMES_MS 10u

/* ---- connections ---- */

static void
file_disconnect(struct file *f)
{
    for (size_t i = 0; i < Q_COUNT; i++) {
        (void)sqlite3_finalize(f->statements[i]);
        f->statements[i] = NULL;
    }
    if (f->db != NULL && f->locked != NULL &&
        !sfi__locked_file_stays(f->locked))
        /* the log may be stale: it must not get into the file */
        (void)sqlite3_db_config(f->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                                NULL);
    (void)sfi__db_close(f->db);
    f->db = NULL;
}

static sfi_status
file_connect(struct file *f)
{
    sfi_ctx *ctx = f->base.ctx;
    sfi_status st = sfi__db_open(ctx, f->path, &f->db);

    f->looks = false;
    if (st != SFI_OK)
        return st;
    st = sfi__db_check(ctx, f->db);
    if (st != SFI_OK)
        return st;
    st = sfi__db_use_wal(ctx, f->db);
    if (st != SFI_OK)
        return st;
    st = sfi__db_check(ctx, f->db); /* reading creates a log that is new */
    if (st == SFI_OK)
        sfi__locked_file_settle(f->locked);
    return st;
}

static sfi_status
file_connect_for(struct file *f, enum ledger_use use)
{
    bool look = use == LEDGER_LOOK && !f->base.disturbed;
    sfi_status st = SFI_OK;

    if (f->db != NULL && (!f->looks || look))
        return SFI_OK;
    file_disconnect(f);
    f->base.disturbed = false;
    if (look)
        st = sfi__db_open_to_look(f->base.ctx, f->path, &f->db);
    f->looks = f->db != NULL;
    if (st == SFI_OK && f->db == NULL)
        st = file_connect(f);
    if (st != SFI_OK)
        file_disconnect(f);
    return st;
}

/* ---- transactions ---- */

/* Whoever ignored the locks, or used them after this process had lost them, may
 * have deleted the log that is open here, with everything in it. */
static sfi_status
file_check_place(struct file *f)
{
    if (sfi__locked_file_stays(f->locked))
        return SFI_OK;
    return sfi__fail(f->base.ctx, SFI_ERR_HSM,
                     "the vault's file or its *-wal was moved, deleted or "
                     "replaced while it was open, so nothing is issued: open "
                     "the vault again and verify its audit");
}

static sfi_status
file_check_process(struct file *f)
{
    if (f->pid == getpid())
        return SFI_OK;
    return sfi__fail(f->base.ctx, SFI_ERR_STATE,
                     "the vault was opened before a fork: open the HSM in the "
                     "process that uses it");
}

static sfi_status
file_begin_transaction(struct ledger *l, enum ledger_use use)
{
    struct file *f = sfi__rows_file(l);
    sfi_status st = file_check_process(f);

    if (st != SFI_OK)
        return st;
    st = file_connect_for(f, use);
    if (st == SFI_OK && use == LEDGER_WRITE)
        st = file_check_place(f);
    if (st != SFI_OK)
        return st;
    return sfi__rows_run(f, use == LEDGER_WRITE ? Q_BEGIN_WRITE : Q_BEGIN_READ);
}

static void
file_roll_back(struct ledger *l)
{
    struct sfi_error first;
    struct file *f = sfi__rows_file(l);

    sfi__error_keep(l->ctx, &first);
    if (!sqlite3_get_autocommit(f->db))
        (void)sfi__rows_run(f, Q_ROLLBACK);
    sfi__error_restore(l->ctx, &first);
}

/* A commit is only in the write-ahead log; SQLite syncs log and file when it
 * moves the log into the file. */
static int
file_sync_wal(struct file *f)
{
    sqlite3_file *wal = NULL;
    int rc = sqlite3_file_control(f->db, NULL, SQLITE_FCNTL_JOURNAL_POINTER,
                                  (void *)&wal);

    if (rc != SQLITE_OK || wal == NULL || wal->pMethods == NULL)
        return rc;
    return wal->pMethods->xSync(wal, SQLITE_SYNC_FULL);
}

/* Outside the write lock, so that processes wait for the disk at the same time.
 * After a failed sync the next one may succeed without the lost pages, so write
 * the pages again, to the file. */
static sfi_status
file_sync_commits(struct ledger *l)
{
    struct file *f = sfi__rows_file(l);
    int rc;

    if (f->db == NULL || f->looks) /* it had no log, so all was on the disk */
        return file_check_place(f);
    rc = f->refused ? SQLITE_IOERR_FSYNC : file_sync_wal(f);
    if (rc != SQLITE_OK)
        rc = sqlite3_wal_checkpoint_v2(f->db, NULL, SQLITE_CHECKPOINT_FULL,
                                       NULL, NULL);
    f->refused = rc != SQLITE_OK;
    return rc == SQLITE_OK ? file_check_place(f) : sfi__rows_fail(f, rc);
}

static sfi_status
file_end_transaction(struct ledger *l, bool commit)
{
    sfi_status st = SFI_OK;

    if (commit) {
        st = sfi__rows_run(sfi__rows_file(l), Q_COMMIT);
        if (st == SFI_OK)
            return file_sync_commits(l);
    }
    file_roll_back(l);
    return st;
}

/* ---- open, close ---- */

static sfi_status
file_hold(struct ledger *l, uint32_t timeout_ms)
{
    struct file *f = sfi__rows_file(l);
    sfi_status st = file_check_process(f);

    if (st != SFI_OK || f->held >= 0)
        return st;
    return sfi__ledger_hold(l->ctx, f->path, timeout_ms, &f->held);
}

static void
file_close_ledger(struct ledger *l)
{
    struct file *f = sfi__rows_file(l);

    if (f->pid == getpid()) {
        file_disconnect(f);
        sfi__locked_file_remove(f->locked);
    } else {
        sfi__db_forget(f->db);
    }
    if (f->held >= 0)
        (void)sfi__fd_close(
            f->held); /* in a child: the parent keeps the lock */
    sfi__ctx_dealloc(l->ctx, f->path);
    sfi__ctx_dealloc(l->ctx, l);
}

static const struct ledger_ops file_ops = {
    .begin = file_begin_transaction,
    .end = file_end_transaction,
    .sync = file_sync_commits,
    .read_head = sfi__rows_read_head,
    .write_head = sfi__rows_write_head,
    .find = sfi__rows_find,
    .append = sfi__rows_append,
    .hold = file_hold,
    .close = file_close_ledger,
};

static sfi_status
file_open_ledger(sfi_ctx *ctx, const char *path, struct ledger **out)
{
    struct file *f = sfi__ctx_alloc(ctx, sizeof(*f));
    sfi_status st;

    if (f == NULL)
        return SFI_ERR_NOMEM;
    f->base = (struct ledger){.ops = &file_ops, .ctx = ctx};
    f->pid = getpid();
    f->held = -1;
    f->path = sfi__db_path(ctx, path, "");
    if (f->path == NULL) {
        st = SFI_ERR_NOMEM;
        goto out;
    }
    st = sfi__file_guard_lock(ctx, f->path, &f->locked);
    if (st != SFI_OK)
        goto out;
    st = file_connect_for(f, LEDGER_LOOK);
    if (st != SFI_OK)
        goto out;
    *out = &f->base;
    return SFI_OK;
out:
    file_close_ledger(&f->base);
    return st;
}

/* Under two names a file would have two independent write-ahead logs.  A
 * process that is provisioning it may set the new name before it removes the
 * temporary one (sfi__sys_rename_new()). */
static sfi_status
file_check_one_name(sfi_ctx *ctx, const char *path, struct sys_stat *info)
{
    const struct clock *clock = ctx->clock;

    for (int i = 0; i < NAMES_ROUNDS && info->links > 1; i++) {
        int err;

        clock->sleep_ms(clock->user, NAMES_MS);
        err = sfi__sys_stat(path, info);
        if (err != 0)
            return sfi__fail_os(ctx, sfi__os_status(err), err,
                                "the vault cannot be opened");
    }
    if (info->links > 1)
        return sfi__fail(
            ctx, SFI_ERR_HSM,
            "the vault's file has %llu names, expected 1: keep this one and "
            "delete the temporary file of an interrupted provisioning",
            (unsigned long long)info->links);
    return SFI_OK;
}

static sfi_status
place_open_file(sfi_ctx *ctx, const char *path, struct ledger **out)
{
    struct sys_stat info;
    sfi_status st;
    int err = sfi__sys_stat(path, &info);

    *out = NULL;
    if (err == ENOENT)
        return SFI_OK;
    if (err != 0)
        return sfi__fail_os(ctx, sfi__os_status(err), err,
                            "the vault cannot be opened");
    if (!info.is_file)
        return sfi__fail(ctx, SFI_ERR_HSM, "not a vault: not a regular file");
    st = file_check_one_name(ctx, path, &info);
    if (st != SFI_OK)
        return st;
    return file_open_ledger(ctx, path, out);
}

const struct ledger_place sfi__ledger_sqlite = {
    .open = place_open_file,
    .create = sfi__db_create,
};

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The ledger as an SQLite file; doc/format.md, "Vault". */
#define _XOPEN_SOURCE 700
#include "hsm/vault/ledger.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/fd.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/file_guard.h"
#include "crypto/hash.h"
#include "hsm/vault/ledger_db.h"
#include "wire/certificate.h"

enum query {
    Q_BEGIN_READ,
    Q_BEGIN_WRITE,
    Q_COMMIT,
    Q_ROLLBACK,
    Q_READ_HEAD,
    Q_WRITE_COUNTS,
    Q_WRITE_TRIES,
    Q_WRITE_SEAL,
    Q_BY_SEQUENCE,
    Q_BY_SESSION,
    Q_BY_COUNT,
    Q_APPEND,
    Q_COUNT
};

/* Provisioning gives a file two names for a moment: wait that long. */
#define NAMES_ROUNDS 20
#define NAMES_MS 10u

#define RECORD_COLUMNS                                                     \
    "sequence, kind, time, device, session, remaining, license, previous," \
    " hash, mac"

static const char *const sql[Q_COUNT] = {
    [Q_BEGIN_READ] = "BEGIN",
    [Q_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [Q_COMMIT] = "COMMIT",
    [Q_ROLLBACK] = "ROLLBACK",
    [Q_READ_HEAD] =
        "SELECT flags, serial, firmware_id, product_id, ca_public,"
        " maximum, low_water, genesis, remaining, sequence, log_head,"
        " mac, seal, log2_n, r, p, salt, sealed, sealed_check, pin_tries"
        " FROM vault",
    [Q_WRITE_COUNTS] =
        "UPDATE vault SET remaining = ?, sequence = ?, log_head = ?,"
        " mac = ?",
    [Q_WRITE_TRIES] = "UPDATE vault SET pin_tries = ?",
    [Q_WRITE_SEAL] =
        "UPDATE vault SET seal = ?, log2_n = ?, r = ?, p = ?, salt = ?,"
        " sealed = ?, sealed_check = ?",
    [Q_BY_SEQUENCE] =
        "SELECT " RECORD_COLUMNS " FROM record WHERE sequence = ?",
    [Q_BY_SESSION] = "SELECT " RECORD_COLUMNS
                     " FROM record WHERE device = ? AND session = ?",
    [Q_BY_COUNT] =
        "SELECT " RECORD_COLUMNS " FROM record WHERE device = ? AND kind = 1",
    [Q_APPEND] =
        "INSERT INTO record (" RECORD_COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?)",
};

struct file {
    struct ledger base;
    char *path;
    sqlite3 *db; /* NULL: it could not be opened for writing */
    bool looks;  /* nothing is written, and the file has no log */
    struct locked_file *locked;
    sqlite3_stmt *statements[Q_COUNT];
    bool refused; /* the last sync failed */
    pid_t
        pid; /* of the process that opened it: SQLite does not survive fork() */
};

static struct file *
file_of_ledger(struct ledger *l)
{
    return (struct file *)l;
}

static sfi_status
file_fail_sqlite(struct file *f, int rc)
{
    sfi_status st = sfi__db_fail(f->base.ctx, f->db, rc);

    f->base.disturbed = sfi__db_is_disturbed(f->db);
    return st;
}

/* ---- columns in and out: sticky, like rd and wr ---- */

struct columns {
    struct file *f;
    sqlite3_stmt *row;
    int at;
    sfi_status status;
};

static sqlite3_stmt *
column_check_type(struct columns *c, int type)
{
    if (c->status == SFI_OK && sqlite3_column_type(c->row, c->at) != type)
        c->status =
            sfi__fail(c->f->base.ctx, SFI_ERR_HSM,
                      "the vault is damaged: column %s has the wrong type",
                      sqlite3_column_name(c->row, c->at));
    return c->status == SFI_OK ? c->row : NULL;
}

static uint64_t
column_read_u64(struct columns *c, uint64_t max)
{
    uint64_t v = 0;

    if (column_check_type(c, SQLITE_INTEGER) != NULL) {
        sqlite3_int64 found = sqlite3_column_int64(c->row, c->at);

        if (found < 0 || (uint64_t)found > max)
            c->status = sfi__fail(c->f->base.ctx, SFI_ERR_HSM,
                                  "the vault is damaged: column %s is %lld, "
                                  "expected at most %llu",
                                  sqlite3_column_name(c->row, c->at), found,
                                  (unsigned long long)max);
        else
            v = (uint64_t)found;
    }
    c->at++;
    return v;
}

static void
column_copy_bytes(struct columns *c, const void *data, size_t min, size_t max,
                  void *out)
{
    size_t len = (size_t)sqlite3_column_bytes(c->row, c->at);

    if (len < min || len > max)
        c->status =
            sfi__fail(c->f->base.ctx, SFI_ERR_HSM,
                      "the vault is damaged: column %s has %zu bytes, expected "
                      "%zu",
                      sqlite3_column_name(c->row, c->at), len, max);
    else if (data == NULL)
        c->status = sfi__nomem(c->f->base.ctx);
    else
        memcpy(out, data, len);
}

static void
column_read_blob(struct columns *c, uint8_t *out, size_t len)
{
    if (column_check_type(c, SQLITE_BLOB) != NULL)
        column_copy_bytes(c, sqlite3_column_blob(c->row, c->at), len, len, out);
    c->at++;
}

/* `out` is zero and has room for `max` bytes and a NUL. */
static void
column_read_text(struct columns *c, char *out, size_t min, size_t max)
{
    if (column_check_type(c, SQLITE_TEXT) != NULL)
        column_copy_bytes(c, sqlite3_column_text(c->row, c->at), min, max, out);
    c->at++;
}

/* ---- statements ---- */

static sfi_status
file_prepare_query(struct file *f, enum query q, struct values *v)
{
    sqlite3_stmt **s = &f->statements[q];
    int rc = SQLITE_OK;

    if (*s == NULL)
        rc = sqlite3_prepare_v3(f->db, sql[q], -1, SQLITE_PREPARE_PERSISTENT, s,
                                NULL);
    *v = (struct values){.statement = *s};
    return rc == SQLITE_OK ? SFI_OK : file_fail_sqlite(f, rc);
}

/* Forget the bound values; the statement stays prepared, and its next run has
 * the whole budget of steps again. */
static void
statement_reset(sqlite3_stmt *s)
{
    (void)sqlite3_reset(s);
    (void)sqlite3_clear_bindings(s);
    (void)sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 1);
}

/* Run a statement that returns no row; it must change `rows` rows, -1: any. */
static sfi_status
file_run_query(struct file *f, struct values *v, int rows)
{
    int rc = v->rc;
    sfi_status st = SFI_OK;

    if (rc == SQLITE_OK)
        rc = sqlite3_step(v->statement);
    if (rc != SQLITE_DONE)
        st = file_fail_sqlite(f, rc);
    else if (rows >= 0 && sqlite3_changes(f->db) != rows)
        st = sfi__fail(
            f->base.ctx, SFI_ERR_HSM,
            "the vault is damaged: a write changed %d rows, expected %d",
            sqlite3_changes(f->db), rows);
    statement_reset(v->statement);
    return st;
}

static sfi_status
file_run_plain(struct file *f, enum query q)
{
    struct values v;
    sfi_status st = file_prepare_query(f, q, &v);

    return st == SFI_OK ? file_run_query(f, &v, -1) : st;
}

/* The first row; the caller reads its columns and calls statement_reset(). */
static sfi_status
file_fetch_row(struct file *f, struct values *v, struct columns *c, bool *found)
{
    int rc = v->rc;

    if (rc == SQLITE_OK)
        rc = sqlite3_step(v->statement);
    *c = (struct columns){.f = f, .row = v->statement};
    *found = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SFI_OK
                                                 : file_fail_sqlite(f, rc);
}

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
file_begin_transaction(struct ledger *l, enum ledger_use use)
{
    struct file *f = file_of_ledger(l);
    sfi_status st;

    if (f->pid != getpid())
        return sfi__fail(l->ctx, SFI_ERR_STATE,
                         "the vault was opened before a fork: open the HSM in "
                         "the process that uses it");
    st = file_connect_for(f, use);
    if (st == SFI_OK && use == LEDGER_WRITE)
        st = file_check_place(f);
    if (st != SFI_OK)
        return st;
    return file_run_plain(f,
                          use == LEDGER_WRITE ? Q_BEGIN_WRITE : Q_BEGIN_READ);
}

static void
file_roll_back(struct ledger *l)
{
    struct sfi_error first;
    struct file *f = file_of_ledger(l);

    sfi__error_keep(l->ctx, &first);
    if (!sqlite3_get_autocommit(f->db))
        (void)file_run_plain(f, Q_ROLLBACK);
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
    struct file *f = file_of_ledger(l);
    int rc;

    if (f->db == NULL || f->looks) /* it had no log, so all was on the disk */
        return file_check_place(f);
    rc = f->refused ? SQLITE_IOERR_FSYNC : file_sync_wal(f);
    if (rc != SQLITE_OK)
        rc = sqlite3_wal_checkpoint_v2(f->db, NULL, SQLITE_CHECKPOINT_FULL,
                                       NULL, NULL);
    f->refused = rc != SQLITE_OK;
    return rc == SQLITE_OK ? file_check_place(f) : file_fail_sqlite(f, rc);
}

static sfi_status
file_end_transaction(struct ledger *l, bool commit)
{
    sfi_status st = SFI_OK;

    if (commit) {
        st = file_run_plain(file_of_ledger(l), Q_COMMIT);
        if (st == SFI_OK)
            return file_sync_commits(l);
    }
    file_roll_back(l);
    return st;
}

/* ---- the row about the vault ---- */

static void
file_read_head_columns(struct columns *c, struct ledger_head *h)
{
    sfi_audit_head *audit = &h->audit;

    audit->struct_size = sizeof(*audit);
    audit->flags = (uint32_t)column_read_u64(c, UINT32_MAX);
    column_read_blob(c, audit->serial, sizeof(audit->serial));
    column_read_text(c, audit->firmware_id, 1, SFI_FIRMWARE_ID_MAX);
    column_read_text(c, audit->product_id, PRODUCT_ID_LEN, PRODUCT_ID_LEN);
    column_read_blob(c, audit->ca_public, sizeof(audit->ca_public));
    audit->maximum = column_read_u64(c, SFI_HSM_COUNT_MAX);
    audit->low_water = column_read_u64(c, SFI_HSM_COUNT_MAX);
    column_read_blob(c, audit->genesis, sizeof(audit->genesis));
    audit->remaining = column_read_u64(c, SFI_HSM_COUNT_MAX);
    audit->sequence = column_read_u64(c, LEDGER_SEQUENCE_MAX);
    column_read_blob(c, audit->audit_head, sizeof(audit->audit_head));
    column_read_blob(c, audit->mac, sizeof(audit->mac));
    h->seal = (uint32_t)column_read_u64(c, UINT32_MAX);
    h->cost.log2_n = (uint32_t)column_read_u64(c, UINT32_MAX);
    h->cost.r = (uint32_t)column_read_u64(c, UINT32_MAX);
    h->cost.p = (uint32_t)column_read_u64(c, UINT32_MAX);
    column_read_blob(c, h->salt, sizeof(h->salt));
    column_read_blob(c, h->sealed, sizeof(h->sealed));
    column_read_blob(c, h->sealed_check, sizeof(h->sealed_check));
    h->pin_tries = (uint32_t)column_read_u64(c, UINT32_MAX);
}

static sfi_status
file_read_only_row(struct file *f, struct values *v, struct ledger_head *out)
{
    struct columns c;
    bool found;
    sfi_status st = file_fetch_row(f, v, &c, &found);

    if (st != SFI_OK)
        return st;
    if (!found)
        return sfi__fail(f->base.ctx, SFI_ERR_HSM,
                         "the vault is damaged: table vault has no row, "
                         "expected 1");
    file_read_head_columns(&c, out);
    if (c.status != SFI_OK)
        return c.status;
    if (sqlite3_step(v->statement) != SQLITE_DONE)
        return sfi__fail(f->base.ctx, SFI_ERR_HSM,
                         "the vault is damaged: table vault has more than one "
                         "row");
    return SFI_OK;
}

static sfi_status
file_read_head(struct ledger *l, struct ledger_head *out)
{
    struct values v;
    sfi_status st = file_prepare_query(file_of_ledger(l), Q_READ_HEAD, &v);

    sfi__zero(out, sizeof(*out));
    if (st != SFI_OK)
        return st;
    st = file_read_only_row(file_of_ledger(l), &v, out);
    statement_reset(v.statement);
    return st;
}

static sfi_status
file_write_head(struct ledger *l, enum ledger_part part,
                const struct ledger_head *head)
{
    static const enum query queries[] = {
        [LEDGER_COUNTS] = Q_WRITE_COUNTS,
        [LEDGER_TRIES] = Q_WRITE_TRIES,
        [LEDGER_SEAL] = Q_WRITE_SEAL,
    };
    const sfi_audit_head *audit = &head->audit;
    struct values v;
    sfi_status st = file_prepare_query(file_of_ledger(l), queries[part], &v);

    if (st != SFI_OK)
        return st;
    switch (part) {
    case LEDGER_COUNTS:
        sfi__db_value_u64(&v, audit->remaining);
        sfi__db_value_u64(&v, audit->sequence);
        sfi__db_value_blob(&v, audit->audit_head, sizeof(audit->audit_head));
        sfi__db_value_blob(&v, audit->mac, sizeof(audit->mac));
        break;
    case LEDGER_TRIES:
        sfi__db_value_u64(&v, head->pin_tries);
        break;
    case LEDGER_SEAL:
        sfi__db_value_u64(&v, head->seal);
        sfi__db_value_u64(&v, head->cost.log2_n);
        sfi__db_value_u64(&v, head->cost.r);
        sfi__db_value_u64(&v, head->cost.p);
        sfi__db_value_blob(&v, head->salt, sizeof(head->salt));
        sfi__db_value_blob(&v, head->sealed, sizeof(head->sealed));
        sfi__db_value_blob(&v, head->sealed_check, sizeof(head->sealed_check));
        break;
    }
    return file_run_query(file_of_ledger(l), &v, 1);
}

/* ---- records ---- */

static sfi_status
file_read_record_columns(struct columns *c, struct ledger_record *r)
{
    sfi_audit_record *audit = &r->audit;

    audit->struct_size = sizeof(*audit);
    audit->sequence = column_read_u64(c, LEDGER_SEQUENCE_MAX);
    audit->kind = (uint32_t)column_read_u64(c, UINT32_MAX);
    audit->time = column_read_u64(c, INT64_MAX);
    column_read_blob(c, audit->device, sizeof(audit->device));
    audit->session = (uint32_t)column_read_u64(c, UINT32_MAX);
    audit->remaining = column_read_u64(c, SFI_HSM_COUNT_MAX);
    column_read_blob(c, r->license, sizeof(r->license));
    column_read_blob(c, audit->previous, sizeof(audit->previous));
    column_read_blob(c, audit->hash, sizeof(audit->hash));
    column_read_blob(c, audit->mac, sizeof(audit->mac));
    return c->status;
}

static sfi_status
file_fetch_record(struct file *f, struct values *v, struct ledger_record *r,
                  bool *found)
{
    struct columns c;
    sfi_status st = file_fetch_row(f, v, &c, found);

    sfi__zero(r, sizeof(*r));
    if (st == SFI_OK && *found)
        st = file_read_record_columns(&c, r);
    statement_reset(v->statement);
    if (st != SFI_OK || !*found || r->audit.kind == SFI_AUDIT_RETIRED)
        return st; /* the closing record has no licence */
    return sfi__sha256(f->base.ctx, r->license, sizeof(r->license),
                       r->audit.license);
}

static sfi_status
file_find_record(struct ledger *l, const struct ledger_key *key,
                 struct ledger_record *out, bool *found)
{
    static const enum query queries[] = {
        [LEDGER_BY_SEQUENCE] = Q_BY_SEQUENCE,
        [LEDGER_BY_SESSION] = Q_BY_SESSION,
        [LEDGER_BY_COUNT] = Q_BY_COUNT,
    };
    struct values v;
    sfi_status st = file_prepare_query(file_of_ledger(l), queries[key->by], &v);

    *found = false;
    if (st != SFI_OK)
        return st;
    if (key->by == LEDGER_BY_SEQUENCE)
        sfi__db_value_u64(&v, key->sequence);
    else
        sfi__db_value_blob(&v, key->device, SFI_SHA256_LEN);
    if (key->by == LEDGER_BY_SESSION)
        sfi__db_value_u64(&v, key->session);
    return file_fetch_record(file_of_ledger(l), &v, out, found);
}

static sfi_status
file_add_record(struct ledger *l, const struct ledger_record *r)
{
    const sfi_audit_record *audit = &r->audit;
    struct values v;
    sfi_status st = file_prepare_query(file_of_ledger(l), Q_APPEND, &v);

    if (st != SFI_OK)
        return st;
    sfi__db_value_u64(&v, audit->sequence);
    sfi__db_value_u64(&v, audit->kind);
    sfi__db_value_u64(&v, audit->time);
    sfi__db_value_blob(&v, audit->device, sizeof(audit->device));
    sfi__db_value_u64(&v, audit->session);
    sfi__db_value_u64(&v, audit->remaining);
    sfi__db_value_blob(&v, r->license, sizeof(r->license));
    sfi__db_value_blob(&v, audit->previous, sizeof(audit->previous));
    sfi__db_value_blob(&v, audit->hash, sizeof(audit->hash));
    sfi__db_value_blob(&v, audit->mac, sizeof(audit->mac));
    return file_run_query(file_of_ledger(l), &v, 1);
}

/* ---- open, close ---- */

static void
file_close_ledger(struct ledger *l)
{
    struct file *f = file_of_ledger(l);

    if (f->pid == getpid()) {
        file_disconnect(f);
        sfi__locked_file_remove(f->locked);
    } else {
        sfi__db_forget(f->db);
    }
    sfi__ctx_dealloc(l->ctx, f->path);
    sfi__ctx_dealloc(l->ctx, l);
}

static const struct ledger_ops file_ops = {
    .begin = file_begin_transaction,
    .end = file_end_transaction,
    .sync = file_sync_commits,
    .read_head = file_read_head,
    .write_head = file_write_head,
    .find = file_find_record,
    .append = file_add_record,
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
 * temporary one (sfi__file_name_once()). */
static sfi_status
file_check_one_name(sfi_ctx *ctx, const char *path, struct stat *info)
{
    const struct clock *clock = ctx->clock;

    for (int i = 0; i < NAMES_ROUNDS && info->st_nlink > 1; i++) {
        clock->sleep_ms(clock->user, NAMES_MS);
        if (stat(path, info) != 0)
            return sfi__fail_os(ctx, sfi__os_status(errno), errno,
                                "the vault cannot be opened");
    }
    if (info->st_nlink > 1)
        return sfi__fail(
            ctx, SFI_ERR_HSM,
            "the vault's file has %llu names, expected 1: keep this one and "
            "delete the temporary file of an interrupted provisioning",
            (unsigned long long)info->st_nlink);
    return SFI_OK;
}

static sfi_status
place_open_file(sfi_ctx *ctx, const char *path, struct ledger **out)
{
    struct stat info;
    sfi_status st;

    *out = NULL;
    if (stat(path, &info) != 0) {
        if (errno == ENOENT)
            return SFI_OK;
        return sfi__fail_os(ctx, sfi__os_status(errno), errno,
                            "the vault cannot be opened");
    }
    if (!S_ISREG(info.st_mode))
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

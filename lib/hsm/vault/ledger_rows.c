/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The rows of the SQLite ledger, in and out; doc/format.md, "Vault". */
#include "hsm/vault/ledger_rows.h"

#include <string.h>

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "crypto/hash.h"
#include "wire/certificate.h"

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

sfi_status
sfi__rows_fail(struct file *f, int rc)
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

/* The serial number, or that and the terms of a lease. */
static void
column_read_serial(struct columns *c, sfi_audit_head *h)
{
    bool leased = c->status == SFI_OK &&
                  sqlite3_column_bytes(c->row, c->at) == LEDGER_SERIAL_MAX;
    size_t len = leased ? LEDGER_SERIAL_MAX : LEDGER_SERIAL_LEN;
    uint8_t data[LEDGER_SERIAL_MAX] = {0};

    column_read_blob(c, data, len);
    sfi__ledger_get_serial(h, data, len);
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
rows_prepare_query(struct file *f, enum query q, struct values *v)
{
    sqlite3_stmt **s = &f->statements[q];
    int rc = SQLITE_OK;

    if (*s == NULL)
        rc = sqlite3_prepare_v3(f->db, sql[q], -1, SQLITE_PREPARE_PERSISTENT, s,
                                NULL);
    *v = (struct values){.statement = *s};
    return rc == SQLITE_OK ? SFI_OK : sfi__rows_fail(f, rc);
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
rows_run_query(struct file *f, struct values *v, int rows)
{
    int rc = v->rc;
    sfi_status st = SFI_OK;

    if (rc == SQLITE_OK)
        rc = sqlite3_step(v->statement);
    if (rc != SQLITE_DONE)
        st = sfi__rows_fail(f, rc);
    else if (rows >= 0 && sqlite3_changes(f->db) != rows)
        st = sfi__fail(
            f->base.ctx, SFI_ERR_HSM,
            "the vault is damaged: a write changed %d rows, expected %d",
            sqlite3_changes(f->db), rows);
    statement_reset(v->statement);
    return st;
}

sfi_status
sfi__rows_run(struct file *f, enum query q)
{
    struct values v;
    sfi_status st = rows_prepare_query(f, q, &v);

    return st == SFI_OK ? rows_run_query(f, &v, -1) : st;
}

/* The first row; the caller reads its columns and calls statement_reset(). */
static sfi_status
rows_fetch_row(struct file *f, struct values *v, struct columns *c, bool *found)
{
    int rc = v->rc;

    if (rc == SQLITE_OK)
        rc = sqlite3_step(v->statement);
    *c = (struct columns){.f = f, .row = v->statement};
    *found = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SFI_OK
                                                 : sfi__rows_fail(f, rc);
}

/* ---- the row about the vault ---- */

static void
rows_read_head_columns(struct columns *c, struct ledger_head *h)
{
    sfi_audit_head *audit = &h->audit;

    audit->struct_size = sizeof(*audit);
    audit->flags = (uint32_t)column_read_u64(c, UINT32_MAX);
    column_read_serial(c, audit);
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
rows_read_only_row(struct file *f, struct values *v, struct ledger_head *out)
{
    struct columns c;
    bool found;
    sfi_status st = rows_fetch_row(f, v, &c, &found);

    if (st != SFI_OK)
        return st;
    if (!found)
        return sfi__fail(f->base.ctx, SFI_ERR_HSM,
                         "the vault is damaged: table vault has no row, "
                         "expected 1");
    rows_read_head_columns(&c, out);
    if (c.status != SFI_OK)
        return c.status;
    if (sqlite3_step(v->statement) != SQLITE_DONE)
        return sfi__fail(f->base.ctx, SFI_ERR_HSM,
                         "the vault is damaged: table vault has more than one "
                         "row");
    return SFI_OK;
}

sfi_status
sfi__rows_read_head(struct ledger *l, struct ledger_head *out)
{
    struct values v;
    sfi_status st = rows_prepare_query(sfi__rows_file(l), Q_READ_HEAD, &v);

    sfi__zero(out, sizeof(*out));
    if (st != SFI_OK)
        return st;
    st = rows_read_only_row(sfi__rows_file(l), &v, out);
    statement_reset(v.statement);
    return st;
}

sfi_status
sfi__rows_write_head(struct ledger *l, enum ledger_part part,
                     const struct ledger_head *head)
{
    static const enum query queries[] = {
        [LEDGER_COUNTS] = Q_WRITE_COUNTS,
        [LEDGER_TRIES] = Q_WRITE_TRIES,
        [LEDGER_SEAL] = Q_WRITE_SEAL,
    };
    const sfi_audit_head *audit = &head->audit;
    struct values v;
    sfi_status st = rows_prepare_query(sfi__rows_file(l), queries[part], &v);

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
    return rows_run_query(sfi__rows_file(l), &v, 1);
}

/* ---- records ---- */

static sfi_status
rows_read_record_columns(struct columns *c, struct ledger_record *r)
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
rows_fetch_record(struct file *f, struct values *v, struct ledger_record *r,
                  bool *found)
{
    struct columns c;
    sfi_status st = rows_fetch_row(f, v, &c, found);

    sfi__zero(r, sizeof(*r));
    if (st == SFI_OK && *found)
        st = rows_read_record_columns(&c, r);
    statement_reset(v->statement);
    return st == SFI_OK && *found ? sfi__ledger_complete(&f->base, r) : st;
}

sfi_status
sfi__rows_find(struct ledger *l, const struct ledger_key *key,
               struct ledger_record *out, bool *found)
{
    static const enum query queries[] = {
        [LEDGER_BY_SEQUENCE] = Q_BY_SEQUENCE,
        [LEDGER_BY_SESSION] = Q_BY_SESSION,
        [LEDGER_BY_COUNT] = Q_BY_COUNT,
    };
    struct values v;
    sfi_status st = rows_prepare_query(sfi__rows_file(l), queries[key->by], &v);

    *found = false;
    if (st != SFI_OK)
        return st;
    if (key->by == LEDGER_BY_SEQUENCE)
        sfi__db_value_u64(&v, key->sequence);
    else
        sfi__db_value_blob(&v, key->device, SFI_SHA256_LEN);
    if (key->by == LEDGER_BY_SESSION)
        sfi__db_value_u64(&v, key->session);
    return rows_fetch_record(sfi__rows_file(l), &v, out, found);
}

sfi_status
sfi__rows_append(struct ledger *l, const struct ledger_record *r)
{
    const sfi_audit_record *audit = &r->audit;
    struct values v;
    sfi_status st = rows_prepare_query(sfi__rows_file(l), Q_APPEND, &v);

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
    return rows_run_query(sfi__rows_file(l), &v, 1);
}

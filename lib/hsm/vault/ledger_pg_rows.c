/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The rows of the PostgreSQL ledger, in and out; doc/format.md, "Vault in
 * PostgreSQL".  What the database returns is checked as untrusted input. */
#include "hsm/vault/ledger_pg.h"

#include <string.h>

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "wire/certificate.h"

/* ---- the columns ---- */

#define HEAD(m) offsetof(struct ledger_head, m)
#define HEAD_BYTES(column, m)                                              \
    {                                                                      \
        column, PG_BYTES, HEAD(m), sizeof(((struct ledger_head *)0)->m), 0 \
    }
#define RECORD(m) offsetof(struct ledger_record, m)
#define RECORD_BYTES(column, m)                                                \
    {                                                                          \
        column, PG_BYTES, RECORD(m), sizeof(((struct ledger_record *)0)->m), 0 \
    }

static const struct pg_column head_columns[] = {
    {"flags", PG_U32, HEAD(audit.flags), UINT32_MAX, 0},
    {"serial", PG_SERIAL, HEAD(audit), LEDGER_SERIAL_MAX, LEDGER_SERIAL_LEN},
    {"firmware_id", PG_TEXT, HEAD(audit.firmware_id), SFI_FIRMWARE_ID_MAX, 1},
    {"product_id", PG_TEXT, HEAD(audit.product_id), PRODUCT_ID_LEN,
     PRODUCT_ID_LEN},
    HEAD_BYTES("ca_public", audit.ca_public),
    {"maximum", PG_U64, HEAD(audit.maximum), SFI_HSM_COUNT_MAX, 0},
    {"low_water", PG_U64, HEAD(audit.low_water), SFI_HSM_COUNT_MAX, 0},
    HEAD_BYTES("genesis", audit.genesis),
    {"pin_tries", PG_U32, HEAD(pin_tries), UINT32_MAX, 0},
    /* LEDGER_COUNTS */
    {"remaining", PG_U64, HEAD(audit.remaining), SFI_HSM_COUNT_MAX, 0},
    {"sequence", PG_U64, HEAD(audit.sequence), LEDGER_SEQUENCE_MAX, 0},
    HEAD_BYTES("log_head", audit.audit_head),
    HEAD_BYTES("mac", audit.mac),
    /* LEDGER_SEAL */
    {"seal", PG_U32, HEAD(seal), UINT32_MAX, 0},
    {"log2_n", PG_U32, HEAD(cost.log2_n), UINT32_MAX, 0},
    {"r", PG_U32, HEAD(cost.r), UINT32_MAX, 0},
    {"p", PG_U32, HEAD(cost.p), UINT32_MAX, 0},
    HEAD_BYTES("salt", salt),
    HEAD_BYTES("sealed", sealed),
    HEAD_BYTES("sealed_check", sealed_check),
};
#define HEAD_COLUMNS (sizeof(head_columns) / sizeof(*head_columns))

const struct pg_column sfi__pg_record_columns[PG_RECORD_COLUMNS] = {
    {"sequence", PG_U64, RECORD(audit.sequence), LEDGER_SEQUENCE_MAX, 0},
    {"kind", PG_U32, RECORD(audit.kind), UINT32_MAX, 0},
    {"time", PG_U64, RECORD(audit.time), INT64_MAX, 0},
    RECORD_BYTES("device", audit.device),
    {"session", PG_U32, RECORD(audit.session), UINT32_MAX, 0},
    {"remaining", PG_U64, RECORD(audit.remaining), SFI_HSM_COUNT_MAX, 0},
    RECORD_BYTES("license", license),
    RECORD_BYTES("previous", audit.previous),
    RECORD_BYTES("hash", audit.hash),
    RECORD_BYTES("mac", audit.mac),
};

/* Columns of head_columns that are written together. */
static const struct {
    const char *first;
    size_t count;
} head_parts[] = {
    [LEDGER_COUNTS] = {"remaining", 4},
    [LEDGER_TRIES] = {"pin_tries", 1},
    [LEDGER_SEAL] = {"seal", 7},
};

static size_t
head_find_column(const char *name)
{
    size_t i = 0;

    while (i < HEAD_COLUMNS && strcmp(head_columns[i].name, name) != 0)
        i++;
    return i;
}

/* ---- values out ---- */

void
sfi__pg_value_bytes(struct pg_values *v, const void *data, size_t len)
{
    v->data[v->count] = data;
    v->len[v->count] = (int)len;
    v->binary[v->count++] = 1;
}

static void
value_number(struct pg_values *v, uint64_t n, size_t len)
{
    uint8_t *to = v->numbers[v->count];

    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)(n >> 8 * (len - 1 - i));
    sfi__pg_value_bytes(v, to, len);
}

void
sfi__pg_value_u64(struct pg_values *v, uint64_t n)
{
    value_number(v, n, 8);
}

void
sfi__pg_value_u32(struct pg_values *v, uint32_t n)
{
    value_number(v, n, 4);
}

static void
value_columns(struct pg_values *v, const struct pg_column *columns,
              size_t count, const void *from)
{
    for (const struct pg_column *c = columns; c < columns + count; c++) {
        const uint8_t *at = (const uint8_t *)from + c->at;
        uint32_t narrow;
        uint64_t wide;

        switch (c->type) {
        case PG_U32:
            memcpy(&narrow, at, sizeof(narrow));
            sfi__pg_value_u64(v, narrow);
            break;
        case PG_U64:
            memcpy(&wide, at, sizeof(wide));
            sfi__pg_value_u64(v, wide);
            break;
        case PG_BYTES:
            sfi__pg_value_bytes(v, at, (size_t)c->max);
            break;
        case PG_TEXT:
            sfi__pg_value_bytes(v, at, strlen((const char *)at));
            break;
        case PG_SERIAL:
            sfi__pg_value_bytes(
                v, v->serial,
                sfi__ledger_put_serial((const sfi_audit_head *)(const void *)at,
                                       v->serial));
            break;
        }
    }
}

/* ---- values in ---- */

static sfi_status
column_fail_length(struct pg *p, const char *name, int len, uint64_t expected)
{
    return sfi__fail(p->base.ctx, SFI_ERR_HSM,
                     "the vault is damaged: column %s has %d bytes, expected "
                     "%llu",
                     name, len, (unsigned long long)expected);
}

static sfi_status
column_read_number(struct pg *p, const PGresult *r, int row, int column,
                   const char *name, uint64_t max, uint64_t *out)
{
    const uint8_t *from = (const uint8_t *)PQgetvalue(r, row, column);
    uint64_t n = 0;

    if (PQgetlength(r, row, column) != 8)
        return column_fail_length(p, name, PQgetlength(r, row, column), 8);
    for (size_t i = 0; i < 8; i++)
        n = n << 8 | from[i];
    if (n > max)
        return sfi__fail(p->base.ctx, SFI_ERR_HSM,
                         "the vault is damaged: column %s is %lld, expected "
                         "at most %llu",
                         name, (long long)n, (unsigned long long)max);
    *out = n;
    return SFI_OK;
}

static sfi_status
column_read_bytes(struct pg *p, const PGresult *r, int row, int column,
                  const struct pg_column *c, uint8_t *to)
{
    size_t min = c->type == PG_BYTES ? (size_t)c->max : c->min;
    int len = PQgetlength(r, row, column);

    if (len < 0 || (size_t)len < min || (uint64_t)len > c->max)
        return column_fail_length(p, c->name, len, c->max);
    if (c->type == PG_SERIAL && (size_t)len != min && (uint64_t)len != c->max)
        return column_fail_length(p, c->name, len, min);
    if (c->type == PG_SERIAL)
        sfi__ledger_get_serial((sfi_audit_head *)(void *)to,
                               (const uint8_t *)PQgetvalue(r, row, column),
                               (size_t)len);
    else
        memcpy(to, PQgetvalue(r, row, column), (size_t)len);
    return SFI_OK;
}

static sfi_status
column_check(struct pg *p, const PGresult *r, int row, int column,
             const struct pg_column *c)
{
    static const Oid types[] = {[PG_U32] = PG_TYPE_INT8,
                                [PG_U64] = PG_TYPE_INT8,
                                [PG_BYTES] = PG_TYPE_BYTEA,
                                [PG_TEXT] = PG_TYPE_TEXT,
                                [PG_SERIAL] = PG_TYPE_BYTEA};

    if (PQftype(r, column) == types[c->type] && PQfformat(r, column) == 1 &&
        !PQgetisnull(r, row, column))
        return SFI_OK;
    return sfi__fail(p->base.ctx, SFI_ERR_HSM,
                     "the vault is damaged: column %s has the wrong type",
                     c->name);
}

static sfi_status
column_read(struct pg *p, const PGresult *r, int row, int column,
            const struct pg_column *c, uint8_t *to)
{
    sfi_status st = column_check(p, r, row, column, c);
    uint64_t n = 0;
    uint32_t narrow;

    if (st != SFI_OK)
        return st;
    if (c->type != PG_U32 && c->type != PG_U64)
        return column_read_bytes(p, r, row, column, c, to);
    st = column_read_number(p, r, row, column, c->name, c->max, &n);
    narrow = (uint32_t)n;
    if (c->type == PG_U32)
        memcpy(to, &narrow, sizeof(narrow));
    else
        memcpy(to, &n, sizeof(n));
    return st;
}

/* `out` is zero. */
static sfi_status
columns_read(struct pg *p, const PGresult *r, int row,
             const struct pg_column *columns, size_t count, void *out)
{
    sfi_status st = SFI_OK;

    if (PQnfields(r) != (int)count)
        return sfi__fail(p->base.ctx, SFI_ERR_HSM,
                         "the vault is damaged: a row has %d columns, expected "
                         "%zu",
                         PQnfields(r), count);
    for (size_t i = 0; st == SFI_OK && i < count; i++)
        st = column_read(p, r, row, (int)i, &columns[i],
                         (uint8_t *)out + columns[i].at);
    return st;
}

sfi_status
sfi__pg_result_u64(struct pg *p, const PGresult *r, int column, uint64_t max,
                   uint64_t *out)
{
    const struct pg_column c = {"of a query", PG_U64, 0, 0, 0};
    sfi_status st;

    if (PQntuples(r) != 1 || PQnfields(r) <= column)
        return sfi__fail(p->base.ctx, SFI_ERR_HSM,
                         "the database's answer has %d rows, expected 1",
                         PQntuples(r));
    st = column_check(p, r, 0, column, &c);
    return st == SFI_OK ? column_read_number(p, r, 0, column, c.name, max, out)
                        : st;
}

/* ---- statements ---- */

#define SQL_MAX 1024u

static void
sql_add(char *sql, const char *text)
{
    size_t used = strlen(sql);

    sfi__text_format(sql + used, SQL_MAX - used, "%s", text);
}

static void
sql_add_names(char *sql, const struct pg_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sql_add(sql, i > 0 ? ", " : "");
        sql_add(sql, columns[i].name);
    }
}

/* "$2, $3": the first is the vault. */
static void
sql_add_places(char *sql, size_t count)
{
    char place[16];

    for (size_t i = 0; i < count; i++) {
        sfi__text_format(place, sizeof(place), ", $%zu", i + 2);
        sql_add(sql, place);
    }
}

static void
sql_make_select(char *sql, const char *rest)
{
    sql_add(sql, "SELECT ");
    sql_add_names(sql, sfi__pg_record_columns, PG_RECORD_COLUMNS);
    sql_add(sql, " FROM sfi.record WHERE vault = $1 AND ");
    sql_add(sql, rest);
}

static void
sql_make_update(char *sql, enum ledger_part part)
{
    size_t first = head_find_column(head_parts[part].first);
    char place[16];

    sql_add(sql, "UPDATE sfi.vault SET ");
    for (size_t i = 0; i < head_parts[part].count; i++) {
        sql_add(sql, i > 0 ? ", " : "");
        sql_add(sql, head_columns[first + i].name);
        sfi__text_format(place, sizeof(place), " = $%zu", i + 2);
        sql_add(sql, place);
    }
    sql_add(sql, " WHERE id = $1");
}

/* One look into the index for each key, whatever the server thinks of the
 * table: OFFSET 0 keeps it from joining. */
static void
sql_make_lookups(char *sql, const char *keys, const char *rest)
{
    sql_add(sql, "SELECT r.* FROM ");
    sql_add(sql, keys);
    sql_add(sql, " CROSS JOIN LATERAL (");
    sql_make_select(sql, rest);
    sql_add(sql, " OFFSET 0) AS r");
}

static void
sql_make_append(char *sql)
{
    char place[40];

    sql_add(sql, "INSERT INTO sfi.record (vault, ");
    sql_add_names(sql, sfi__pg_record_columns, PG_RECORD_COLUMNS);
    sql_add(sql, ") SELECT $1::integer, k.* FROM unnest(");
    for (size_t i = 0; i < PG_RECORD_COLUMNS; i++) {
        sfi__text_format(
            place, sizeof(place), "%s$%zu::%s[]", i > 0 ? ", " : "", i + 2,
            sfi__pg_record_columns[i].type == PG_BYTES ? "bytea" : "bigint");
        sql_add(sql, place);
    }
    sql_add(sql, ") AS k");
}

static void
sql_make(char sql[SQL_MAX], enum pg_query q)
{
    sql[0] = '\0';
    switch (q) {
    case PG_READ_HEAD:
        sql_add(sql, "SELECT ");
        sql_add_names(sql, head_columns, HEAD_COLUMNS);
        sql_add(sql, " FROM sfi.vault WHERE id = $1");
        break;
    case PG_WRITE_COUNTS:
        sql_make_update(sql, LEDGER_COUNTS);
        break;
    case PG_WRITE_TRIES:
        sql_make_update(sql, LEDGER_TRIES);
        break;
    case PG_WRITE_SEAL:
        sql_make_update(sql, LEDGER_SEAL);
        break;
    case PG_BY_TAIL:
        sql_make_select(sql, "sequence >= (SELECT sequence FROM sfi.vault "
                             "WHERE id = $1) ORDER BY sequence LIMIT 2");
        break;
    case PG_BY_SEQUENCE:
        sql_make_select(sql, "sequence = $2");
        break;
    case PG_BY_SESSION:
        sql_make_select(sql, "device = $2 AND session = $3");
        break;
    case PG_BY_COUNT:
        sql_make_select(sql, "device = $2 AND kind = 1");
        break;
    case PG_BY_SEQUENCES:
        sql_make_lookups(sql, "unnest($2::bigint[]) AS k(n)", "sequence = k.n");
        break;
    case PG_BY_SESSIONS:
        sql_make_lookups(sql, "unnest($2::bytea[], $3::bigint[]) AS k(d, s)",
                         "device = k.d AND session = k.s");
        break;
    case PG_BY_COUNTS:
        sql_make_lookups(sql, "unnest($2::bytea[]) AS k(d)",
                         "device = k.d AND kind = 1");
        break;
    case PG_APPEND:
        sql_make_append(sql);
        break;
    case PG_QUERIES:
        break;
    }
}

sfi_status
sfi__pg_prepare(struct pg *p)
{
    char sql[SQL_MAX];
    sfi_status st = SFI_OK;

    for (size_t q = 0; st == SFI_OK && q < PG_QUERIES; q++) {
        sql_make(sql, (enum pg_query)q);
        st = sfi__pg_send_prepare(p, (enum pg_query)q, sql);
    }
    for (size_t q = 0; st == SFI_OK && q < PG_QUERIES; q++)
        st = sfi__pg_take_done(p);
    return sfi__pg_finish(p, st);
}

/* ---- the tables ---- */

static void
sql_add_definitions(char *sql, const struct pg_column *columns, size_t count)
{
    static const char *const types[] = {[PG_U32] = " bigint NOT NULL",
                                        [PG_U64] = " bigint NOT NULL",
                                        [PG_BYTES] = " bytea NOT NULL",
                                        [PG_TEXT] =
                                            " text COLLATE \"C\" NOT NULL",
                                        [PG_SERIAL] = " bytea NOT NULL"};

    for (size_t i = 0; i < count; i++) {
        sql_add(sql, ", ");
        sql_add(sql, columns[i].name);
        sql_add(sql, types[columns[i].type]);
    }
}

sfi_status
sfi__pg_make_tables(struct pg *p)
{
    static const char *const rest[] = {
        "CREATE TABLE sfi.layout (version bigint NOT NULL)",
        "CREATE UNIQUE INDEX record_session ON sfi.record"
        " (vault, device, session)",
        "CREATE UNIQUE INDEX record_count ON sfi.record (vault, device)"
        " WHERE kind = 1",
    };
    char vault[SQL_MAX] = "CREATE TABLE sfi.vault (id integer PRIMARY KEY"
                          " GENERATED ALWAYS AS IDENTITY,"
                          " name text COLLATE \"C\" NOT NULL UNIQUE";
    char record[SQL_MAX] =
        "CREATE TABLE sfi.record (vault integer NOT NULL REFERENCES sfi.vault";
    struct pg_values v = {0};
    size_t sent = 0;
    sfi_status st;

    sql_add_definitions(vault, head_columns, HEAD_COLUMNS);
    sql_add(vault, ")");
    sql_add_definitions(record, sfi__pg_record_columns, PG_RECORD_COLUMNS);
    sql_add(record, ", PRIMARY KEY (vault, sequence))");
    st = sfi__pg_send_text(p, vault, NULL);
    if (st == SFI_OK)
        st = sfi__pg_send_text(p, record, NULL);
    for (size_t i = 0; st == SFI_OK && i < sizeof(rest) / sizeof(*rest); i++)
        st = sfi__pg_send_text(p, rest[i], NULL);
    sfi__pg_value_u64(&v, PG_LAYOUT_VERSION);
    if (st == SFI_OK)
        st = sfi__pg_send_text(p, "INSERT INTO sfi.layout VALUES ($1)", &v);
    for (sent = p->sent; st == SFI_OK && sent > 0; sent--)
        st = sfi__pg_take_done(p);
    return sfi__pg_finish(p, st);
}

/* ---- the row about the vault ---- */

sfi_status
sfi__pg_send_vault(struct pg *p, const struct ledger_head *h)
{
    char sql[SQL_MAX] = "INSERT INTO sfi.vault (name, ";
    struct pg_values v = {0};

    sql_add_names(sql, head_columns, HEAD_COLUMNS);
    sql_add(sql, ") VALUES ($1");
    sql_add_places(sql, HEAD_COLUMNS);
    sql_add(sql, ") ON CONFLICT (name) DO NOTHING");
    sfi__pg_value_bytes(&v, p->name, strlen(p->name));
    value_columns(&v, head_columns, HEAD_COLUMNS, h);
    return sfi__pg_send_text(p, sql, &v);
}

sfi_status
sfi__pg_take_head(struct pg *p, struct ledger_head *out)
{
    PGresult *r;
    sfi_status st = sfi__pg_take(p, &r);

    sfi__zero(out, sizeof(*out));
    out->audit.struct_size = sizeof(out->audit);
    if (st != SFI_OK)
        return st;
    if (PQntuples(r) == 1)
        st = columns_read(p, r, 0, head_columns, HEAD_COLUMNS, out);
    else
        st = sfi__fail(p->base.ctx, SFI_ERR_HSM,
                       "the vault is damaged: table vault has %d rows for it, "
                       "expected 1",
                       PQntuples(r));
    PQclear(r);
    return st;
}

sfi_status
sfi__pg_send_head(struct pg *p, enum ledger_part part,
                  const struct ledger_head *h)
{
    static const enum pg_query queries[] = {
        [LEDGER_COUNTS] = PG_WRITE_COUNTS,
        [LEDGER_TRIES] = PG_WRITE_TRIES,
        [LEDGER_SEAL] = PG_WRITE_SEAL,
    };
    struct pg_values v = {0};

    sfi__pg_value_u32(&v, (uint32_t)p->id);
    value_columns(&v, head_columns + head_find_column(head_parts[part].first),
                  head_parts[part].count, h);
    return sfi__pg_send(p, queries[part], &v);
}

/* ---- records ---- */

sfi_status
sfi__pg_send_find(struct pg *p, const struct ledger_key *key)
{
    static const enum pg_query queries[] = {
        [LEDGER_BY_SEQUENCE] = PG_BY_SEQUENCE,
        [LEDGER_BY_SESSION] = PG_BY_SESSION,
        [LEDGER_BY_COUNT] = PG_BY_COUNT,
    };
    struct pg_values v = {0};

    sfi__pg_value_u32(&v, (uint32_t)p->id);
    if (key->by == LEDGER_BY_SEQUENCE)
        sfi__pg_value_u64(&v, key->sequence);
    else
        sfi__pg_value_bytes(&v, key->device, SFI_SHA256_LEN);
    if (key->by == LEDGER_BY_SESSION)
        sfi__pg_value_u64(&v, key->session);
    return sfi__pg_send(p, queries[key->by], &v);
}

sfi_status
sfi__pg_read_record(struct pg *p, const PGresult *r, int row,
                    struct ledger_record *out)
{
    sfi_status st;

    sfi__zero(out, sizeof(*out));
    out->audit.struct_size = sizeof(out->audit);
    st =
        columns_read(p, r, row, sfi__pg_record_columns, PG_RECORD_COLUMNS, out);
    return st == SFI_OK ? sfi__ledger_complete(&p->base, out) : st;
}

sfi_status
sfi__pg_take_records(struct pg *p, struct ledger_record out[2], size_t *count)
{
    PGresult *r;
    sfi_status st = sfi__pg_take(p, &r);

    *count = 0;
    for (int i = 0; st == SFI_OK && i < PQntuples(r) && i < 2; i++) {
        st = sfi__pg_read_record(p, r, i, &out[i]);
        *count = (size_t)i + 1;
    }
    PQclear(r);
    return st;
}

/* An index of tables that are not ours may find several. */
sfi_status
sfi__pg_take_record(struct pg *p, struct ledger_record *out, bool *found)
{
    PGresult *r;
    sfi_status st = sfi__pg_take(p, &r);

    *found = false;
    if (st != SFI_OK)
        return st;
    if (PQntuples(r) > 1)
        st = sfi__fail(p->base.ctx, SFI_ERR_HSM,
                       "the vault is damaged: its index leads to %d records, "
                       "expected 1",
                       PQntuples(r));
    *found = st == SFI_OK && PQntuples(r) == 1;
    if (*found)
        st = sfi__pg_read_record(p, r, 0, out);
    PQclear(r);
    return st;
}

/* An insert or an update of so many rows. */
sfi_status
sfi__pg_take_change(struct pg *p, size_t count)
{
    PGresult *r;
    sfi_status st = sfi__pg_take(p, &r);
    char expected[24];

    sfi__text_format(expected, sizeof(expected), "%zu", count);
    if (st == SFI_OK && strcmp(PQcmdTuples(r), expected) != 0)
        st = sfi__fail(p->base.ctx, SFI_ERR_HSM,
                       "the vault is damaged: a write changed %s rows, "
                       "expected %s",
                       PQcmdTuples(r), expected);
    PQclear(r);
    return st;
}

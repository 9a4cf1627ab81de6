/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Many records of the PostgreSQL ledger in one statement, as arrays. */
#include "hsm/vault/ledger_pg.h"

#include <string.h>

#include "core/ctx.h"
#include "core/err.h"

/* ---- arrays ---- */

/* Dimensions, flags, type, length, lower bound. */
#define ARRAY_HEAD_LEN 20u
#define ARRAY_ITEM_MAX (4u + SFI_LICENSE_LEN)

static uint8_t *
array_put(uint8_t *to, uint64_t n, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)(n >> 8 * (len - 1 - i));
    return to + len;
}

static uint8_t *
array_put_head(uint8_t *to, uint32_t type, size_t count)
{
    to = array_put(to, 1, 4);
    to = array_put(to, 0, 4);
    to = array_put(to, type, 4);
    to = array_put(to, count, 4);
    return array_put(to, 1, 4);
}

static uint8_t *
array_put_bytes(uint8_t *to, const void *data, size_t len)
{
    to = array_put(to, len, 4);
    memcpy(to, data, len);
    return to + len;
}

static uint8_t *
array_put_number(uint8_t *to, uint64_t n)
{
    to = array_put(to, 8, 4);
    return array_put(to, n, 8);
}

/* One column of all records; it has numbers or bytes. */
static uint8_t *
array_put_column(uint8_t *to, const struct pg_column *c,
                 const struct ledger_record *records, size_t count)
{
    to = array_put_head(to, c->type == PG_BYTES ? PG_TYPE_BYTEA : PG_TYPE_INT8,
                        count);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = (const uint8_t *)&records[i] + c->at;
        uint32_t narrow;
        uint64_t wide;

        if (c->type == PG_BYTES) {
            to = array_put_bytes(to, at, (size_t)c->max);
        } else if (c->type == PG_U32) {
            memcpy(&narrow, at, sizeof(narrow));
            to = array_put_number(to, narrow);
        } else {
            memcpy(&wide, at, sizeof(wide));
            to = array_put_number(to, wide);
        }
    }
    return to;
}

/* Room for `columns` arrays of `count` each. */
static uint8_t *
array_alloc(struct pg *p, size_t columns, size_t count)
{
    return sfi__ctx_alloc(p->base.ctx,
                          columns * (ARRAY_HEAD_LEN + count * ARRAY_ITEM_MAX));
}

static void
value_array(struct pg_values *v, const uint8_t *from, const uint8_t *end)
{
    sfi__pg_value_bytes(v, from, (size_t)(end - from));
}

/* ---- many records ---- */

sfi_status
sfi__pg_send_find_many(struct pg *p, enum ledger_by by,
                       const struct ledger_key *keys, size_t count)
{
    static const enum pg_query queries[] = {
        [LEDGER_BY_SEQUENCE] = PG_BY_SEQUENCES,
        [LEDGER_BY_SESSION] = PG_BY_SESSIONS,
        [LEDGER_BY_COUNT] = PG_BY_COUNTS,
    };
    uint8_t *data = array_alloc(p, 2, count);
    struct pg_values v = {0};
    uint8_t *sessions, *to;
    sfi_status st;

    if (data == NULL)
        return SFI_ERR_NOMEM;
    sfi__pg_value_u32(&v, (uint32_t)p->id);
    to = array_put_head(
        data, by == LEDGER_BY_SEQUENCE ? PG_TYPE_INT8 : PG_TYPE_BYTEA, count);
    for (size_t i = 0; i < count; i++)
        to = by == LEDGER_BY_SEQUENCE
                 ? array_put_number(to, keys[i].sequence)
                 : array_put_bytes(to, keys[i].device, SFI_SHA256_LEN);
    value_array(&v, data, to);
    if (by == LEDGER_BY_SESSION) {
        sessions = to;
        to = array_put_head(to, PG_TYPE_INT8, count);
        for (size_t i = 0; i < count; i++)
            to = array_put_number(to, keys[i].session);
        value_array(&v, sessions, to);
    }
    st = sfi__pg_send(p, queries[by], &v);
    sfi__ctx_dealloc(p->base.ctx, data);
    return st;
}

/* What a key leads to: one row, or none. */
static sfi_status
find_know(struct pg *p, const struct ledger_key *key,
          const struct ledger_record *rows, size_t count, size_t *used)
{
    const struct ledger_record *found = NULL;
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        if (!sfi__pg_is_record_of(&rows[i], key))
            continue;
        found = &rows[i];
        n++;
    }
    if (n > 1)
        return sfi__fail(p->base.ctx, SFI_ERR_HSM,
                         "the vault is damaged: its index leads to %zu "
                         "records, expected 1",
                         n);
    *used += n;
    return sfi__pg_known_add(p, key, found);
}

static sfi_status
find_check_number(struct pg *p, size_t n, size_t expected)
{
    if (n <= expected)
        return SFI_OK;
    return sfi__fail(p->base.ctx, SFI_ERR_HSM,
                     "the vault is damaged: its index leads to %zu records, "
                     "expected at most %zu",
                     n, expected);
}

sfi_status
sfi__pg_take_find_many(struct pg *p, const struct ledger_key *keys,
                       size_t count)
{
    struct ledger_record *rows = NULL;
    size_t n = 0, used = 0;
    PGresult *r;
    sfi_status st = sfi__pg_take(p, &r);

    if (st == SFI_OK) {
        n = (size_t)PQntuples(r);
        st = find_check_number(p, n, count);
    }
    if (st == SFI_OK) {
        rows = sfi__ctx_alloc(p->base.ctx, (n + 1) * sizeof(*rows));
        st = rows != NULL ? SFI_OK : SFI_ERR_NOMEM;
    }
    for (size_t i = 0; st == SFI_OK && i < n; i++)
        st = sfi__pg_read_record(p, r, (int)i, &rows[i]);
    for (size_t i = 0; st == SFI_OK && i < count; i++)
        st = find_know(p, &keys[i], rows, n, &used);
    if (st == SFI_OK && used < n)
        st = sfi__fail(p->base.ctx, SFI_ERR_HSM,
                       "the vault is damaged: its index leads to %zu records "
                       "that have something else",
                       n - used);
    sfi__ctx_dealloc(p->base.ctx, rows);
    PQclear(r);
    return st;
}

sfi_status
sfi__pg_send_append(struct pg *p, const struct ledger_record *records,
                    size_t count)
{
    uint8_t *data = array_alloc(p, PG_RECORD_COLUMNS, count);
    struct pg_values v = {0};
    uint8_t *from = data;
    sfi_status st;

    if (data == NULL)
        return SFI_ERR_NOMEM;
    sfi__pg_value_u32(&v, (uint32_t)p->id);
    for (size_t i = 0; i < PG_RECORD_COLUMNS; i++) {
        uint8_t *end =
            array_put_column(from, &sfi__pg_record_columns[i], records, count);

        value_array(&v, from, end);
        from = end;
    }
    st = sfi__pg_send(p, PG_APPEND, &v);
    sfi__ctx_dealloc(p->base.ctx, data);
    return st;
}

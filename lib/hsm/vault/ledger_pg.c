/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The ledger in PostgreSQL: transactions; doc/format.md, "Vault in
 * PostgreSQL". */
#include "hsm/vault/ledger_pg.h"

#include <string.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"

#define HOLD_STEP_MS 100u

static struct pg *
pg_of(struct ledger *l)
{
    return (struct pg *)l;
}

static sfi_status
pg_check_process(struct pg *p)
{
    if (p->pid == getpid())
        return SFI_OK;
    return sfi__fail(p->base.ctx, SFI_ERR_STATE,
                     "the vault was opened before a fork: open the HSM in the "
                     "process that uses it");
}

/* A vault that was there is there. */
static sfi_status
pg_need_connection(struct pg *p)
{
    bool exists;
    sfi_status st = sfi__pg_connect(p, &exists);

    return st == SFI_OK && !exists ? sfi__pg_fail_gone(p) : st;
}

/* ---- begin ---- */

static sfi_status
pg_send_begin(struct pg *p, enum ledger_use use)
{
    struct pg_values id = {0};
    sfi_status st;

    sfi__pg_value_u32(&id, (uint32_t)p->id);
    if (use != LEDGER_WRITE) {
        st = sfi__pg_send_text(
            p, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NULL);
    } else {
        /* each statement after the lock sees what was committed before it */
        char lock[64];

        sfi__text_format(lock, sizeof(lock),
                         "SELECT pg_advisory_xact_lock(%u, %d)", PG_LOCK_WRITE,
                         p->id);
        st = sfi__pg_send_text(p, "BEGIN ISOLATION LEVEL READ COMMITTED", NULL);
        if (st == SFI_OK)
            st = sfi__pg_send_text(p, lock, NULL);
    }
    if (st == SFI_OK)
        st = sfi__pg_send(p, PG_READ_HEAD, &id);
    return st == SFI_OK ? sfi__pg_send(p, PG_BY_TAIL, &id) : st;
}

/* Nearly everybody reads the head, the last record, and whether there is one
 * after it. */
static sfi_status
pg_take_tail(struct pg *p)
{
    struct ledger_record tail[2];
    size_t count;
    sfi_status st = sfi__pg_take_records(p, tail, &count);

    for (uint64_t i = 0; st == SFI_OK && i < 2; i++) {
        struct ledger_key key = {.by = LEDGER_BY_SEQUENCE,
                                 .sequence = p->head.audit.sequence + i};
        const struct ledger_record *found = NULL;

        for (size_t k = 0; k < count; k++) {
            if (tail[k].audit.sequence == key.sequence)
                found = &tail[k];
        }
        st = sfi__pg_known_add(p, &key, found);
    }
    return st;
}

static sfi_status
pg_begin_once(struct pg *p, enum ledger_use use)
{
    sfi_status st = pg_send_begin(p, use);

    sfi__pg_known_clear(p);
    p->writes = use == LEDGER_WRITE;
    if (st == SFI_OK)
        st = sfi__pg_take_done(p);
    p->begun = st == SFI_OK;
    if (st == SFI_OK && p->writes)
        st = sfi__pg_take_done(p);
    if (st == SFI_OK)
        st = sfi__pg_take_head(p, &p->head);
    if (st == SFI_OK)
        st = pg_take_tail(p);
    return sfi__pg_finish(p, st);
}

static void
pg_roll_back(struct pg *p)
{
    struct sfi_error first;
    PGresult *r;

    if (p->conn == NULL || !p->begun)
        return;
    sfi__error_keep(p->base.ctx, &first);
    (void)sfi__pg_run(p, "ROLLBACK", NULL, &r);
    PQclear(r);
    p->begun = false;
    sfi__error_restore(p->base.ctx, &first);
}

/* A connection may have ended since it was last used: true, and the error is
 * forgotten, when a new one should be tried. */
static bool
pg_was_dead(struct pg *p, bool was_open, sfi_status st)
{
    if (st != SFI_ERR_IO || !was_open || p->conn != NULL)
        return false;
    sfi__clear_error(p->base.ctx);
    return true;
}

static sfi_status
pg_begin(struct ledger *l, enum ledger_use use)
{
    struct pg *p = pg_of(l);
    sfi_status st = pg_check_process(p);
    bool was_open = p->conn != NULL;

    if (st == SFI_OK)
        st = pg_need_connection(p);
    if (st == SFI_OK)
        st = pg_begin_once(p, use);
    if (pg_was_dead(p, was_open, st)) {
        st = pg_need_connection(p);
        if (st == SFI_OK)
            st = pg_begin_once(p, use);
    }
    if (st != SFI_OK && p->pid == getpid())
        pg_roll_back(p);
    return st;
}

/* ---- end ---- */

static sfi_status
pg_send_changes(struct pg *p)
{
    const struct ledger_record *records = p->appended.items;
    sfi_status st = SFI_OK;

    if (p->appended.count > 0)
        st = sfi__pg_send_append(p, records, p->appended.count);
    for (unsigned part = LEDGER_COUNTS; part <= LEDGER_SEAL; part++) {
        if (st == SFI_OK && (p->changed & 1u << part) != 0)
            st = sfi__pg_send_head(p, (enum ledger_part)part, &p->head);
    }
    return st;
}

static sfi_status
pg_write_changes(struct pg *p)
{
    size_t records = p->appended.count;
    sfi_status st = pg_send_changes(p);
    size_t left = p->sent;

    if (st == SFI_OK && records > 0) {
        st = sfi__pg_take_change(p, records);
        left--;
    }
    for (; st == SFI_OK && left > 0; left--)
        st = sfi__pg_take_change(p, 1);
    return sfi__pg_finish(p, st);
}

/* Whether the head is the one that was to be written. */
static bool
pg_is_written(const struct pg *p, const struct ledger_head *now)
{
    if ((p->changed & 1u << LEDGER_COUNTS) != 0)
        return now->audit.sequence >= p->head.audit.sequence;
    return (p->changed & 1u << LEDGER_SEAL) != 0 &&
           sfi__equal(now->sealed, p->head.sealed, sizeof(now->sealed));
}

/* Is the last record that was appended there? */
static sfi_status
pg_find_appended(struct pg *p, bool *written)
{
    const struct ledger_record *all = p->appended.items;
    const struct ledger_record *last = &all[p->appended.count - 1];
    const struct ledger_key key = {.by = LEDGER_BY_SEQUENCE,
                                   .sequence = last->audit.sequence};
    struct ledger_record r;
    bool found = false;
    sfi_status st = sfi__pg_send_find(p, &key);

    if (st == SFI_OK)
        st = sfi__pg_take_record(p, &r, &found);
    st = sfi__pg_finish(p, st);
    *written = st == SFI_OK && found &&
               sfi__equal(r.audit.hash, last->audit.hash, sizeof(r.audit.hash));
    return st;
}

static sfi_status
pg_find_head(struct pg *p, bool *written)
{
    struct pg_values id = {0};
    struct ledger_head now;
    sfi_status st;

    sfi__pg_value_u32(&id, (uint32_t)p->id);
    st = sfi__pg_send(p, PG_READ_HEAD, &id);
    if (st == SFI_OK)
        st = sfi__pg_take_head(p, &now);
    st = sfi__pg_finish(p, st);
    *written = st == SFI_OK && pg_is_written(p, &now);
    return st;
}

/* The connection was lost at COMMIT: ask the database how it ended.  `st`
 * stands where that cannot be known. */
static sfi_status
pg_resolve(struct pg *p, sfi_status st)
{
    struct sfi_error first;
    bool written = false;

    sfi__error_keep(p->base.ctx, &first);
    sfi__clear_error(p->base.ctx);
    if (sfi__pg_connect_again(p) == SFI_OK)
        (void)(p->appended.count > 0 ? pg_find_appended(p, &written)
                                     : pg_find_head(p, &written));
    sfi__clear_error(p->base.ctx);
    if (written)
        return SFI_OK;
    sfi__error_restore(p->base.ctx, &first);
    return st;
}

static sfi_status
pg_end(struct ledger *l, bool commit)
{
    struct pg *p = pg_of(l);
    bool doubt = false;
    sfi_status st = SFI_OK;

    if (commit && p->conn == NULL)
        return sfi__fail(l->ctx, SFI_ERR_IO,
                         "the connection to the database was lost: try again");
    if (commit)
        st = pg_write_changes(p);
    if (commit && st == SFI_OK)
        st = sfi__pg_commit(p, &doubt);
    if (doubt)
        return pg_resolve(p, st);
    pg_roll_back(p);
    return st;
}

/* Nobody reads a change before it is on the disk. */
static sfi_status
pg_sync(struct ledger *l)
{
    (void)l;
    return SFI_OK;
}

/* ---- the row, and the records ---- */

static sfi_status
pg_read_head(struct ledger *l, struct ledger_head *out)
{
    *out = pg_of(l)->head;
    return SFI_OK;
}

static sfi_status
pg_write_head(struct ledger *l, enum ledger_part part,
              const struct ledger_head *head)
{
    struct pg *p = pg_of(l);
    sfi_audit_head *audit = &p->head.audit;

    p->changed |= 1u << part;
    switch (part) {
    case LEDGER_COUNTS:
        audit->remaining = head->audit.remaining;
        audit->sequence = head->audit.sequence;
        memcpy(audit->audit_head, head->audit.audit_head,
               sizeof(audit->audit_head));
        memcpy(audit->mac, head->audit.mac, sizeof(audit->mac));
        break;
    case LEDGER_TRIES:
        p->head.pin_tries = head->pin_tries;
        break;
    case LEDGER_SEAL:
        p->head.seal = head->seal;
        p->head.cost = head->cost;
        memcpy(p->head.salt, head->salt, sizeof(p->head.salt));
        memcpy(p->head.sealed, head->sealed, sizeof(p->head.sealed));
        memcpy(p->head.sealed_check, head->sealed_check,
               sizeof(p->head.sealed_check));
        break;
    }
    return SFI_OK;
}

static sfi_status
pg_find(struct ledger *l, const struct ledger_key *key,
        struct ledger_record *out, bool *found)
{
    struct pg *p = pg_of(l);
    const struct ledger_record *ours = sfi__pg_appended_find(p, key);
    const struct pg_known *known;
    sfi_status st;

    *found = ours != NULL;
    if (ours != NULL) {
        *out = *ours;
        return SFI_OK;
    }
    known = sfi__pg_known_find(p, key);
    if (known != NULL) {
        *found = known->found;
        *out = known->record;
        return SFI_OK;
    }
    st = sfi__pg_send_find(p, key);
    if (st == SFI_OK)
        st = sfi__pg_take_record(p, out, found);
    return sfi__pg_finish(p, st);
}

/* A key that is there twice would be found twice. */
static bool
key_is_there(const struct ledger_key *keys, size_t count,
             const struct ledger_key *key)
{
    for (size_t i = 0; i < count; i++) {
        if (key->by == LEDGER_BY_SEQUENCE
                ? keys[i].sequence == key->sequence
                : sfi__equal(keys[i].device, key->device, SFI_SHA256_LEN) &&
                      (key->by == LEDGER_BY_COUNT ||
                       keys[i].session == key->session))
            return true;
    }
    return false;
}

/* The keys of one kind, each once. */
static size_t
pg_pick_keys(const struct ledger_key *keys, size_t count, enum ledger_by by,
             struct ledger_key *out)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        if (keys[i].by == by && !key_is_there(out, n, &keys[i]))
            out[n++] = keys[i];
    }
    return n;
}

static sfi_status
pg_prefetch(struct ledger *l, const struct ledger_key *keys, size_t count)
{
    static const enum ledger_by kinds[] = {LEDGER_BY_SEQUENCE,
                                           LEDGER_BY_SESSION, LEDGER_BY_COUNT};
    struct pg *p = pg_of(l);
    struct ledger_key *some = sfi__ctx_alloc(l->ctx, 3 * count * sizeof(*some));
    size_t counts[3] = {0};
    sfi_status st = some != NULL ? SFI_OK : SFI_ERR_NOMEM;

    for (size_t k = 0; st == SFI_OK && k < 3; k++) {
        struct ledger_key *those = some + k * count;

        counts[k] = pg_pick_keys(keys, count, kinds[k], those);
        if (counts[k] > 0)
            st = sfi__pg_send_find_many(p, kinds[k], those, counts[k]);
    }
    for (size_t k = 0; st == SFI_OK && k < 3; k++) {
        if (counts[k] > 0)
            st = sfi__pg_take_find_many(p, some + k * count, counts[k]);
    }
    st = sfi__pg_finish(p, st);
    sfi__ctx_dealloc(l->ctx, some);
    return st;
}

static sfi_status
pg_append(struct ledger *l, const struct ledger_record *r)
{
    return sfi__pg_appended_add(pg_of(l), r);
}

/* ---- open, hold, close ---- */

/* The lock belongs to the connection that also writes: where it ends, so does
 * the lock. */
static sfi_status
pg_hold(struct ledger *l, uint32_t timeout_ms)
{
    struct pg *p = pg_of(l);
    struct deadline end = sfi__deadline_in(l->ctx->clock, timeout_ms);
    sfi_status st = pg_check_process(p);

    /* It went with the connection, perhaps to another server. */
    p->holds = p->holds && p->conn != NULL;
    while (st == SFI_OK && !p->holds) {
        uint32_t left = sfi__deadline_left(&end);
        bool was_open = p->conn != NULL;

        st = pg_need_connection(p);
        if (st == SFI_OK)
            st = sfi__pg_try_hold(p, &p->holds);
        if (pg_was_dead(p, was_open, st)) {
            st = SFI_OK;
            continue;
        }
        if (st != SFI_OK || p->holds)
            break;
        if (left == 0)
            return sfi__fail(l->ctx, SFI_ERR_TIMEOUT,
                             "another licence server holds the vault");
        l->ctx->clock->sleep_ms(l->ctx->clock->user,
                                left < HOLD_STEP_MS ? left : HOLD_STEP_MS);
    }
    return st;
}

static void
pg_close(struct ledger *l)
{
    sfi__pg_free(pg_of(l));
}

static const struct ledger_ops pg_ops = {
    .begin = pg_begin,
    .end = pg_end,
    .sync = pg_sync,
    .read_head = pg_read_head,
    .write_head = pg_write_head,
    .find = pg_find,
    .prefetch = pg_prefetch,
    .append = pg_append,
    .hold = pg_hold,
    .close = pg_close,
};

static sfi_status
place_open_database(sfi_ctx *ctx, const char *path, struct ledger **out)
{
    struct pg *p;
    bool exists = false;
    sfi_status st = sfi__pg_new(ctx, path, &p);

    *out = NULL;
    if (st != SFI_OK)
        return st;
    p->base.ops = &pg_ops;
    st = sfi__pg_connect(p, &exists);
    if (st == SFI_OK && exists)
        *out = &p->base;
    else
        sfi__pg_free(p);
    return st;
}

const struct ledger_place sfi__ledger_pg = {
    .open = place_open_database,
    .create = sfi__pg_create,
};

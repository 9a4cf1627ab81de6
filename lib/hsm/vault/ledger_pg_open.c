/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A session with a vault in PostgreSQL: its settings, its tables, and what is
 * left of a session that broke. */
#include "hsm/vault/ledger_pg.h"

#include <string.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"

#define TEXT_OF(n) #n
#define TEXT(n) TEXT_OF(n)

/* The oldest release that knows all settings below. */
#define SERVER_VERSION_MIN 120000
/* How long to wait for a database that restarts, and how often to look. */
#define AGAIN_MS 10000
#define AGAIN_STEP_MS 100u
/* The server needs a moment to end a session that broke. */
#define HOLD_MS 1000

/* Exactness needs the first; a role's or a database's own setting may differ.
 * A process that stops in a transaction must not block the line.  All queries
 * lead through an index, also before the server has statistics. */
static const char settings[] =
    "SELECT set_config('synchronous_commit',"
    " CASE current_setting('synchronous_commit') WHEN 'remote_apply'"
    " THEN 'remote_apply' ELSE 'on' END, false)"
    ", set_config('search_path', 'pg_catalog', false)"
    ", set_config('row_security', 'off', false)"
    ", set_config('lock_timeout', '10s', false)"
    ", set_config('statement_timeout', '15s', false)"
    ", set_config('idle_in_transaction_session_timeout', '60s', false)"
    ", set_config('tcp_keepalives_idle', '5', false)"
    ", set_config('tcp_keepalives_interval', '3', false)"
    ", set_config('tcp_keepalives_count', '3', false)"
    ", set_config('tcp_user_timeout', '10s', false)"
    ", set_config('plan_cache_mode', 'force_generic_plan', false)"
    ", set_config('enable_seqscan', 'off', false)"
    ", set_config('enable_hashjoin', 'off', false)"
    ", set_config('enable_mergejoin', 'off', false)"
    ", set_config('jit', 'off', false)";

/* ---- the tables ---- */

static sfi_status
pg_configure(struct pg *p)
{
    PGresult *r;
    sfi_status st;

    if (PQserverVersion(p->conn) < SERVER_VERSION_MIN)
        return sfi__fail(p->base.ctx, SFI_ERR_UNSUPPORTED,
                         "the database is PostgreSQL %d, expected %d or later",
                         PQserverVersion(p->conn) / 10000,
                         SERVER_VERSION_MIN / 10000);
    st = sfi__pg_run(p, settings, NULL, &r);
    PQclear(r);
    return st;
}

struct pg_there {
    uint64_t schema, tables; /* 0 or 1 */
};

static sfi_status
pg_look_for_tables(struct pg *p, struct pg_there *out)
{
    static const char sql[] =
        "SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = 'sfi'),"
        " (SELECT count(*) FROM pg_namespace n JOIN pg_class c"
        " ON c.relnamespace = n.oid"
        " WHERE nspname = 'sfi' AND relname = 'layout')";
    PGresult *r;
    sfi_status st = sfi__pg_run(p, sql, NULL, &r);

    if (st == SFI_OK)
        st = sfi__pg_result_u64(p, r, 0, 1, &out->schema);
    if (st == SFI_OK)
        st = sfi__pg_result_u64(p, r, 1, 1, &out->tables);
    PQclear(r);
    return st;
}

static sfi_status
pg_check_version(struct pg *p)
{
    uint64_t version = 0;
    PGresult *r;
    sfi_status st = sfi__pg_run(p, "SELECT version FROM sfi.layout", NULL, &r);

    if (st == SFI_OK)
        st = sfi__pg_result_u64(p, r, 0, INT64_MAX, &version);
    PQclear(r);
    if (st == SFI_OK && version != PG_LAYOUT_VERSION)
        st = sfi__fail(p->base.ctx, SFI_ERR_HSM,
                       "a vault of version %llu, expected %d: use a libsfi "
                       "that knows it",
                       (unsigned long long)version, PG_LAYOUT_VERSION);
    return st;
}

static sfi_status
pg_find_vault(struct pg *p, bool *exists)
{
    struct pg_values v = {0};
    uint64_t id = 0;
    PGresult *r;
    sfi_status st;

    sfi__pg_value_bytes(&v, p->name, strlen(p->name));
    st = sfi__pg_run(
        p, "SELECT id::bigint FROM sfi.vault WHERE name = $1::text", &v, &r);
    *exists = st == SFI_OK && PQntuples(r) > 0;
    if (*exists)
        st = sfi__pg_result_u64(p, r, 0, INT32_MAX, &id);
    p->id = (int32_t)id;
    PQclear(r);
    return st;
}

/* ---- what is left of a session that broke ---- */

/* Its process in the server may still have our locks, and may even be about to
 * commit: end it, or wait until it has ended. */
static sfi_status
pg_end_lost_session(struct pg *p)
{
    char sql[512];
    PGresult *r;
    sfi_status st;

    if (p->lost_backend == 0)
        return SFI_OK;
    sfi__text_format(
        sql, sizeof(sql),
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype ="
        " 'advisory' AND classid IN (%u, %u) AND objid = %d AND pid = %d AND"
        " database = (SELECT oid FROM pg_database WHERE datname ="
        " current_database()) LIMIT 1",
        PG_LOCK_WRITE, PG_LOCK_HOLD, p->locked, p->lost_backend);
    st = sfi__pg_run(p, sql, NULL, &r);
    PQclear(r);
    if (p->conn == NULL)
        return st;
    sfi__clear_error(p->base.ctx); /* not allowed: wait */
    sfi__text_format(sql, sizeof(sql), "SELECT pg_advisory_xact_lock(%u, %d)",
                     PG_LOCK_WRITE, p->locked);
    st = sfi__pg_run(p, sql, NULL, &r);
    PQclear(r);
    if (st == SFI_OK)
        p->lost_backend = 0;
    return st;
}

sfi_status
sfi__pg_try_hold(struct pg *p, bool *held)
{
    char sql[128];
    uint64_t yes = 0;
    PGresult *r;
    sfi_status st;

    sfi__text_format(sql, sizeof(sql),
                     "SELECT pg_try_advisory_lock(%u, %d)::int::bigint",
                     PG_LOCK_HOLD, p->id);
    st = sfi__pg_run(p, sql, NULL, &r);
    if (st == SFI_OK)
        st = sfi__pg_result_u64(p, r, 0, 1, &yes);
    PQclear(r);
    *held = yes == 1;
    return st;
}

static sfi_status
pg_hold_again(struct pg *p)
{
    const struct clock *clock = p->base.ctx->clock;
    struct deadline end = sfi__deadline_in(clock, HOLD_MS);
    bool held = !p->holds;
    sfi_status st = SFI_OK;

    while (st == SFI_OK && !held) {
        st = sfi__pg_try_hold(p, &held);
        if (st != SFI_OK || held)
            continue;
        if (sfi__deadline_passed(&end))
            return sfi__fail(p->base.ctx, SFI_ERR_HSM_STATE,
                             "another server took over this vault while the "
                             "connection to the database was lost");
        clock->sleep_ms(clock->user, AGAIN_STEP_MS);
    }
    return st;
}

/* ---- connect ---- */

static sfi_status
pg_enter_vault(struct pg *p, bool *exists)
{
    struct pg_there there = {0, 0};
    sfi_status st = pg_configure(p);

    if (st == SFI_OK)
        st = pg_end_lost_session(p);
    if (st == SFI_OK)
        st = pg_look_for_tables(p, &there);
    if (st != SFI_OK || there.tables == 0)
        return st;
    st = pg_check_version(p);
    if (st == SFI_OK)
        st = pg_find_vault(p, exists);
    if (st == SFI_OK && *exists)
        st = sfi__pg_prepare(p);
    p->locked = p->id;
    return st == SFI_OK && *exists ? pg_hold_again(p) : st;
}

sfi_status
sfi__pg_connect(struct pg *p, bool *exists)
{
    sfi_status st;

    *exists = true;
    if (p->conn != NULL)
        return SFI_OK;
    *exists = false;
    st = sfi__pg_connect_server(p);
    if (st == SFI_OK)
        st = pg_enter_vault(p, exists);
    if (st != SFI_OK || !*exists) {
        int lost = p->lost_backend;

        sfi__pg_disconnect(p);
        p->lost_backend = lost;
    }
    return st;
}

sfi_status
sfi__pg_fail_gone(struct pg *p)
{
    return sfi__fail(p->base.ctx, SFI_ERR_HSM,
                     "the database has lost the vault %s: restore it", p->name);
}

sfi_status
sfi__pg_connect_again(struct pg *p)
{
    const struct clock *clock = p->base.ctx->clock;
    struct deadline end = sfi__deadline_in(clock, AGAIN_MS);

    for (;;) {
        bool exists;
        sfi_status st = sfi__pg_connect(p, &exists);

        if (st == SFI_OK && !exists)
            return sfi__pg_fail_gone(p);
        if ((st != SFI_ERR_NO_DEVICE && st != SFI_ERR_IO) ||
            sfi__deadline_passed(&end))
            return st;
        sfi__clear_error(p->base.ctx);
        clock->sleep_ms(clock->user, AGAIN_STEP_MS);
    }
}

/* ---- commit ---- */

/* A standby that was not waited for is a warning of the server's. */
sfi_status
sfi__pg_commit(struct pg *p, bool *doubt)
{
    PGresult *r = NULL;
    sfi_status st;

    p->warned = false;
    *doubt = true;
    st = sfi__pg_run(p, "COMMIT", NULL, &r);
    if (p->conn != NULL) {
        *doubt = false;
        if (st == SFI_OK && strcmp(PQcmdStatus(r), "COMMIT") != 0)
            st = sfi__fail(p->base.ctx, SFI_ERR_HSM,
                           "the database rolled a transaction back: try again");
        else if (st == SFI_OK && p->warned)
            st = sfi__fail(p->base.ctx, SFI_ERR_TIMEOUT,
                           "the database's standby did not confirm a commit: "
                           "see whether it runs, and try again");
        p->begun = false;
    }
    PQclear(r);
    return st;
}

/* ---- create ---- */

static sfi_status
pg_make_missing_tables(struct pg *p)
{
    struct pg_there there;
    PGresult *r = NULL;
    sfi_status st = pg_look_for_tables(p, &there);

    if (st != SFI_OK)
        return st;
    if (there.tables != 0)
        return pg_check_version(p);
    if (there.schema == 0)
        st = sfi__pg_run(p, "CREATE SCHEMA sfi", NULL, &r);
    PQclear(r);
    return st == SFI_OK ? sfi__pg_make_tables(p) : st;
}

static sfi_status
pg_insert_vault(struct pg *p, const struct ledger_head *head)
{
    PGresult *r = NULL;
    sfi_status st = sfi__pg_send_vault(p, head);

    if (st == SFI_OK)
        st = sfi__pg_take(p, &r);
    st = sfi__pg_finish(p, st);
    if (st == SFI_OK && strcmp(PQcmdTuples(r), "1") != 0)
        st = sfi__fail(p->base.ctx, SFI_ERR_HSM_STATE,
                       "already provisioned, and locked for ever");
    PQclear(r);
    return st;
}

/* After a commit in doubt: is the vault there the one that was made? */
static sfi_status
pg_check_created(struct pg *p, const struct ledger_head *head)
{
    struct ledger_head found;
    struct pg_values v = {0};
    sfi_status st = sfi__pg_connect_again(p);

    if (st != SFI_OK)
        return st;
    sfi__pg_value_u32(&v, (uint32_t)p->id);
    st = sfi__pg_send(p, PG_READ_HEAD, &v);
    if (st == SFI_OK)
        st = sfi__pg_take_head(p, &found);
    st = sfi__pg_finish(p, st);
    if (st == SFI_OK && !sfi__equal(found.audit.serial, head->audit.serial,
                                    sizeof(found.audit.serial)))
        st = sfi__fail(p->base.ctx, SFI_ERR_HSM_STATE,
                       "already provisioned, and locked for ever");
    return st;
}

/* Of two processes that provision at once, the second waits for the first. */
static sfi_status
pg_create_vault(struct pg *p, const struct ledger_head *head)
{
    bool doubt = false;
    PGresult *r;
    sfi_status st =
        sfi__pg_run(p, "BEGIN ISOLATION LEVEL READ COMMITTED", NULL, &r);

    PQclear(r);
    if (st == SFI_OK) {
        char sql[128];

        p->begun = p->writes = true;
        sfi__text_format(sql, sizeof(sql),
                         "SELECT pg_advisory_xact_lock(%u, 0)", PG_LOCK_WRITE);
        st = sfi__pg_run(p, sql, NULL, &r);
        PQclear(r);
    }
    if (st == SFI_OK)
        st = pg_make_missing_tables(p);
    if (st == SFI_OK)
        st = pg_insert_vault(p, head);
    if (st == SFI_OK)
        st = sfi__pg_commit(p, &doubt);
    if (doubt) {
        sfi__clear_error(p->base.ctx);
        st = pg_check_created(p, head);
    }
    return st;
}

sfi_status
sfi__pg_create(sfi_ctx *ctx, const char *path, const struct ledger_head *head)
{
    struct pg *p;
    sfi_status st = sfi__pg_new(ctx, path, &p);

    if (st != SFI_OK)
        return st;
    st = sfi__pg_connect_server(p);
    if (st == SFI_OK)
        st = pg_configure(p);
    if (st == SFI_OK)
        st = pg_create_vault(p, head);
    sfi__pg_free(p);
    return st;
}

/* ---- the handle ---- */

sfi_status
sfi__pg_new(sfi_ctx *ctx, const char *uri, struct pg **out)
{
    size_t size = strlen(uri) + 1;
    struct pg *p = sfi__ctx_alloc(ctx, sizeof(*p));
    sfi_status st = SFI_ERR_NOMEM;

    *out = NULL;
    if (p == NULL)
        return st;
    p->base.ctx = ctx;
    p->pid = getpid();
    p->conninfo_secret = sfi__ctx_alloc(ctx, size);
    if (p->conninfo_secret != NULL)
        st = sfi__pg_parse_name(ctx, uri, p->conninfo_secret, size, p->name);
    if (st == SFI_OK)
        *out = p;
    else
        sfi__pg_free(p);
    return st;
}

void
sfi__pg_free(struct pg *p)
{
    sfi_ctx *ctx = p->base.ctx;

    if (p->pid == getpid())
        sfi__pg_disconnect(p);
    else
        sfi__pg_forget(p);
    sfi__pg_known_free(p);
    if (p->conninfo_secret != NULL)
        sfi__wipe(p->conninfo_secret, strlen(p->conninfo_secret));
    sfi__ctx_dealloc(ctx, p->conninfo_secret);
    sfi__ctx_dealloc(ctx, p);
}

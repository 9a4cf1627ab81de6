/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* SQLite connections of the ledger: open, configure, bind values, report
 * errors. */
#include "hsm/vault/ledger_db.h"

#include <errno.h>
#include <string.h>

#include "util/clock.h"
#include "util/sys.h"
#include "core/ctx.h"
#include "core/err.h"
#include "hsm/vault/ledger_vfs.h"

/* How long to wait for another process: longer than any transaction of libsfi,
 * and short enough for a person. */
#define BUSY_TIMEOUT_MS 10000
/* Far longer than any value in a vault: a damaged length is refused before
 * memory is allocated for it. */
#define VALUE_MAX 65536
/* Each statement of the ledger takes some hundred steps. */
#define STEPS_MAX 100000

static sfi_status
db_fail_finding(sfi_ctx *ctx, struct ledger_finding finding)
{
    switch (finding.fault) {
    case LEDGER_OTHER_ID:
        return sfi__fail(ctx, SFI_ERR_HSM,
                         "not a vault: application id 0x%08x, expected 0x%08x",
                         finding.found, LEDGER_APPLICATION_ID);
    case LEDGER_OTHER_VERSION:
        return sfi__fail(ctx, SFI_ERR_HSM, "a vault of version %u, expected %u",
                         finding.found, LEDGER_SCHEMA_VERSION);
    case LEDGER_OTHER_FORMAT:
        return sfi__fail(ctx, SFI_ERR_HSM,
                         "the vault is damaged: its pages or its encoding of "
                         "texts are not the ones that libsfi writes");
    case LEDGER_OTHER_SCHEMA:
        return sfi__fail(ctx, SFI_ERR_HSM,
                         "the vault is damaged: entry %u of its schema is not "
                         "one of the %u that libsfi writes",
                         finding.found, LEDGER_ENTRIES);
    case LEDGER_LONG_ROW:
        return sfi__fail(ctx, SFI_ERR_HSM,
                         "the vault is damaged: a row is longer than its page");
    case LEDGER_JOURNAL:
        return sfi__fail(ctx, SFI_ERR_HSM,
                         "a file *-journal lies beside the vault, and libsfi "
                         "writes none: delete it, or restore the vault if an "
                         "SQLite tool was interrupted");
    case LEDGER_LINK:
        return sfi__fail(ctx, SFI_ERR_HSM,
                         "the vault's *-wal or *-shm is a link or has a second "
                         "name, expected a file of its own");
    case LEDGER_DISTURBED:
        return sfi__fail(ctx, SFI_ERR_TIMEOUT,
                         "another process began to write the vault while it "
                         "was read: try again");
    case LEDGER_OTHER_FILE:
    case LEDGER_SOUND:
        break;
    }
    return sfi__fail(ctx, SFI_ERR_HSM,
                     "the vault is damaged: SQLite needs a file other than the "
                     "vault, its *-wal and its *-shm");
}

/* What the VFS refused comes back as one of these codes. */
static struct ledger_finding
db_take_finding(sqlite3 *db, int rc)
{
    struct ledger_vfs *v = sfi__ledger_vfs_of(db);
    struct ledger_finding finding = {LEDGER_SOUND, 0};
    int code = rc & 0xff;

    if (v != NULL && (code == SQLITE_CORRUPT || code == SQLITE_CANTOPEN ||
                      code == SQLITE_IOERR))
        finding = sfi__ledger_vfs_take_finding(v);
    return finding;
}

bool
sfi__db_is_disturbed(sqlite3 *db)
{
    struct ledger_vfs *v = sfi__ledger_vfs_of(db);

    return v != NULL && sfi__ledger_vfs_is_disturbed(v);
}

sfi_status
sfi__db_fail(sfi_ctx *ctx, sqlite3 *db, int rc)
{
    int os_code = db != NULL ? sqlite3_system_errno(db) : 0;
    const char *why = db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
    struct ledger_finding finding = db_take_finding(db, rc);

    if (finding.fault != LEDGER_SOUND)
        return db_fail_finding(ctx, finding);
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
    case SQLITE_INTERRUPT:
        return sfi__fail(ctx, SFI_ERR_HSM,
                         "the vault is damaged: a statement takes more than %d "
                         "steps",
                         STEPS_MAX);
    case SQLITE_NOTADB:
        return sfi__fail(ctx, SFI_ERR_HSM, "not a vault: %s", why);
    default:
        break;
    }
    return sfi__fail(ctx, SFI_ERR_HSM, "the vault is damaged: %s", why);
}

/* A statement of the ledger, or SQLite's own, that runs on for ever. */
static int
db_stop(void *user)
{
    (void)user;
    return 1;
}

static void
db_limit(sqlite3 *db)
{
    static const struct {
        int what, most;
    } limits[] = {
        {SQLITE_LIMIT_LENGTH, VALUE_MAX},
        {SQLITE_LIMIT_SQL_LENGTH, 4096},
        {SQLITE_LIMIT_COLUMN, 32},
        {SQLITE_LIMIT_EXPR_DEPTH, 32},
        {SQLITE_LIMIT_COMPOUND_SELECT, 1},
        {SQLITE_LIMIT_VDBE_OP, 8192},
        {SQLITE_LIMIT_FUNCTION_ARG, 16},
        {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64},
        {SQLITE_LIMIT_VARIABLE_NUMBER, 32},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 0},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
    };

    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
        (void)sqlite3_limit(db, limits[i].what, limits[i].most);
    sqlite3_progress_handler(db, STEPS_MAX, db_stop, NULL);
}

/* Waits for another process that holds the lock, BUSY_TIMEOUT_MS in all.  A
 * licence holds it for less than the shortest wait of SQLite's own handler,
 * which is 1 ms. */
static int
db_wait_for_lock(void *user, int count)
{
    static const struct {
        int count;
        uint32_t us;
    } waits[] = {{50, 100}, {145, 1000}, {145 + 990, 10000}, {0, 0}};
    size_t i = 0;

    (void)user;
    while (waits[i].us != 0 && count >= waits[i].count)
        i++;
    if (waits[i].us == 0)
        return 0;
    sfi__clock_nap_us(waits[i].us);
    return 1;
}

/* The file is untrusted input and must not run code (triggers, views).
 * secure_delete: an old seal must not survive between rows.  With synchronous =
 * NORMAL the ledger syncs a commit in the write-ahead log, after the write lock
 * is free; SQLite syncs everything else. */
static int
db_configure(sqlite3 *db)
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
    db_limit(db);
    if (rc == SQLITE_OK)
        rc = sqlite3_extended_result_codes(db, 1);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_handler(db, db_wait_for_lock, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db,
                          "PRAGMA temp_store = MEMORY;"
                          "PRAGMA synchronous = NORMAL; PRAGMA fullfsync = 1;"
                          "PRAGMA cell_size_check = 1;"
                          "PRAGMA secure_delete = 1;",
                          NULL, NULL, NULL);
    return rc;
}

static sfi_status
db_connect(sfi_ctx *ctx, const char *path, int flags, sqlite3 **db,
           struct ledger_vfs **v)
{
    int rc =
        sfi__ledger_vfs_open(ctx, path, flags | SQLITE_OPEN_NOMUTEX, db, v);

    if (rc == SQLITE_OK)
        rc = db_configure(*db);
    return rc == SQLITE_OK ? SFI_OK : sfi__db_fail(ctx, *db, rc);
}

sfi_status
sfi__db_open(sfi_ctx *ctx, const char *path, sqlite3 **db)
{
    struct ledger_vfs *v;
    sfi_status st = db_connect(ctx, path, SQLITE_OPEN_READWRITE, db, &v);

    if (st == SFI_OK)
        return SFI_OK;
    (void)sfi__ledger_vfs_close(v);
    *db = NULL;
    return st;
}

sfi_status
sfi__db_open_to_look(sfi_ctx *ctx, const char *path, sqlite3 **db)
{
    struct sfi_error before;
    struct ledger_vfs *v;
    sfi_status st;

    sfi__error_keep(ctx, &before);
    st = db_connect(ctx, path, SQLITE_OPEN_READONLY, db, &v);
    if (st == SFI_OK)
        st = sfi__db_check(ctx, *db);
    if (st == SFI_OK)
        return SFI_OK;
    if (v != NULL && sfi__ledger_vfs_is_disturbed(v)) {
        sfi__error_restore(ctx, &before);
        st = SFI_OK;
    }
    (void)sfi__ledger_vfs_close(v);
    *db = NULL;
    return st;
}

/* Whatever needs the schema reads the first page, which the VFS checks.  An
 * empty file has none. */
sfi_status
sfi__db_check(sfi_ctx *ctx, sqlite3 *db)
{
    int rc = sqlite3_exec(db, "PRAGMA schema_version", NULL, NULL, NULL);

    if (rc != SQLITE_OK)
        return sfi__db_fail(ctx, db, rc);
    if (!sfi__ledger_vfs_is_sound(sfi__ledger_vfs_of(db)))
        return db_fail_finding(ctx,
                               (struct ledger_finding){LEDGER_OTHER_ID, 0});
    return SFI_OK;
}

int
sfi__db_close(sqlite3 *db)
{
    return sfi__ledger_vfs_close(sfi__ledger_vfs_of(db));
}

void
sfi__db_forget(sqlite3 *db)
{
    sfi__ledger_vfs_forget(sfi__ledger_vfs_of(db));
}

/* Set the mode, or only ask for it; is it WAL now? */
static sfi_status
db_ask_mode(sfi_ctx *ctx, sqlite3 *db, const char *sql, bool *is_wal)
{
    sqlite3_stmt *s = NULL;
    sfi_status st = SFI_OK;
    int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

    *is_wal = false;
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        const char *mode = (const char *)sqlite3_column_text(s, 0);

        *is_wal = mode != NULL && strcmp(mode, "wal") == 0;
    } else {
        st = sfi__db_fail(ctx, db, rc);
    }
    (void)sqlite3_finalize(s);
    return st;
}

/* The change itself needs a journal, which has no file. */
sfi_status
sfi__db_use_wal(sfi_ctx *ctx, sqlite3 *db)
{
    static const char *const steps[] = {"PRAGMA journal_mode",
                                        "PRAGMA journal_mode = MEMORY",
                                        "PRAGMA journal_mode = WAL"};
    bool is_wal = false;

    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps) && !is_wal; i++) {
        sfi_status st = db_ask_mode(ctx, db, steps[i], &is_wal);

        if (st != SFI_OK)
            return st;
    }
    if (!is_wal)
        return sfi__fail(ctx, SFI_ERR_OS,
                         "SQLite cannot use a write-ahead log here, which a "
                         "vault needs; is the file on a network drive");
    return SFI_OK;
}

/* SQLite gives ":memory:" and "file:x" a special meaning, but not after "./".
 */
char *
sfi__db_path(sfi_ctx *ctx, const char *path, const char *suffix)
{
    size_t size = strlen(path) + strlen(suffix) + sizeof("./");
    char *copy = sfi__ctx_alloc(ctx, size);

    if (copy != NULL)
        sfi__text_format(copy, size, "%s%s%s",
                         sfi__sys_is_absolute(path) ? "" : "./", path, suffix);
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

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault's files made by somebody who wants more than a licence: other files
 * of the user, memory, time, or tries that were used up. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "hsm/vault/ledger.h"
#include "hsm/vault/ledger_vfs.h"
#include "util/sys.h"

#include <disk/disk.h>
#include "fixture.h"
#include "system.h"
#include <bench/maker.h>

#define COUNT 3u
#define PAGE 4096u
#define ROW_PAGE 2u      /* where the vault's row is */
#define SESSIONS_PAGE 4u /* the index of device and session */
/* Far more than SQLite needs for a vault, far less than it would take. */
#define MEMORY_MAX (2 << 20)
#define SECONDS_MAX 1.0

static struct maker maker;
static struct chip chip;
static char dir[256], path[300], where[320], victim[320];

static const char *
beside(const char *suffix)
{
    static char name[320];

    (void)snprintf(name, sizeof(name), "%s%s", path, suffix);
    return name;
}

static void
write_file(const char *name, const void *data, size_t len)
{
    FILE *f = fopen(name, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

static void
setup(void)
{
    sfi_license *lic;
    sfi_hsm *hsm;

    fixture_setup();
    disk_install(DISK_FAST, 0);
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/line.vault", dir);
    (void)snprintf(where, sizeof(where), "vault:%s", path);
    (void)snprintf(victim, sizeof(victim), "%s/thesis.txt", dir);
    write_file(victim, "years of work", 13);
    if (!maker_share(&maker))
        chip_make(&maker, MAKER_PRODUCT, &chip);
    else
        chip_share(&maker, &chip);
    hsm = vault_new(&maker, path, COUNT);
    ck_assert_ok(sfi_hsm_generate_license(hsm, chip.cert, &lic));
    sfi_license_free(lic);
    sfi_hsm_free(hsm);
}

static void
teardown(void)
{
    test_rmdir(dir);
    chip_free(&chip);
    maker_free(&maker);
    fixture_teardown();
}

static void
edit(const char *sql)
{
    char *message = NULL;
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK,
                  "%s: %s", sql, message);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void
victim_is_well(void)
{
    size_t len;
    char *data = test_read(victim, &len);

    ck_assert_uint_eq(len, 13);
    ck_assert_mem_eq(data, "years of work", 13);
    free(data);
}

static uint32_t
state_of_vault(void)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm;

    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    sfi_hsm_free(hsm);
    return info.state;
}

/* ---- a planted journal: sqlite.org/fileformat2.html, 3 ---- */

struct journal {
    uint8_t data[8192];
    size_t len;
};

static void
add_bytes(struct journal *j, const void *data, size_t len)
{
    memcpy(j->data + j->len, data, len);
    j->len += len;
}

static void
add_u32(struct journal *j, uint32_t v)
{
    uint8_t bytes[] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16),
                       (uint8_t)(v >> 8), (uint8_t)v};

    add_bytes(j, bytes, sizeof(bytes));
}

static const uint8_t journal_magic[] = {0xd9, 0xd5, 0x05, 0xf9,
                                        0x20, 0xa1, 0x63, 0xd7};

static void
begin_journal(struct journal *j, uint32_t records)
{
    struct sys_stat info;

    memset(j, 0, sizeof(*j));
    ck_assert_int_eq(sfi__sys_stat(path, &info), 0);
    add_bytes(j, journal_magic, sizeof(journal_magic));
    add_u32(j, records);
    add_u32(j, 0); /* the sum starts here */
    add_u32(j, (uint32_t)info.size / PAGE);
    add_u32(j, 512); /* the header's length */
    add_u32(j, PAGE);
    j->len = 512;
}

static void
add_page(struct journal *j, uint32_t number, const uint8_t *page)
{
    uint32_t sum = 0;

    for (size_t i = PAGE - 200; i > 0 && i < PAGE; i -= 200)
        sum += page[i];
    add_u32(j, number);
    add_bytes(j, page, PAGE);
    add_u32(j, sum);
}

/* The journal of a transaction over several files names another one, which
 * SQLite deletes when it has played this one. */
static void
add_super(struct journal *j, const char *name)
{
    uint32_t sum = 0;

    for (const char *c = name; *c != '\0'; c++)
        sum += (unsigned char)*c;
    add_u32(j, 0x40000000 / PAGE + 1);
    add_bytes(j, name, strlen(name));
    add_u32(j, (uint32_t)strlen(name));
    add_u32(j, sum);
    add_bytes(j, journal_magic, sizeof(journal_magic));
}

static const char journal_lies[] =
    "a file *-journal lies beside the vault, and libsfi writes none: delete "
    "it, or restore the vault if an SQLite tool was interrupted";

static void
journal_is_refused(const struct journal *j)
{
    sfi_hsm *hsm;

    write_file(beside("-journal"), j->data, j->len);
    ck_assert_fails(vault_open(path, &hsm), SFI_ERR_HSM, where, journal_lies);
    ck_assert_int_eq(access(beside("-journal"), F_OK), 0);
    victim_is_well();
    ck_assert_int_eq(unlink(beside("-journal")), 0);
}

static const char *const modes[] = {"WAL", "DELETE"};

START_TEST(test_journal_that_deletes)
{
    struct journal j;
    char sql[40];

    (void)snprintf(sql, sizeof(sql), "PRAGMA journal_mode = %s", modes[_i]);
    edit(sql);
    begin_journal(&j, 0);
    add_super(&j, victim);
    journal_is_refused(&j);
    ck_assert_uint_eq(state_of_vault(), SFI_HSM_OPERATIONAL);
}
END_TEST

START_TEST(test_journal_that_gives_tries_back)
{
    struct journal j;
    size_t len;
    char *data = test_read(path, &len);

    begin_journal(&j, 1);
    ck_assert_uint_ge(len, ROW_PAGE * PAGE);
    add_page(&j, ROW_PAGE, (uint8_t *)data + (ROW_PAGE - 1) * PAGE);
    free(data);
    edit("UPDATE vault SET pin_tries = 0");
    journal_is_refused(&j);
    ck_assert_uint_eq(state_of_vault(), SFI_HSM_BLOCKED);
}
END_TEST

/* Planted while the vault is in use, and empty. */
START_TEST(test_journal_later)
{
    sfi_hsm *hsm = vault_login(path), *second;
    sfi_license *lic;

    write_file(beside("-journal"), "", 0);
    ck_assert_fails(vault_open(path, &second), SFI_ERR_HSM, where,
                    journal_lies);
    ck_assert_ok(sfi_hsm_generate_live_license(hsm, chip.cert, 7, &lic));
    sfi_license_free(lic);
    sfi_hsm_free(hsm);
    ck_assert_int_eq(unlink(beside("-journal")), 0);
    ck_assert_uint_eq(state_of_vault(), SFI_HSM_OPERATIONAL);
}
END_TEST

/* ---- links, and what is no file ---- */

static void
folder(const char *to, const char *name)
{
    (void)to;
    ck_assert_int_eq(sfi__sys_make_folder(name, 0700), 0);
}

static void
fifo(const char *to, const char *name)
{
    (void)to;
    make_fifo(name);
}

static const struct {
    const char *suffix;
    void (*make)(const char *to, const char *name);
} links[] = {
    {"-wal", make_second_name},
    {"-shm", make_second_name},
    {"-wal", folder},
    {"-shm", folder},
    {"-wal", make_link},
    {"-shm", make_link},
    {"-wal", fifo},
    {"-shm", fifo},
};

static int
remove_any(const char *name)
{
    return sfi__sys_remove(name) == 0 ? 0 : sfi__sys_remove_folder(name);
}

static void
is_refused(int i)
{
    sfi_hsm *hsm;

    links[i].make(victim, beside(links[i].suffix));
    ck_assert_fails(vault_open(path, &hsm), SFI_ERR_HSM, where,
                    "the vault's *-wal or *-shm is a link or has a second "
                    "name, expected a file of its own");
    victim_is_well();
    ck_assert_int_eq(remove_any(beside(links[i].suffix)), 0);
    ck_assert_uint_eq(state_of_vault(), SFI_HSM_OPERATIONAL);
}

START_TEST(test_second_names)
{
    is_refused(_i);
}
END_TEST

START_TEST(test_folders)
{
    is_refused(_i);
}
END_TEST

START_TEST(test_links)
{
    is_refused(_i);
}
END_TEST

/* ---- other names ---- */

/* Of what attaches a file SQLite does not even find the VFS by its name. */
static const struct {
    const char *sql;
    enum ledger_fault fault;
} statements[] = {
    {"PRAGMA journal_mode = DELETE; UPDATE vault SET pin_tries = 3",
     LEDGER_OTHER_FILE},
    {"ATTACH 'other' AS other; CREATE TABLE other.t (x)", LEDGER_SOUND},
    {"VACUUM INTO 'other'", LEDGER_SOUND},
};

START_TEST(test_other_files)
{
    struct ledger_vfs *v;
    sqlite3 *db;
    char cwd[1024];

    ck_assert_ptr_nonnull(getcwd(cwd, sizeof(cwd)));
    ck_assert_int_eq(chdir(dir), 0);
    ck_assert_int_eq(
        sfi__ledger_vfs_open(ctx, path, SQLITE_OPEN_READWRITE, &db, &v),
        SQLITE_OK);
    ck_assert_int_ne(sqlite3_exec(db, statements[_i].sql, NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sfi__ledger_vfs_take_finding(v).fault,
                     statements[_i].fault);
    ck_assert_int_eq(sfi__ledger_vfs_close(v), SQLITE_OK);
    ck_assert_int_ne(access("other", F_OK), 0);
    ck_assert_int_ne(access(beside("-journal"), F_OK), 0);
    ck_assert_int_eq(chdir(cwd), 0);
}
END_TEST

/* ---- the schema ---- */

#define ENTRY(n)                     \
    "the vault is damaged: entry " n \
    " of its schema is not one of the 4 that libsfi writes"

static const struct {
    const char *sql;
    const char *message;
} schemas[] = {
    {"CREATE TABLE v AS SELECT * FROM vault; DROP TABLE vault;"
     "ALTER TABLE v RENAME TO vault",
     ENTRY("1")},
    {"DROP TABLE vault", ENTRY("1")},
    {"DROP TABLE record", ENTRY("2")},
    {"DROP INDEX counted", ENTRY("4")},
    {"ALTER TABLE vault DROP COLUMN mac", ENTRY("1")},
    {"ALTER TABLE record ADD COLUMN x", ENTRY("2")},
    {"ALTER TABLE record ADD COLUMN x AS (kind + kind)", ENTRY("2")},
    {"ALTER TABLE vault RENAME TO kept;"
     "CREATE VIEW vault AS SELECT * FROM kept",
     ENTRY("1")},
    {"CREATE TRIGGER t AFTER UPDATE ON vault BEGIN"
     " UPDATE vault SET remaining = 3, sequence = 0; DELETE FROM record; END",
     ENTRY("5")},
    {"CREATE TABLE other (x)", ENTRY("5")},
    {"CREATE VIEW other AS SELECT 1", ENTRY("5")},
    {"CREATE INDEX other ON record (time)", ENTRY("5")},
    {"PRAGMA writable_schema = 1; INSERT INTO sqlite_schema VALUES"
     " ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING fts5(x)')",
     ENTRY("5")},
    {"PRAGMA writable_schema = 1;"
     "UPDATE sqlite_schema SET sql = sql || ' ' WHERE name = 'record'",
     ENTRY("2")},
    {"PRAGMA writable_schema = 1;"
     "UPDATE sqlite_schema SET sql = sql || zeroblob(1000000)"
     " WHERE name = 'record'",
     ENTRY("2")},
    {"PRAGMA writable_schema = 1;"
     "UPDATE sqlite_schema SET name = 'Vault' WHERE name = 'vault'",
     ENTRY("1")},
    {"PRAGMA writable_schema = 1;"
     "UPDATE sqlite_schema SET rootpage = -1 WHERE name = 'counted';"
     "UPDATE sqlite_schema SET rootpage = NULL WHERE name = 'counted'",
     ENTRY("4")},
    {"PRAGMA journal_mode = DELETE; PRAGMA page_size = 1024; VACUUM",
     "the vault is damaged: its pages or its encoding of texts are not the "
     "ones that libsfi writes"},
};

START_TEST(test_schema_before_opening)
{
    sfi_hsm *hsm;

    edit(schemas[_i].sql);
    ck_assert_fails(vault_open(path, &hsm), SFI_ERR_HSM, where,
                    schemas[_i].message);
}
END_TEST

START_TEST(test_schema_after_login)
{
    sfi_hsm *hsm = vault_login(path);
    sfi_license *lic;

    if (strstr(schemas[_i].sql, "journal_mode") == NULL) {
        edit(schemas[_i].sql);
        ck_assert_fails(sfi_hsm_generate_live_license(hsm, chip.cert, 7, &lic),
                        SFI_ERR_HSM, where, schemas[_i].message);
    }
    sfi_hsm_free(hsm);
}
END_TEST

/* What a tool may do to a vault leaves it as it is. */
START_TEST(test_vacuumed)
{
    edit("VACUUM");
    ck_assert_uint_eq(state_of_vault(), SFI_HSM_OPERATIONAL);
    edit("PRAGMA journal_mode = DELETE; VACUUM; REINDEX");
    ck_assert_uint_eq(state_of_vault(), SFI_HSM_OPERATIONAL);
}
END_TEST

/* ---- memory and time ---- */

/* Open and log in: a clean error that costs nothing. */
static void
fails_cheaply(const char *message)
{
    clock_t begin = clock();
    sfi_hsm *hsm;
    sfi_status st;

    (void)sqlite3_memory_highwater(1);
    st = vault_open(path, &hsm);
    if (st == SFI_OK)
        st = sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN));
    ck_assert_fails(st, SFI_ERR_HSM, where, message);
    sfi_hsm_free(hsm);
    ck_assert_int_lt(sqlite3_memory_highwater(0), MEMORY_MAX);
    ck_assert_double_lt((double)(clock() - begin) / CLOCKS_PER_SEC,
                        SECONDS_MAX);
}

/* Each column is twice the one before: SQLite would write out 2^20 sums. */
#define DOUBLED 20

START_TEST(test_generated_columns)
{
    char sql[4096];
    int len = snprintf(sql, sizeof(sql),
                       "DROP TABLE vault; CREATE TABLE vault (c0 INTEGER");

    for (int i = 1; i <= DOUBLED; i++)
        len += snprintf(sql + len, sizeof(sql) - (size_t)len,
                        ", c%d AS (c%d + c%d)", i, i - 1, i - 1);
    len += snprintf(sql + len, sizeof(sql) - (size_t)len,
                    ", flags AS (c%d + c%d), serial, firmware_id, product_id,"
                    " ca_public, maximum, low_water, genesis, remaining,"
                    " sequence, log_head, mac, seal, log2_n, r, p, salt,"
                    " sealed, sealed_check, pin_tries);"
                    "INSERT INTO vault (c0) VALUES (1)",
                    DOUBLED, DOUBLED);
    ck_assert_int_lt(len, (int)sizeof(sql));
    edit(sql);
    fails_cheaply(ENTRY("1"));
}
END_TEST

static void
patch(long at, const void *data, size_t len)
{
    FILE *f = fopen(path, "r+b");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, at, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

/* A key that claims 8,184,489 bytes, in a file that has a hole: 489 in its
 * page, and a chain of pages for the others, which is one page that leads to
 * itself.
 */
START_TEST(test_long_key)
{
    static const uint8_t length[] = {0x83, 0xf3, 0xc5, 0x29};
    static const uint8_t at[] = {0x03, 0xe8}, chain[] = {0, 0, 0, 9};
    static const uint8_t pages[] = {0, 0, 0x10, 0};
    long page = (SESSIONS_PAGE - 1) * PAGE;
    size_t len;
    int fd;
    char *data = test_read(path, &len);

    ck_assert_uint_ge(len, SESSIONS_PAGE * PAGE);
    ck_assert_int_eq(data[page], 0x0a);
    free(data);
    patch(28, pages, sizeof(pages));
    ck_assert_int_eq(sfi__sys_open(path, SYS_WRITE, 0, &fd), 0);
    ck_assert_int_eq(sfi__sys_cut(fd, 0x1000 * (uint64_t)PAGE), 0);
    ck_assert_int_eq(sfi__sys_close(fd), 0);
    patch(page + 5, at, sizeof(at)); /* where the cells begin */
    patch(page + 8, at, sizeof(at)); /* the cell */
    patch(page + 1000, length, sizeof(length));
    patch(page + 1000 + 4 + 489, chain, sizeof(chain));
    patch(8 * (long)PAGE, chain, sizeof(chain));
    fails_cheaply("the vault is damaged: a row is longer than its page");
}
END_TEST

/* Far more rows than the one: nothing reads on for ever. */
START_TEST(test_many_rows)
{
    struct ledger_head h;
    struct ledger *l;

    edit("PRAGMA ignore_check_constraints = 1;"
         "WITH RECURSIVE n (i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n"
         " WHERE i < 30000)"
         "INSERT INTO vault SELECT i, 0, x'', '', '', x'', 0, 0, x'', 0, 0,"
         " x'', x'', 0, 0, 0, 0, x'', x'', x'', 0 FROM n");
    fails_cheaply("the vault is damaged: table vault has more than one row");
    ck_assert_int_eq(sfi__ledger_sqlite.open(ctx, path, &l), SFI_OK);
    ck_assert_int_eq(l->ops->begin(l, LEDGER_WRITE), SFI_OK);
    ck_assert_int_eq(l->ops->read_head(l, &h), SFI_ERR_HSM);
    ck_assert_int_eq(l->ops->write_head(l, LEDGER_TRIES, &h), SFI_ERR_HSM);
    ck_assert_str_eq(sfi_error_message(sfi_ctx_error(ctx)),
                     "the vault is damaged: a statement takes more than 100000 "
                     "steps");
    sfi__ledger_rollback(l);
    l->ops->close(l);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("vault_hostile");
    TCase *tc = tcase_create("hostile");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_journal_that_deletes, 0, (int)ROWS(modes));
    tcase_add_test(tc, test_journal_that_gives_tries_back);
    tcase_add_test(tc, test_journal_later);
    tcase_add_loop_test(tc, test_second_names, 0, 2);
    tcase_add_loop_test(tc, test_folders, 2, 4);
    tcase_add_loop_test(tc, test_links, 4, (int)ROWS(links));
    tcase_add_loop_test(tc, test_other_files, 0, (int)ROWS(statements));
    tcase_add_loop_test(tc, test_schema_before_opening, 0, (int)ROWS(schemas));
    tcase_add_loop_test(tc, test_schema_after_login, 0, (int)ROWS(schemas));
    tcase_add_test(tc, test_vacuumed);
    tcase_add_test(tc, test_generated_columns);
    tcase_add_test(tc, test_long_key);
    tcase_add_test(tc, test_many_rows);
    suite_add_tcase(s, tc);
    return run_suite(s);
}

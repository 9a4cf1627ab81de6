/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The vault in PostgreSQL: what is hostile in its rows, and what becomes of
 * licences when the database or the network fails.  With a server of
 * tests/support/postgres.py. */
#define _XOPEN_SOURCE 700
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sfi/hsm_server.h>

#include <bench/maker.h>
#include <disk/database.h>
#include "core/ctx.h"
#include "core/err.h"
#include "fixture.h"
#include "together.h"

#define COUNT 200u

static struct maker maker;
static char dir[256], path[400], where[420];

static void
setup(void)
{
    fixture_setup();
    (void)maker_share(&maker);
    test_mkdir(dir, sizeof(dir));
    database_new(path, sizeof(path), "line");
    (void)snprintf(where, sizeof(where), "vault:%s", path);
}

static void
teardown(void)
{
    relay_stop();
    database_drop();
    test_rmdir(dir);
    maker_free(&maker);
    fixture_teardown();
}

static sfi_status
license(sfi_hsm *hsm, const struct chip *c, uint8_t *data)
{
    sfi_license *lic;
    sfi_status st = sfi_hsm_generate_license(hsm, c->cert, &lic);

    if (st != SFI_OK)
        return st;
    chip_opens(c, &maker, lic);
    if (data != NULL)
        memcpy(data, sfi_license_data(lic, NULL), SFI_LICENSE_LEN);
    sfi_license_free(lic);
    return SFI_OK;
}

/* Devices that the database has counted. */
static long
counted(void)
{
    return atol(database_sql("SELECT count(*) FROM sfi.record WHERE kind = 1"));
}

static void
check_sum(sfi_hsm *hsm, long devices)
{
    ck_assert_uint_eq(vault_remaining(hsm), COUNT - (uint64_t)devices);
    ck_assert_int_eq(counted(), devices);
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
}

/* ---- names ---- */

/* None of these reaches a server, and none shows a part of a password. */
static const struct {
    const char *name;
    sfi_status status;
    const char *where, *fact;
} names[] = {
    {"postgresql://u:s3cret@[::1/x", SFI_ERR_FORMAT,
     "vault:postgresql://[::1/x", "does not understand"},
    {"postgresql://u:s3@cret@h/x", SFI_ERR_FORMAT, "vault:postgresql://h/x",
     "%40"},
    {"postgresql://u:s3/cret@h/x", SFI_ERR_FORMAT, "vault:postgresql://h/x",
     "%40"},
    {"postgres://u@h/x?vault=a/b", SFI_ERR_FORMAT,
     "vault:postgres://h/x?vault=a/b", "letters"},
    {"postgresql:///x?vault=", SFI_ERR_FORMAT,
     "vault:postgresql:///x?vault=", "0 characters"},
    {"postgresql:///x?vault=a&vault=b", SFI_ERR_FORMAT,
     "vault:postgresql:///x?vault=a&vault=b", "twice"},
    {"postgresql:///x?passphrase=s3cret", SFI_ERR_FORMAT,
     "vault:postgresql:///x", "does not understand"},
    {"postgresql://u:s3cret@/x?host=/none&password=s3cret&vault=blink",
     SFI_ERR_NO_DEVICE, "vault:postgresql:///x?host=/none&vault=blink",
     "no database answers"},
    {"postgresql:///x?host=/none&token=pkcs11:token=s3cret", SFI_ERR_NO_DEVICE,
     "vault:postgresql:///x?host=/none", "no database answers"},
};

START_TEST(test_names)
{
    const sfi_error *e;
    sfi_hsm *hsm;

    ck_assert_fails_about(vault_open(names[_i].name, &hsm), names[_i].status,
                          names[_i].where, names[_i].fact);
    e = sfi_ctx_error(ctx);
    ck_assert_ptr_null(strstr(sfi_error_message(e), "s3"));
    ck_assert_ptr_null(strstr(sfi_error_message(e), "cret"));
    ck_assert_ptr_null(strstr(sfi_error_where(e), "s3"));
}
END_TEST

START_TEST(test_several)
{
    char other[420];
    sfi_hsm *one, *two;
    struct chip c;

    chip_make(&maker, MAKER_PRODUCT, &c);
    (void)snprintf(other, sizeof(other), "%s.2", path);
    one = vault_new(&maker, path, 5);
    two = vault_new(&maker, other, 7);
    ck_assert_ok(license(one, &c, NULL));
    ck_assert_uint_eq(vault_remaining(one), 4);
    ck_assert_uint_eq(vault_remaining(two), 7);
    ck_assert_ok(license(two, &c, NULL));
    ck_assert_ok(sfi_hsm_verify_audit(two));
    ck_assert_str_eq(database_sql("SELECT count(*) FROM sfi.vault"), "2");
    sfi_hsm_free(one);
    sfi_hsm_free(two);
    chip_free(&c);
}
END_TEST

/* ---- who may ---- */

/* doc/format.md, "Vault in PostgreSQL". */
static const char grants[] =
    "GRANT USAGE ON SCHEMA sfi TO station_%ld;"
    "GRANT SELECT ON sfi.layout, sfi.vault, sfi.record TO station_%ld;"
    "GRANT UPDATE ON sfi.vault TO station_%ld;"
    "GRANT INSERT ON sfi.record TO station_%ld";

START_TEST(test_roles)
{
    long me = (long)getpid();
    char theirs[500], there[520];
    sfi_hsm *hsm;
    struct chip c;

    chip_make(&maker, MAKER_PRODUCT, &c);
    (void)database_sql("CREATE ROLE station_%ld LOGIN", me);
    (void)snprintf(theirs, sizeof(theirs), "%.*s&user=station_%ld&vault=line",
                   (int)(strstr(path, "&user=") - path), path, me);
    (void)snprintf(there, sizeof(there), "vault:%s", theirs);
    ck_assert_ok(vault_open(theirs, &hsm));
    ck_assert_ok(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)));
    ck_assert_fails_about(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12,
                                            "fw", 9, maker.perso, NULL),
                          SFI_ERR_ACCESS, there, "refused the role",
                          "permission denied");
    sfi_hsm_free(hsm);
    sfi_hsm_free(vault_new(&maker, path, COUNT));
    ck_assert_fails_about(vault_open(theirs, &hsm), SFI_ERR_ACCESS, there,
                          "permission denied", "doc/format.md");
    (void)database_sql(grants, me, me, me, me);
    hsm = vault_login(theirs);
    ck_assert_ok(license(hsm, &c, NULL));
    check_sum(hsm, 1);
    sfi_hsm_free(hsm);
    (void)database_sql("DROP OWNED BY station_%ld; DROP ROLE station_%ld", me,
                       me);
    chip_free(&c);
}
END_TEST

START_TEST(test_no_role_no_database)
{
    static const struct {
        const char *part, *fact;
    } rows[] = {{"&user=nobody_here", "nobody_here"},
                {"&user=postgres&dbname=nothing_here", "nothing_here"}};
    char theirs[500];
    sfi_hsm *hsm;

    for (size_t i = 0; i < ROWS(rows); i++) {
        (void)snprintf(theirs, sizeof(theirs), "%.*s%s",
                       (int)(strstr(path, "&user=") - path), path,
                       rows[i].part);
        ck_assert_int_eq(vault_open(theirs, &hsm), SFI_ERR_ACCESS);
        ck_assert_ptr_nonnull(
            strstr(sfi_error_message(sfi_ctx_error(ctx)), rows[i].fact));
    }
}
END_TEST

/* Known devices are served; a new one waits until the database can write. */
START_TEST(test_read_only)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    struct chip known, fresh;

    chip_make(&maker, MAKER_PRODUCT, &known);
    chip_make(&maker, MAKER_PRODUCT, &fresh);
    ck_assert_ok(license(hsm, &known, NULL));
    (void)database_sql("DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || "
                       "current_database() || ' SET "
                       "default_transaction_read_only = on'; END $$");
    database_cut();
    ck_assert_ok(license(hsm, &known, NULL));
    ck_assert_fails_about(license(hsm, &fresh, NULL), SFI_ERR_ACCESS, where,
                          "read-only");
    (void)database_sql("DO $$ BEGIN SET TRANSACTION READ WRITE; EXECUTE "
                       "'ALTER DATABASE ' || current_database() || ' RESET "
                       "default_transaction_read_only'; END $$");
    database_cut();
    ck_assert_ok(license(hsm, &fresh, NULL));
    check_sum(hsm, 2);
    sfi_hsm_free(hsm);
    chip_free(&known);
    chip_free(&fresh);
}
END_TEST

START_TEST(test_other_version)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);

    (void)database_sql("UPDATE sfi.layout SET version = 2");
    sfi_hsm_free(hsm);
    ck_assert_fails_about(vault_open(path, &hsm), SFI_ERR_HSM, where,
                          "version 2", "expected 1");
    (void)database_sql("UPDATE sfi.layout SET version = -1");
    ck_assert_fails_about(vault_open(path, &hsm), SFI_ERR_HSM, where, "-1");
    (void)database_sql("DELETE FROM sfi.layout");
    ck_assert_fails_about(vault_open(path, &hsm), SFI_ERR_HSM, where, "0 rows");
}
END_TEST

/* ---- hostile rows ---- */

static const struct {
    const char *sql, *fact;
} hostile[] = {
    {"UPDATE sfi.vault SET remaining = -1", "remaining is -1"},
    {"UPDATE sfi.vault SET maximum = 4294967296", "maximum"},
    {"UPDATE sfi.vault SET flags = 4294967296", "flags"},
    {"UPDATE sfi.vault SET sequence = 9223372036854775807", "sequence"},
    {"UPDATE sfi.vault SET serial = ''", "serial has 0 bytes"},
    {"UPDATE sfi.vault SET serial = serial || 'x'", "serial has 17 bytes"},
    {"UPDATE sfi.vault SET firmware_id = ''", "firmware_id has 0 bytes"},
    {"UPDATE sfi.vault SET firmware_id = repeat('x', 1000000)",
     "firmware_id has 1000000 bytes"},
    {"UPDATE sfi.vault SET sealed = ''", "sealed has 0 bytes"},
    {"UPDATE sfi.vault SET product_id = E'\\x1b[2Jxxxx'", "hash"},
    {"UPDATE sfi.vault SET pin_tries = 11", "PIN tries"},
    {"UPDATE sfi.vault SET remaining = remaining + 1", "installations"},
    {"ALTER TABLE sfi.vault ALTER flags TYPE text USING flags::text", "type"},
    {"ALTER TABLE sfi.vault ALTER mac DROP NOT NULL; UPDATE sfi.vault SET mac ="
     " NULL",
     "mac has the wrong type"},
    {"ALTER TABLE sfi.vault DROP COLUMN low_water", "low_water"},
    {"DROP TABLE sfi.record", "tables are not those"},
    {"DROP TABLE sfi.record; DROP TABLE sfi.vault; CREATE TABLE sfi.vault (a"
     " int)",
     "tables are not those"},
    {"DELETE FROM sfi.record", "record 1 is missing"},
    {"UPDATE sfi.record SET sequence = 2", "found record 2"},
    {"UPDATE sfi.record SET hash = 'x'", "hash has 1 bytes"},
    {"UPDATE sfi.record SET license = license || 'x'", "license has 137 bytes"},
    {"UPDATE sfi.record SET time = -1", "time is -1"},
    {"UPDATE sfi.record SET session = 4294967296", "session"},
    {"ALTER TABLE sfi.record ALTER kind TYPE integer", "type"},
    {"ALTER TABLE sfi.record DROP CONSTRAINT record_pkey; DROP INDEX"
     " sfi.record_session; DROP INDEX sfi.record_count; INSERT INTO sfi.record"
     " SELECT * FROM sfi.record",
     "index leads to 2 records"},
};

/* Whoever writes the database has no say in what libsfi does with memory, and
 * no licence for it. */
START_TEST(test_hostile)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    struct chip c;
    sfi_status st;

    chip_make(&maker, MAKER_PRODUCT, &c);
    ck_assert_ok(license(hsm, &c, NULL));
    (void)database_sql("%s", hostile[_i].sql);
    st = license(hsm, &c, NULL);
    ck_assert_int_eq(st, SFI_ERR_HSM);
    ck_assert_msg(
        strstr(sfi_error_message(sfi_ctx_error(ctx)), hostile[_i].fact) != NULL,
        "%s", sfi_error_message(sfi_ctx_error(ctx)));
    sfi_hsm_free(hsm);
    chip_free(&c);
}
END_TEST

/* A trigger that swallows what is written: no licence leaves. */
START_TEST(test_swallowed)
{
    static const char *const tables[] = {"record", "vault"};
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    struct chip c;

    chip_make(&maker, MAKER_PRODUCT, &c);
    (void)database_sql(
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN "
        "RETURN NULL; END'; CREATE TRIGGER t BEFORE INSERT OR UPDATE ON sfi.%s "
        "FOR EACH ROW EXECUTE FUNCTION nothing()",
        tables[_i]);
    ck_assert_fails_about(license(hsm, &c, NULL), SFI_ERR_HSM, where, "0 rows");
    (void)database_sql("DROP TRIGGER t ON sfi.%s", tables[_i]);
    ck_assert_ok(license(hsm, &c, NULL));
    check_sum(hsm, 1);
    sfi_hsm_free(hsm);
    chip_free(&c);
}
END_TEST

/* ---- faults ---- */

/* The server ended our connection while nothing was asked: not noticed. */
START_TEST(test_cut_between)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    struct chip c;

    chip_make(&maker, MAKER_PRODUCT, &c);
    database_cut();
    ck_assert_ok(license(hsm, &c, NULL));
    database_cut();
    ck_assert_ok(license(hsm, &c, NULL));
    database_cut();
    check_sum(hsm, 1);
    sfi_hsm_free(hsm);
    chip_free(&c);
}
END_TEST

/* In the middle of a transaction nothing stays of it, and the next one works.
 */
START_TEST(test_cut_within)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    struct ledger_head head, other;
    struct ledger *l;

    ck_assert_ok(sfi__ledger_place(path)->open(ctx, path, &l));
    ck_assert_ok(l->ops->begin(l, LEDGER_WRITE));
    ck_assert_ok(l->ops->read_head(l, &head));
    head.pin_tries = 3;
    ck_assert_ok(l->ops->write_head(l, LEDGER_TRIES, &head));
    database_cut();
    ck_assert_fails_about(l->ops->end(l, true), SFI_ERR_IO, "", "connection",
                          "try again");
    sfi__clear_error(ctx);
    ck_assert_ok(l->ops->begin(l, LEDGER_WRITE));
    ck_assert_ok(l->ops->read_head(l, &other));
    ck_assert_uint_eq(other.pin_tries, 10);
    ck_assert_ok(l->ops->end(l, false));
    l->ops->close(l);
    sfi_hsm_free(hsm);
}
END_TEST

/* The network fails around the COMMIT: what is told is what happened. */
static const struct {
    enum relay_cut cut;
    sfi_status first;
} cuts[] = {{RELAY_CUT_BEFORE, SFI_ERR_IO},
            {RELAY_CUT_AFTER, SFI_OK},
            {RELAY_LATE, SFI_ERR_IO}};

START_TEST(test_cut_at_commit)
{
    char relayed[400];
    struct chip chips[2];
    sfi_hsm *hsm, *direct;

    for (size_t i = 0; i < ROWS(chips); i++)
        chip_make(&maker, MAKER_PRODUCT, &chips[i]);
    direct = vault_new(&maker, path, COUNT);
    relay_start(dir, path, relayed, sizeof(relayed));
    hsm = vault_login(relayed);
    ck_assert_ok(license(hsm, &chips[0], NULL));
    relay_cut_next(cuts[_i].cut);
    ck_assert_int_eq(license(hsm, &chips[1], NULL), cuts[_i].first);
    ck_assert_int_eq(counted(), cuts[_i].first == SFI_OK ? 2 : 1);
    (void)nanosleep(&(struct timespec){.tv_nsec = 400000000}, NULL);
    ck_assert_int_eq(counted(), cuts[_i].first == SFI_OK ? 2 : 1);
    ck_assert_ok(license(hsm, &chips[1], NULL));
    ck_assert_ok(license(direct, &chips[1], NULL));
    check_sum(hsm, 2);
    sfi_hsm_free(hsm);
    sfi_hsm_free(direct);
    for (size_t i = 0; i < ROWS(chips); i++)
        chip_free(&chips[i]);
}
END_TEST

/* Provisioning too: a vault that was made is made. */
START_TEST(test_cut_at_provisioning)
{
    char relayed[400];
    sfi_hsm *hsm;

    relay_start(dir, path, relayed, sizeof(relayed));
    hsm = vault_login(relayed);
    relay_cut_next(cuts[_i].cut);
    ck_assert_int_eq(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 9,
                                       maker.perso, NULL) == SFI_OK,
                     cuts[_i].first == SFI_OK);
    if (cuts[_i].first != SFI_OK) {
        ck_assert_ok(sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN)));
        ck_assert_ok(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 9,
                                       maker.perso, NULL));
    }
    ck_assert_uint_eq(vault_remaining(hsm), 9);
    sfi_hsm_free(hsm);
}
END_TEST

/* The whole server is killed, again and again, while licences are made. */
START_TEST(test_crashes)
{
    enum { CHIPS = 40 };
    static struct chip chips[CHIPS];
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    long failures = 0;

    for (size_t i = 0; i < CHIPS; i++)
        chip_make(&maker, MAKER_PRODUCT, &chips[i]);
    for (size_t i = 0; i < CHIPS; i++) {
        if (i % 8 == 0)
            database_crash();
        while (license(hsm, &chips[i], NULL) != SFI_OK) {
            sfi_status st = sfi_error_status(sfi_ctx_error(ctx));

            ck_assert_msg(st == SFI_ERR_IO || st == SFI_ERR_NO_DEVICE, "%s",
                          sfi_error_message(sfi_ctx_error(ctx)));
            failures++;
            (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
            ck_assert_int_lt(failures, 6000);
        }
    }
    database_settle();
    check_sum(hsm, CHIPS);
    sfi_hsm_free(hsm);
    for (size_t i = 0; i < CHIPS; i++)
        chip_free(&chips[i]);
}
END_TEST

/* An older backup in mid-run: whoever saw more refuses it. */
START_TEST(test_older_backup)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    struct chip chips[2];

    for (size_t i = 0; i < ROWS(chips); i++)
        chip_make(&maker, MAKER_PRODUCT, &chips[i]);
    ck_assert_ok(license(hsm, &chips[0], NULL));
    database_go_back();
    ck_assert_ok(license(hsm, &chips[1], NULL));
    database_go_back();
    ck_assert_fails_about(license(hsm, &chips[0], NULL), SFI_ERR_HSM, where,
                          "rolled back", "2", "1");
    sfi_hsm_free(hsm);
    for (size_t i = 0; i < ROWS(chips); i++)
        chip_free(&chips[i]);
}
END_TEST

/* ---- many ---- */

enum { PROCESSES = 6, SHARED = 8 };
static struct chip shared_chips[SHARED];

static int
take_all(size_t which)
{
    sfi_hsm *hsm = vault_login(path);
    uint8_t data[SFI_LICENSE_LEN];

    for (size_t i = 0; i < SHARED; i++) {
        if (license(hsm, &shared_chips[(i + which) % SHARED], data) != SFI_OK)
            return sfi_error_status(sfi_ctx_error(ctx));
    }
    sfi_hsm_free(hsm);
    return 0;
}

START_TEST(test_together)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);

    for (size_t i = 0; i < SHARED; i++)
        chip_make(&maker, MAKER_PRODUCT, &shared_chips[i]);
    (void)together(PROCESSES, take_all);
    check_sum(hsm, SHARED);
    sfi_hsm_free(hsm);
    for (size_t i = 0; i < SHARED; i++)
        chip_free(&shared_chips[i]);
}
END_TEST

/* Processes that are killed at any moment: what they were given is counted, and
 * given to the next one too. */
static void
take_and_tell(int to)
{
    sfi_hsm *hsm = vault_login(path);
    struct {
        size_t chip;
        uint8_t license[SFI_LICENSE_LEN];
    } told;

    for (told.chip = 0; told.chip < SHARED; told.chip++) {
        if (license(hsm, &shared_chips[told.chip], told.license) != SFI_OK ||
            write(to, &told, sizeof(told)) != (ssize_t)sizeof(told))
            _exit(1);
    }
    _exit(0);
}

START_TEST(test_killed)
{
    struct {
        size_t chip;
        uint8_t license[SFI_LICENSE_LEN];
    } told;
    uint8_t data[SFI_LICENSE_LEN];
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    int pipes[2], status;

    for (size_t i = 0; i < SHARED; i++)
        chip_make(&maker, MAKER_PRODUCT, &shared_chips[i]);
    for (long round = 0; round < 12; round++) {
        pid_t child;

        ck_assert_int_eq(pipe(pipes), 0);
        child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            leave_check();
            take_and_tell(pipes[1]);
        }
        (void)close(pipes[1]);
        (void)nanosleep(&(struct timespec){.tv_nsec = 4000000 * round}, NULL);
        ck_assert_int_eq(kill(child, SIGKILL), 0);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        while (read(pipes[0], &told, sizeof(told)) == (ssize_t)sizeof(told)) {
            ck_assert_ok(license(hsm, &shared_chips[told.chip], data));
            ck_assert_mem_eq(data, told.license, sizeof(data));
        }
        (void)close(pipes[0]);
        /* its last commit may be under way; one is ours */
        database_wait_for_others(1);
        check_sum(hsm, counted());
    }
    sfi_hsm_free(hsm);
    for (size_t i = 0; i < SHARED; i++)
        chip_free(&shared_chips[i]);
}
END_TEST

/* A child's copy is of no use, and its end does not harm the parent's. */
START_TEST(test_forked)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    struct chip c;
    int status = 0;
    pid_t child;

    chip_make(&maker, MAKER_PRODUCT, &c);
    ck_assert_ok(sfi_hsm_hold(hsm, 0));
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        leave_check();
        status = license(hsm, &c, NULL) != SFI_ERR_STATE;
        sfi_hsm_free(hsm);
        _exit(status);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_ok(license(hsm, &c, NULL));
    check_sum(hsm, 1);
    sfi_hsm_free(hsm);
    chip_free(&c);
}
END_TEST

/* Somebody's session has the lock for ever. */
START_TEST(test_locked)
{
    sfi_hsm *hsm = vault_new(&maker, path, COUNT);
    struct chip c;

    chip_make(&maker, MAKER_PRODUCT, &c);
    (void)database_sql("SELECT pg_advisory_lock(x'53464957'::int, id) FROM "
                       "sfi.vault");
    ck_assert_fails_about(license(hsm, &c, NULL), SFI_ERR_TIMEOUT, where,
                          "another process has locked the vault", "10 s");
    (void)database_sql("SELECT pg_advisory_unlock_all()");
    ck_assert_ok(license(hsm, &c, NULL));
    check_sum(hsm, 1);
    sfi_hsm_free(hsm);
    chip_free(&c);
}
END_TEST

/* ---- the one server ---- */

START_TEST(test_hold)
{
    sfi_hsm *first = vault_new(&maker, path, COUNT);
    sfi_hsm *second = vault_login(path);
    struct chip chips[2];

    for (size_t i = 0; i < ROWS(chips); i++)
        chip_make(&maker, MAKER_PRODUCT, &chips[i]);
    ck_assert_ok(sfi_hsm_hold(first, 0));
    ck_assert_ok(sfi_hsm_hold(first, 0));
    ck_assert_fails_about(sfi_hsm_hold(second, 0), SFI_ERR_TIMEOUT, where,
                          "another licence server");
    ck_assert_int_eq(sfi_hsm_hold(second, 150), SFI_ERR_TIMEOUT);
    database_cut(); /* the lock goes with the connection, and is taken again */
    ck_assert_ok(license(first, &chips[0], NULL));
    ck_assert_int_eq(sfi_hsm_hold(second, 0), SFI_ERR_TIMEOUT);
    database_cut();
    ck_assert_ok(sfi_hsm_hold(second, 0));
    ck_assert_fails_about(license(first, &chips[1], NULL), SFI_ERR_HSM_STATE,
                          where, "another server took over");
    ck_assert_ok(license(second, &chips[1], NULL));
    sfi_hsm_free(second);
    ck_assert_ok(license(first, &chips[1], NULL)); /* it has ended */
    check_sum(first, 2);
    sfi_hsm_free(first);
    for (size_t i = 0; i < ROWS(chips); i++)
        chip_free(&chips[i]);
}
END_TEST

static void
add(Suite *s, const char *name, double timeout, void (*fill)(TCase *tc))
{
    TCase *tc = tcase_create(name);

    tcase_set_timeout(tc, timeout);
    tcase_add_checked_fixture(tc, setup, teardown);
    fill(tc);
    suite_add_tcase(s, tc);
}

static void
fill_rows(TCase *tc)
{
    tcase_add_loop_test(tc, test_names, 0, (int)ROWS(names));
    tcase_add_test(tc, test_several);
    tcase_add_test(tc, test_roles);
    tcase_add_test(tc, test_no_role_no_database);
    tcase_add_test(tc, test_read_only);
    tcase_add_test(tc, test_other_version);
    tcase_add_loop_test(tc, test_hostile, 0, (int)ROWS(hostile));
    tcase_add_loop_test(tc, test_swallowed, 0, 2);
}

static void
fill_faults(TCase *tc)
{
    tcase_add_test(tc, test_cut_between);
    tcase_add_test(tc, test_cut_within);
    tcase_add_loop_test(tc, test_cut_at_commit, 0, (int)ROWS(cuts));
    tcase_add_loop_test(tc, test_cut_at_provisioning, 0, (int)ROWS(cuts));
    tcase_add_test(tc, test_crashes);
    tcase_add_test(tc, test_older_backup);
    tcase_add_test(tc, test_together);
    tcase_add_test(tc, test_killed);
    tcase_add_test(tc, test_forked);
    tcase_add_test(tc, test_locked);
    tcase_add_test(tc, test_hold);
}

int
main(void)
{
    Suite *s = suite_create("vault_pg");

    add(s, "rows", 60, fill_rows);
    add(s, "faults", 120, fill_faults);
    return run_suite(s);
}

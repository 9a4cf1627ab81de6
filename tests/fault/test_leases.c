/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Random sequences of lease, licence and return, in which processes die at any
 * write: whatever happens, the sum over the HSM and its leases is constant.
 *   test_leases        a short form
 *   test_leases COUNT  so many sequences */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sfi/lease.h>

#include <bench/maker.h>
#include <disk/disk.h>
#include "fixture.h"

#define COUNT 40u
#define CHIPS 30u
#define SITES 4u
#define STEPS 14u
#define OPERATIONS 48u /* of the disk, in one step: about so many */

static const uint8_t audit_key[SFI_AUDIT_KEY_LEN] = {7, 2};
static struct maker maker;
static struct chip chips[CHIPS];
static char dir[256];
static unsigned sequences = 25;
static unsigned deaths, moves;
static uint64_t seed;

/* A site: not there, working, or given back. */
static struct site {
    enum { SITE_NONE, SITE_OPEN, SITE_BACK } state;
    uint64_t count;
} sites[SITES];

static uint32_t
draw(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 16) % below;
}

static const char *
path_of(const char *kind, unsigned number)
{
    static char paths[32][300];
    static unsigned next;
    char *path = paths[next++ % ROWS(paths)];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s%u", dir, kind, number);
    return path;
}

/* ---- steps, each in a process that may die ---- */

static sfi_status
open_at(const char *path, sfi_hsm **hsm)
{
    sfi_status st = vault_open(path, hsm);

    return st == SFI_OK ? sfi_hsm_login(*hsm, MAKER_PIN, strlen(MAKER_PIN))
                        : st;
}

/* As sfi-hsm lease. */
static sfi_status
step_lease(unsigned s, unsigned unused)
{
    const char *path = path_of("request", s);
    uint8_t lease[SFI_LEASE_LEN];
    size_t len = sizeof(lease), request_len;
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_lease_request *req = NULL;
    const uint8_t *request;
    sfi_hsm *line, *site;
    sfi_status st;

    (void)unused;
    ck_assert_ok(vault_open(path_of("site", s), &site));
    ck_assert_ok(sfi_hsm_get_info(site, &info));
    if (info.state != SFI_HSM_BLANK)
        return SFI_OK; /* an earlier try */
    ck_assert_ok(sfi_hsm_login(site, MAKER_PIN, strlen(MAKER_PIN)));
    ck_assert_ok(open_at(path_of("line", 0), &line));
    st = access(path, F_OK) == 0 ? sfi_lease_request_load(ctx, path, &req)
                                 : sfi_lease_request_create(ctx, path, &req);
    ck_assert_int_eq(st, SFI_OK);
    request = sfi_lease_request_data(req, &request_len);
    st = sfi_hsm_lease(line, request, request_len, sites[s].count, 100000,
                       lease, &len);
    if (st == SFI_OK)
        st = sfi_hsm_provision_lease(site, req, lease, len);
    return st;
}

static sfi_status
step_return(unsigned s, unsigned unused)
{
    uint8_t end[SFI_LEASE_END_LEN];
    size_t len = sizeof(end);
    uint64_t returned;
    sfi_hsm *line, *site;
    sfi_status st;

    (void)unused;
    ck_assert_ok(open_at(path_of("site", s), &site));
    ck_assert_ok(open_at(path_of("line", 0), &line));
    st = sfi_hsm_end_lease(site, end, &len);
    return st == SFI_OK ? sfi_hsm_return_lease(line, end, len, &returned) : st;
}

/* SITES: at the HSM itself. */
static sfi_status
step_license(unsigned s, unsigned chip)
{
    sfi_license *lic;
    sfi_hsm *hsm;

    ck_assert_ok(
        open_at(s == SITES ? path_of("line", 0) : path_of("site", s), &hsm));
    return sfi_hsm_generate_license(hsm, chips[chip].cert, &lic);
}

/* The status of a step, or 1: it died. */
static int
run_once(sfi_status (*step)(unsigned s, unsigned chip), unsigned s,
         unsigned chip, size_t at)
{
    int status;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        disk_install(at > 0 ? DISK_KILLED : DISK_FAST, at);
        _exit(-step(s, chip) / 100);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status), "a step crashed");
    return WEXITSTATUS(status) == DISK_DEAD ? 1 : -WEXITSTATUS(status) * 100;
}

/* It may die, and then the same is done again until it ends.  Returns the
 * hundreds of its status. */
static int
run_step(sfi_status (*step)(unsigned s, unsigned chip), unsigned s,
         unsigned chip)
{
    for (unsigned i = 0; i < 2; i++) {
        int st = run_once(step, s, chip, 1 + draw(OPERATIONS));

        if (st != 1)
            return st;
        deaths++;
    }
    return run_once(step, s, chip, 0);
}

/* ---- sequences ---- */

static bool used[SITES + 1][CHIPS];

static void
do_license(void)
{
    unsigned s = draw(SITES + 1), chip = draw(CHIPS);
    int st;

    if (s < SITES && sites[s].state != SITE_OPEN)
        return;
    st = run_step(step_license, s, chip);
    ck_assert_msg(st == 0 || st == -600, "a licence: %d", st);
    if (st == 0)
        used[s][chip] = true;
}

static void
do_lease_or_return(void)
{
    unsigned s = draw(SITES);
    int st;

    moves++;
    if (sites[s].state == SITE_NONE) {
        sites[s].count = 1 + draw(12);
        st = run_step(step_lease, s, 0);
        ck_assert_msg(st == 0 || st == -600, "a lease: %d", st);
        if (st == 0)
            sites[s].state = SITE_OPEN;
    } else if (sites[s].state == SITE_OPEN) {
        ck_assert_int_eq(run_step(step_return, s, 0), 0);
        sites[s].state = SITE_BACK;
    } else {
        ck_assert_int_eq(run_step(step_return, s, 0), 0); /* again */
    }
}

static const char *export(const char *vault, const char *log, unsigned number)
{
    const char *path = path_of(log, number);
    sfi_hsm *hsm;

    ck_assert_ok(open_at(path_of(vault, number), &hsm));
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    ck_assert_ok(sfi_hsm_export_audit(hsm, path));
    sfi_hsm_free(hsm);
    return path;
}

/* The logs account for every installation, and for every licence that left. */
static void
judge(uint64_t number)
{
    sfi_audit_total total = {.struct_size = sizeof(total)};
    const char *logs[SITES + 1];
    size_t count = 0;
    uint64_t licensed = 0;

    logs[count++] = export("line", "linelog", 0);
    for (unsigned s = 0; s < SITES; s++) {
        if (sites[s].state != SITE_NONE)
            logs[count++] = export("site", "sitelog", s);
    }
    ck_assert_ok(sfi_audit_verify_all(ctx, logs, count, audit_key,
                                      sizeof(audit_key), &total));
    for (unsigned s = 0; s <= SITES; s++) {
        for (unsigned c = 0; c < CHIPS; c++)
            licensed += used[s][c] ? 1 : 0;
    }
    ck_assert_msg(
        total.missing == 0 && total.given_up == 0 &&
            total.licensed == licensed &&
            total.licensed + total.remaining + total.outstanding == COUNT,
        "sequence %llu: %llu licensed (%llu left), %llu remain, %llu "
        "outstanding, %llu without a log",
        (unsigned long long)number, (unsigned long long)total.licensed,
        (unsigned long long)licensed, (unsigned long long)total.remaining,
        (unsigned long long)total.outstanding,
        (unsigned long long)total.missing);
}

static void
run_sequence(uint64_t number)
{
    sfi_provision_options options = {.struct_size = sizeof(options),
                                     .audit_key = audit_key};
    sfi_hsm *line;

    seed = 0x9e3779b97f4a7c15u * (number + 1);
    memset(sites, 0, sizeof(sites));
    memset(used, 0, sizeof(used));
    test_mkdir(dir, sizeof(dir));
    line = vault_login(path_of("line", 0));
    ck_assert_ok(sfi_hsm_provision(line, maker.key, maker.nonce, 12, "fw",
                                   COUNT, maker.perso, &options));
    sfi_hsm_free(line);
    for (unsigned i = 0; i < STEPS; i++) {
        if (draw(2) == 0)
            do_license();
        else
            do_lease_or_return();
    }
    judge(number);
    test_rmdir(dir);
}

START_TEST(test_sequences)
{
    fixture_setup();
    disk_install(DISK_FAST, 0);
    (void)maker_share(&maker);
    for (size_t i = 0; i < CHIPS; i++)
        chip_share(&maker, &chips[i]);
    for (unsigned i = 0; i < sequences; i++)
        run_sequence(i);
    (void)printf("%u sequences, %u leases and returns, %u deaths: each sum is "
                 "constant\n",
                 sequences, moves, deaths);
    for (size_t i = 0; i < CHIPS; i++)
        chip_free(&chips[i]);
    maker_free(&maker);
    fixture_teardown();
}
END_TEST

int
main(int argc, char **argv)
{
    Suite *s = suite_create("leases");
    TCase *tc = tcase_create("leases");

    if (argc > 1)
        sequences = (unsigned)strtoul(argv[1], NULL, 10);
    tcase_set_timeout(tc, 3600);
    tcase_add_test(tc, test_sequences);
    suite_add_tcase(s, tc);
    return run_suite(s);
}

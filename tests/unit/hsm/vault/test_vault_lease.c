/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Leases of a vault: given once, used at a site until their end, given back
 * once; and bytes of a lease or an end certificate that are not right.
 *   test_vault_lease         in SQLite files
 *   test_vault_lease memory  the same in the ledger of the tests */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sfi/lease.h>

#include "core/ctx.h"
#include "core/err.h"
#include "audit/chain.h"
#include "hsm/base/lease.h"
#include "hsm/vault/lease_format.h"

#include <bench/maker.h>
#include <disk/disk.h>
#include <disk/ledger_memory.h>
#include "fixture.h"

#define CHIPS 4u
#define COUNT 10u
#define DAY 86400u
#define NOW 1795352400u /* 2026-11-22T13:00:00Z */

static const uint8_t audit_key[SFI_AUDIT_KEY_LEN] = {7, 2};
static struct maker maker;
static struct chip chips[CHIPS];
static char dir[256], line_path[300], site_path[300], request_path[300];
static char at_line[320], at_site[320], at_other[320];
static sfi_hsm *line;
static sfi_lease_request *req;
static uint8_t lease[SFI_LEASE_LEN];
static uint64_t now;

static uint64_t
clock_wall(void *user)
{
    (void)user;
    return now;
}

static struct clock test_clock;

static const char *
in_dir(const char *name)
{
    static char path[300];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static sfi_hsm *
provision(const char *path, uint64_t count, const uint8_t *key)
{
    sfi_provision_options options = {.struct_size = sizeof(options),
                                     .audit_key = key};
    sfi_hsm *hsm = vault_login(path);

    ck_assert_ok(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12,
                                   MAKER_FIRMWARE_ID, count, maker.perso,
                                   &options));
    return hsm;
}

static void
setup(void)
{
    fixture_setup();
    disk_install(DISK_FAST, 0);
    (void)maker_share(&maker);
    for (size_t i = 0; i < CHIPS; i++)
        chip_share(&maker, &chips[i]);
    test_mkdir(dir, sizeof(dir));
    vault_path(line_path, sizeof(line_path), dir, "line.vault");
    vault_path(site_path, sizeof(site_path), dir, "site.vault");
    (void)snprintf(at_line, sizeof(at_line), "vault:%s", line_path);
    (void)snprintf(at_site, sizeof(at_site), "vault:%s", site_path);
    (void)snprintf(request_path, sizeof(request_path), "%s/site.request", dir);
    now = NOW;
    test_clock = *ctx->clock;
    test_clock.wall = clock_wall;
    ctx->clock = &test_clock;
    line = provision(line_path, COUNT, audit_key);
    ck_assert_ok(sfi_lease_request_create(ctx, request_path, &req));
}

static void
teardown(void)
{
    sfi_lease_request_free(req);
    sfi_hsm_free(line);
    ledger_memory_clear();
    test_rmdir(dir);
    for (size_t i = 0; i < CHIPS; i++)
        chip_free(&chips[i]);
    maker_free(&maker);
    fixture_teardown();
}

static sfi_status
ask(sfi_hsm *hsm, const sfi_lease_request *r, uint64_t count, uint64_t seconds,
    uint8_t *out)
{
    size_t len = SFI_LEASE_LEN, request_len;
    const uint8_t *request = sfi_lease_request_data(r, &request_len);
    sfi_status st =
        sfi_hsm_lease(hsm, request, request_len, count, seconds, out, &len);

    ck_assert_uint_eq(len, st == SFI_OK ? SFI_LEASE_LEN : 0);
    return st;
}

/* The site's vault of a lease of `count` for a week, logged in. */
static sfi_hsm *
site_new(uint64_t count)
{
    sfi_hsm *site = vault_login(site_path);

    ck_assert_ok(ask(line, req, count, 7 * DAY, lease));
    ck_assert_ok(sfi_hsm_provision_lease(site, req, lease, sizeof(lease)));
    return site;
}

static sfi_status
license(sfi_hsm *hsm, size_t chip)
{
    sfi_license *lic;
    sfi_status st = sfi_hsm_generate_license(hsm, chips[chip].cert, &lic);

    if (st == SFI_OK)
        chip_opens(&chips[chip], &maker, lic);
    sfi_license_free(lic);
    return st;
}

static void
end(sfi_hsm *site, uint8_t *out)
{
    size_t len = SFI_LEASE_END_LEN;

    ck_assert_ok(sfi_hsm_end_lease(site, out, &len));
    ck_assert_uint_eq(len, SFI_LEASE_END_LEN);
}

static sfi_audit_record
last_record(sfi_hsm *hsm)
{
    sfi_audit_record r = {.struct_size = sizeof(r)};
    sfi_audit_head h = {.struct_size = sizeof(h)};

    ck_assert_ok(sfi_hsm_get_audit_head(hsm, &h));
    ck_assert_ok(sfi_hsm_get_audit_record(hsm, h.sequence, &r));
    return r;
}

static const char *export(sfi_hsm *hsm, const char *name)
{
    static char paths[4][300];
    static size_t next;
    char *path = paths[next++ % ROWS(paths)];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    ck_assert_ok(sfi_hsm_export_audit(hsm, path));
    return path;
}

/* ---- the whole way ---- */

START_TEST(test_lease_and_return)
{
    sfi_audit_total total = {.struct_size = sizeof(total)};
    uint8_t certificate[SFI_LEASE_END_LEN], again[SFI_LEASE_END_LEN];
    const char *logs[2];
    sfi_audit_record r;
    uint64_t returned;
    sfi_hsm *site;

    ck_assert_ok(license(line, 0));
    site = site_new(4);
    ck_assert_uint_eq(vault_remaining(line), COUNT - 5);
    ck_assert_uint_eq(vault_remaining(site), 4);
    r = last_record(line);
    ck_assert_uint_eq(r.kind, SFI_AUDIT_LEASE);
    ck_assert_uint_eq(r.amount, 4);
    ck_assert_uint_eq(r.time, NOW);
    ck_assert_uint_eq(r.detail, NOW + 7 * DAY);
    ck_assert_ok(license(site, 1));
    ck_assert_ok(license(site, 2));
    end(site, certificate);
    end(site, again);
    ck_assert_mem_eq(again, certificate, sizeof(again));
    ck_assert_fails_about(license(site, 3), SFI_ERR_HSM_STATE, at_site,
                          "retired");
    for (size_t i = 0; i < 2; i++) {
        ck_assert_ok(sfi_hsm_return_lease(line, certificate,
                                          sizeof(certificate), &returned));
        ck_assert_uint_eq(returned, 2);
        ck_assert_uint_eq(vault_remaining(line), COUNT - 3);
    }
    r = last_record(line);
    ck_assert_uint_eq(r.kind, SFI_AUDIT_RETURN);
    ck_assert_uint_eq(r.amount, 2);
    ck_assert_uint_eq(r.detail, 2);
    ck_assert_ok(sfi_hsm_verify_audit(line));
    ck_assert_ok(sfi_hsm_verify_audit(site));
    logs[0] = export(site, "site.log");
    logs[1] = export(line, "line.log");
    ck_assert_ok(sfi_audit_verify_all(ctx, logs, 2, audit_key,
                                      sizeof(audit_key), &total));
    ck_assert_uint_eq(total.maximum, COUNT);
    ck_assert_uint_eq(total.licensed, 3);
    ck_assert_uint_eq(total.remaining, COUNT - 3);
    ck_assert_uint_eq(total.leases, 1);
    ck_assert_uint_eq(total.missing, 0);
    sfi_hsm_free(site);
}
END_TEST

/* After a crash or a lost answer. */
START_TEST(test_same_request)
{
    uint8_t again[SFI_LEASE_LEN];
    sfi_lease_request *loaded;

    ck_assert_ok(ask(line, req, 4, DAY, lease));
    now += 5;
    sfi_hsm_free(line);
    line = vault_login(line_path);
    ck_assert_ok(sfi_lease_request_load(ctx, request_path, &loaded));
    ck_assert_ok(ask(line, loaded, 4, DAY, again));
    ck_assert_mem_eq(again, lease, sizeof(lease));
    ck_assert_uint_eq(vault_remaining(line), COUNT - 4);
    ck_assert_fails_about(ask(line, req, 5, DAY, again), SFI_ERR_HSM_STATE,
                          at_line, "4 installations", "86400 seconds",
                          "record 1");
    ck_assert_fails_about(ask(line, req, 4, DAY + 1, again), SFI_ERR_HSM_STATE,
                          at_line, "record 1");
    ck_assert_uint_eq(vault_remaining(line), COUNT - 4);
    sfi_lease_request_free(loaded);
}
END_TEST

START_TEST(test_request_after_return)
{
    uint8_t certificate[SFI_LEASE_END_LEN];
    sfi_hsm *site = site_new(4);
    uint64_t returned;

    end(site, certificate);
    sfi_hsm_free(site);
    ck_assert_ok(sfi_hsm_return_lease(line, certificate, sizeof(certificate),
                                      &returned));
    ck_assert_uint_eq(returned, 4);
    ck_assert_fails_about(ask(line, req, 4, 7 * DAY, lease), SFI_ERR_HSM_STATE,
                          at_line, "given back already");
}
END_TEST

START_TEST(test_site_is_bound)
{
    sfi_audit_head parent = {.struct_size = sizeof(parent)};
    sfi_audit_head h = {.struct_size = sizeof(h)};
    sfi_hsm *site = site_new(3);

    ck_assert_ok(sfi_hsm_get_audit_head(line, &parent));
    ck_assert_ok(sfi_hsm_get_audit_head(site, &h));
    ck_assert_uint_eq(h.maximum, 3);
    ck_assert_uint_eq(h.lease, 1);
    ck_assert_uint_eq(h.expires, NOW + 7 * DAY);
    ck_assert_mem_eq(h.parent, parent.serial, sizeof(h.parent));
    ck_assert_mem_eq(h.lease_record, parent.audit_head, 32);
    ck_assert_mem_ne(h.serial, parent.serial, sizeof(h.serial));
    ck_assert_str_eq(h.firmware_id, MAKER_FIRMWARE_ID);
    ck_assert_fails_about(ask(site, req, 1, DAY, lease), SFI_ERR_HSM_STATE,
                          at_site, "leased itself");
    ck_assert_fails_about(
        sfi_hsm_provision_lease(site, req, lease, sizeof(lease)),
        SFI_ERR_HSM_STATE, at_site, "already provisioned");
    sfi_hsm_free(site);
    ck_assert_int_eq(vault_open(site_path, &site), SFI_OK);
    ck_assert_ok(sfi_hsm_login(site, MAKER_PIN, strlen(MAKER_PIN)));
    ck_assert_ok(license(site, 0));
    sfi_hsm_free(site);
}
END_TEST

START_TEST(test_too_many)
{
    ck_assert_ok(license(line, 0));
    ck_assert_fails_about(ask(line, req, COUNT, DAY, lease),
                          SFI_ERR_HSM_COUNTER, at_line, "10 installations",
                          "9 of 10");
    ck_assert_ok(ask(line, req, COUNT - 1, DAY, lease));
    ck_assert_fails_about(license(line, 1), SFI_ERR_HSM_COUNTER, at_line,
                          "no installations left");
    ck_assert_ok(license(line, 0)); /* counted before */
}
END_TEST

START_TEST(test_arguments)
{
    static const uint8_t off_curve[SFI_LEASE_REQUEST_LEN] = {1};
    size_t len = SFI_LEASE_LEN - 1, request_len;
    const uint8_t *request = sfi_lease_request_data(req, &request_len);
    sfi_hsm *blank;

    ck_assert_uint_eq(request_len, SFI_LEASE_REQUEST_LEN);
    ck_assert_fails_about(
        sfi_hsm_lease(line, request, request_len, 1, 1, lease, &len),
        SFI_ERR_BUFFER, "", "435 bytes", "436");
    ck_assert_uint_eq(len, SFI_LEASE_LEN);
    ck_assert_fails_about(
        sfi_hsm_lease(line, request, request_len - 1, 1, 1, lease, &len),
        SFI_ERR_RANGE, "", "63 bytes");
    len = SFI_LEASE_LEN;
    ck_assert_fails_about(ask(line, req, 0, 1, lease), SFI_ERR_RANGE, "",
                          "0 installations");
    ck_assert_fails_about(ask(line, req, 1, 0, lease), SFI_ERR_RANGE, "",
                          "0 seconds");
    ck_assert_fails_about(ask(line, req, 1, SFI_LEASE_SECONDS_MAX + 1, lease),
                          SFI_ERR_RANGE, "", "315360001 seconds");
    ck_assert_fails_about(
        sfi_hsm_lease(line, off_curve, sizeof(off_curve), 1, 1, lease, &len),
        SFI_ERR_FORMAT, at_line, "point on P-256");
    ck_assert_ok(vault_open(site_path, &blank));
    ck_assert_fails_about(ask(blank, req, 1, 1, lease), SFI_ERR_HSM_STATE,
                          at_site, "blank");
    ck_assert_ok(ask(line, req, 1, DAY, lease));
    ck_assert_fails_about(
        sfi_hsm_provision_lease(blank, req, lease, sizeof(lease)),
        SFI_ERR_HSM_PIN, at_site, "no PIN set");
    sfi_hsm_free(blank);
    len = SFI_LEASE_END_LEN;
    ck_assert_fails_about(sfi_hsm_end_lease(line, lease, &len),
                          SFI_ERR_HSM_STATE, at_line, "not leased");
}
END_TEST

START_TEST(test_needs_login)
{
    uint64_t returned;
    size_t len = SFI_LEASE_END_LEN;
    sfi_hsm *hsm;

    ck_assert_ok(vault_open(line_path, &hsm));
    ck_assert_fails_about(ask(hsm, req, 1, 1, lease), SFI_ERR_HSM_PIN, at_line,
                          "after a login");
    ck_assert_fails_about(sfi_hsm_end_lease(hsm, lease, &len), SFI_ERR_HSM_PIN,
                          at_line, "after a login");
    ck_assert_fails_about(
        sfi_hsm_return_lease(hsm, lease, SFI_LEASE_END_LEN, &returned),
        SFI_ERR_HSM_PIN, at_line, "after a login");
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_request_file)
{
    struct stat info;
    sfi_lease_request *other;

    ck_assert_int_eq(stat(request_path, &info), 0);
    ck_assert_uint_eq(mode_of_file(request_path), 0600);
    ck_assert_fails_about(sfi_lease_request_create(ctx, request_path, &other),
                          SFI_ERR_ACCESS, request_path, "cannot create");
    ck_assert_fails_about(sfi_lease_request_load(ctx, in_dir("none"), &other),
                          SFI_ERR_OS, in_dir("none"), "No such file");
    ck_assert_ok(sfi_audit_key_create(ctx, in_dir("other")));
    ck_assert_fails_about(sfi_lease_request_load(ctx, in_dir("other"), &other),
                          SFI_ERR_FORMAT, in_dir("other"), "P-256 private key");
    ck_assert_ptr_null(sfi_lease_request_data(NULL, NULL));
}
END_TEST

/* ---- the end ---- */

START_TEST(test_end_comes)
{
    sfi_hsm *site = site_new(4);

    now = NOW + 7 * DAY - 1;
    ck_assert_ok(license(site, 0));
    now = NOW + 7 * DAY;
    ck_assert_fails(license(site, 1), SFI_ERR_HSM_STATE, at_site,
                    "the lease of this vault ended at 2026-11-29T13:00:00Z: "
                    "give it back");
    ck_assert_fails_about(license(site, 0), SFI_ERR_HSM_STATE, at_site,
                          "ended");
    sfi_hsm_free(site);
}
END_TEST

/* The latest time of a record counts. */
START_TEST(test_clock_set_back)
{
    sfi_hsm *site = site_new(4);

    now = NOW + 3 * DAY;
    ck_assert_ok(license(site, 0));
    now = NOW - 100 * DAY;
    ck_assert_ok(license(site, 1));
    ck_assert_uint_eq(last_record(site).time, NOW + 3 * DAY);
    now = NOW + 8 * DAY;
    ck_assert_fails_about(license(site, 2), SFI_ERR_HSM_STATE, at_site,
                          "ended");
    sfi_hsm_free(site);
}
END_TEST

/* What happened after the end is no obstacle to giving it back. */
START_TEST(test_return_after_end)
{
    uint8_t certificate[SFI_LEASE_END_LEN];
    sfi_hsm *site = site_new(4);
    uint64_t returned;

    now = NOW + 30 * DAY;
    end(site, certificate);
    now = NOW;
    sfi_hsm_free(site);
    ck_assert_ok(sfi_hsm_return_lease(line, certificate, sizeof(certificate),
                                      &returned));
    ck_assert_uint_eq(returned, 4);
    ck_assert_uint_eq(vault_remaining(line), COUNT);
}
END_TEST

/* ---- hostile leases ---- */

static sfi_status
try_lease(const uint8_t *data, size_t len)
{
    sfi_hsm *site = vault_login(site_path);
    sfi_status st = sfi_hsm_provision_lease(site, req, data, len);
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    struct sfi_error error;

    sfi__error_keep(ctx, &error);
    ck_assert_ok(sfi_hsm_get_info(site, &info));
    ck_assert_uint_eq(info.state, SFI_HSM_BLANK);
    sfi__error_restore(ctx, &error);
    sfi_hsm_free(site);
    return st;
}

START_TEST(test_lease_flipped)
{
    ck_assert_ok(ask(line, req, 4, DAY, lease));
    for (size_t i = 0; i < sizeof(lease); i += test_step(13)) {
        sfi_status st;

        lease[i] ^= (uint8_t)(1u << i % 8);
        st = try_lease(lease, sizeof(lease));
        ck_assert_msg(st == SFI_ERR_AUTH || st == SFI_ERR_FORMAT,
                      "byte %zu: %s", i, sfi_status_name(st));
        lease[i] ^= (uint8_t)(1u << i % 8);
    }
}
END_TEST

START_TEST(test_lease_cut)
{
    uint8_t longer[SFI_LEASE_LEN + 1] = {0};

    ck_assert_ok(ask(line, req, 4, DAY, lease));
    for (size_t len = 0; len < sizeof(lease); len += test_step(29))
        ck_assert_int_eq(try_lease(lease, len), SFI_ERR_TRUNCATED);
    memcpy(longer, lease, sizeof(lease));
    ck_assert_int_eq(try_lease(longer, sizeof(longer)), SFI_ERR_FORMAT);
}
END_TEST

START_TEST(test_lease_of_another)
{
    sfi_lease_request *other;

    ck_assert_ok(sfi_lease_request_create(ctx, in_dir("other"), &other));
    ck_assert_ok(ask(line, other, 4, DAY, lease));
    ck_assert_fails_about(try_lease(lease, sizeof(lease)), SFI_ERR_AUTH,
                          at_site, "another request");
    sfi_lease_request_free(other);
}
END_TEST

/* Whoever has the request can make a lease, but not one that breaks a vault. */
START_TEST(test_lease_forged)
{
    static const struct {
        uint64_t sequence, count, expires;
        uint32_t flags;
        char id, product;
    } rows[] = {
        {0, 1, NOW + 1, 0, 'f', '4'},
        {1, 0, NOW + 1, 0, 'f', '4'},
        {1, UINT64_MAX, NOW + 1, 0, 'f', '4'},
        {1, 1, NOW, 0, 'f', '4'},
        {1, 1, UINT64_MAX, 0, 'f', '4'},
        {UINT64_MAX, 1, NOW + 1, 0, 'f', '4'},
        {1, 1, NOW + 1, 0x80000000u, 'f', '4'},
        {1, 1, NOW + 1, 0, '\n', '4'},
        {1, 1, NOW + 1, 0, 'f', ' '},
        {1, 1, NOW + 1, 0, '\0', '4'},
    };
    const struct vault_secrets secrets = {{0}, {0}, {0}};
    struct lease_terms t = {.sequence = rows[_i].sequence,
                            .count = rows[_i].count,
                            .time = NOW,
                            .expires = rows[_i].expires,
                            .flags = rows[_i].flags,
                            .firmware_id = "fw",
                            .product_id = "45002001"};

    t.firmware_id[0] = rows[_i].id;
    t.product_id[0] = rows[_i].product;
    memcpy(t.ca_public, maker.ca_public, sizeof(t.ca_public));
    ck_assert_ok(sfi__lease_seal(ctx, &t, sfi_lease_request_data(req, NULL),
                                 &secrets, lease));
    ck_assert_int_eq(try_lease(lease, sizeof(lease)), SFI_ERR_FORMAT);
}
END_TEST

/* ---- hostile end certificates ---- */

static sfi_status
give_back(sfi_hsm *hsm, const uint8_t *data, size_t len)
{
    uint64_t returned = 99;
    sfi_status st = sfi_hsm_return_lease(hsm, data, len, &returned);

    if (st != SFI_OK)
        ck_assert_uint_eq(returned, 0);
    return st;
}

START_TEST(test_end_flipped)
{
    uint8_t certificate[SFI_LEASE_END_LEN];
    sfi_hsm *site = site_new(4);

    end(site, certificate);
    sfi_hsm_free(site);
    for (size_t i = 0; i < sizeof(certificate); i++) {
        sfi_status st;

        certificate[i] ^= (uint8_t)(1u << i % 8);
        st = give_back(line, certificate, sizeof(certificate));
        ck_assert_msg(st == SFI_ERR_AUTH || st == SFI_ERR_FORMAT ||
                          st == SFI_ERR_HSM_STATE,
                      "byte %zu: %s", i, sfi_status_name(st));
        certificate[i] ^= (uint8_t)(1u << i % 8);
        ck_assert_int_eq(give_back(line, certificate, i), SFI_ERR_TRUNCATED);
    }
    ck_assert_uint_eq(vault_remaining(line), COUNT - 4);
    ck_assert_ok(give_back(line, certificate, sizeof(certificate)));
    ck_assert_uint_eq(vault_remaining(line), COUNT);
}
END_TEST

START_TEST(test_end_elsewhere)
{
    static const uint8_t other_key[SFI_AUDIT_KEY_LEN] = {1};
    uint8_t certificate[SFI_LEASE_END_LEN];
    char path[300];
    sfi_hsm *other, *site = site_new(4);

    end(site, certificate);
    sfi_hsm_free(site);
    vault_path(path, sizeof(path), dir, "other.vault");
    (void)snprintf(at_other, sizeof(at_other), "vault:%s", path);
    other = provision(path, 20, other_key);
    ck_assert_ok(ask(other, req, 4, 7 * DAY, lease));
    ck_assert_fails_about(give_back(other, certificate, sizeof(certificate)),
                          SFI_ERR_HSM_STATE, at_other, "the lease is of HSM");
    ck_assert_uint_eq(vault_remaining(other), 16);
    sfi_hsm_free(other);
}
END_TEST

static void
sign(const struct lease_end *e, uint8_t *out)
{
    uint8_t site_key[SFI_AUDIT_KEY_LEN];

    sfi__clear_error(ctx); /* of an expected failure */
    ck_assert_ok(sfi__chain_lease_key(ctx, audit_key, e->record, site_key));
    ck_assert_ok(sfi__lease_put_end(ctx, e, site_key, out));
}

/* A site has no key that is of use for the records of others. */
START_TEST(test_site_has_own_key)
{
    uint8_t certificate[SFI_LEASE_END_LEN];
    uint8_t key[SFI_AUDIT_KEY_LEN];
    struct vault_secrets secrets;
    struct lease_terms terms;
    struct lease_end e;
    sfi_hsm *site = site_new(4);

    ck_assert_ok(sfi__lease_open(ctx, req->key_secret, lease, SFI_LEASE_LEN,
                                 &terms, &secrets));
    ck_assert_mem_ne(secrets.audit_key_secret, audit_key, sizeof(audit_key));
    ck_assert_ok(sfi__chain_lease_key(ctx, audit_key, terms.record, key));
    ck_assert_mem_eq(secrets.audit_key_secret, key, sizeof(key));
    end(site, certificate);
    sfi_hsm_free(site);
    ck_assert_ok(
        sfi__lease_read_end(ctx, certificate, sizeof(certificate), &e));
    e.record[0] ^= 1; /* the end of another site, by this one */
    ck_assert_ok(sfi__lease_put_end(ctx, &e, key, certificate));
    ck_assert_fails_about(give_back(line, certificate, sizeof(certificate)),
                          SFI_ERR_AUTH, at_line, "MAC");
}
END_TEST

/* Signed with the site's key, and still wrong. */
START_TEST(test_end_forged)
{
    uint8_t certificate[SFI_LEASE_END_LEN], real[SFI_LEASE_END_LEN];
    sfi_hsm *site;
    struct lease_end e;

    ck_assert_ok(license(line, 0));
    site = site_new(4);
    end(site, real);
    sfi_hsm_free(site);
    ck_assert_ok(sfi__lease_read_end(ctx, real, sizeof(real), &e));
    e.remaining = 5;
    sign(&e, certificate);
    ck_assert_fails_about(give_back(line, certificate, sizeof(certificate)),
                          SFI_ERR_HSM_STATE, at_line, "5 installations",
                          "a lease of 4");
    e.remaining = 4;
    e.lease = 1; /* a licence */
    sign(&e, certificate);
    ck_assert_fails_about(give_back(line, certificate, sizeof(certificate)),
                          SFI_ERR_HSM_STATE, at_line, "no lease in record 1");
    e.lease = 3;
    sign(&e, certificate);
    ck_assert_fails_about(give_back(line, certificate, sizeof(certificate)),
                          SFI_ERR_HSM_STATE, at_line, "no lease in record 3");
    e.lease = 2;
    e.remaining = 3; /* another vault of the same lease */
    ck_assert_ok(give_back(line, real, sizeof(real)));
    sign(&e, certificate);
    ck_assert_fails_about(give_back(line, certificate, sizeof(certificate)),
                          SFI_ERR_HSM_STATE, at_line, "record 3", "two vaults");
    ck_assert_uint_eq(vault_remaining(line), COUNT - 1);
}
END_TEST

START_TEST(test_retired)
{
    uint8_t certificate[SFI_LEASE_END_LEN];
    sfi_hsm *site = site_new(4);

    end(site, certificate);
    sfi_hsm_free(site);
    ck_assert_ok(sfi_hsm_retire(line));
    ck_assert_fails_about(give_back(line, certificate, sizeof(certificate)),
                          SFI_ERR_HSM_STATE, at_line, "retired");
    ck_assert_fails_about(ask(line, req, 4, 7 * DAY, lease), SFI_ERR_HSM_STATE,
                          at_line, "retired");
}
END_TEST

static Suite *
lease_suite(void)
{
    Suite *s = suite_create("lease");
    TCase *tc = tcase_create("lease");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_lease_and_return);
    tcase_add_test(tc, test_same_request);
    tcase_add_test(tc, test_request_after_return);
    tcase_add_test(tc, test_site_is_bound);
    tcase_add_test(tc, test_too_many);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_needs_login);
    tcase_add_test(tc, test_request_file);
    tcase_add_test(tc, test_end_comes);
    tcase_add_test(tc, test_clock_set_back);
    tcase_add_test(tc, test_return_after_end);
    tcase_add_test(tc, test_lease_flipped);
    tcase_add_test(tc, test_lease_cut);
    tcase_add_test(tc, test_lease_of_another);
    tcase_add_loop_test(tc, test_lease_forged, 0, 10);
    tcase_add_test(tc, test_end_flipped);
    tcase_add_test(tc, test_end_elsewhere);
    tcase_add_test(tc, test_end_forged);
    tcase_add_test(tc, test_site_has_own_key);
    tcase_add_test(tc, test_retired);
    suite_add_tcase(s, tc);
    return s;
}

int
main(int argc, char **argv)
{
    (void)vault_choose(argc, argv);
    return run_suite(lease_suite());
}

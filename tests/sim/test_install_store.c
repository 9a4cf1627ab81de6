/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Installs with a licence store: a set licence goes first, then a stored one,
 * then the HSM, which is not asked for a stored one; its licence is stored
 * before use. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sfi/device.h>
#include <sfi/license_store.h>
#include <sfi/target.h>

#include "core/ctx.h"
#include "crypto/ecc.h"
#include "license/license.h"

#include <bench/maker.h>
#include <bench/station.h>

static const char *const chips[] = {"stm32h753xi", "stm32l462ce"};

static char folder[1200];
static sfi_license_store *store;
static sfi_certificate *cert; /* of the chip on the bench */

static void
setup(const char *chip)
{
    uint8_t data[SFI_CERTIFICATE_LEN];
    size_t len = sizeof(data);

    station_setup(chip);
    (void)snprintf(folder, sizeof(folder), "%s/store", board.base);
    ck_assert_ok(sfi_license_store_open(ctx, folder, 1, &store));
    ck_assert_ok(
        sfi_sim_peek(ctx, board.state, SFI_SIM_CERTIFICATE, data, &len));
    ck_assert_ok(sfi_certificate_parse(ctx, data, len, &cert));
}

static const char *
file(void)
{
    static char path[1400];

    (void)snprintf(path, sizeof(path), "%s/%s.lic", folder,
                   sfi_certificate_device_id(cert));
    return path;
}

static void
teardown(void)
{
    (void)unlink(file());
    ck_assert_int_eq(rmdir(folder), 0);
    sfi_certificate_free(cert);
    sfi_license_store_free(store);
    station_teardown();
}

/* A licence was made for its certificate, so the chip is secure. */
static void
put(const uint8_t data[SFI_LICENSE_LEN])
{
    sfi_license *lic;
    sfi_target *t;

    ck_assert_ok(sfi_target_connect(ctx, NULL, station.tp, 0, &t));
    ck_assert_ok(sfi_target_activate_security(t));
    sfi_target_free(t);
    ck_assert_ok(sfi_license_parse(ctx, data, SFI_LICENSE_LEN, &lic));
    ck_assert_ok(sfi_license_store_put(store, cert, lic));
    sfi_license_free(lic);
}

static void
assert_stored(const uint8_t *data)
{
    sfi_license *lic;

    ck_assert_ok(sfi_license_store_find(store, cert, &lic));
    ck_assert(data == NULL ? lic == NULL : lic != NULL);
    if (data != NULL)
        ck_assert_mem_eq(sfi_license_data(lic, NULL), data, SFI_LICENSE_LEN);
    sfi_license_free(lic);
}

/* An installer with store and, if asked for, the station's HSM. */
static sfi_installer *
prepare(bool hsm)
{
    const struct buf *image = &station.package.image;
    sfi_installer *in;

    sfi_installer_free(station.installer);
    ck_assert_ok(sfi_installer_new(ctx, NULL, &station.installer));
    in = station.installer;
    ck_assert_ok(sfi_installer_set_image(in, image->data, image->len));
    ck_assert_ok(sfi_installer_set_transport(in, station.tp));
    ck_assert_ok(sfi_installer_set_license_store(in, store));
    if (hsm)
        ck_assert_ok(sfi_installer_set_hsm(in, station.hsm));
    return in;
}

/* The HSM refuses every request, as it has no PIN yet. */
static void
lock_hsm(void)
{
    sfi_hsm_free(station.hsm);
    ck_assert_ok(vault_open(station.vault, &station.hsm));
}

/* ---- success ---- */

START_TEST(test_stored_alone)
{
    setup(chips[_i]);
    put(station.package.license);
    ck_assert_ok(sfi_installer_run(prepare(false)));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT);
    teardown();
}
END_TEST

START_TEST(test_stored_before_hsm)
{
    sfi_installer *in;

    setup(chips[_i]);
    put(station.package.license);
    lock_hsm();
    in = prepare(true);
    ck_assert_ok(sfi_installer_run(in));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT);
    ck_assert_mem_eq(sfi_license_data(sfi_installer_license(in), NULL),
                     station.package.license, SFI_LICENSE_LEN);
    teardown();
}
END_TEST

/* A set licence is used whatever the store holds, and not stored. */
START_TEST(test_given_before_stored)
{
    uint8_t other[SFI_LICENSE_LEN];
    sfi_installer *in;

    setup("stm32h753xi");
    for (int there = 0; there < 2; there++) {
        memcpy(other, station.package.license, sizeof(other));
        other[100] ^= 1; /* the chip would refuse the stored one */
        if (there)
            put(other);
        in = station_prepare_licensed();
        ck_assert_ok(sfi_installer_set_license_store(in, store));
        ck_assert_ok(sfi_installer_set_erase(in, there));
        ck_assert_ok(sfi_installer_run(in));
        install_assert_complete(&station.package);
        assert_stored(there ? other : NULL);
    }
    ck_assert_uint_eq(station_remaining(), STATION_COUNT);
    teardown();
}
END_TEST

/* The HSM's licence is in the store before the chip receives it: a station that
 * crashes right then needs no HSM the next time. */
START_TEST(test_hsm_fills_the_store)
{
    uint8_t data[SFI_LICENSE_LEN];
    sfi_installer *in;
    int finished;

    setup(chips[_i]);
    in = prepare(true);
    while (sfi_installer_license(in) == NULL) {
        assert_stored(NULL);
        ck_assert_ok(sfi_installer_step(in, &finished));
    }
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    memcpy(data, sfi_license_data(sfi_installer_license(in), NULL),
           sizeof(data));
    assert_stored(data);
    lock_hsm();
    ck_assert_ok(sfi_installer_run(prepare(false)));
    install_assert_complete(&station.package);
    assert_stored(data);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    teardown();
}
END_TEST

/* A path is a folder, made if it must be, or a licence, which goes first. */
START_TEST(test_paths)
{
    char path[1300];
    sfi_license *lic;
    sfi_installer *in;

    setup("stm32h753xi");
    ck_assert_int_eq(rmdir(folder), 0);
    in = station_prepare();
    ck_assert_ok(sfi_installer_set_license_path(in, folder, 1));
    ck_assert_ok(sfi_installer_run(in));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    assert_stored(sfi_license_data(sfi_installer_license(in), NULL));
    lock_hsm();
    in = station_prepare();
    ck_assert_ok(sfi_installer_set_erase(in, 1));
    ck_assert_ok(sfi_installer_set_license_path(in, folder, 0));
    ck_assert_ok(sfi_installer_run(in));
    assert_stored(sfi_license_data(sfi_installer_license(in), NULL));
    (void)snprintf(path, sizeof(path), "%s/given", board.base);
    ck_assert_ok(
        sfi_license_parse(ctx, station.package.license, SFI_LICENSE_LEN, &lic));
    ck_assert_ok(sfi_license_save(lic, path));
    in = station_prepare();
    ck_assert_ok(sfi_installer_set_erase(in, 1));
    ck_assert_ok(sfi_installer_set_license_path(in, folder, 0));
    ck_assert_ok(sfi_installer_set_license_path(in, path, 0));
    ck_assert_int_eq(unlink(path), 0); /* it was read */
    ck_assert_ok(sfi_installer_run(in));
    ck_assert_mem_eq(sfi_license_data(sfi_installer_license(in), NULL),
                     station.package.license, SFI_LICENSE_LEN);
    sfi_license_free(lic);
    teardown();
}
END_TEST

/* ---- what goes wrong: nothing in the chip, nothing lost ---- */

static void
assert_unharmed(uint64_t counted)
{
    install_assert_clean(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - counted);
    ck_assert_ok(station_install(false));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
}

START_TEST(test_not_stored)
{
    char message[256];

    setup(chips[_i]);
    if (_i == 0) /* an open chip stays open */
        (void)snprintf(message, sizeof(message),
                       "an open chip has never shown its certificate, so no "
                       "licence of it is stored: save its certificate, which "
                       "makes it secure for ever, and license it where the "
                       "HSM is");
    else
        (void)snprintf(message, sizeof(message),
                       "no licence for device %s is stored: license its "
                       "certificate where the HSM is",
                       sfi_certificate_device_id(cert));
    ck_assert_fails(sfi_installer_run(prepare(false)), SFI_ERR_NO_LICENSE,
                    folder, message);
    assert_unharmed(0);
    teardown();
}
END_TEST

/* A damaged file is named in the message, and the HSM does not count. */
START_TEST(test_stored_is_damaged)
{
    setup(chips[_i]);
    put(station.package.license);
    ck_assert_int_eq(truncate(file(), 100), 0);
    ck_assert_fails_about(sfi_installer_run(prepare(true)), SFI_ERR_TRUNCATED,
                          file(), "licence", "100 bytes", "136");
    assert_unharmed(0);
    teardown();
}
END_TEST

/* A licence of another device under this device's name: the chip refuses it. */
START_TEST(test_stored_is_of_another_device)
{
    uint8_t secret[SFI_ECC_SECRET_LEN], public_key[SFI_ECC_PUBLIC_LEN];
    uint8_t data[SFI_LICENSE_LEN];

    setup(chips[_i]);
    ck_assert_ok(sfi__ecc_generate(ctx, secret, public_key));
    ck_assert_ok(sfi__license_make(ctx, public_key, LICENSE_STATIC, 0,
                                   station.package.key, station.package.nonce,
                                   data));
    put(data);
    ck_assert_fails_about(sfi_installer_run(prepare(true)), SFI_ERR_DEVICE,
                          "stream", "licence", "certificate");
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     SFI_CAUSE_LICENSE);
    assert_unharmed(0);
    teardown();
}
END_TEST

/* A folder in which not even root can write. */
#define UNWRITABLE "/proc/self/task"

/* The licence cannot be stored: it counted, and is provided again. */
START_TEST(test_store_cannot_be_written)
{
    sfi_license_store *other;
    sfi_installer *in;
    char path[200];

    setup(chips[_i]);
    ck_assert_ok(sfi_license_store_open(ctx, UNWRITABLE, 1, &other));
    in = station_prepare();
    ck_assert_ok(sfi_installer_set_license_store(in, other));
    sfi_license_store_free(other);
    (void)snprintf(path, sizeof(path), "%s/%s.lic", UNWRITABLE,
                   sfi_certificate_device_id(cert));
    ck_assert_fails_about(sfi_installer_run(in), SFI_ERR_OS, path, "write",
                          "No such file");
    ck_assert_ptr_null(sfi_installer_license(in));
    assert_unharmed(1);
    teardown();
}
END_TEST

START_TEST(test_hsm_refuses)
{
    setup("stm32h753xi");
    lock_hsm();
    ck_assert_int_eq(sfi_installer_run(prepare(true)), SFI_ERR_HSM_PIN);
    assert_stored(NULL);
    sfi_hsm_free(station.hsm);
    station.hsm = vault_login(station.vault);
    assert_unharmed(0);
    teardown();
}
END_TEST

/* ---- arguments ---- */

START_TEST(test_arguments)
{
    sfi_license_store *foreign;
    sfi_ctx *elsewhere;
    sfi_installer *in;
    int finished;

    setup("stm32h753xi");
    in = prepare(true);
    ck_assert_int_eq(sfi_installer_set_license_store(NULL, store),
                     SFI_ERR_ARGUMENT);
    ck_assert_fails_about(sfi_installer_set_license_store(in, NULL),
                          SFI_ERR_ARGUMENT, "", "store is NULL",
                          "a licence store");
    ck_assert_int_eq(sfi_ctx_new(NULL, &elsewhere), SFI_OK);
    ck_assert_int_eq(sfi_license_store_open(elsewhere, folder, 0, &foreign),
                     SFI_OK);
    ck_assert_fails_about(sfi_installer_set_license_store(in, foreign),
                          SFI_ERR_ARGUMENT, "", "context");
    sfi_license_store_free(foreign);
    sfi_ctx_free(elsewhere);
    ck_assert_ok(sfi_installer_step(in, &finished));
    ck_assert_fails_about(sfi_installer_set_license_store(in, store),
                          SFI_ERR_STATE, "", "begun");
    /* the installer keeps a reference */
    sfi_license_store_free(store);
    ck_assert_ok(sfi_installer_run(in));
    ck_assert_ok(sfi_license_store_open(ctx, folder, 0, &store));
    assert_stored(sfi_license_data(sfi_installer_license(in), NULL));
    teardown();
}
END_TEST

/* The installer keeps what it had. */
START_TEST(test_paths_that_fail)
{
    char path[1300];
    sfi_installer *in;
    int finished;

    setup("stm32h753xi");
    put(station.package.license);
    in = prepare(false);
    (void)snprintf(path, sizeof(path), "%s/none", board.base);
    ck_assert_int_eq(sfi_installer_set_license_path(NULL, path, 0),
                     SFI_ERR_ARGUMENT);
    ck_assert_fails_about(sfi_installer_set_license_path(in, NULL, 0),
                          SFI_ERR_ARGUMENT, "", "path != NULL");
    ck_assert_fails_about(sfi_installer_set_license_path(in, path, 0),
                          SFI_ERR_OS, path, "No such file");
    ck_assert_fails_about(sfi_installer_set_license_path(in, file(), 1),
                          SFI_ERR_OS, file(), "not a licence store", "folder");
    (void)snprintf(path, sizeof(path), "%s/none/none", board.base);
    ck_assert_fails_about(sfi_installer_set_license_path(in, path, 1),
                          SFI_ERR_OS, path, "cannot create the folder");
    ck_assert_ok(sfi_installer_step(in, &finished));
    ck_assert_fails_about(sfi_installer_set_license_path(in, file(), 0),
                          SFI_ERR_STATE, "", "begun");
    ck_assert_ok(sfi_installer_run(in));
    install_assert_complete(&station.package);
    teardown();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("install_store");
    TCase *tc = tcase_create("install_store");
    const int all = (int)ROWS(chips);

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, test_stored_alone, 0, all);
    tcase_add_loop_test(tc, test_stored_before_hsm, 0, all);
    tcase_add_test(tc, test_given_before_stored);
    tcase_add_loop_test(tc, test_hsm_fills_the_store, 0, all);
    tcase_add_loop_test(tc, test_not_stored, 0, all);
    tcase_add_loop_test(tc, test_stored_is_damaged, 0, all);
    tcase_add_loop_test(tc, test_stored_is_of_another_device, 0, all);
    tcase_add_loop_test(tc, test_store_cannot_be_written, 0, all);
    tcase_add_test(tc, test_hsm_refuses);
    tcase_add_test(tc, test_paths);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_paths_that_fail);
    suite_add_tcase(s, tc);
    return run_suite(s);
}

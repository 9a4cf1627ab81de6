/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What is known without a chip's certificate fails before SECURITY makes the
 * chip secure for ever, and before an HSM counts it. */
#include <stdio.h>
#include <string.h>

#include <sfi/license_store.h>
#include <sfi/target.h>

#include "core/ctx.h"

#include <bench/maker.h>
#include <bench/station.h>

static const char *const chips[] = {"stm32h753xi", "stm32l462ce"};

static void
assert_unharmed(uint64_t counted)
{
    install_assert_clean(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - counted);
    ck_assert_ok(station_install(false));
    install_assert_complete(&station.package);
}

/* A vault with another key and nonce. */
static sfi_hsm *
other_vault(void)
{
    struct maker m;
    char path[1200];
    sfi_hsm *hsm;

    maker_init(&m);
    (void)snprintf(path, sizeof(path), "%s/other", board.base);
    hsm = vault_new(&m, path, 3);
    maker_free(&m);
    return hsm;
}

static void
assert_secure(bool secure)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    sfi_target *t;

    sfi_installer_free(station.installer);
    station.installer = NULL;
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_ok(sfi_target_connect(ctx, NULL, station.tp, 0, &t));
    ck_assert_ok(sfi_target_get_info(t, &info));
    ck_assert_uint_eq(info.secure, secure ? 1 : 0);
    sfi_target_free(t);
    ck_assert_ok(sfi_sim_power_on(board.sim));
}

/* The HSM refuses, and an open chip is still open. */
static void
refused_open(sfi_hsm *hsm, sfi_license_store *store, sfi_status st,
             const char *fact)
{
    sfi_installer *in = station_prepare();

    ck_assert_ok(sfi_installer_set_hsm(in, hsm));
    if (store != NULL)
        ck_assert_ok(sfi_installer_set_license_store(in, store));
    ck_assert_int_eq(sfi_installer_run(in), st);
    ck_assert_ptr_nonnull(strstr(sfi_error_message(sfi_ctx_error(ctx)), fact));
    assert_secure(false);
}

/* A folder with the licence of another chip, which test_rmdir() removes. */
static sfi_license_store *
other_store(char folder[1200])
{
    sfi_license_store *store;
    sfi_license *lic;
    struct maker m;
    struct chip c;

    maker_init(&m);
    chip_make(&m, MAKER_PRODUCT, &c);
    (void)snprintf(folder, 1200, "%s/store", board.base);
    ck_assert_ok(sfi_license_store_open(ctx, folder, 1, &store));
    ck_assert_ok(
        sfi_license_parse(ctx, station.package.license, SFI_LICENSE_LEN, &lic));
    ck_assert_ok(sfi_license_store_put(store, c.cert, lic));
    sfi_license_free(lic);
    chip_free(&c);
    maker_free(&m);
    return store;
}

/* An image of another key: no chip is touched, none is counted, also beside a
 * store that has licences. */
START_TEST(test_hsm_other_key)
{
    sfi_license_store *store;
    char folder[1200];
    sfi_hsm *hsm;

    station_setup(chips[_i]);
    hsm = other_vault();
    store = other_store(folder);
    for (int stored = 0; stored < 2; stored++) {
        sfi_installer *in = station_prepare();

        if (stored)
            ck_assert_ok(sfi_installer_set_license_store(in, store));
        ck_assert_ok(sfi_installer_set_hsm(in, hsm));
        ck_assert_int_eq(sfi_installer_run(in), SFI_ERR_AUTH);
        ck_assert_ptr_nonnull(strstr(sfi_error_message(sfi_ctx_error(ctx)),
                                     "another key or nonce"));
        ck_assert_uint_eq(vault_remaining(hsm), 3);
        assert_secure(_i == 1);
    }
    sfi_license_store_free(store);
    test_rmdir(folder);
    sfi_hsm_free(hsm);
    assert_unharmed(0);
    station_teardown();
}
END_TEST

/* The licences of other chips alone: this one, which is open, has none. */
START_TEST(test_store_of_others)
{
    sfi_license_store *store;
    const struct buf *image;
    sfi_installer *in;
    char folder[1200];

    station_setup("stm32h753xi");
    store = other_store(folder);
    image = &station.package.image;
    ck_assert_ok(sfi_installer_new(ctx, NULL, &in));
    ck_assert_ok(sfi_installer_set_image(in, image->data, image->len));
    ck_assert_ok(sfi_installer_set_transport(in, station.tp));
    ck_assert_ok(sfi_installer_set_license_store(in, store));
    ck_assert_fails_about(sfi_installer_run(in), SFI_ERR_NO_LICENSE, folder,
                          "open chip", "never shown its certificate");
    sfi_installer_free(in);
    assert_secure(false);
    sfi_license_store_free(store);
    test_rmdir(folder);
    assert_unharmed(0);
    station_teardown();
}
END_TEST

/* An HSM that only gives information, and the licences of another. */
static sfi_hsm_info told;

static sfi_status
tell_info(void *user, sfi_hsm_info *out)
{
    (void)user;
    *out = told;
    return SFI_OK;
}

static sfi_status
never_license(void *user, const uint8_t *cert, size_t cert_len,
              uint32_t session, uint8_t *out, size_t *out_len)
{
    (void)user;
    (void)cert;
    (void)cert_len;
    (void)session;
    (void)out;
    (void)out_len;
    ck_abort_msg("a licence was requested");
    return SFI_ERR_INTERNAL;
}

static const struct {
    uint32_t state, flags;
    const char *product;
    sfi_status st;
    const char *fact;
} knowns[] = {
    {SFI_HSM_BLANK, 0, "", SFI_ERR_HSM_STATE, "blank"},
    {SFI_HSM_BLOCKED, 0, "45002001", SFI_ERR_HSM_STATE, "blocked"},
    {SFI_HSM_RETIRED, 0, "45002001", SFI_ERR_HSM_STATE, "retired"},
    {SFI_HSM_EXHAUSTED, 0, "45002001", SFI_ERR_HSM_COUNTER, "all 7 were used"},
    {SFI_HSM_OPERATIONAL, SFI_HSM_LIVE_ONLY, "45002001", SFI_ERR_HSM_STATE,
     "live licences only"},
    {SFI_HSM_OPERATIONAL, 0, "46201002", SFI_ERR_CERTIFICATE,
     "product 46201002, and this stm32h753xi is of product 45002001"},
};

/* Each fails before an open chip is made secure for ever, also beside a store
 * with the licence of another chip. */
START_TEST(test_known_before_security)
{
    static const sfi_hsm_ops ops = {.struct_size = sizeof(ops),
                                    .info = tell_info,
                                    .license = never_license};
    sfi_license_store *store;
    char folder[1200];
    sfi_hsm *hsm;

    station_setup("stm32h753xi");
    store = other_store(folder);
    told = (sfi_hsm_info){.struct_size = sizeof(told),
                          .state = knowns[_i].state,
                          .flags = knowns[_i].flags,
                          .maximum = 7};
    memcpy(told.product_id, knowns[_i].product, strlen(knowns[_i].product));
    ck_assert_ok(sfi_hsm_open_custom(ctx, &ops, NULL, &hsm));
    refused_open(hsm, NULL, knowns[_i].st, knowns[_i].fact);
    refused_open(hsm, store, knowns[_i].st, knowns[_i].fact);
    sfi_hsm_free(hsm);
    sfi_license_store_free(store);
    test_rmdir(folder);
    assert_unharmed(0);
    station_teardown();
}
END_TEST

/* Nor does a store with licences do without a PIN. */
START_TEST(test_no_pin_before_security)
{
    sfi_license_store *store;
    char folder[1200];
    sfi_hsm *hsm;

    station_setup("stm32h753xi");
    store = other_store(folder);
    ck_assert_ok(vault_open(station.vault, &hsm));
    refused_open(hsm, NULL, SFI_ERR_HSM_PIN, "only after a login");
    refused_open(hsm, store, SFI_ERR_HSM_PIN, "only after a login");
    sfi_hsm_free(hsm);
    sfi_license_store_free(store);
    test_rmdir(folder);
    assert_unharmed(0);
    station_teardown();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("install_known");
    TCase *tc = tcase_create("install_known");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, test_hsm_other_key, 0, (int)ROWS(chips));
    tcase_add_test(tc, test_store_of_others);
    tcase_add_loop_test(tc, test_known_before_security, 0, (int)ROWS(knowns));
    tcase_add_test(tc, test_no_pin_before_security);
    suite_add_tcase(s, tc);
    return run_suite(s);
}

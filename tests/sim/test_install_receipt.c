/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Receipts over every link: fetched after a success, checked by the installer,
 * and none where the chip or its dialect has none. */
#include <stdio.h>
#include <string.h>

#include "receipt/receipt.h"
#include "sim/sim.h"

#include <bench/maker.h>
#include <bench/station.h>

static const struct {
    const char *chip, *interface_name;
} links[] = {
    {"stm32h753xi", "usart"}, {"stm32l462ce", "usart"}, {"stm32h753xi", "spi"},
    {"stm32l462ce", "spi"},   {"stm32h753xi", "usb"},   {"stm32h753xi", "jtag"},
    {"stm32h753xi", "swd"},
};

/* The station, over this link from the beginning. */
static void
setup(int i)
{
    station_setup(links[i].chip);
    sfi_transport_free(station.tp);
    station.tp = NULL;
    ck_assert_ok(
        sfi_sim_transport(board.sim, links[i].interface_name, &station.tp));
}

static void
assert_genuine(const sfi_receipt *r)
{
    char path[1300];
    sfi_personalization *perso;
    const uint8_t *ca;
    size_t len;

    (void)snprintf(path, sizeof(path), "%s/%s_SFI_01000000_00000000.pd",
                   board.ca, sfi_chip_product_id(station.package.chip));
    ck_assert_ok(sfi_personalization_load(ctx, path, &perso));
    ca = sfi_personalization_ca_public_key(perso, &len);
    ck_assert_ok(sfi_receipt_verify(r, ca, len));
    sfi_personalization_free(perso);
}

START_TEST(test_links)
{
    const struct package *p = &station.package;
    sfi_receipt_info info = {.struct_size = sizeof(info)};
    uint8_t sum[32];
    const sfi_receipt *r;

    setup(_i);
    ck_assert_ok(station_install(false));
    install_assert_complete(p);
    r = sfi_installer_receipt(station.installer);
    ck_assert_ptr_nonnull(r);
    ck_assert_str_eq(sfi_installer_no_receipt(station.installer), "");
    assert_genuine(r);
    ck_assert_ok(sfi_receipt_check_image(r, p->image.data, p->image.len));
    ck_assert_ok(sfi_receipt_check_install(r, 1));
    ck_assert_ok(sfi_receipt_get_info(r, &info));
    ck_assert_uint_eq(info.chip_id, sfi_chip_device_id(p->chip));
    ck_assert_str_eq(info.device_id,
                     sfi_certificate_device_id(
                         sfi_installer_certificate(station.installer)));
    ck_assert_ok(sfi__sha256(ctx, p->options, p->options_len, sum));
    ck_assert_mem_eq(info.option_bytes, sum, sizeof(sum));
    station_teardown();
}
END_TEST

static void
assert_no_receipt(const char *why)
{
    install_assert_complete(&station.package);
    ck_assert_ptr_null(sfi_installer_receipt(station.installer));
    ck_assert_str_eq(sfi_installer_no_receipt(station.installer), why);
}

/* A secure bootloader of before there were receipts. */
START_TEST(test_old_chip)
{
    setup(_i);
    board.sim->habits.no_receipts = true;
    ck_assert_int_eq(sfi_sim_power_on(board.sim), SFI_OK);
    ck_assert_ok(station_install(false));
    assert_no_receipt("the chip does not give receipts");
    station_teardown();
}
END_TEST

/* A dialect's table of before there were receipts. */
START_TEST(test_old_dialect)
{
    sfi_dialect_ops ops = {.struct_size = sizeof(ops)};

    setup(_i);
    ck_assert_ok(sfi_dialect_get_own(&ops));
    ops.receipt = NULL;
    station.dialect = &ops;
    ck_assert_ok(station_install(false));
    assert_no_receipt("the chip does not give receipts");
    station_teardown();
}
END_TEST

/* ---- receipts that are not this install's ---- */

static uint8_t replayed[SFI_DIALECT_RECEIPT_LEN];

static sfi_status
on_receipt(void *user, sfi_target *t, uint8_t *out, size_t *out_len)
{
    (void)user;
    (void)t;
    memcpy(out, replayed, sizeof(replayed));
    *out_len = sizeof(replayed);
    return SFI_OK;
}

static sfi_status
on_receipt_short(void *user, sfi_target *t, uint8_t *out, size_t *out_len)
{
    (void)on_receipt(user, t, out, out_len);
    --*out_len;
    return SFI_OK;
}

static sfi_status
on_receipt_refused(void *user, sfi_target *t, uint8_t *out, size_t *out_len)
{
    (void)user;
    (void)out;
    (void)out_len;
    (void)t;
    sfi_ctx_report(ctx, SFI_ERR_DEVICE, 0x147, "no signature today");
    return SFI_ERR_DEVICE;
}

/* A link that replays the receipt of the install before, alters it, cuts it or
 * refuses it: the install is a success, and unproven. */
START_TEST(test_not_genuine)
{
    sfi_status (*const lies[])(void *user, sfi_target *t, uint8_t *out,
                               size_t *out_len) = {
        on_receipt, on_receipt, on_receipt_short, on_receipt_refused};
    sfi_dialect_ops ops = {.struct_size = sizeof(ops)};

    setup(0);
    ck_assert_ok(station_install(false));
    memcpy(replayed,
           sfi_receipt_data(sfi_installer_receipt(station.installer), NULL),
           sizeof(replayed));
    replayed[_i == 1 ? 131 : 0] ^= _i == 1 ? 1 : 0;
    ck_assert_ok(sfi_dialect_get_own(&ops));
    ops.receipt = lies[_i];
    station.dialect = &ops;
    ck_assert_ok(station_install(true));
    assert_no_receipt("the chip's receipt could not be read or is not genuine");
    station.dialect = NULL;
    ck_assert_ok(station_install(true));
    assert_genuine(sfi_installer_receipt(station.installer));
    ck_assert_ok(
        sfi_receipt_check_install(sfi_installer_receipt(station.installer), 3));
    station_teardown();
}
END_TEST

/* ---- power that fails between FINISH and the receipt ---- */

static sfi_status
on_receipt_cut(void *user, sfi_target *t, uint8_t *out, size_t *out_len)
{
    ck_assert_ok(sfi_sim_power_on(board.sim));
    return on_receipt_refused(user, t, out, out_len);
}

static sfi_status
on_abort_lost(void *user, sfi_target *t)
{
    (void)user;
    (void)t;
    return SFI_OK;
}

static void
install_and_cut(void)
{
    sfi_dialect_ops ops = {.struct_size = sizeof(ops)};
    sfi_dialect_info info = {.struct_size = sizeof(info)};

    ck_assert_ok(sfi_dialect_get_own(&ops));
    ops.receipt = on_receipt_cut;
    ops.abort = on_abort_lost;
    station.dialect = &ops;
    ck_assert_ok(station_install(false));
    assert_no_receipt("the chip's receipt could not be read or is not genuine");
    station.dialect = NULL;
    station_info(&info);
    ck_assert_uint_eq(info.state, SFI_DEVICE_INSTALLED);
}

/* A part that installs once waits for it: a second run fetches the receipt,
 * counts nothing, and lets the firmware start. */
START_TEST(test_resumed)
{
    setup(_i);
    install_and_cut();
    ck_assert_ok(station_install(false));
    assert_genuine(sfi_installer_receipt(station.installer));
    ck_assert_ok(
        sfi_receipt_check_install(sfi_installer_receipt(station.installer), 1));
    install_assert_complete(&station.package);
    ck_assert(!board_runs("secure-bootloader"));
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

/* Of another image it is refused, and goes on waiting. */
START_TEST(test_resumed_other_image)
{
    static const uint8_t other[256] = {1};
    struct package first;
    sfi_firmware *fw;

    setup(1);
    install_and_cut();
    first = station.package;
    ck_assert_ok(sfi_firmware_parse(ctx, "bin", first.chip->user.base, other,
                                    sizeof(other), &fw));
    package_make_of(&station.package, fw);
    ck_assert_int_eq(station_install(false), SFI_ERR_DEVICE);
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     SFI_CAUSE_INSTALLED);
    package_free(&station.package);
    station.package = first;
    ck_assert_ok(station_install(false));
    assert_genuine(sfi_installer_receipt(station.installer));
    station_teardown();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("install_receipt");
    TCase *tc = tcase_create("install_receipt");

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, test_links, 0, (int)ROWS(links));
    tcase_add_loop_test(tc, test_old_dialect, 0, 2);
    tcase_add_loop_test(tc, test_not_genuine, 0, 4);
    tcase_add_test(tc, test_resumed_other_image);
    for (int i = 0; i < (int)ROWS(links); i++) {
        if (!board_is_emulated(links[i].chip)) /* it has no habits */
            tcase_add_loop_test(tc, test_old_chip, i, i + 1);
        if (sfi_chip_find(links[i].chip)->one_shot)
            tcase_add_loop_test(tc, test_resumed, i, i + 1);
    }
    suite_add_tcase(s, tc);
    return run_suite(s);
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The power fails under the library's own installer, and stays away until
 * someone switches it on: the host gives up with a clear error, nothing of the
 * firmware is left in the chip, and the same chip installs afterwards without
 * being counted again. */
#include <sfi/device.h>

#include <bench/station.h>

#define POINTS 12u

/* Where to cut next, from the first operation to the last. */
static uint64_t
step_of(uint64_t total)
{
    return total / POINTS > 0 ? total / POINTS : 1;
}

/* A chip without power says nothing. */
static void
assert_link_error(sfi_status st, uint64_t n)
{
    ck_assert_msg(st == SFI_ERR_TIMEOUT, "cut at %llu: %s: %s",
                  (unsigned long long)n, sfi_status_name(st),
                  sfi_error_message(sfi_ctx_error(ctx)));
    ck_assert_str_ne(sfi_error_message(sfi_ctx_error(ctx)), "");
}

/* Cut the power at operation n; false: the install ended before it. */
static bool
cut_at(uint64_t n)
{
    sfi_status st;

    sfi_sim_power_cut_after(board.sim, n);
    st = station_install(true);
    if (sfi_sim_has_power(board.sim))
        return false;
    /* the last reply may have arrived before the power failed */
    if (st != SFI_OK)
        assert_link_error(st, n);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    return true;
}

START_TEST(test_h7)
{
    uint64_t total;

    station_setup("stm32h753xi");
    ck_assert_ok(station_install(true));
    total = sfi_sim_flash_ops(board.sim);
    ck_assert_ok(station_install(true));
    total = sfi_sim_flash_ops(board.sim) - total;
    for (uint64_t n = 0; n < total; n += step_of(total)) {
        ck_assert(cut_at(n));
        if (n > 0)
            install_assert_clean(&station.package);
        ck_assert_ok(station_install(true));
        install_assert_complete(&station.package);
    }
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}
END_TEST

/* One shot: a chip for each cut. */
START_TEST(test_l4)
{
    sfi_dialect_info info = {.struct_size = sizeof(info)};
    uint64_t total, before;

    station_setup("stm32l462ce");
    before = sfi_sim_flash_ops(board.sim);
    ck_assert_ok(station_install(false));
    total = sfi_sim_flash_ops(board.sim) - before;
    install_assert_complete(&station.package);
    station_teardown();
    for (uint64_t n = 0; n < total; n += step_of(total)) {
        station_setup("stm32l462ce");
        ck_assert(cut_at(n));
        if (board_runs("secure-bootloader")) {
            station_info(&info);
            if (info.state != SFI_DEVICE_INSTALLED)
                install_assert_clean(&station.package);
            ck_assert_ok(station_install(false));
        }
        install_assert_complete(&station.package);
        ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
        station_teardown();
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("power_cut_host");
    TCase *t = tcase_create("power_cut_host");

    tcase_set_timeout(t, 120);
    tcase_add_test(t, test_h7);
    tcase_add_test(t, test_l4);
    suite_add_tcase(s, t);
    return run_suite(s);
}

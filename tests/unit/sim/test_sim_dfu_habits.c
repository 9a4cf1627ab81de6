/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/sim: what versions of the USB bootloader do, and where papers differ. */
#include <string.h>

#include <sfi/target.h>

#include <bench/board.h>
#include <bench/usb_host.h>
#include "core/ctx.h"
#include "sim/sim.h"

#define FLASH 0x08000000u

static uint8_t data[2048];

static void
setup(void)
{
    board_setup("stm32h753xi");
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 ^ 0xa5);
    ck_assert_ok(sfi_sim_usb_attach(board.sim));
}

static void
start_erase(uint32_t address, struct dfu_report *r)
{
    uint8_t raw[DFU_ADDRESS_LEN];

    sfi__dfu_write_address(raw, DFU_ERASE, address);
    ck_assert_ok(host_download(0, raw, sizeof(raw)));
    host_status(r);
    ck_assert_uint_eq(r->state, DFU_DNBUSY);
}

/* V9.0: bank 1 ends, bank 2 after CLRSTATUS twice. */
START_TEST(test_bank_2_busy)
{
    struct dfu_report r;

    board.sim->habits.dfu_bank2_busy = true;
    ck_assert_uint_eq(host_command(DFU_SET_ADDRESS, FLASH + 0x100000), DFU_OK);
    ck_assert_uint_eq(host_run_block(2, data, 32), DFU_OK);
    ck_assert_uint_eq(host_command(DFU_ERASE, FLASH + 0xe0000), DFU_OK);
    start_erase(FLASH + 0x100000, &r);
    for (unsigned i = 0; i < 10; i++) {
        sfi_sim_wait(board.sim, 1000);
        host_status(&r);
        ck_assert_uint_eq(r.state, DFU_DNBUSY);
        ck_assert_uint_eq(r.status, DFU_OK);
    }
    ck_assert_ok(host_control(DFU_OUT, DFU_CLRSTATUS, 0, NULL, 0, NULL));
    host_status(&r);
    ck_assert_uint_eq(r.state, DFU_ERROR);
    ck_assert_uint_eq(r.status, DFU_ERR_UNKNOWN);
    ck_assert_ok(host_control(DFU_OUT, DFU_CLRSTATUS, 0, NULL, 0, NULL));
    ck_assert_uint_eq(host_state(), DFU_IDLE);
    ck_assert_ok(sfi_sim_read_flash(board.sim, FLASH + 0x100000, data, 1));
    ck_assert_uint_eq(data[0], 0xff);
}
END_TEST

START_TEST(test_no_mass_erase)
{
    uint8_t all = DFU_ERASE;

    board.sim->habits.dfu_no_mass = true;
    ck_assert_uint_eq(host_run_block(0, &all, 1), DFU_ERR_ERASE);
    ck_assert_uint_eq(host_command(DFU_ERASE, FLASH), DFU_OK);
}
END_TEST

/* 40 bytes as block 4: behind two transfers, or behind 80 bytes. */
START_TEST(test_by_length)
{
    uint8_t there[40];
    uint32_t at = _i == 0 ? 2048 : 80;
    size_t got;

    board.sim->habits.dfu_by_length = _i == 1;
    ck_assert_uint_eq(host_command(DFU_SET_ADDRESS, FLASH), DFU_OK);
    ck_assert_uint_eq(host_run_block(4, data, 40), DFU_OK);
    ck_assert_ok(sfi_sim_read_flash(board.sim, FLASH + at, there, 40));
    ck_assert_mem_eq(there, data, 40);
    host_idle();
    ck_assert_ok(host_control(DFU_IN, DFU_UPLOAD, 4, there, 40, &got));
    ck_assert_mem_eq(there, data, 40);
    host_idle();
    host_assert_stalls(host_control(DFU_IN, DFU_UPLOAD, 2, there, 1, &got));
}
END_TEST

/* 1.1 s a sector: the first report says 1000 ms, then what is left. */
START_TEST(test_erase_takes_time)
{
    uint8_t all = DFU_ERASE;
    struct dfu_report r;

    board.sim->timed = true;
    start_erase(FLASH, &r);
    ck_assert_uint_eq(r.poll_ms, 1000);
    sfi_sim_wait(board.sim, 1000);
    host_status(&r);
    ck_assert_uint_eq(r.state, DFU_DNBUSY);
    ck_assert_uint_eq(r.poll_ms, 100);
    sfi_sim_wait(board.sim, 100);
    host_status(&r);
    ck_assert_uint_eq(r.state, DFU_DNLOAD_IDLE);
    ck_assert_uint_eq(r.poll_ms, 0);
    ck_assert_ok(host_download(0, &all, 1));
    host_status(&r);
    sfi_sim_wait(board.sim, 16 * 1100 - 1);
    host_status(&r);
    ck_assert_uint_eq(r.state, DFU_DNBUSY);
    sfi_sim_wait(board.sim, 1);
    host_status(&r);
    ck_assert_uint_eq(r.state, DFU_DNLOAD_IDLE);
}
END_TEST

/* AN2606, V9.1: bank 2 is "erased" when the poll time is over, and what touches
 * flash before it is hangs the part. */
START_TEST(test_early_end)
{
    struct dfu_report r;
    size_t got;

    board.sim->habits.early_erase_ack = true;
    board.sim->timed = true;
    start_erase(FLASH + 0x100000, &r);
    host_status(&r);
    ck_assert_uint_eq(r.state, DFU_DNLOAD_IDLE);
    sfi_sim_wait(board.sim, 1099);
    host_idle();
    ck_assert_int_eq(_i == 0
                         ? host_control(DFU_IN, DFU_UPLOAD, 2, data, 64, &got)
                         : host_download(2, data, 32),
                     _i == 0 ? SFI_ERR_TIMEOUT : SFI_OK);
    if (_i == 1)
        host_status(&r);
    ck_assert_fails(host_control(DFU_IN, DFU_GETSTATE, 0, data, 1, &got),
                    SFI_ERR_TIMEOUT, "",
                    "the virtual chip did not answer request 0x05");
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_ok(sfi_sim_usb_attach(board.sim));
    start_erase(FLASH + 0x100000, &r);
    host_status(&r);
    sfi_sim_wait(board.sim, 1100);
    board.sim->timed = false;
    ck_assert_uint_eq(host_run_block(2, data, 32), DFU_OK);
}
END_TEST

/* It is silent while it erases, and then reports the end. */
START_TEST(test_naks)
{
    struct dfu_report r;

    board.sim->habits.dfu_naks = true;
    board.sim->timed = true;
    start_erase(FLASH, &r);
    ck_assert_uint_eq(r.poll_ms, 1000);
    ck_assert_int_eq(host_control(DFU_IN, DFU_GETSTATE, 0, data, 1, NULL),
                     SFI_ERR_TIMEOUT);
    sfi_sim_wait(board.sim, 1099);
    ck_assert_int_eq(host_control(0x80, 6, 0x100, data, 18, NULL),
                     SFI_ERR_TIMEOUT);
    sfi_sim_wait(board.sim, 1);
    host_status(&r);
    ck_assert_uint_eq(r.state, DFU_DNLOAD_IDLE);
    /* a write is no erase */
    ck_assert_ok(host_download(2, data, 32));
    host_status(&r);
    host_status(&r);
    ck_assert_uint_eq(r.state, DFU_DNBUSY);
}
END_TEST

/* A debugger's halt, or a hang, ends all answers, and not the connection. */
START_TEST(test_halted)
{
    ck_assert_ok(sfi_sim_command(board.sim, "halt", NULL, &(size_t){0}));
    ck_assert_int_eq(host_control(DFU_IN, DFU_GETSTATE, 0, data, 1, NULL),
                     SFI_ERR_TIMEOUT);
    ck_assert_int_eq(sfi_sim_usb_attached(board.sim), 1);
    ck_assert_int_eq(host_control(0x80, 6, 0x100, data, 18, NULL),
                     SFI_ERR_TIMEOUT);
}
END_TEST

START_TEST(test_leaves_early)
{
    uint8_t raw[DFU_REPORT_LEN];
    size_t got;

    board.sim->habits.dfu_leaves_early = true;
    ck_assert_ok(host_download(0, data, 0));
    ck_assert_int_eq(
        host_control(DFU_IN, DFU_GETSTATUS, 0, raw, sizeof(raw), &got),
        SFI_ERR_NO_DEVICE);
    ck_assert_int_eq(sfi_sim_usb_attached(board.sim), 0);
}
END_TEST

/* ---- libsfi's host with a chip of these habits ---- */

static const struct {
    const char *version;
    struct sim_habits habits;
    bool timed;
    uint64_t most_ms; /* for all sectors */
} chips[] = {
    {"V9.2", {.dfu_by_length = true}, false, 1000},
    {"V9.2", {0}, true, 16 * 1200},
    {"V9.0", {.dfu_bank2_busy = true}, false, 8 * 2300 + 1000},
    {"V9.0", {.dfu_bank2_busy = true}, true, 16 * 2300},
    {"V9.1", {.early_erase_ack = true}, true, 8 * 1200 + 8 * 3300},
    {"V9.2", {.dfu_naks = true}, true, 16 * 1200},
    {"V13.3", {.dfu_no_mass = true}, false, 1000},
    {"V9.2", {.dfu_leaves_early = true}, false, 1000},
};

/* Write, erase in bank 2, erase all, write a short block, start. */
START_TEST(test_host)
{
    static const uint32_t sectors[] = {8};
    static uint8_t there[2048];
    sfi_transport *tp;
    sfi_target *t;

    ctx->clock = &board_clock;
    board.sim->loader = sfi__sim_loader(board.sim->chip, chips[_i].version);
    board.sim->habits = chips[_i].habits;
    board.sim->habits.options = SIM_OPTIONS_LENIENT;
    board.sim->timed = chips[_i].timed;
    ck_assert_ok(sfi_sim_transport(board.sim, "usb", &tp));
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 0, &t));
    ck_assert_ok(sfi_target_write(t, FLASH + 0x100000, data, sizeof(data)));
    ck_assert_ok(sfi_target_erase(t, sectors, 1));
    ck_assert_ok(sfi_target_write(t, FLASH + 0x100000, data, 1088));
    ck_assert_ok(sfi_sim_read_flash(board.sim, FLASH + 0x100000, there, 2048));
    ck_assert_mem_eq(there, data, 1088);
    ck_assert_uint_eq(there[1088], 0xff);
    board_now = 0;
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_uint_le(board_now, chips[_i].most_ms);
    ck_assert_ok(sfi_sim_read_flash(board.sim, FLASH + 0x100000, there, 1));
    ck_assert_uint_eq(there[0], 0xff);
    ck_assert_ok(sfi_target_go(t, FLASH));
    sfi_target_free(t);
    sfi_transport_free(tp);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sim_dfu_habits");
    TCase *t = tcase_create("standard");

    tcase_add_checked_fixture(t, setup, board_teardown);
    tcase_add_test(t, test_bank_2_busy);
    tcase_add_test(t, test_no_mass_erase);
    tcase_add_loop_test(t, test_by_length, 0, 2);
    tcase_add_test(t, test_erase_takes_time);
    tcase_add_loop_test(t, test_early_end, 0, 2);
    tcase_add_test(t, test_naks);
    tcase_add_test(t, test_halted);
    tcase_add_test(t, test_leaves_early);
    tcase_add_loop_test(t, test_host, 0, ROWS(chips));
    suite_add_tcase(s, t);
    return run_suite(s);
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A board of the H753 in memory, behind its debug port: what a debugger reaches
 * at each level of readout protection, and a target of libsfi over JTAG and
 * SWD. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include <sfi/target.h>

#include "wire/v7m_debug.h"
#include "sim/boot.h"

#include <bench/board.h>
#include <link/jtag.h>

#define H753 "stm32h753xi"
#define LOADER 0x08000000u
#define USER 0x08020000u
#define DBGMCU 0x5c001000u
#define RAM 0x24010000u
#define HALT (V7M_DHCSR_KEY | V7M_DHCSR_C_DEBUGEN | V7M_DHCSR_C_HALT)
#define RUN (V7M_DHCSR_KEY | V7M_DHCSR_C_DEBUGEN)
#define RESET (V7M_AIRCR_KEY | V7M_AIRCR_SYSRESETREQ)
#define OPTSR(rdp) (0x1bc600f0u | (rdp) << 8)

static void
setup(void)
{
    const sfi_sim_make_options o = {.struct_size = sizeof(o),
                                    .chip = sfi_chip_find(H753)};
    sfi_firmware *loader;

    fixture_setup();
    ck_assert_ok(
        sfi_firmware_load(ctx, getenv("SFI_TEST_BOOTLOADER"), &loader));
    ck_assert_ok(sfi_sim_make_board(ctx, &o, getenv("SFI_TEST_BOARD_PROGRAM"),
                                    (const sfi_firmware *const *)&loader, 1,
                                    &board.sim));
    sfi_firmware_free(loader);
    jtag_connect();
}

static void
teardown(void)
{
    sfi_sim_free(board.sim);
    board.sim = NULL;
    fixture_teardown();
}

static void
set_level(uint32_t rdp)
{
    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", OPTSR(rdp)));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    jtag_connect();
}

static void
assert_state(const char *text)
{
    char state[512];
    size_t len = sizeof(state);

    ck_assert_ok(sfi_sim_command(board.sim, "state", state, &len));
    ck_assert_msg(strstr(state, text) != NULL, "%s is not in: %s", text, state);
}

static void
assert_shut(uint32_t address)
{
    ck_assert(!jtag_peek(address, &(uint32_t){0}));
    ck_assert(!jtag_poke(address, 0));
}

/* ---- levels ---- */

/* RM0433, 4.5.3: all but the flash. */
START_TEST(test_level_1)
{
    assert_state(" runs=secure-bootloader ");
    ck_assert_uint_eq(jtag_read(DBGMCU), 0x20036450);
    ck_assert_uint_eq(jtag_read(V7M_CPUID), 0x411fc271);
    ck_assert_uint_eq(jtag_read(0xe00ff000), 0xfff0f003);
    jtag_write(RAM, 0x12345678);
    ck_assert_uint_eq(jtag_read(RAM), 0x12345678);
    assert_shut(LOADER);
    assert_shut(USER);
    assert_shut(0x081ffffc);
    /* to look changes nothing */
    board_talk("> 7f < 79");
    jtag_write(V7M_DHCSR, HALT);
    board_talk("> 02 fd <");
    jtag_write(V7M_DHCSR, V7M_DHCSR_KEY);
    ck_assert_uint_ne(jtag_read(V7M_DHCSR) & V7M_DHCSR_S_LOCKUP, 0);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    board_talk("> 7f < 79");
}
END_TEST

START_TEST(test_level_0)
{
    uint8_t raw[4];

    set_level(0xaa);
    assert_state(" parked=rdp");
    ck_assert_ok(sfi_sim_read_flash(board.sim, LOADER, raw, sizeof(raw)));
    ck_assert_uint_eq(jtag_read(LOADER) & 0xff, raw[0]);
    jtag_write(V7M_DEMCR, V7M_DEMCR_VC_CORERESET);
    jtag_write(V7M_DHCSR, RUN);
    jtag_write(V7M_AIRCR, RESET);
    ck_assert_uint_ne(jtag_read(V7M_DHCSR) & V7M_DHCSR_S_HALT, 0);
    jtag_write(V7M_DCRSR, V7M_REG_PC);
    ck_assert_uint_eq(jtag_read(V7M_DCRDR) | 1u, jtag_read(LOADER + 4));
    /* while NRST is low, only what catches its end works */
    sfi__sim_hold(board.sim, true);
    assert_shut(RAM);
    ck_assert_uint_eq(jtag_read(V7M_DEMCR), V7M_DEMCR_VC_CORERESET);
    sfi__sim_hold(board.sim, false);
    ck_assert_uint_ne(jtag_read(V7M_DHCSR) & V7M_DHCSR_S_HALT, 0);
}
END_TEST

START_TEST(test_level_2)
{
    static const uint32_t shut[] = {LOADER,    USER,      RAM,       DBGMCU,
                                    V7M_DHCSR, V7M_CPUID, 0xe00ff000};

    set_level(0xcc);
    for (size_t i = 0; i < ROWS(shut); i++)
        assert_shut(shut[i]);
    board_talk("> 7f < 79");
}
END_TEST

/* ---- a target ---- */

static sfi_target *
connect_target(const char *link)
{
    sfi_transport *tp;
    sfi_target *t;

    ck_assert_ok(sfi_sim_transport(board.sim, link, &tp));
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 0, &t));
    ck_assert_str_eq(sfi_chip_name(sfi_target_chip(t)), H753);
    sfi_transport_free(tp);
    return t;
}

static const char *const links[] = {"jtag", "swd"};

/* An open part takes a firmware, which its flash keeps, and is erased. */
START_TEST(test_target)
{
    uint8_t data[96], back[96];
    sfi_target *t;

    set_level(0xaa);
    t = connect_target(links[_i]);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(3 * i);
    ck_assert_ok(sfi_target_halt(t));
    ck_assert_ok(sfi_target_write(t, USER, data, sizeof(data)));
    ck_assert_ok(sfi_target_read(t, USER, back, sizeof(back)));
    ck_assert_mem_eq(data, back, sizeof(data));
    ck_assert_ok(sfi_sim_read_flash(board.sim, USER, back, sizeof(back)));
    ck_assert_mem_eq(data, back, sizeof(data));
    ck_assert_ok(sfi_target_erase(t, (const uint32_t[]){1}, 1));
    ck_assert_ok(sfi_target_read(t, USER, back, sizeof(back)));
    ck_assert_uint_eq(back[0], 0xff);
    sfi_target_free(t);
}
END_TEST

/* At level 1 it is found, and its flash stays where it is. */
START_TEST(test_target_protected)
{
    uint8_t before[4], after[4];
    sfi_target *t = connect_target(links[_i]);

    ck_assert_ok(sfi_sim_read_flash(board.sim, LOADER, before, 4));
    ck_assert_int_eq(sfi_target_read(t, LOADER, after, 4), SFI_ERR_PROTECTED);
    ck_assert_int_ne(sfi_target_write(t, USER, before, 4), SFI_OK);
    ck_assert_ok(sfi_target_read(t, RAM, after, 4));
    sfi_target_free(t);
    ck_assert_ok(sfi_sim_read_flash(board.sim, LOADER, after, 4));
    ck_assert_mem_eq(before, after, 4);
}
END_TEST

/* Down to level 0: everything is erased first, the device key too. */
START_TEST(test_unprotect)
{
    uint8_t page[32];
    sfi_target *t = connect_target("jtag");

    ck_assert_ok(sfi_sim_read_flash(board.sim, 0x081e0000, page, 32));
    ck_assert_uint_eq(page[0], 1);
    ck_assert_ok(sfi_target_readout_unprotect(t));
    sfi_target_free(t);
    ck_assert_ok(sfi_sim_read_flash(board.sim, 0x081e0000, page, 32));
    ck_assert_uint_eq(page[0], 0xff);
    ck_assert_uint_eq(jtag_read(LOADER), 0xffffffff);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("debug_port");
    TCase *t = tcase_create("debug_port");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_level_0);
    tcase_add_test(t, test_level_1);
    tcase_add_test(t, test_level_2);
    tcase_add_loop_test(t, test_target, 0, ROWS(links));
    tcase_add_loop_test(t, test_target_protected, 0, ROWS(links));
    tcase_add_test(t, test_unprotect);
    suite_add_tcase(s, t);
    return run_suite(s);
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/sim: what a debugger finds behind the debug port: ROM tables, the core,
 * its reset and its halt, breakpoints, DBGMCU. */
#include <string.h>

#include "wire/h7_dbgmcu.h"
#include "wire/h7_flash.h"
#include "wire/v7m_debug.h"
#include "sim/boot.h"
#include "sim/sim.h"

#include <bench/board.h>
#include <link/jtag.h>

#define FLASH 0x08000000u
#define DBGMCU 0x5c001000u
#define HALT (V7M_DHCSR_KEY | V7M_DHCSR_C_DEBUGEN | V7M_DHCSR_C_HALT)
#define RUN (V7M_DHCSR_KEY | V7M_DHCSR_C_DEBUGEN)
#define RESET (V7M_AIRCR_KEY | V7M_AIRCR_SYSRESETREQ)

static uint32_t
core_register(uint32_t number)
{
    jtag_write(V7M_DCRSR, number);
    return jtag_read(V7M_DCRDR);
}

static void
set_core_register(uint32_t number, uint32_t value)
{
    jtag_write(V7M_DCRDR, value);
    jtag_write(V7M_DCRSR, V7M_DCRSR_WRITE | number);
}

/* An application whose vector table is in place. */
static void
give_firmware(void)
{
    static const uint32_t words[8] = {0x20020000, 0x08000299};

    jtag_write(0x52002000 + H7_FLASH_KEYR, H7_FLASH_KEY1);
    jtag_write(0x52002000 + H7_FLASH_KEYR, H7_FLASH_KEY2);
    jtag_write(0x52002000 + H7_FLASH_CR, H7_FLASH_CR_PG);
    for (uint32_t i = 0; i < 8; i++)
        jtag_write(FLASH + 4 * i, words[i]);
}

/* ---- ROM tables ---- */

/* The eight identification registers, as one number each. */
static uint64_t
identity(uint32_t base)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < 4; i++) {
        value |= (uint64_t)jtag_read(base + 0xfe0 + 4 * i) << 8 * i;
        value |= (uint64_t)jtag_read(base + 0xfd0 + 4 * i) << (32 + 8 * i);
    }
    return value;
}

/* As pyOCD 1368 and 1499 show it. */
START_TEST(test_rom_table)
{
    static const struct {
        uint32_t base;
        uint64_t pidr;
        uint32_t cidr1;
    } rows[] = {
        {0xe00fe000, 0x00000a0450, 0x10}, {0xe00ff000, 0x04000bb4c7, 0x10},
        {0xe000e000, 0x04000bb00c, 0xe0}, {0xe0001000, 0x04000bb002, 0xe0},
        {0xe0002000, 0x04000bb00e, 0xe0}, {0xe0000000, 0x04000bb001, 0xe0},
        {0xe0041000, 0x04000bb975, 0x90}, {0xe0043000, 0x04000bb906, 0x90},
    };

    ck_assert_uint_eq(jtag_read(0xe00fe000), 0x00001003);
    ck_assert_uint_eq(jtag_read(0xe00ff000), 0xfff0f003);
    ck_assert_uint_eq(jtag_read(0xe00ff00c), 0xfff01003);
    ck_assert_uint_eq(jtag_read(0xe00ff010), 0);
    for (size_t i = 0; i < ROWS(rows); i++) {
        ck_assert_uint_eq(identity(rows[i].base), rows[i].pidr);
        ck_assert_uint_eq(jtag_read(rows[i].base + 0xff0), 0x0d);
        ck_assert_uint_eq(jtag_read(rows[i].base + 0xff4), rows[i].cidr1);
        ck_assert_uint_eq(jtag_read(rows[i].base + 0xff8), 0x05);
        ck_assert_uint_eq(jtag_read(rows[i].base + 0xffc), 0xb1);
    }
    ck_assert_uint_eq(jtag_read(0xe0041fbc), 0x47704a13);
    ck_assert_uint_eq(jtag_read(0xe0043fcc), 0x14);
}
END_TEST

/* ---- the core ---- */

START_TEST(test_halt)
{
    board_talk("> 7f < 79");
    ck_assert_uint_eq(jtag_read(V7M_DHCSR), V7M_DHCSR_S_REGRDY |
                                                V7M_DHCSR_S_RETIRE_ST |
                                                V7M_DHCSR_S_RESET_ST);
    /* a read has cleared the reset */
    ck_assert_uint_eq(jtag_read(V7M_DHCSR) & V7M_DHCSR_S_RESET_ST, 0);
    /* without the key, and without C_DEBUGEN, nothing happens */
    jtag_write(V7M_DHCSR, V7M_DHCSR_C_DEBUGEN | V7M_DHCSR_C_HALT);
    jtag_write(V7M_DHCSR, V7M_DHCSR_KEY | V7M_DHCSR_C_HALT);
    ck_assert_uint_eq(jtag_read(V7M_DHCSR) & V7M_DHCSR_S_HALT, 0);
    jtag_write(V7M_DHCSR, HALT);
    ck_assert_uint_eq(jtag_read(V7M_DHCSR),
                      V7M_DHCSR_S_REGRDY | V7M_DHCSR_S_HALT | V7M_DHCSR_C_HALT |
                          V7M_DHCSR_C_DEBUGEN);
    ck_assert_uint_eq(jtag_read(V7M_DFSR), V7M_DFSR_HALTED);
    jtag_write(V7M_DFSR, V7M_DFSR_HALTED);
    ck_assert_uint_eq(jtag_read(V7M_DFSR), 0);
    /* a halted bootloader does not answer; resumed, it does */
    board_talk("> 00 ff <");
    jtag_write(V7M_DHCSR, RUN);
    board_talk("> 02 fd < 79 01 04 50 79");
}
END_TEST

START_TEST(test_registers)
{
    static const uint32_t numbers[] = {0, 12, 14, 16, 18, 20, 33, 64, 95};

    /* a running core shows none */
    jtag_write(V7M_DCRDR, 0x5a);
    ck_assert_uint_eq(core_register(V7M_REG_PC), 0x5a);
    jtag_write(V7M_DHCSR, HALT);
    ck_assert_uint_eq(core_register(V7M_REG_PC) & 0xfff00001, 0x1ff00000);
    ck_assert_uint_eq(core_register(V7M_REG_XPSR), V7M_XPSR_T);
    for (size_t i = 0; i < ROWS(numbers); i++)
        set_core_register(numbers[i], 0x1000 + numbers[i]);
    for (size_t i = 0; i < ROWS(numbers); i++)
        ck_assert_uint_eq(core_register(numbers[i]), 0x1000 + numbers[i]);
    /* SP is MSP */
    set_core_register(V7M_REG_SP, 0x24000100);
    ck_assert_uint_eq(core_register(V7M_REG_MSP), 0x24000100);
    /* numbers that do not exist */
    jtag_write(V7M_DCRDR, 7);
    ck_assert_uint_eq(core_register(19), 7);
    ck_assert_uint_eq(core_register(96), 7);
    /* the part's caches and FPU */
    ck_assert_uint_eq(jtag_read(V7M_MVFR0), 0x10110221);
    ck_assert_uint_eq(jtag_read(V7M_CTR), 0x8303c003);
    jtag_write(V7M_CPACR, 0x00f00000);
    ck_assert_uint_eq(jtag_read(V7M_CPACR), 0x00f00000);
}
END_TEST

/* A catch of the reset vector, by AIRCR and by NRST, before an instruction of
 * the firmware runs. */
START_TEST(test_catch)
{
    give_firmware();
    sfi_sim_set_boot0(board.sim, 0);
    jtag_write(V7M_DHCSR, RUN);
    jtag_write(V7M_DEMCR, V7M_DEMCR_VC_CORERESET);
    if (_i == 0) {
        jtag_write(V7M_AIRCR, RESET);
    } else {
        sfi__sim_hold(board.sim, true);
        ck_assert(!jtag_peek(FLASH, &(uint32_t){0}));
        ck_assert(!jtag_peek(V7M_CPUID, &(uint32_t){0}));
        ck_assert_uint_eq(jtag_read(V7M_DEMCR), V7M_DEMCR_VC_CORERESET);
        sfi__sim_hold(board.sim, false);
    }
    ck_assert_uint_eq(jtag_read(V7M_DHCSR) & V7M_DHCSR_S_HALT,
                      V7M_DHCSR_S_HALT);
    ck_assert_uint_eq(jtag_read(V7M_DFSR), V7M_DFSR_VCATCH);
    ck_assert_uint_eq(core_register(V7M_REG_MSP), 0x20020000);
    ck_assert_uint_eq(core_register(V7M_REG_PC), 0x08000298);
    ck_assert_uint_eq(core_register(V7M_REG_LR), UINT32_MAX);
    ck_assert_uint_eq(jtag_read(V7M_VTOR), FLASH);
    /* and it can be set up while NRST is low */
    jtag_write(V7M_DEMCR, 0);
    jtag_write(V7M_AIRCR, RESET);
    ck_assert_uint_eq(jtag_read(V7M_DHCSR) & V7M_DHCSR_S_HALT, 0);
    sfi__sim_hold(board.sim, true);
    jtag_write(V7M_DEMCR, V7M_DEMCR_VC_CORERESET);
    sfi__sim_hold(board.sim, false);
    ck_assert_uint_eq(jtag_read(V7M_DHCSR) & V7M_DHCSR_S_HALT,
                      V7M_DHCSR_S_HALT);
    /* a power-on reset forgets all of it */
    ck_assert_ok(sfi_sim_power_on(board.sim));
    jtag_connect();
    ck_assert_uint_eq(jtag_read(V7M_DHCSR) & V7M_DHCSR_C_DEBUGEN, 0);
    ck_assert_uint_eq(jtag_read(V7M_DEMCR), 0);
}
END_TEST

/* OpenOCD mailing list 36739452: what a part without firmware shows. */
START_TEST(test_erased)
{
    sfi_sim_set_boot0(board.sim, 0);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    jtag_connect();
    ck_assert_uint_ne(jtag_read(V7M_DHCSR) & V7M_DHCSR_S_LOCKUP, 0);
    jtag_write(V7M_DHCSR, HALT);
    ck_assert_uint_eq(jtag_read(V7M_DHCSR) & V7M_DHCSR_S_LOCKUP, 0);
    ck_assert_uint_eq(core_register(V7M_REG_PC), 0xfffffffe);
    ck_assert_uint_eq(core_register(V7M_REG_MSP), 0xfffffffc);
}
END_TEST

/* No instruction is executed: a step ends where it began, and a breakpoint
 * there is hit at once. */
START_TEST(test_breakpoints)
{
    uint32_t pc;

    ck_assert_uint_eq(jtag_read(V7M_FP_CTRL), 0x10000080);
    ck_assert_uint_eq(jtag_read(V7M_DWT_CTRL), 0x40000000);
    jtag_write(V7M_DHCSR, HALT);
    pc = core_register(V7M_REG_PC);
    jtag_write(V7M_DFSR, 0x1f);
    jtag_write(V7M_DHCSR, RUN | V7M_DHCSR_C_STEP);
    ck_assert_uint_ne(jtag_read(V7M_DHCSR) & V7M_DHCSR_S_HALT, 0);
    ck_assert_uint_eq(jtag_read(V7M_DFSR), V7M_DFSR_HALTED);
    jtag_write(V7M_FP_COMP0 + 28, pc | 1);
    ck_assert_uint_eq(jtag_read(V7M_FP_COMP0 + 28), pc | 1);
    jtag_write(V7M_FP_CTRL, V7M_FP_CTRL_ENABLE); /* without its key */
    ck_assert_uint_eq(jtag_read(V7M_FP_CTRL), 0x10000080);
    jtag_write(V7M_FP_CTRL, V7M_FP_CTRL_ENABLE | V7M_FP_CTRL_KEY);
    jtag_write(V7M_DHCSR, RUN);
    ck_assert_uint_ne(jtag_read(V7M_DHCSR) & V7M_DHCSR_S_HALT, 0);
    ck_assert_uint_eq(jtag_read(V7M_DFSR), V7M_DFSR_HALTED | V7M_DFSR_BKPT);
    jtag_write(V7M_FP_COMP0 + 28, 0);
    jtag_write(V7M_DHCSR, RUN);
    ck_assert_uint_eq(jtag_read(V7M_DHCSR) & V7M_DHCSR_S_HALT, 0);
    jtag_write(V7M_DWT_COMP0 + 0x30, 0x20000000);
    ck_assert_uint_eq(jtag_read(V7M_DWT_COMP0 + 0x30), 0x20000000);
    /* registers of these components that are not modelled */
    jtag_write(0xe0000e80, 1);
    ck_assert_uint_eq(jtag_read(0xe0000e80), 0);
}
END_TEST

/* A reset leaves it, a power-on reset does not (RM0433, 60.5.8). */
START_TEST(test_dbgmcu)
{
    jtag_write(DBGMCU + H7_DBGMCU_CR, UINT32_MAX);
    ck_assert_uint_eq(jtag_read(DBGMCU + H7_DBGMCU_CR), 0x107001bf);
    jtag_write(DBGMCU + H7_DBGMCU_APB4FZ1, H7_DBGMCU_APB4FZ1_WDGLSD1);
    jtag_write(DBGMCU, 0);
    ck_assert_uint_eq(jtag_read(DBGMCU), 0x20036450);
    jtag_write(DBGMCU + 0x100, 1);
    ck_assert_uint_eq(jtag_read(DBGMCU + 0x100), 0);
    jtag_write(V7M_AIRCR, RESET);
    ck_assert_uint_eq(jtag_read(DBGMCU + H7_DBGMCU_APB4FZ1),
                      H7_DBGMCU_APB4FZ1_WDGLSD1);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    jtag_connect();
    ck_assert_uint_eq(jtag_read(DBGMCU + H7_DBGMCU_CR), 0);
}
END_TEST

/* A secure part has no core to examine, in reset neither. */
START_TEST(test_secure)
{
    static const uint32_t shut[] = {
        V7M_DHCSR,  V7M_DEMCR,   V7M_CPUID,    DBGMCU,
        0xe00fe000, V7M_FP_CTRL, V7M_DWT_CTRL, DBGMCU + H7_DBGMCU_CR,
        0x20000000,
    };

    jtag_write(V7M_DHCSR, RUN);
    jtag_write(V7M_DEMCR, V7M_DEMCR_VC_CORERESET);
    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1be6aaf0));
    jtag_write(V7M_AIRCR, RESET);
    ck_assert_int_eq(board.sim->mode, SIM_SECURE);
    for (int held = 0; held < 2; held++) {
        sfi__sim_hold(board.sim, held == 1);
        for (size_t i = 0; i < ROWS(shut); i++) {
            ck_assert(!jtag_peek(shut[i], &(uint32_t){0}));
            ck_assert(!jtag_poke(shut[i], 0));
        }
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sim_debug");
    TCase *t = tcase_create("debug");

    tcase_add_checked_fixture(t, jtag_setup, board_teardown);
    tcase_add_test(t, test_rom_table);
    tcase_add_test(t, test_halt);
    tcase_add_test(t, test_registers);
    tcase_add_loop_test(t, test_catch, 0, 2);
    tcase_add_test(t, test_erased);
    tcase_add_test(t, test_breakpoints);
    tcase_add_test(t, test_dbgmcu);
    tcase_add_test(t, test_secure);
    suite_add_tcase(s, t);
    return run_suite(s);
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/sim: the debug port from its pins to flash, RAM and registers, and what a
 * secure part leaves of it. */
#include <string.h>

#include <sfi/device.h>

#include "wire/image.h"
#include "wire/h7_flash.h"
#include "wire/mailbox.h"
#include "sim/boot.h"
#include "sim/options.h"
#include "sim/sim.h"

#include <bench/install.h>
#include <link/jtag.h>

#define FLASH 0x08000000u
#define BANK2 0x08100000u
#define RAM 0x24010000u
#define REGS 0x52002000u
#define DBGMCU 0x5c001000u
#define MAILBOX 0x24030000u

static void
assert_no_access(uint32_t address)
{
    uint32_t value;

    ck_assert_msg(!jtag_peek(address, &value), "0x%08x can be read", address);
    ck_assert_msg(!jtag_poke(address, 0), "0x%08x can be written", address);
}

/* ---- the pins ---- */

START_TEST(test_chain)
{
    jtag_reset();
    /* after a reset both show their IDCODE, the core first */
    ck_assert_uint_eq(jtag_dr(0, 64), 0x064500416ba00477u);
    /* each captures 01 at the low end of its IR */
    ck_assert_uint_eq(jtag_ir(0x1ff, 9), 0x011);
    /* bypass: a bit each, low when captured */
    ck_assert_uint_eq(jtag_dr(0x2d, 8), 0xb4);
    /* an instruction that does not exist is bypass too */
    (void)jtag_ir(0x005, 9);
    ck_assert_uint_eq(jtag_dr(0x2d, 8), 0xb4);
    /* the boundary TAP alone */
    (void)jtag_ir(0x1f, 9);
    ck_assert_uint_eq(jtag_dr(0, 33) >> 1, 0x06450041);
}
END_TEST

/* From every state five clocks with TMS high lead to reset. */
START_TEST(test_reset_from_anywhere)
{
    static const char *const ways[] = {
        "0",   "01",   "010",   "0100",  "0101",   "01010",   "010101", "01011",
        "011", "0110", "01100", "01101", "011010", "0110101", "011011", "0",
    };

    (void)jtag_ir(0x1ff, 9);
    for (const char *p = ways[_i]; *p != '\0'; p++) {
        sfi__tap_pins(board.sim, false, *p == '1', true);
        sfi__tap_pins(board.sim, true, *p == '1', true);
    }
    jtag_reset();
    ck_assert_uint_eq(jtag_dr(0, 64), 0x064500416ba00477u);
}
END_TEST

/* Between scans the line is pulled up; the level is the pin's, not an edge's.
 */
START_TEST(test_levels)
{
    uint64_t clocks = board.sim->chain.clocks;

    ck_assert(sfi__tap_tdo(board.sim));
    for (int i = 0; i < 3; i++)
        sfi__tap_pins(board.sim, false, true, true);
    ck_assert_uint_eq(board.sim->chain.clocks, clocks);
    for (int i = 0; i < 3; i++)
        sfi__tap_pins(board.sim, true, false, true);
    ck_assert_uint_eq(board.sim->chain.clocks, clocks + 1);
    jtag_reset();
    ck_assert_uint_eq(jtag_dr(0, 64), 0x064500416ba00477u);
}
END_TEST

/* ---- DP and APs ---- */

START_TEST(test_dp)
{
    (void)jtag_access(false, true, ADI_DP_DPIDR, 0);
    ck_assert_uint_eq(jtag_access(false, true, ADI_DP_RDBUFF, 0), 0x6ba00477);
    /* RDBUFF reads as zero itself */
    ck_assert_uint_eq(jtag_access(false, true, ADI_DP_RDBUFF, 0), 0);
    ck_assert_uint_eq(jtag_status(), 0xf0000000);
    (void)jtag_access(false, false, ADI_DP_CTRL_STAT, 0);
    ck_assert_uint_eq(jtag_status(), 0);
    /* no AP without power */
    (void)jtag_access(true, true, ADI_AP_CSW, 0);
    ck_assert_uint_eq(jtag_status(), ADI_STAT_STICKYERR);
    jtag_connect();
    ck_assert_uint_eq(jtag_status(), 0xf0000000);
    ck_assert_uint_eq(jtag_read(DBGMCU), 0x20036450);
}
END_TEST

static uint32_t
ap_register(uint8_t ap, uint8_t reg)
{
    (void)jtag_access(false, false, ADI_DP_SELECT, sfi__adi_select(ap, reg));
    (void)jtag_access(true, true, reg & 0xc, 0);
    return jtag_access(false, true, ADI_DP_RDBUFF, 0);
}

static void
set_ap(uint8_t reg, uint32_t value)
{
    (void)jtag_access(false, false, ADI_DP_SELECT, sfi__adi_select(0, reg));
    (void)jtag_access(true, false, reg & 0xc, value);
}

START_TEST(test_aps)
{
    ck_assert_uint_eq(ap_register(0, ADI_AP_IDR), 0x84770001);
    ck_assert_uint_eq(ap_register(1, ADI_AP_IDR), 0x84770001);
    ck_assert_uint_eq(ap_register(2, ADI_AP_IDR), 0x54770002);
    ck_assert_uint_eq(ap_register(3, ADI_AP_IDR), 0);
    ck_assert_uint_eq(ap_register(255, ADI_AP_IDR), 0);
    ck_assert_uint_eq(ap_register(0, ADI_AP_BASE), 0xe00fe003);
    ck_assert_uint_eq(ap_register(1, ADI_AP_BASE), 0xffffffff);
    ck_assert_uint_eq(ap_register(2, ADI_AP_BASE), 0xe00e0003);
    ck_assert_uint_eq(ap_register(0, ADI_AP_CFG), 0);
    /* packed and wider accesses are not supported */
    set_ap(ADI_AP_CSW, ADI_CSW_INC_PACKED | 1);
    ck_assert_uint_eq(ap_register(0, ADI_AP_CSW), ADI_CSW_DEVICE_EN | 1);
    set_ap(ADI_AP_CSW, 0xffffffff);
    ck_assert_uint_eq(ap_register(0, ADI_AP_CSW), 0x7f000042);
    set_ap(ADI_AP_CSW, 0x23000012);
    ck_assert_uint_eq(ap_register(0, ADI_AP_CSW), 0x23000052);
}
END_TEST

/* A word through another AP, or false. */
static bool
peek_by(uint8_t ap, uint32_t address, uint32_t *value)
{
    jtag_connect();
    (void)jtag_access(false, false, ADI_DP_SELECT, sfi__adi_select(ap, 0));
    (void)jtag_access(true, false, ADI_AP_TAR, address);
    *value = ap_register(ap, ADI_AP_DRW);
    return (jtag_status() & ADI_STAT_STICKYERR) == 0;
}

/* AP 1 has no way to the core's registers, AP 2 only one to the debug bus:
 * DBGMCU and components. */
START_TEST(test_other_aps)
{
    uint32_t value;

    jtag_write(RAM, 0x600d);
    ck_assert(peek_by(1, RAM, &value));
    ck_assert_uint_eq(value, 0x600d);
    ck_assert(peek_by(1, DBGMCU, &value));
    ck_assert(!peek_by(1, 0xe000ed00, &value));
    ck_assert(!peek_by(1, 0xe00fe000, &value));
    ck_assert(peek_by(2, 0xe00e1000, &value));
    ck_assert_uint_eq(value, 0x20036450);
    ck_assert(peek_by(2, 0xe00e0008, &value));
    ck_assert_uint_eq(value, 0x00010003);
    ck_assert(!peek_by(2, RAM, &value));
    ck_assert(!peek_by(2, 0xe000ed00, &value));
    ck_assert(!peek_by(2, 0xe00e2000, &value));
    /* words only */
    jtag_connect();
    ck_assert_uint_eq(ap_register(2, ADI_AP_CSW), 0x80000042);
    (void)jtag_access(true, false, ADI_AP_CSW, 0);
    ck_assert_uint_eq(ap_register(2, ADI_AP_CSW), 0x00000042);
}
END_TEST

/* TAR counts up within 1 KiB; BD0 to BD3 are the words around it. */
START_TEST(test_bursts)
{
    set_ap(ADI_AP_TAR, RAM + 0x3f8);
    for (uint32_t i = 0; i < 4; i++)
        (void)jtag_access(true, false, ADI_AP_DRW, 0x11111111 * (i + 1));
    ck_assert_uint_eq(ap_register(0, ADI_AP_TAR), RAM + 8);
    ck_assert_uint_eq(jtag_read(RAM + 0x3fc), 0x22222222);
    ck_assert_uint_eq(jtag_read(RAM), 0x33333333);
    ck_assert_uint_eq(jtag_read(RAM + 4), 0x44444444);
    ck_assert_uint_eq(jtag_read(RAM + 0x400), 0);
    set_ap(ADI_AP_TAR, RAM + 4);
    set_ap(ADI_AP_BD0 + 8, 0xcafef00d);
    ck_assert_uint_eq(ap_register(0, ADI_AP_BD0), 0x33333333);
    ck_assert_uint_eq(ap_register(0, ADI_AP_BD0 + 8), 0xcafef00d);
    ck_assert_uint_eq(ap_register(0, ADI_AP_TAR), RAM + 4);
}
END_TEST

/* Bytes and half words are on their own lanes. */
START_TEST(test_lanes)
{
    jtag_write(RAM, 0x33221100);
    set_ap(ADI_AP_CSW, ADI_CSW_INC_SINGLE | 0);
    set_ap(ADI_AP_TAR, RAM + 1);
    (void)jtag_access(true, false, ADI_AP_DRW, 0x0000aa00);
    (void)jtag_access(true, false, ADI_AP_DRW, 0x00bb0000);
    ck_assert_uint_eq(ap_register(0, ADI_AP_TAR), RAM + 3);
    ck_assert_uint_eq(ap_register(0, ADI_AP_DRW), 0x33000000);
    set_ap(ADI_AP_CSW, 1);
    set_ap(ADI_AP_TAR, RAM + 2);
    ck_assert_uint_eq(ap_register(0, ADI_AP_DRW), 0x33bb0000);
    set_ap(ADI_AP_CSW, ADI_CSW_SIZE_32);
    ck_assert_uint_eq(jtag_read(RAM), 0x33bbaa00);
    /* not aligned: a bus error */
    set_ap(ADI_AP_TAR, RAM + 2);
    (void)ap_register(0, ADI_AP_DRW);
    ck_assert_uint_ne(jtag_status() & ADI_STAT_STICKYERR, 0);
}
END_TEST

/* After an error no access is done until it is cleared. */
START_TEST(test_sticky)
{
    jtag_write(RAM, 1);
    set_ap(ADI_AP_TAR, 0x60000000);
    (void)jtag_access(true, false, ADI_AP_DRW, 0);
    set_ap(ADI_AP_TAR, RAM);
    (void)jtag_access(true, false, ADI_AP_DRW, 2);
    ck_assert_uint_ne(jtag_status() & ADI_STAT_STICKYERR, 0);
    jtag_connect();
    ck_assert_uint_eq(jtag_read(RAM), 1);
    sfi__mem_ap_abort(&board.sim->chain.dap, ADI_ABORT_STKERRCLR);
    ck_assert_uint_eq(jtag_status(), 0xf0000000);
}
END_TEST

/* ---- the memory map ---- */

START_TEST(test_memory_map)
{
    static const uint32_t holes[] = {
        0x00010000, 0x07fffffc, 0x08200000, 0x1fff0000, 0x20020000,
        0x24080000, 0x30000000, 0x40000000, 0x52001ffc, 0x52002200,
        0x5c001400, 0xe0003000, 0xe00fd000, 0xfffffffc,
    };

    static const uint32_t rams[] = {
        0x00000000, 0x0000fffc, 0x20000000, 0x200040fc, 0x20004100, 0x2001fffc,
        0x24000000, 0x24004ffc, 0x24005000, 0x2407fffc, 0x38000000, 0x3800fffc,
    };

    ck_assert_uint_eq(jtag_read(FLASH), 0xffffffff);
    ck_assert_uint_eq(jtag_read(0x081ffffc), 0xffffffff);
    ck_assert_uint_eq(jtag_read(DBGMCU), 0x20036450);
    ck_assert_uint_eq(jtag_read(0xe000ed00), 0x411fc271);
    for (size_t i = 0; i < ROWS(rams); i++) {
        jtag_write(rams[i], 0xa5a50000 + (uint32_t)i);
        ck_assert_uint_eq(jtag_read(rams[i]), 0xa5a50000 + i);
    }
    for (size_t i = 0; i < ROWS(holes); i++)
        assert_no_access(holes[i]);
}
END_TEST

START_TEST(test_resets)
{
    uint64_t resets = sfi_sim_resets(board.sim);

    jtag_write(RAM, 1);
    jtag_write(0xe000ed0c, 0x00000004); /* without the key */
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets);
    jtag_write(0xe000ed0c, 0x05fa0004);
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets + 1);
    /* the debug port keeps its state, RAM does not */
    ck_assert_uint_eq(jtag_read(RAM), 0);
    sfi__sim_hold(board.sim, true);
    assert_no_access(RAM);
    board_talk("> 7f <");
    sfi__sim_hold(board.sim, false);
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets + 2);
    board_talk("> 7f < 79");
    /* also where the firmware runs */
    sfi_sim_set_boot0(board.sim, 0);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    jtag_connect();
    board_talk("> 7f <");
    jtag_write(RAM, 2);
    ck_assert_uint_eq(jtag_read(RAM), 2);
}
END_TEST

START_TEST(test_no_power)
{
    sfi_sim_power_cut_after(board.sim, 0);
    ck_assert_int_eq(sfi_sim_erase_flash(board.sim), SFI_ERR_STATE);
    jtag_reset();
    ck_assert_uint_eq(jtag_dr(0, 64), UINT64_MAX);
}
END_TEST

START_TEST(test_readout_protection)
{
    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1bc600f0));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    jtag_connect();
    assert_no_access(FLASH);
    jtag_write(RAM, 7);
    ck_assert_uint_eq(jtag_read(RAM), 7);
    ck_assert_uint_eq(jtag_read(REGS + H7_FLASH_OPTSR_CUR), 0x1bc600f0);
    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1bc6ccf0));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    jtag_connect();
    assert_no_access(RAM);
    assert_no_access(DBGMCU);
}
END_TEST

/* ---- the FLASH registers ---- */

static void
unlock(uint32_t bank)
{
    jtag_write(REGS + bank + H7_FLASH_KEYR, H7_FLASH_KEY1);
    jtag_write(REGS + bank + H7_FLASH_KEYR, H7_FLASH_KEY2);
    ck_assert_uint_eq(jtag_read(REGS + bank + H7_FLASH_CR) & H7_FLASH_CR_LOCK,
                      0);
}

static void
program(uint32_t address)
{
    for (uint32_t i = 0; i < H7_FLASH_WORD; i += 4)
        jtag_write(address + i, address + i);
}

START_TEST(test_program)
{
    uint32_t bank = _i == 0 ? 0 : H7_FLASH_BANK2;
    uint32_t base = _i == 0 ? FLASH : BANK2;
    uint32_t sr;

    program(base); /* locked */
    ck_assert_uint_eq(jtag_read(REGS + bank + H7_FLASH_SR), H7_FLASH_SR_PGSERR);
    ck_assert_uint_eq(jtag_read(base), 0xffffffff);
    jtag_write(REGS + bank + H7_FLASH_CCR, H7_FLASH_SR_PGSERR);
    unlock(bank);
    jtag_write(REGS + bank + H7_FLASH_CR, H7_FLASH_CR_PG);
    program(base + 32);
    ck_assert_uint_eq(jtag_read(REGS + bank + H7_FLASH_SR), H7_FLASH_SR_EOP);
    ck_assert_uint_eq(jtag_read(base + 60), base + 60);
    /* once only */
    program(base + 32);
    sr = jtag_read(REGS + bank + H7_FLASH_SR);
    ck_assert_uint_eq(sr & H7_FLASH_SR_ERRORS, H7_FLASH_SR_PGSERR);
    jtag_write(REGS + bank + H7_FLASH_CCR, sr);
    /* elsewhere before the word is full */
    jtag_write(base + 64, 1);
    ck_assert_uint_eq(jtag_read(REGS + bank + H7_FLASH_SR), H7_FLASH_SR_WBNE);
    jtag_write(base + 96, 1);
    ck_assert_uint_eq(jtag_read(REGS + bank + H7_FLASH_SR), H7_FLASH_SR_INCERR);
    ck_assert_uint_eq(jtag_read(base + 64), 0xffffffff);
    jtag_write(REGS + bank + H7_FLASH_CCR, H7_FLASH_SR_INCERR);
    /* forced */
    jtag_write(base + 64, 0x12345678);
    jtag_write(REGS + bank + H7_FLASH_CR, H7_FLASH_CR_PG | H7_FLASH_CR_FW);
    ck_assert_uint_eq(jtag_read(base + 64), 0x12345678);
    ck_assert_uint_eq(jtag_read(base + 68), 0xffffffff);
    /* erase the sector, then all of the bank */
    jtag_write(REGS + bank + H7_FLASH_CR, H7_FLASH_CR_PG);
    program(base + (7u << 17));
    jtag_write(REGS + bank + H7_FLASH_CR, H7_FLASH_CR_SER | H7_FLASH_CR_START);
    ck_assert_uint_eq(jtag_read(base + 32), 0xffffffff);
    ck_assert_uint_eq(jtag_read(base + (7u << 17)), base + (7u << 17));
    jtag_write(REGS + bank + H7_FLASH_CR, H7_FLASH_CR_SER | H7_FLASH_CR_START |
                                              7u << H7_FLASH_CR_SNB_SHIFT);
    ck_assert_uint_eq(jtag_read(base + (7u << 17)), 0xffffffff);
    jtag_write(REGS + bank + H7_FLASH_CR, H7_FLASH_CR_PG);
    program(base);
    jtag_write(REGS + bank + H7_FLASH_CR, H7_FLASH_CR_BER | H7_FLASH_CR_START);
    ck_assert_uint_eq(jtag_read(base), 0xffffffff);
    jtag_write(REGS + bank + H7_FLASH_CR, H7_FLASH_CR_LOCK);
    ck_assert_uint_eq(jtag_read(REGS + bank + H7_FLASH_CR), H7_FLASH_CR_LOCK);
}
END_TEST

/* A wrong key shuts the lock until a reset. */
START_TEST(test_wrong_key)
{
    jtag_write(REGS + H7_FLASH_KEYR, H7_FLASH_KEY2);
    jtag_write(REGS + H7_FLASH_KEYR, H7_FLASH_KEY1);
    jtag_write(REGS + H7_FLASH_KEYR, H7_FLASH_KEY2);
    ck_assert_uint_eq(jtag_read(REGS + H7_FLASH_CR), H7_FLASH_CR_LOCK);
    jtag_write(REGS + H7_FLASH_CR, H7_FLASH_CR_PG);
    ck_assert_uint_eq(jtag_read(REGS + H7_FLASH_CR), H7_FLASH_CR_LOCK);
    jtag_write(0xe000ed0c, 0x05fa0004);
    unlock(0);
}
END_TEST

START_TEST(test_write_protected)
{
    ck_assert_ok(sfi_sim_set_option(board.sim, "FWPSN_PRG_A", 0xfe));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    jtag_connect();
    unlock(0);
    jtag_write(REGS + H7_FLASH_CR, H7_FLASH_CR_PG);
    program(FLASH);
    ck_assert_uint_eq(jtag_read(REGS + H7_FLASH_SR), H7_FLASH_SR_WRPERR);
    jtag_write(REGS + H7_FLASH_CCR, H7_FLASH_SR_WRPERR);
    jtag_write(REGS + H7_FLASH_CR, H7_FLASH_CR_BER | H7_FLASH_CR_START);
    ck_assert_uint_eq(jtag_read(REGS + H7_FLASH_SR), H7_FLASH_SR_WRPERR);
    ck_assert_uint_eq(jtag_read(FLASH), 0xffffffff);
}
END_TEST

START_TEST(test_option_bytes)
{
    jtag_write(REGS + H7_FLASH_OPTSR_PRG, 0); /* locked */
    ck_assert_uint_eq(jtag_read(REGS + H7_FLASH_OPTSR_PRG), 0x1bc6aaf0);
    ck_assert_uint_eq(jtag_read(REGS + H7_FLASH_OPTCR), H7_FLASH_OPTCR_OPTLOCK);
    jtag_write(REGS + H7_FLASH_OPTKEYR, H7_FLASH_OPTKEY1);
    jtag_write(REGS + H7_FLASH_OPTKEYR, H7_FLASH_OPTKEY2);
    ck_assert_uint_eq(jtag_read(REGS + H7_FLASH_OPTCR), 0);
    jtag_write(REGS + H7_FLASH_OPTSR_PRG, 0x1be6aaf0);
    ck_assert(!sfi__options_pending(board.sim));
    jtag_write(REGS + H7_FLASH_OPTCR, H7_FLASH_OPTCR_OPTSTART);
    ck_assert(sfi__options_pending(board.sim));
    ck_assert_uint_eq(jtag_read(REGS + H7_FLASH_OPTSR_CUR), 0x1bc6aaf0);
    ck_assert_uint_eq(jtag_read(REGS + H7_FLASH_OPTSR_PRG), 0x1be6aaf0);
    jtag_write(REGS + H7_FLASH_OPTCR, H7_FLASH_OPTCR_OPTLOCK);
    jtag_write(0xe000ed0c, 0x05fa0004);
    ck_assert_int_eq(board.sim->mode, SIM_SECURE);
}
END_TEST

/* ---- the mailbox ---- */

static void
put(uint32_t offset, const void *bytes, size_t len)
{
    for (size_t i = 0; bytes != NULL && i < len; i += 4) {
        uint8_t w[4] = {0};

        memcpy(w, (const uint8_t *)bytes + i, len - i < 4 ? len - i : 4);
        jtag_write(MAILBOX + offset + (uint32_t)i,
                   (uint32_t)w[0] | (uint32_t)w[1] << 8 | (uint32_t)w[2] << 16 |
                       (uint32_t)w[3] << 24);
    }
}

static void
get(uint32_t offset, void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)bytes)[i] =
            (uint8_t)(jtag_read(MAILBOX + ((offset + (uint32_t)i) & ~3u)) >>
                      8 * ((offset + i) % 4));
}

/* A request; its cause. */
static int
ask(uint16_t opcode, const void *param, uint32_t param_len, const void *data,
    uint32_t data_len, uint8_t *reply)
{
    uint32_t number = jtag_read(MAILBOX + SFI_MAILBOX_AT_DONE) + 1;
    uint32_t len;

    if (param != NULL)
        put(sfi__mailbox_param_at(param_len), param, param_len);
    put(sfi__mailbox_data_at(opcode), data, data_len);
    jtag_write(MAILBOX + SFI_MAILBOX_AT_OPCODE, opcode | param_len << 16);
    jtag_write(MAILBOX + SFI_MAILBOX_AT_DATA_LEN, data_len);
    jtag_write(MAILBOX + SFI_MAILBOX_AT_REQUEST, number);
    ck_assert_uint_eq(jtag_read(MAILBOX + SFI_MAILBOX_AT_DONE), number);
    len = jtag_read(MAILBOX + SFI_MAILBOX_AT_CAUSE) >> 16;
    if (reply != NULL)
        get(SFI_MAILBOX_AT_REPLY, reply, len);
    return (int)(jtag_read(MAILBOX + SFI_MAILBOX_AT_CAUSE) & 0xffffu);
}

START_TEST(test_secure)
{
    static const uint32_t shut[] = {
        FLASH,       RAM,        REGS + H7_FLASH_OPTSR_CUR, DBGMCU, 0xe000ed0c,
        MAILBOX - 4, 0x20004100, MAILBOX + 0x11000,
    };
    uint8_t raw[SFI_CMD_REPLY_MAX];
    struct security_info i;

    ck_assert_uint_eq(jtag_read(MAILBOX), 0);
    install_activate();
    jtag_connect();
    for (size_t k = 0; k < ROWS(shut); k++)
        assert_no_access(shut[k]);
    ck_assert_uint_eq(jtag_read(MAILBOX), SFI_MAILBOX_MAGIC);
    ck_assert_uint_eq(jtag_read(MAILBOX + 4), 0x04500001);
    ck_assert_int_eq(ask(SFI_CMD_INFO, NULL, 0, NULL, 0, raw), 0);
    sfi__security_read_info(&i, raw);
    ck_assert_uint_eq(i.device_id, 0x450);
    ck_assert_int_eq(ask(0x5399, NULL, 0, NULL, 0, NULL),
                     SFI_CAUSE_UNKNOWN_COMMAND);
    /* lengths that are too large */
    ck_assert_int_eq(ask(SFI_CMD_INFO, NULL, 129, NULL, 0, NULL),
                     SFI_CAUSE_LENGTH);
    ck_assert_int_eq(ask(SFI_CMD_DATA, NULL, 4, NULL, 1025, NULL),
                     SFI_CAUSE_LENGTH);
    /* over the USART at the same time */
    ck_assert(install_sync());
    ck_assert_int_eq(install_request(SFI_CMD_INFO, NULL, 0, NULL, 0, raw,
                                     &(size_t){sizeof(raw)}),
                     0);
}
END_TEST

/* A whole install through the pins; the answer to ABORT can be read before the
 * part leaves. */
START_TEST(test_install)
{
    uint64_t resets;
    uint8_t flags = 0;
    struct package p;
    size_t at = 28;

    package_make(&p);
    install_activate();
    jtag_connect();
    ck_assert_int_eq(ask(SFI_CMD_SECURE, &flags, 1, NULL, 0, NULL), 0);
    ck_assert_int_eq(
        ask(SFI_CMD_LICENSE, NULL, 0, p.license, sizeof(p.license), NULL), 0);
    ck_assert_int_eq(ask(SFI_CMD_HEADER, p.image.data, 28, NULL, 0, NULL), 0);
    while (at < p.image.len) {
        struct image_area a;

        sfi__image_read_area(&a, p.image.data + at);
        ck_assert_int_eq(
            ask(SFI_CMD_AREA, p.image.data + at, 30, NULL, 0, NULL), 0);
        at += 30;
        for (uint32_t o = 0; o < a.size;) {
            uint32_t n = a.size - o < 1024 ? a.size - o : 1024;
            const uint8_t offset[4] = {(uint8_t)o, (uint8_t)(o >> 8),
                                       (uint8_t)(o >> 16), 0};

            ck_assert_int_eq(
                ask(SFI_CMD_DATA, offset, 4, p.image.data + at, n, NULL), 0);
            at += n;
            o += n;
        }
    }
    ck_assert_int_eq(ask(SFI_CMD_FINISH, NULL, 0, NULL, 0, NULL), 0);
    resets = sfi_sim_resets(board.sim);
    ck_assert_int_eq(ask(SFI_CMD_ABORT, NULL, 0, NULL, 0, NULL), 0);
    sfi__sim_wait(board.sim, SFI_MAILBOX_HOLD_MS - 1);
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets);
    sfi__sim_wait(board.sim, 1);
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets + 1);
    install_assert_complete(&p);
    assert_no_access(FLASH);
    package_free(&p);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sim_jtag");
    TCase *t = tcase_create("jtag");

    tcase_add_checked_fixture(t, jtag_setup, board_teardown);
    tcase_add_test(t, test_chain);
    tcase_add_loop_test(t, test_reset_from_anywhere, 0, 16);
    tcase_add_test(t, test_levels);
    tcase_add_test(t, test_dp);
    tcase_add_test(t, test_aps);
    tcase_add_test(t, test_other_aps);
    tcase_add_test(t, test_bursts);
    tcase_add_test(t, test_lanes);
    tcase_add_test(t, test_sticky);
    tcase_add_test(t, test_memory_map);
    tcase_add_test(t, test_resets);
    tcase_add_test(t, test_no_power);
    tcase_add_test(t, test_readout_protection);
    tcase_add_loop_test(t, test_program, 0, 2);
    tcase_add_test(t, test_wrong_key);
    tcase_add_test(t, test_write_protected);
    tcase_add_test(t, test_option_bytes);
    tcase_add_test(t, test_secure);
    tcase_add_test(t, test_install);
    suite_add_tcase(s, t);
    return run_suite(s);
}

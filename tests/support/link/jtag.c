/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A debugger's side of JTAG, on the pins of the virtual chip. */
#include <link/jtag.h>

#include "sim/sim.h"

#define IR_BITS (ADI_IR_LEN + TAP_BOUNDARY_IR_LEN)
#define BOUNDARY_BYPASS 0x1fu

static bool
clock_once(bool tms, bool tdi)
{
    bool tdo;

    sfi__tap_pins(board.sim, false, tms, tdi);
    tdo = sfi__tap_tdo(board.sim);
    sfi__tap_pins(board.sim, true, tms, tdi);
    return tdo;
}

static void
walk(const char *tms)
{
    for (; *tms != '\0'; tms++)
        (void)clock_once(*tms == '1', false);
}

void
jtag_reset(void)
{
    walk("111110");
}

static uint64_t
shift(uint64_t out, unsigned bits)
{
    uint64_t in = 0;

    for (unsigned i = 0; i < bits; i++)
        in |= (uint64_t)clock_once(i == bits - 1, out >> i & 1) << i;
    walk("10");
    return in;
}

uint64_t
jtag_ir(uint64_t out, unsigned bits)
{
    walk("1100");
    return shift(out, bits);
}

uint64_t
jtag_dr(uint64_t out, unsigned bits)
{
    walk("100");
    return shift(out, bits);
}

/* The core is next to TDO: its bits go first. */
void
jtag_select(enum adi_ir ir)
{
    (void)jtag_ir((uint64_t)ir | BOUNDARY_BYPASS << ADI_IR_LEN, IR_BITS);
}

uint32_t
jtag_access(bool ap, bool read, uint8_t reg, uint32_t data)
{
    const struct adi_request r = {.ap = ap, .read = read, .reg = reg};
    uint64_t scan;

    jtag_select(ap ? ADI_IR_APACC : ADI_IR_DPACC);
    /* one more for the boundary TAP's bypass bit */
    scan = jtag_dr(sfi__adi_jtag_request(&r, data), ADI_ACCESS_BITS + 1);
    ck_assert_int_eq(sfi__adi_jtag_take_answer(scan, &data), ADI_ACK_OK);
    return data;
}

uint32_t
jtag_status(void)
{
    (void)jtag_access(false, true, ADI_DP_CTRL_STAT, 0);
    return jtag_access(false, true, ADI_DP_RDBUFF, 0);
}

void
jtag_connect(void)
{
    jtag_reset();
    (void)jtag_access(false, false, ADI_DP_CTRL_STAT,
                      ADI_CTRL_PWRUP | ADI_STAT_STICKY);
    (void)jtag_access(false, false, ADI_DP_SELECT, sfi__adi_select(0, 0));
    (void)jtag_access(true, false, ADI_AP_CSW,
                      ADI_CSW_SIZE_32 | ADI_CSW_INC_SINGLE);
}

static bool
is_fine(void)
{
    if ((jtag_status() & ADI_STAT_STICKYERR) == 0)
        return true;
    (void)jtag_access(false, false, ADI_DP_CTRL_STAT,
                      ADI_CTRL_PWRUP | ADI_STAT_STICKYERR);
    return false;
}

bool
jtag_peek(uint32_t address, uint32_t *value)
{
    (void)jtag_access(true, false, ADI_AP_TAR, address);
    (void)jtag_access(true, true, ADI_AP_DRW, 0);
    *value = jtag_access(false, true, ADI_DP_RDBUFF, 0);
    return is_fine();
}

bool
jtag_poke(uint32_t address, uint32_t value)
{
    (void)jtag_access(true, false, ADI_AP_TAR, address);
    (void)jtag_access(true, false, ADI_AP_DRW, value);
    return is_fine();
}

uint32_t
jtag_read(uint32_t address)
{
    uint32_t value = 0;

    ck_assert_msg(jtag_peek(address, &value), "0x%08x: bus error", address);
    return value;
}

void
jtag_write(uint32_t address, uint32_t value)
{
    ck_assert_msg(jtag_poke(address, value), "0x%08x: bus error", address);
}

void
jtag_setup(void)
{
    board_setup("stm32h753xi");
    jtag_connect();
}

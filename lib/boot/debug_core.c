/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The core of a part behind a debug port (ARM DDI 0403, C1): starts a program,
 * and stops watchdogs while the core is halted. */
#include "core/ctx.h"
#include "core/err.h"
#include "chip/chip.h"
#include "wire/h7_dbgmcu.h"
#include "wire/v7m_debug.h"
#include "boot/debug_port.h"

#define HALT_MS 1000u
#define REGISTER_MS 100u

static sfi_status
core_write_word(struct boot *b, uint32_t address, uint32_t value)
{
    return sfi__debug_write(b, address, &value, 1);
}

static sfi_status
core_set_register(struct boot *b, uint32_t number, uint32_t value)
{
    sfi_status st = core_write_word(b, V7M_DCRDR, value);

    if (st != SFI_OK)
        return st;
    st = core_write_word(b, V7M_DCRSR, V7M_DCRSR_WRITE | number);
    if (st != SFI_OK)
        return st;
    return sfi__debug_wait(b, V7M_DHCSR, V7M_DHCSR_S_REGRDY, V7M_DHCSR_S_REGRDY,
                           REGISTER_MS, NULL);
}

/* Reset, and stop before the first instruction, so that the peripherals are as
 * after a reset. */
static sfi_status
core_reset_and_halt(struct boot *b)
{
    sfi_status st =
        core_write_word(b, V7M_DHCSR, V7M_DHCSR_KEY | V7M_DHCSR_C_DEBUGEN);

    if (st != SFI_OK)
        return st;
    st = core_write_word(b, V7M_DEMCR, V7M_DEMCR_VC_CORERESET);
    if (st != SFI_OK)
        return st;
    st = core_write_word(b, V7M_AIRCR, V7M_AIRCR_KEY | V7M_AIRCR_SYSRESETREQ);
    if (st != SFI_OK)
        return st;
    return sfi__debug_wait(b, V7M_DHCSR, V7M_DHCSR_S_HALT, V7M_DHCSR_S_HALT,
                           HALT_MS, NULL);
}

/* Let the core run, also through the next reset. */
static sfi_status
core_let_run(struct boot *b)
{
    sfi_status st = core_write_word(b, V7M_DEMCR, 0);

    if (st != SFI_OK)
        return st;
    st = core_write_word(b, V7M_DHCSR, V7M_DHCSR_KEY | V7M_DHCSR_C_DEBUGEN);
    if (st != SFI_OK)
        return st;
    return core_write_word(b, V7M_DHCSR, V7M_DHCSR_KEY);
}

sfi_status
sfi__debug_core_reset(struct boot *b)
{
    uint32_t dhcsr;
    sfi_status st;

    b->link.doing = "a reset";
    b->is_frozen = false;
    st = core_let_run(b);
    if (st == SFI_OK) /* a read clears S_RESET_ST */
        st = sfi__debug_read(b, V7M_DHCSR, &dhcsr, 1);
    if (st == SFI_OK)
        st = core_write_word(b, V7M_AIRCR,
                             V7M_AIRCR_KEY | V7M_AIRCR_SYSRESETREQ);
    if (st != SFI_OK)
        return st;
    return sfi__debug_wait(b, V7M_DHCSR, V7M_DHCSR_S_RESET_ST,
                           V7M_DHCSR_S_RESET_ST, HALT_MS, NULL);
}

sfi_status
sfi__debug_core_halt(struct boot *b)
{
    sfi_status st;

    b->link.doing = "a halt";
    st = core_write_word(
        b, V7M_DHCSR, V7M_DHCSR_KEY | V7M_DHCSR_C_DEBUGEN | V7M_DHCSR_C_HALT);
    if (st != SFI_OK)
        return st;
    return sfi__debug_wait(b, V7M_DHCSR, V7M_DHCSR_S_HALT, V7M_DHCSR_S_HALT,
                           HALT_MS, NULL);
}

/* Load what a reset would load from the vector table. */
static sfi_status
core_load_vectors(struct boot *b, uint32_t table, const uint32_t first[2])
{
    sfi_status st = core_write_word(b, V7M_VTOR, table);

    if (st != SFI_OK)
        return st;
    st = core_set_register(b, V7M_REG_MSP, first[0]);
    if (st != SFI_OK)
        return st;
    st = core_set_register(b, V7M_REG_PC, first[1] & ~1u);
    if (st != SFI_OK)
        return st;
    return core_set_register(b, V7M_REG_XPSR, V7M_XPSR_T);
}

static sfi_status
core_check_vectors(struct boot *b, uint32_t table, const uint32_t first[2])
{
    if (first[0] == UINT32_MAX || (first[1] & 1) == 0)
        return sfi__fail(b->link.ctx, SFI_ERR_CHIP_RULE,
                         "no program begins at 0x%08x: its stack would be at "
                         "0x%08x and its code at 0x%08x, expected a vector "
                         "table",
                         (unsigned)table, (unsigned)first[0],
                         (unsigned)first[1]);
    return SFI_OK;
}

sfi_status
sfi__debug_core_start(struct boot *b, uint32_t table)
{
    uint32_t first[2] = {0};
    struct sfi_error first_error;
    sfi_status st;

    b->link.doing = "a start";
    if ((table & ~V7M_VTOR_MASK) != 0)
        return sfi__fail(b->link.ctx, SFI_ERR_CHIP_RULE,
                         "a vector table at 0x%08x, expected a multiple of "
                         "%u",
                         (unsigned)table, ~V7M_VTOR_MASK + 1);
    st = sfi__debug_read_sure(b, table, first, 2);
    if (st != SFI_OK)
        return st;
    st = core_check_vectors(b, table, first);
    if (st != SFI_OK)
        return st;
    st = core_reset_and_halt(b);
    if (st == SFI_OK)
        st = core_load_vectors(b, table, first);
    if (st == SFI_OK)
        return core_let_run(b);
    sfi__error_keep(b->link.ctx, &first_error);
    (void)core_let_run(b);
    sfi__error_restore(b->link.ctx, &first_error);
    return st;
}

/* A watchdog that resets the part in the middle of an erase leaves half of it;
 * with its debug clocks the part can be reached while it sleeps. */
static const struct {
    uint32_t offset, bits;
} core_freezes[] = {
    {H7_DBGMCU_CR, H7_DBGMCU_CR_DBGSLEEP_D1 | H7_DBGMCU_CR_DBGSTOP_D1 |
                       H7_DBGMCU_CR_DBGSTBY_D1 | H7_DBGMCU_CR_D1DBGCKEN |
                       H7_DBGMCU_CR_D3DBGCKEN},
    {H7_DBGMCU_APB3FZ1, H7_DBGMCU_APB3FZ1_WWDG1},
    {H7_DBGMCU_APB4FZ1, H7_DBGMCU_APB4FZ1_WDGLSD1},
};

static sfi_status
core_set_bits(struct boot *b, uint32_t address, uint32_t bits)
{
    uint32_t word = 0;
    sfi_status st = sfi__debug_read_sure(b, address, &word, 1);

    if (st != SFI_OK || (word & bits) == bits)
        return st;
    return core_write_word(b, address, word | bits);
}

sfi_status
sfi__debug_core_freeze(struct boot *b)
{
    sfi_status st = SFI_OK;

    if (b->is_frozen)
        return SFI_OK;
    for (size_t i = 0; i < sizeof(core_freezes) / sizeof(*core_freezes); i++) {
        if (st == SFI_OK)
            st = core_set_bits(b, b->chip->dbgmcu + core_freezes[i].offset,
                               core_freezes[i].bits);
    }
    b->is_frozen = st == SFI_OK;
    return st;
}

sfi_status
sfi__debug_core_find(struct boot *b)
{
    uint32_t dhcsr = 0;
    sfi_status st = sfi__debug_read(b, V7M_DHCSR, &dhcsr, 1);

    if (st == SFI_OK && (dhcsr & V7M_DHCSR_S_HALT) != 0)
        st = sfi__debug_core_freeze(b);
    if (st != SFI_ERR_NACK)
        return st;
    sfi__clear_error(b->link.ctx);
    return SFI_OK;
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Halts the chip's core while a probe connects, and lets it run in the end:
 * ST's modes NORMAL and UR (UM2237, connect modes; ARM DDI 0403, C1.6). */
#include "core/err.h"
#include "wire/v7m_debug.h"
#include "transport/probe/session.h"

/* A core halts within one instruction, and is caught as soon as NRST is high.
 */
#define HALT_TRIES 100u
#define HALT_MS 1u

static const uint32_t debug_enable = V7M_DHCSR_KEY | V7M_DHCSR_C_DEBUGEN;
static const uint32_t halt_now =
    V7M_DHCSR_KEY | V7M_DHCSR_C_DEBUGEN | V7M_DHCSR_C_HALT;
static const uint32_t debug_disable = V7M_DHCSR_KEY;
static const uint32_t catch_reset = V7M_DEMCR_VC_CORERESET;
static const uint32_t catch_nothing = 0;
static const uint32_t reset_request = V7M_AIRCR_KEY | V7M_AIRCR_SYSRESETREQ;

sfi_status
sfi__probe_halt_catch(struct probe *p)
{
    sfi_status st = sfi__probe_write32(p, V7M_DHCSR, &debug_enable, 1);

    p->may_be_halted = true;
    if (st != SFI_OK)
        return st;
    return sfi__probe_write32(p, V7M_DEMCR, &catch_reset, 1);
}

static sfi_status
halt_read_state(struct probe *p, bool *halted)
{
    uint32_t dhcsr = 0;
    sfi_status st = sfi__probe_read32(p, V7M_DHCSR, &dhcsr, 1);

    *halted = (dhcsr & V7M_DHCSR_S_HALT) != 0;
    return st;
}

static sfi_status
halt_wait(struct probe *p)
{
    const struct clock *clock = p->ctx->clock;
    bool halted = false;
    sfi_status st = SFI_OK;

    for (unsigned i = 0; i < HALT_TRIES && st == SFI_OK && !halted; i++) {
        if (i > 0)
            clock->sleep_ms(clock->user, HALT_MS);
        st = halt_read_state(p, &halted);
    }
    if (st == SFI_OK && !halted)
        sfi__log(p->ctx, SFI_LOG_WARNING,
                 "the chip's core did not halt within %u ms; its program runs",
                 HALT_TRIES * HALT_MS);
    return st;
}

/* Halt the core, unless it was caught; later resets are not caught. */
static sfi_status
halt_core_now(struct probe *p)
{
    bool halted = false;
    sfi_status st = halt_read_state(p, &halted);

    p->may_be_halted = true;
    if (st == SFI_OK && !halted)
        st = sfi__probe_write32(p, V7M_DHCSR, &halt_now, 1);
    if (st == SFI_OK)
        st = halt_wait(p);
    if (st == SFI_OK)
        st = sfi__probe_write32(p, V7M_DEMCR, &catch_nothing, 1);
    return st;
}

/* A secure part shows no core, and is taken as it is. */
sfi_status
sfi__probe_halt_core(struct probe *p)
{
    sfi_status st = halt_core_now(p);

    if (st != SFI_ERR_NACK)
        return st;
    sfi__log(p->ctx, SFI_LOG_DEBUG, "no core to halt: %s",
             p->ctx->error.message);
    sfi__clear_error(p->ctx);
    return SFI_OK;
}

/* Reset a core that is halted, and catch it at its new reset vector: of what it
 * was doing before, no instruction runs. */
static sfi_status
halt_reset_core(struct probe *p)
{
    const struct clock *clock = p->ctx->clock;
    sfi_status st = sfi__probe_write32(p, V7M_DEMCR, &catch_reset, 1);

    if (st == SFI_OK)
        st = sfi__probe_write32(p, V7M_AIRCR, &reset_request, 1);
    if (st != SFI_OK)
        return st;
    clock->sleep_ms(clock->user, PROBE_BOOT_MS);
    st = sfi__probe_connect_port(p);
    return st == SFI_OK ? halt_wait(p) : st;
}

void
sfi__probe_halt_note(struct probe *p, uint32_t address, const uint32_t *words,
                     size_t count)
{
    if (address == V7M_DHCSR && count == 1 &&
        (words[0] & V7M_DHCSR_KEY_MASK) == V7M_DHCSR_KEY &&
        (words[0] & V7M_DHCSR_C_HALT) != 0)
        p->may_be_halted = false;
}

void
sfi__probe_halt_end(struct probe *p)
{
    struct sfi_error first_error;
    bool halted = false;

    if (!p->may_be_halted)
        return;
    p->may_be_halted = false;
    sfi__error_keep(p->ctx, &first_error);
    if (halt_read_state(p, &halted) == SFI_OK) {
        if (halted)
            (void)halt_reset_core(p);
        (void)sfi__probe_write32(p, V7M_DEMCR, &catch_nothing, 1);
        (void)sfi__probe_write32(p, V7M_DHCSR, &debug_disable, 1);
    }
    sfi__error_restore(p->ctx, &first_error);
}

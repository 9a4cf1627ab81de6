/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The virtual probe's JTAG: accesses as scans over the chain, and the JTAG
 * commands of CMSIS-DAP. */
#include "sim/dap_jtag.h"

#include "sim/sim.h"

#define IDCODE_BITS 32u

static const struct adi_request rdbuff_read = {false, true, ADI_DP_RDBUFF};

/* ---- the chain ---- */

bool
sfi__dap_jtag_clock(struct sfi_sim *sim, bool tms, bool tdi)
{
    bool listens = sfi__dap_probe_clock(sim, tms);
    bool tdo = true; /* pulled up */

    if (!listens)
        return tdo;
    sfi__tap_pins(sim, false, tms, tdi);
    tdo = sfi__tap_tdo(sim);
    sfi__tap_pins(sim, true, tms, tdi);
    return tdo;
}

static void
dap_jtag_walk_tms(struct sfi_sim *sim, const char *tms)
{
    for (; *tms != '\0'; tms++)
        (void)sfi__dap_jtag_clock(sim, *tms == '1', true);
}

/* Shift `bits` of `out`, with ones for the TAPs before and behind, from Shift
 * to Run-Test/Idle.  Returns what the TAP in the middle sent. */
static uint64_t
dap_jtag_shift_bits(struct sfi_sim *sim, size_t before, uint64_t out,
                    size_t bits, size_t after)
{
    size_t all = before + bits + after;
    uint64_t in = 0;

    for (size_t i = 0; i < all; i++) {
        bool mine = i >= before && i < before + bits;
        bool tdi = !mine || (out >> (i - before) & 1) != 0;
        bool tdo = sfi__dap_jtag_clock(sim, i + 1 == all, tdi);

        if (mine)
            in |= (uint64_t)tdo << (i - before);
    }
    dap_jtag_walk_tms(sim, "10");
    return in;
}

static void
dap_jtag_select_ir(struct sfi_sim *sim, uint8_t tap, uint8_t ir)
{
    struct dap_chain *c = &sim->probe.chain;
    size_t before = 0, after = 0;

    if (c->ir == ir)
        return;
    for (size_t i = 0; i < c->count; i++) {
        before += i < tap ? c->ir_len[i] : 0u;
        after += i > tap ? c->ir_len[i] : 0u;
    }
    dap_jtag_walk_tms(sim, "1100");
    (void)dap_jtag_shift_bits(sim, before, ir, c->ir_len[tap], after);
    c->ir = ir;
}

/* The others are in BYPASS, one bit each. */
static uint64_t
dap_jtag_scan_dr(struct sfi_sim *sim, uint8_t tap, uint64_t out, size_t bits)
{
    dap_jtag_walk_tms(sim, "100");
    return dap_jtag_shift_bits(sim, tap, out, bits,
                               sim->probe.chain.count - tap - 1u);
}

static enum adi_ack
dap_jtag_scan_access(struct sfi_sim *sim, uint8_t tap,
                     const struct adi_request *r, uint32_t out, uint32_t *in)
{
    uint64_t got;

    dap_jtag_select_ir(sim, tap, r->ap ? ADI_IR_APACC : ADI_IR_DPACC);
    got = dap_jtag_scan_dr(sim, tap, sfi__adi_jtag_request(r, out),
                           ADI_ACCESS_BITS);
    for (unsigned i = 0; i < sim->probe.idle; i++)
        (void)sfi__dap_jtag_clock(sim, false, true);
    return sfi__adi_jtag_take_answer(got, in);
}

/* ---- accesses ---- */

void
sfi__dap_jtag_begin(struct sfi_sim *sim)
{
    sim->probe.chain.ir = 0;
    sim->probe.posted = false;
}

enum adi_ack
sfi__dap_jtag_access(struct sfi_sim *sim, uint8_t tap,
                     const struct adi_request *r, uint32_t *data,
                     const struct adi_request *next)
{
    struct dap_probe *p = &sim->probe;
    enum adi_ack ack = ADI_ACK_OK;
    uint32_t old;

    if (tap >= p->chain.count)
        return ADI_ACK_NONE;
    if (!r->read)
        return dap_jtag_scan_access(sim, tap, r, *data, &old);
    if (!p->posted)
        ack = dap_jtag_scan_access(sim, tap, r, 0, &old);
    if (ack != ADI_ACK_OK)
        return ack;
    p->posted = next != NULL && next->read && next->ap == r->ap;
    return dap_jtag_scan_access(sim, tap, p->posted ? next : &rdbuff_read, 0,
                                data);
}

void
sfi__dap_jtag_abort(struct sfi_sim *sim, uint8_t tap, uint32_t value)
{
    const struct adi_request abort = {false, false, ADI_DP_ABORT};

    sfi__dap_jtag_begin(sim);
    if (tap >= sim->probe.chain.count)
        return;
    dap_jtag_select_ir(sim, tap, ADI_IR_ABORT);
    (void)dap_jtag_scan_dr(sim, tap, sfi__adi_jtag_request(&abort, value),
                           ADI_ACCESS_BITS);
}

/* ---- commands ---- */

static void
dap_jtag_one_sequence(struct sfi_sim *sim, struct rd *r, struct wr *w)
{
    uint8_t head = sfi__rd_u8(r);
    size_t clocks = head & CMSIS_JTAG_CLOCKS;
    const uint8_t *tdi;
    uint8_t tdo = 0;

    clocks = clocks == 0 ? CMSIS_JTAG_CLOCKS_MAX : clocks;
    tdi = sfi__rd_view(r, (clocks + 7) / 8);
    for (size_t i = 0; tdi != NULL && i < clocks; i++) {
        bool bit = sfi__dap_jtag_clock(sim, (head & CMSIS_JTAG_TMS) != 0,
                                       (tdi[i / 8] >> i % 8 & 1) != 0);

        tdo |= (uint8_t)(bit ? 1u << i % 8 : 0);
        if ((head & CMSIS_JTAG_TDO) != 0 && (i % 8 == 7 || i + 1 == clocks))
            sfi__wr_u8(w, tdo);
        tdo = i % 8 == 7 ? 0 : tdo;
    }
}

void
sfi__dap_jtag_sequence(struct sfi_sim *sim, struct rd *r, struct wr *w)
{
    size_t left = sfi__rd_u8(r);

    sfi__wr_u8(w, CMSIS_STATUS_OK);
    for (; left > 0 && sfi__rd_ok(r) && sim->probe.is_jtag; left--)
        dap_jtag_one_sequence(sim, r, w);
    if (!sfi__rd_ok(r) || !sim->probe.is_jtag)
        w->start[1] = CMSIS_STATUS_ERROR;
}

void
sfi__dap_jtag_configure(struct sfi_sim *sim, struct rd *r, struct wr *w)
{
    struct dap_chain c = {.count = sfi__rd_u8(r)};

    if (c.count <= CMSIS_TAPS_MAX)
        sfi__rd_bytes(r, c.ir_len, c.count);
    if (sfi__rd_ok(r) && c.count <= CMSIS_TAPS_MAX)
        sim->probe.chain = c;
    sfi__wr_u8(w, sfi__rd_ok(r) && c.count <= CMSIS_TAPS_MAX
                      ? CMSIS_STATUS_OK
                      : CMSIS_STATUS_ERROR);
}

/* Real probes use the IDCODE instruction of a JTAG-DP for any TAP; so does this
 * one. */
void
sfi__dap_jtag_idcode(struct sfi_sim *sim, struct rd *r, struct wr *w)
{
    uint8_t tap = sfi__rd_u8(r);

    if (!sim->probe.is_jtag || tap >= sim->probe.chain.count) {
        sfi__wr_u8(w, CMSIS_STATUS_ERROR);
        return;
    }
    sfi__dap_jtag_begin(sim);
    dap_jtag_select_ir(sim, tap, ADI_IR_IDCODE);
    sfi__wr_u8(w, CMSIS_STATUS_OK);
    sfi__wr_u32le(
        w, (uint32_t)dap_jtag_scan_dr(sim, tap, UINT32_MAX, IDCODE_BITS));
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Finds the chip's debug port in a JTAG chain with other TAPs: scans the
 * IDCODEs, and finds the length of each IR. */
#include "core/agree.h"
#include "core/err.h"
#include "transport/probe/session.h"

/* IEEE 1149.1, 12.1: a TAP with an IDCODE captures 1 as its first bit, a TAP
 * without one captures its bypass bit, 0. */
#define IDCODE_BITS 32u
/* Arm's JTAG-DP of any version (IHI 0031, B3.4.5). */
#define DP_MASK 0x0fffffffu
#define DP_IDCODE 0x0ba00477u
/* ST's boundary scan: manufacturer 0x020. */
#define ST_MASK 0x00000fffu
#define ST_IDCODE 0x00000041u
#define ST_IR_LEN 5u
/* 7.1.1: an IR has at least two bits. */
#define IR_MIN 2u

#define RUN CMSIS_JTAG_CLOCKS_MAX
#define RUN_BYTES (RUN / 8)
/* All IDCODEs, and the ones that follow them. */
#define DR_RUNS ((CMSIS_TAPS_MAX + 1) * IDCODE_BITS / RUN + 1)

/* The bits of all DRs, and of all IRs. */
struct scans {
    uint8_t dr[DR_RUNS * RUN_BYTES];
    uint8_t ir[RUN_BYTES];
};

struct chain {
    size_t count;
    uint32_t idcode[CMSIS_TAPS_MAX]; /* 0: none */
    uint8_t ir_len[CMSIS_TAPS_MAX];
    size_t dp;
};

/* ---- the lines ---- */

/* IHI 0031, B5.2.1: SWD to JTAG. */
static sfi_status
chain_select_jtag(struct probe *p)
{
    static const uint8_t bits[] = {
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        ADI_SELECT_JTAG & 0xff,
        ADI_SELECT_JTAG >> 8,
        0xff,
    };
    struct wr w;

    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_sequence(&w, 8 * sizeof(bits), bits);
    return sfi__probe_configure(p, &w);
}

/* From Shift to Run-Test/Idle; the last bit that is shifted is a one. */
static void
chain_leave_shift(struct wr *w)
{
    sfi__cmsis_jtag_add(w, 2, true, true, false);
    sfi__cmsis_jtag_add(w, 1, false, true, false);
}

static sfi_status
chain_exchange(struct probe *p, const struct wr *w, uint8_t *tdo, size_t len)
{
    struct rd r;
    sfi_status st = sfi__probe_exchange(p, w, &r);

    if (st == SFI_OK && !sfi__cmsis_take_jtag(&r, tdo, len))
        st = sfi__probe_fail_reply(p);
    return st;
}

/* From reset, with ones shifted in. */
static sfi_status
chain_scan_drs(struct probe *p, struct scans *s)
{
    struct wr w;

    sfi__wr_init(&w, p->out, p->packet);
    sfi__cmsis_jtag_begin(&w);
    sfi__cmsis_jtag_add(&w, 6, true, true, false);
    sfi__cmsis_jtag_add(&w, 1, false, true, false);
    sfi__cmsis_jtag_add(&w, 1, true, true, false);
    sfi__cmsis_jtag_add(&w, 2, false, true, false);
    for (size_t i = 0; i < DR_RUNS; i++)
        sfi__cmsis_jtag_add(&w, RUN, false, true, true);
    chain_leave_shift(&w);
    return chain_exchange(p, &w, s->dr, sizeof(s->dr));
}

/* Shift RUN zeros through all IRs, and then ones, which select BYPASS: the
 * number of zeros that come out after the first RUN bits is the length of all
 * IRs. */
static sfi_status
chain_scan_irs(struct probe *p, struct scans *s)
{
    struct wr w;

    sfi__wr_init(&w, p->out, p->packet);
    sfi__cmsis_jtag_begin(&w);
    sfi__cmsis_jtag_add(&w, 2, true, true, false);
    sfi__cmsis_jtag_add(&w, 2, false, true, false);
    sfi__cmsis_jtag_add(&w, RUN, false, false, false);
    sfi__cmsis_jtag_add(&w, RUN, false, true, true);
    chain_leave_shift(&w);
    return chain_exchange(p, &w, s->ir, sizeof(s->ir));
}

struct scan_job {
    struct probe *p;
    struct scans *s;
};

static sfi_status
chain_scan_once(void *arg)
{
    const struct scan_job *job = arg;
    sfi_status st = chain_scan_drs(job->p, job->s);

    return st == SFI_OK ? chain_scan_irs(job->p, job->s) : st;
}

/* JTAG has no parity: two scans in a row must agree. */
static sfi_status
chain_scan_until_equal(struct probe *p, struct scans *s)
{
    struct scan_job job = {p, s};
    const struct question q = {
        .ask = chain_scan_once, .arg = &job, .reply = s, .len = sizeof(*s)};
    bool agreed;
    sfi_status st = sfi__ask_until_agreed(p->ctx, &q, &agreed);

    if (st != SFI_OK || agreed)
        return st;
    return sfi__fail(p->ctx, SFI_ERR_IO,
                     "JTAG is too noisy: %u scans of the chain differ each "
                     "time",
                     AGREE_TRIES);
}

/* ---- what is in the chain ---- */

static bool
chain_bit_at(const uint8_t *bits, size_t at)
{
    return (bits[at / 8] >> at % 8 & 1) != 0;
}

static uint32_t
chain_word_at(const uint8_t *bits, size_t at)
{
    uint32_t word = 0;

    for (size_t i = 0; i < IDCODE_BITS; i++)
        word |= (uint32_t)chain_bit_at(bits, at + i) << i;
    return word;
}

static sfi_status
chain_fail_no_tap(struct probe *p, bool high)
{
    p->line_is_bad = true;
    return sfi__fail(p->ctx, SFI_ERR_TIMEOUT,
                     "no debug port answers over JTAG: TDO stays %s; is the "
                     "chip powered, and are TCK, TMS, TDI and TDO connected",
                     high ? "high" : "low");
}

/* The first TAP is next to TDO. */
static sfi_status
chain_take_taps(struct probe *p, const uint8_t *tdo, struct chain *c)
{
    size_t at = 0;
    bool any = false;

    for (c->count = 0; chain_word_at(tdo, at) != UINT32_MAX; c->count++) {
        if (c->count == CMSIS_TAPS_MAX && !any)
            return chain_fail_no_tap(p, false);
        if (c->count == CMSIS_TAPS_MAX)
            return sfi__fail(p->ctx, SFI_ERR_UNSUPPORTED,
                             "the JTAG chain has more than %u TAPs",
                             CMSIS_TAPS_MAX);
        c->idcode[c->count] =
            chain_bit_at(tdo, at) ? chain_word_at(tdo, at) : 0;
        any = any || c->idcode[c->count] != 0;
        at += chain_bit_at(tdo, at) ? IDCODE_BITS : 1;
    }
    return c->count > 0 ? SFI_OK : chain_fail_no_tap(p, true);
}

static bool
chain_is_debug_port(const struct chain *c, size_t i)
{
    return (c->idcode[i] & DP_MASK) == DP_IDCODE;
}

static sfi_status
chain_find_debug_port(struct probe *p, struct chain *c)
{
    for (c->dp = 0; c->dp < c->count && !chain_is_debug_port(c, c->dp);)
        c->dp++;
    if (c->dp == c->count)
        return sfi__fail(p->ctx, SFI_ERR_NO_DEVICE,
                         "no debug port among the JTAG chain's %zu TAPs: the "
                         "first IDCODE is 0x%08x, expected 0x6ba00477",
                         c->count, c->idcode[0]);
    for (size_t i = c->dp + 1; i < c->count; i++) {
        if (chain_is_debug_port(c, i))
            return sfi__fail(p->ctx, SFI_ERR_UNSUPPORTED,
                             "TAPs %zu and %zu of the JTAG chain are debug "
                             "ports, expected one",
                             c->dp, i);
    }
    return SFI_OK;
}

/* ---- lengths of the IRs ---- */

/* 0: unknown. */
static uint8_t
chain_known_ir_len(uint32_t idcode)
{
    if ((idcode & DP_MASK) == DP_IDCODE)
        return ADI_IR_LEN;
    return (idcode & ST_MASK) == ST_IDCODE ? ST_IR_LEN : 0;
}

/* The bits of the IRs of TAPs `from` to before `to`; false: one is unknown. */
static bool
chain_sum_ir_lens(const struct chain *c, size_t from, size_t to, size_t *bits)
{
    bool known = true;

    *bits = 0;
    for (; from < to; from++) {
        *bits += chain_known_ir_len(c->idcode[from]);
        known = known && chain_known_ir_len(c->idcode[from]) != 0;
    }
    return known;
}

/* Distribute `bits` among TAPs that stay in BYPASS, where only the sum matters.
 * False: too few for them. */
static bool
chain_share_ir_bits(struct chain *c, size_t from, size_t to, size_t bits)
{
    size_t left = bits;

    for (size_t i = from; i < to; i++) {
        size_t last = i + 1 == to;
        size_t len = last ? left : IR_MIN;

        if (len < IR_MIN || len > left)
            return false;
        c->ir_len[i] = (uint8_t)len;
        left -= len;
    }
    return left == 0;
}

static bool
chain_set_ir_lens(struct chain *c, size_t total)
{
    size_t before, after;
    bool knows_before = chain_sum_ir_lens(c, 0, c->dp, &before);
    bool knows_after = chain_sum_ir_lens(c, c->dp + 1, c->count, &after);

    if (total < ADI_IR_LEN || (!knows_before && !knows_after))
        return false;
    total -= ADI_IR_LEN;
    if (knows_before)
        after = total - before; /* wraps, if `before` is too large */
    else
        before = total - after;
    c->ir_len[c->dp] = ADI_IR_LEN;
    return before <= total && after <= total &&
           chain_share_ir_bits(c, 0, c->dp, before) &&
           chain_share_ir_bits(c, c->dp + 1, c->count, after);
}

static sfi_status
chain_measure_irs(struct probe *p, const uint8_t *tdo, struct chain *c)
{
    size_t total = 0;

    while (total < RUN && !chain_bit_at(tdo, total))
        total++;
    if (total < RUN && chain_set_ir_lens(c, total))
        return SFI_OK;
    return sfi__fail(p->ctx, SFI_ERR_UNSUPPORTED,
                     "the JTAG chain's %zu TAPs have %zu bits of IR; cannot "
                     "tell which of them belong to the debug port",
                     c->count, total);
}

sfi_status
sfi__probe_enter_jtag(struct probe *p)
{
    struct scans s;
    struct chain c;
    struct wr w;
    sfi_status st = chain_select_jtag(p);

    if (st != SFI_OK)
        return st;
    st = chain_scan_until_equal(p, &s);
    if (st != SFI_OK)
        return st;
    st = chain_take_taps(p, s.dr, &c);
    if (st != SFI_OK)
        return st;
    st = chain_find_debug_port(p, &c);
    if (st != SFI_OK)
        return st;
    st = chain_measure_irs(p, s.ir, &c);
    if (st != SFI_OK)
        return st;
    p->tap = (uint8_t)c.dp;
    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_jtag_configure(&w, c.ir_len, c.count);
    return sfi__probe_configure(p, &w);
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The virtual CMSIS-DAP probe: SWD, and the commands of both wires. */
#include "sim/dap_probe.h"

#include "sim/boot.h"
#include "sim/sim.h"

/* DPIDR of the part's SW-DP, as openocd's stm32h7x.cfg expects it. */
#define DPIDR_SWD 0x6ba02477u
/* IHI 0031, B4.4.5: bits of CTRL/STAT that SWD cannot write. */
#define STICKY (ADI_STAT_STICKY | ADI_STAT_WDATAERR)
#define DPBANKSEL 0xfu
#define PROTOCOL_VERSION "2.1.0"
/* B4.2: request 8, turnaround 1, acknowledge 3, turnaround 1, data 33; without
 * data after WAIT and FAULT. */
#define SWD_CLOCKS 46u
#define SWD_CLOCKS_REFUSED 13u
/* SWJ_Pins: all pins but the reset float high. */
#define PINS_HIGH 0x2fu

void
sfi__dap_probe_init(struct dap_probe *p)
{
    *p = (struct dap_probe){.mask = UINT32_MAX};
}

void
sfi__dap_probe_power(struct dap_probe *p)
{
    p->is_swd = false;
    p->wants_id = false;
    p->ones = 0;
    p->last = 0;
    p->result = 0;
}

/* ---- the wire ---- */

bool
sfi__dap_probe_clock(struct sfi_sim *sim, bool bit)
{
    struct dap_probe *p = &sim->probe;
    bool for_jtag = !p->is_swd && !sim->power.off;

    if (!p->is_connected)
        return false;
    p->clocks++;
    p->last = (uint16_t)(p->last >> 1 | (bit ? 0x8000u : 0));
    p->ones = bit ? p->ones + 1 : 0;
    if (p->ones >= ADI_LINE_RESET_BITS)
        p->wants_id = true;
    if (p->last == ADI_SELECT_SWD)
        p->is_swd = true;
    else if (p->last == ADI_SELECT_JTAG)
        p->is_swd = false;
    return for_jtag;
}

static uint32_t
dap_swd_ctrl_stat(struct sfi_sim *sim)
{
    const struct adi_request r = {false, true, ADI_DP_CTRL_STAT};
    uint32_t stat = 0;

    (void)sfi__mem_ap_access(sim, &sim->chain.dap, &r, &stat);
    return stat;
}

static void
dap_swd_read_dp(struct sfi_sim *sim, uint8_t reg, uint32_t *data)
{
    switch (reg) {
    case ADI_DP_DPIDR:
        *data = DPIDR_SWD;
        break;
    case ADI_DP_CTRL_STAT:
        *data = (sim->chain.dap.select & DPBANKSEL) == 0
                    ? dap_swd_ctrl_stat(sim)
                    : 0;
        break;
    default: /* RESEND, RDBUFF */
        *data = sim->probe.result;
        break;
    }
}

static void
dap_swd_write_dp(struct sfi_sim *sim, const struct adi_request *r,
                 uint32_t data)
{
    struct dap *d = &sim->chain.dap;

    if (r->reg == ADI_DP_ABORT) {
        sfi__mem_ap_abort(d, data);
        return;
    }
    if (r->reg == ADI_DP_CTRL_STAT) {
        if ((d->select & DPBANKSEL) != 0)
            return;
        data &= ~STICKY;
    }
    (void)sfi__mem_ap_access(sim, d, r, &data);
}

/* IHI 0031, B4.2.6: only these are answered while an error is sticky. */
static bool
dap_swd_ignores_sticky(const struct adi_request *r)
{
    if (r->ap)
        return false;
    return r->read ? r->reg <= ADI_DP_CTRL_STAT : r->reg == ADI_DP_ABORT;
}

/* One access as a probe does it: a read of an AP includes the read of RDBUFF
 * that brings the result.  A write is accepted before it is done: the next
 * access reports a fault. */
static enum adi_ack
dap_swd_answer(struct sfi_sim *sim, const struct adi_request *r, uint32_t *data)
{
    struct dap_probe *p = &sim->probe;
    enum adi_ack ack;

    if (!p->is_connected || !p->is_swd || sim->power.off)
        return ADI_ACK_NONE;
    p->ones = 0;
    if (!r->ap && r->read && r->reg == ADI_DP_DPIDR)
        p->wants_id = false;
    if (p->wants_id)
        return ADI_ACK_NONE;
    if (!dap_swd_ignores_sticky(r) &&
        (dap_swd_ctrl_stat(sim) & ADI_STAT_STICKY) != 0)
        return ADI_ACK_FAULT;
    if (!r->ap) {
        if (r->read)
            dap_swd_read_dp(sim, r->reg, data);
        else
            dap_swd_write_dp(sim, r, *data);
        return ADI_ACK_OK;
    }
    ack = sfi__mem_ap_access(sim, &sim->chain.dap, r, data);
    if (!r->read)
        return ADI_ACK_OK;
    p->result = *data;
    return ack;
}

/* The access with its cost in clocks: the first read of an AP returns no data
 * yet. */
static enum adi_ack
dap_swd_access(struct sfi_sim *sim, const struct adi_request *r, uint32_t *data)
{
    struct dap_probe *p = &sim->probe;
    enum adi_ack ack = dap_swd_answer(sim, r, data);
    bool refused = ack == ADI_ACK_WAIT || ack == ADI_ACK_FAULT;

    p->clocks += refused ? SWD_CLOCKS_REFUSED : SWD_CLOCKS + p->idle;
    if (r->ap && r->read && !p->posted && ack == ADI_ACK_OK)
        p->clocks += SWD_CLOCKS + p->idle;
    p->posted = r->ap && r->read;
    return ack;
}

/* `next` follows in the list, or is NULL. */
static enum adi_ack
dap_probe_access(struct sfi_sim *sim, uint8_t tap, const struct adi_request *r,
                 uint32_t *data, const struct adi_request *next)
{
    if (sim->probe.is_jtag)
        return sfi__dap_jtag_access(sim, tap, r, data, next);
    return dap_swd_access(sim, r, data);
}

/* A probe ends a list of writes with a read of RDBUFF. */
static enum adi_ack
dap_probe_check_write(struct sfi_sim *sim, uint8_t tap)
{
    const struct adi_request r = {false, true, ADI_DP_RDBUFF};
    uint32_t data;

    if (sim->probe.is_jtag) /* only the acknowledge counts */
        sim->probe.posted = true;
    return dap_probe_access(sim, tap, &r, &data, NULL);
}

/* ---- commands ---- */

static void
dap_answer_info(struct rd *r, struct wr *w)
{
    static const struct {
        uint8_t id;
        uint8_t len;
        const char *data;
    } rows[] = {
        {CMSIS_INFO_VENDOR, 7, "libsfi"},
        {CMSIS_INFO_PRODUCT, 18, "Virtual CMSIS-DAP"},
        {CMSIS_INFO_VERSION, 6, PROTOCOL_VERSION},
        {CMSIS_INFO_CAPABILITIES, 1, "\x03"},
        {CMSIS_INFO_PACKET_COUNT, 1, "\x01"},
        {CMSIS_INFO_PACKET_SIZE, 2, "\x00\x02"},
    };
    uint8_t id = sfi__rd_u8(r);

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (rows[i].id == id) {
            sfi__wr_u8(w, rows[i].len);
            sfi__wr_bytes(w, rows[i].data, rows[i].len);
            return;
        }
    }
    sfi__wr_u8(w, 0);
}

static void
dap_answer_connect(struct sfi_sim *sim, struct rd *r, struct wr *w)
{
    uint8_t port = sfi__rd_u8(r);

    sim->probe.is_connected = port <= CMSIS_PORT_JTAG;
    sim->probe.is_jtag = port == CMSIS_PORT_JTAG;
    if (port == CMSIS_PORT_NONE)
        port = CMSIS_PORT_SWD; /* the probe's choice */
    sfi__wr_u8(w, sim->probe.is_connected ? port : (uint8_t)CMSIS_PORT_NONE);
}

static void
dap_answer_sequence(struct sfi_sim *sim, struct rd *r, struct wr *w)
{
    size_t bits = sfi__rd_u8(r);
    const uint8_t *data;

    bits = bits == 0 ? 256 : bits;
    data = sfi__rd_view(r, (bits + 7) / 8);
    for (size_t i = 0; data != NULL && i < bits; i++)
        (void)sfi__dap_jtag_clock(sim, (data[i / 8] >> i % 8 & 1) != 0, true);
    sfi__wr_u8(w, data != NULL ? CMSIS_STATUS_OK : CMSIS_STATUS_ERROR);
}

static void
dap_answer_pins(struct sfi_sim *sim, struct rd *r, struct wr *w)
{
    uint8_t value = sfi__rd_u8(r);
    uint8_t which = sfi__rd_u8(r);

    if (sfi__rd_ok(r) && (which & CMSIS_PIN_NRESET) != 0)
        sfi__sim_hold(sim, (value & CMSIS_PIN_NRESET) == 0);
    sfi__wr_u8(w, (uint8_t)(PINS_HIGH | (sim->held ? 0 : CMSIS_PIN_NRESET)));
}

static void
dap_answer_write_abort(struct sfi_sim *sim, struct rd *r, struct wr *w)
{
    const struct adi_request abort = {false, false, ADI_DP_ABORT};
    uint8_t tap = sfi__rd_u8(r);
    uint32_t value = sfi__rd_u32le(r);
    bool done = sfi__rd_ok(r);

    if (done && sim->probe.is_jtag)
        sfi__dap_jtag_abort(sim, tap, value);
    else if (done)
        done = dap_swd_access(sim, &abort, &value) == ADI_ACK_OK;
    sfi__wr_u8(w, done ? CMSIS_STATUS_OK : CMSIS_STATUS_ERROR);
}

static void
dap_answer_configure(struct sfi_sim *sim, struct rd *r, struct wr *w)
{
    uint8_t idle = sfi__rd_u8(r);

    sfi__rd_skip(r, 4);
    if (sfi__rd_ok(r))
        sim->probe.idle = idle;
    sfi__wr_u8(w, sfi__rd_ok(r) ? CMSIS_STATUS_OK : CMSIS_STATUS_ERROR);
}

/* Settings have no effect here, but must be complete. */
static void
dap_answer_setting(struct rd *r, struct wr *w, size_t len)
{
    sfi__rd_skip(r, len);
    sfi__wr_u8(w, sfi__rd_ok(r) ? CMSIS_STATUS_OK : CMSIS_STATUS_ERROR);
}

/* ---- transfers ---- */

/* A list of transfers, and the current one. */
struct list {
    struct sfi_sim *sim;
    uint8_t tap;
    uint8_t left; /* requests behind this one */
    uint8_t request;
};

/* The request after this one, a read; false: none follows, or one that compares
 * and needs a scan of its own. */
static bool
dap_peek_next_read(const struct list *l, const struct rd *r,
                   struct adi_request *next)
{
    if (l->left == 0 || sfi__rd_left(r) == 0 ||
        (*r->at & CMSIS_REQUEST_MATCH_VALUE) != 0)
        return false;
    (void)sfi__cmsis_take_request(*r->at & 0x0f, next);
    return true;
}

/* Run one request of a list.  Returns its response. */
static uint8_t
dap_run_transfer(const struct list *l, struct rd *r, struct wr *w)
{
    struct adi_request a, next;
    uint32_t data = 0, match = 0;
    uint8_t response;
    bool matches = (l->request & CMSIS_REQUEST_MATCH_VALUE) != 0;

    (void)sfi__cmsis_take_request(l->request & 0x0f, &a);
    if (!a.read || matches)
        match = sfi__rd_u32le(r);
    if (!sfi__rd_ok(r))
        return ADI_ACK_NONE;
    if (!a.read) {
        if ((l->request & CMSIS_REQUEST_MATCH_MASK) == 0)
            return (uint8_t)dap_probe_access(l->sim, l->tap, &a, &match, NULL);
        l->sim->probe.mask = match;
        return ADI_ACK_OK;
    }
    response = (uint8_t)dap_probe_access(
        l->sim, l->tap, &a, &data,
        !matches && dap_peek_next_read(l, r, &next) ? &next : NULL);
    if (response != ADI_ACK_OK)
        return response;
    if (!matches)
        sfi__wr_u32le(w, data);
    else if ((data & l->sim->probe.mask) != match)
        response |= CMSIS_RESPONSE_MISMATCH;
    return response;
}

static void
dap_answer_transfer(struct sfi_sim *sim, struct rd *r, struct wr *w)
{
    struct list l = {.sim = sim, .tap = sfi__rd_u8(r)};
    uint8_t count = sfi__rd_u8(r), response = ADI_ACK_OK, done = 0;

    sfi__wr_u8(w, 0);
    sfi__wr_u8(w, 0);
    sfi__dap_jtag_begin(sim);
    for (; count > 0 && response == ADI_ACK_OK; count--) {
        l.left = count - 1;
        l.request = sfi__rd_u8(r);
        response = dap_run_transfer(&l, r, w);
        if (response == ADI_ACK_OK)
            done++;
    }
    if (done > 0 && response == ADI_ACK_OK && (l.request & 2) == 0)
        response = (uint8_t)dap_probe_check_write(sim, l.tap);
    w->start[1] = done;
    w->start[2] = response;
}

static void
dap_answer_block(struct sfi_sim *sim, struct rd *r, struct wr *w)
{
    struct adi_request a;
    enum adi_ack ack = ADI_ACK_OK;
    uint8_t tap = sfi__rd_u8(r);
    uint16_t left = sfi__rd_u16le(r), done = 0;

    (void)sfi__cmsis_take_request(sfi__rd_u8(r) & 0x0f, &a);
    sfi__wr_fill(w, 0, 3);
    sfi__dap_jtag_begin(sim);
    for (; left > 0 && ack == ADI_ACK_OK && sfi__wr_ok(w); left--) {
        uint32_t data = a.read ? 0 : sfi__rd_u32le(r);

        ack = sfi__rd_ok(r)
                  ? dap_probe_access(sim, tap, &a, &data, left > 1 ? &a : NULL)
                  : ADI_ACK_NONE;
        if (ack != ADI_ACK_OK)
            break;
        done++;
        if (a.read)
            sfi__wr_u32le(w, data);
    }
    if (done > 0 && ack == ADI_ACK_OK && !a.read)
        ack = dap_probe_check_write(sim, tap);
    w->start[1] = (uint8_t)done;
    w->start[2] = (uint8_t)(done >> 8);
    w->start[3] = (uint8_t)ack;
}

static void
dap_answer_command(struct sfi_sim *sim, uint8_t command, struct rd *r,
                   struct wr *w)
{
    switch (command) {
    case CMSIS_INFO:
        dap_answer_info(r, w);
        break;
    case CMSIS_HOST_STATUS:
    case CMSIS_DELAY:
        dap_answer_setting(r, w, 2);
        break;
    case CMSIS_CONNECT:
        dap_answer_connect(sim, r, w);
        break;
    case CMSIS_DISCONNECT:
        sim->probe.is_connected = false;
        sfi__sim_hold(sim, false);
        dap_answer_setting(r, w, 0);
        break;
    case CMSIS_TRANSFER_CONFIGURE:
        dap_answer_configure(sim, r, w);
        break;
    case CMSIS_TRANSFER:
        dap_answer_transfer(sim, r, w);
        break;
    case CMSIS_TRANSFER_BLOCK:
        dap_answer_block(sim, r, w);
        break;
    case CMSIS_WRITE_ABORT:
        dap_answer_write_abort(sim, r, w);
        break;
    case CMSIS_RESET_TARGET: /* OK, without a reset sequence */
        dap_answer_setting(r, w, 0);
        sfi__wr_u8(w, 0);
        break;
    case CMSIS_SWJ_PINS:
        dap_answer_pins(sim, r, w);
        break;
    case CMSIS_SWJ_CLOCK:
        dap_answer_setting(r, w, 4);
        break;
    case CMSIS_SWJ_SEQUENCE:
        dap_answer_sequence(sim, r, w);
        break;
    case CMSIS_SWD_CONFIGURE:
        dap_answer_setting(r, w, 1);
        break;
    case CMSIS_JTAG_SEQUENCE:
        sfi__dap_jtag_sequence(sim, r, w);
        break;
    case CMSIS_JTAG_CONFIGURE:
        sfi__dap_jtag_configure(sim, r, w);
        break;
    case CMSIS_JTAG_IDCODE:
        sfi__dap_jtag_idcode(sim, r, w);
        break;
    default:
        w->start[0] = CMSIS_INVALID;
        break;
    }
}

size_t
sfi__dap_probe_packet(struct sfi_sim *sim, const uint8_t *out, size_t len,
                      uint8_t *in)
{
    uint8_t command;
    struct rd r;
    struct wr w;

    sfi__rd_init(&r, out, len);
    command = sfi__rd_u8(&r);
    if (!sfi__rd_ok(&r) || command == CMSIS_TRANSFER_ABORT)
        return 0;
    sfi__wr_init(&w, in, DAP_PROBE_PACKET);
    sfi__wr_u8(&w, command);
    dap_answer_command(sim, command, &r, &w);
    return sfi__wr_len(&w);
}

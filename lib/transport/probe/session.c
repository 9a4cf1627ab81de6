/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A CMSIS-DAP host: packets to the probe, and the chip's debug port. */
#include "transport/probe/session.h"

#include "core/err.h"

/* A probe replies when its list is done: 255 accesses, each repeated a hundred
 * times, at 100 kHz. */
#define ANSWER_MS 15000u
/* Replies that an earlier program did not read come at once. */
#define STALE_MS 10u
#define STALE_MAX 16u
/* IHI 0031, B2.2.2: until power-up is acknowledged. */
#define POWER_TRIES 100u
#define POWER_MS 1u
/* By a report (zephyr 42351), nothing helps more often against a bad line than
 * a lower clock: a quarter at a time, down to what long wires carry. */
#define SPEED_STEP 4u
#define SPEED_LOWEST 100000u

#define ABORT_CLEAR                                                   \
    (ADI_ABORT_STKCMPCLR | ADI_ABORT_STKERRCLR | ADI_ABORT_WDERRCLR | \
     ADI_ABORT_ORUNERRCLR)
#define CSW (ADI_CSW_PROT | ADI_CSW_INC_SINGLE | ADI_CSW_SIZE_32)

static const struct adi_request dpidr_read = {false, true, ADI_DP_DPIDR};
static const struct adi_request abort_write = {false, false, ADI_DP_ABORT};
static const struct adi_request stat_read = {false, true, ADI_DP_CTRL_STAT};
static const struct adi_request ctrl_write = {false, false, ADI_DP_CTRL_STAT};
static const struct adi_request select_write = {false, false, ADI_DP_SELECT};
static const struct adi_request csw_write = {true, false, ADI_AP_CSW};
static const struct adi_request csw_read = {true, true, ADI_AP_CSW};
static const struct adi_request idr_read = {true, true, ADI_AP_IDR & 0xc};

const char *
sfi__probe_wire_name(enum probe_wire wire)
{
    return wire == PROBE_JTAG ? "JTAG" : "SWD";
}

/* ---- packets ---- */

sfi_status
sfi__probe_fail_reply(struct probe *p)
{
    p->is_connected = false; /* the right reply may still come */
    return sfi__fail(p->ctx, SFI_ERR_PROTOCOL,
                     "the probe's reply to command 0x%02x is not valid "
                     "CMSIS-DAP",
                     p->out[0]);
}

sfi_status
sfi__probe_exchange(struct probe *p, const struct wr *w, struct rd *reply)
{
    size_t got = 0;
    sfi_status st;

    if (!sfi__wr_ok(w))
        return sfi__fail(p->ctx, SFI_ERR_INTERNAL,
                         "a packet for the probe is too long");
    st = p->io.xfer(p->user, p->out, sfi__wr_len(w), p->in, p->packet, &got,
                    ANSWER_MS);
    if (st == SFI_OK && got > p->packet)
        st = sfi__probe_fail_reply(p);
    if (st != SFI_OK)
        p->is_connected = false; /* a reply may still come */
    sfi__rd_init(reply, p->in, st == SFI_OK ? got : 0);
    return st;
}

sfi_status
sfi__probe_info(struct probe *p, enum cmsis_info id, uint32_t *value)
{
    const uint8_t *data;
    struct wr w;
    struct rd r;
    size_t len;
    sfi_status st;

    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_info(&w, id);
    st = sfi__probe_exchange(p, &w, &r);
    if (st != SFI_OK)
        return st;
    if (!sfi__cmsis_take_info(&r, &data, &len) || len < 1)
        return sfi__probe_fail_reply(p);
    *value = data[0];
    if (len > 1)
        *value |= (uint32_t)data[1] << 8;
    return SFI_OK;
}

sfi_status
sfi__probe_command(struct probe *p, const struct wr *w, uint8_t *value)
{
    struct rd r;
    sfi_status st = sfi__probe_exchange(p, w, &r);

    if (st == SFI_OK &&
        !sfi__cmsis_take_byte(&r, (enum cmsis_command)p->out[0], value))
        st = sfi__probe_fail_reply(p);
    return st;
}

sfi_status
sfi__probe_configure(struct probe *p, const struct wr *w)
{
    uint8_t status;
    sfi_status st = sfi__probe_command(p, w, &status);

    if (st == SFI_OK && status != CMSIS_STATUS_OK)
        st = sfi__fail(p->ctx, SFI_ERR_IO,
                       "the probe refused command 0x%02x with 0x%02x, expected "
                       "0x00",
                       p->out[0], status);
    return st;
}

sfi_status
sfi__probe_transfer(struct probe *p, const struct cmsis_transfer *t,
                    struct cmsis_result *result, uint32_t *words)
{
    struct rd r;
    sfi_status st = sfi__probe_exchange(p, &t->w, &r);

    if (st == SFI_OK && !sfi__cmsis_take_transfer(&r, t, result, words))
        st = sfi__probe_fail_reply(p);
    return st;
}

/* ---- the debug port ---- */

void
sfi__probe_drop_replies(struct probe *p)
{
    for (unsigned i = 0; i < STALE_MAX; i++) {
        size_t got = 0;

        if (p->io.xfer(p->user, NULL, 0, p->in, p->packet, &got, STALE_MS) !=
            SFI_OK)
            break;
    }
    sfi__clear_error(p->ctx);
}

/* IHI 0031, B5.2.1: switch from JTAG to SWD between line resets, then idle. */
static sfi_status
probe_select_swd(struct probe *p)
{
    static const uint8_t bits[] = {
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        ADI_SELECT_SWD & 0xff,
        ADI_SELECT_SWD >> 8,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0x00,
    };
    struct wr w;

    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_sequence(&w, 8 * sizeof(bits), bits);
    return sfi__probe_configure(p, &w);
}

sfi_status
sfi__probe_fail_no_port(struct probe *p, enum adi_ack ack)
{
    p->line_is_bad = true;
    return sfi__fail_peer(p->ctx, SFI_ERR_TIMEOUT, (int32_t)ack,
                          "no debug port answers over %s (acknowledge %d, "
                          "expected 1); is the chip powered, and are %s "
                          "connected",
                          sfi__probe_wire_name(p->wire), (int)ack,
                          p->wire == PROBE_JTAG ? "TCK, TMS, TDI and TDO"
                                                : "SWDIO and SWCLK");
}

/* IHI 0031, B2.2.2: over JTAG a flag is cleared by writing 1 to it, over SWD by
 * ABORT. */
void
sfi__probe_add_clear(const struct probe *p, struct cmsis_transfer *t)
{
    if (p->wire == PROBE_JTAG)
        (void)sfi__cmsis_transfer_add(t, &ctrl_write,
                                      ADI_CTRL_PWRUP | ADI_STAT_STICKY);
    else
        (void)sfi__cmsis_transfer_add(t, &abort_write, ABORT_CLEAR);
}

/* After a line reset a debug port accepts only a read of its id. */
static sfi_status
probe_read_port_id(struct probe *p)
{
    struct cmsis_transfer t;
    struct cmsis_result result;
    uint32_t id;
    sfi_status st;

    sfi__cmsis_transfer_begin(&t, p->out, p->packet, p->tap);
    (void)sfi__cmsis_transfer_add(&t, &dpidr_read, 0);
    st = sfi__probe_transfer(p, &t, &result, &id);
    if (st == SFI_OK && result.ack != ADI_ACK_OK)
        st = sfi__probe_fail_no_port(p, result.ack);
    return st;
}

static sfi_status
probe_enter_swd(struct probe *p)
{
    sfi_status st = probe_select_swd(p);

    return st == SFI_OK ? probe_read_port_id(p) : st;
}

static sfi_status
probe_power_up_port(struct probe *p)
{
    const struct clock *clock = p->ctx->clock;

    for (unsigned i = 0; i < POWER_TRIES; i++) {
        struct cmsis_transfer t;
        struct cmsis_result result;
        uint32_t stat;
        sfi_status st;

        sfi__cmsis_transfer_begin(&t, p->out, p->packet, p->tap);
        sfi__probe_add_clear(p, &t);
        (void)sfi__cmsis_transfer_add(&t, &select_write,
                                      sfi__adi_select(p->ap, ADI_AP_CSW));
        (void)sfi__cmsis_transfer_add(&t, &ctrl_write, ADI_CTRL_PWRUP);
        (void)sfi__cmsis_transfer_add(&t, &stat_read, 0);
        st = sfi__probe_transfer(p, &t, &result, &stat);
        if (st != SFI_OK)
            return st;
        if (result.ack == ADI_ACK_NONE)
            return sfi__probe_fail_no_port(p, result.ack);
        if (result.ack == ADI_ACK_OK &&
            (stat & ADI_STAT_PWRUP) == ADI_STAT_PWRUP)
            return SFI_OK;
        clock->sleep_ms(clock->user, POWER_MS);
    }
    return sfi__fail(p->ctx, SFI_ERR_TIMEOUT,
                     "the chip's debug port does not power up");
}

static bool
probe_is_memory_ap(uint32_t idr)
{
    return (idr & ADI_IDR_CLASS) == ADI_IDR_CLASS_MEM;
}

/* Through the cache of the core, or what is read may be stale (probe-rs 1517):
 * bit 27 is HPROT[3] of an AHB-AP, and something else elsewhere. */
static uint32_t
probe_csw(uint32_t idr)
{
    uint32_t type = idr & ADI_IDR_TYPE;

    return type == ADI_IDR_TYPE_AHB3 || type == ADI_IDR_TYPE_AHB5
               ? CSW | ADI_CSW_CACHEABLE
               : CSW;
}

static sfi_status
probe_read_ap_id(struct probe *p, uint32_t *idr)
{
    struct cmsis_transfer t;
    struct cmsis_result result;
    sfi_status st;

    *idr = 0;
    sfi__cmsis_transfer_begin(&t, p->out, p->packet, p->tap);
    (void)sfi__cmsis_transfer_add(&t, &select_write,
                                  sfi__adi_select(p->ap, ADI_AP_IDR));
    (void)sfi__cmsis_transfer_add(&t, &idr_read, 0);
    (void)sfi__cmsis_transfer_add(&t, &select_write,
                                  sfi__adi_select(p->ap, ADI_AP_CSW));
    st = sfi__probe_transfer(p, &t, &result, idr);
    if (st == SFI_OK && result.ack != ADI_ACK_OK)
        st = sfi__probe_fail_no_port(p, result.ack);
    if (st != SFI_OK || probe_is_memory_ap(*idr))
        return st;
    return sfi__fail(p->ctx, SFI_ERR_PROTOCOL,
                     "access port %u is not a memory access port: IDR is "
                     "0x%08x, expected a MEM-AP, such as 0x84770001",
                     p->ap, *idr);
}

/* Set words and a counting address; an access port that does not keep that is
 * not one for memory. */
static sfi_status
probe_set_up_memory_ap(struct probe *p)
{
    struct cmsis_transfer t;
    struct cmsis_result result;
    uint32_t csw = 0, idr;
    sfi_status st = probe_read_ap_id(p, &idr);

    if (st != SFI_OK)
        return st;
    sfi__cmsis_transfer_begin(&t, p->out, p->packet, p->tap);
    (void)sfi__cmsis_transfer_add(&t, &csw_write, probe_csw(idr));
    (void)sfi__cmsis_transfer_add(&t, &csw_read, 0);
    st = sfi__probe_transfer(p, &t, &result, &csw);
    if (st != SFI_OK)
        return st;
    if (result.ack == ADI_ACK_OK && (csw & (ADI_CSW_INC | ADI_CSW_SIZE)) ==
                                        (ADI_CSW_INC_SINGLE | ADI_CSW_SIZE_32))
        return SFI_OK;
    return sfi__fail(p->ctx, SFI_ERR_PROTOCOL,
                     "access port %u is not a memory access port: CSW is "
                     "0x%08x, expected 0x%08x",
                     p->ap, csw, probe_csw(idr));
}

bool
sfi__probe_slow_down(struct probe *p)
{
    uint32_t speed = p->speed / SPEED_STEP;
    struct sfi_error first_error;
    struct wr w;
    sfi_status st;

    if (p->speed <= SPEED_LOWEST)
        return false;
    speed = speed < SPEED_LOWEST ? SPEED_LOWEST : speed;
    sfi__error_keep(p->ctx, &first_error);
    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_clock(&w, speed);
    st = sfi__probe_configure(p, &w);
    sfi__error_restore(p->ctx, &first_error);
    if (st != SFI_OK)
        return false;
    sfi__log(p->ctx, SFI_LOG_WARNING, "%s is unreliable at %u Hz; trying %u Hz",
             sfi__probe_wire_name(p->wire), p->speed, speed);
    p->speed = speed;
    return true;
}

sfi_status
sfi__probe_drive_reset(struct probe *p, bool low)
{
    struct wr w;
    uint8_t pins;

    sfi__wr_init(&w, p->out, sizeof(p->out));
    sfi__cmsis_put_pins(&w, low ? 0 : CMSIS_PIN_NRESET, CMSIS_PIN_NRESET, 0);
    return sfi__probe_command(p, &w, &pins);
}

sfi_status
sfi__probe_release_reset(struct probe *p)
{
    const struct clock *clock = p->ctx->clock;
    sfi_status st = sfi__probe_drive_reset(p, false);

    p->is_connected = false;
    if (st != SFI_OK)
        return st;
    clock->sleep_ms(clock->user, PROBE_BOOT_MS);
    p->may_be_held = false;
    return SFI_OK;
}

sfi_status
sfi__probe_connect_port(struct probe *p)
{
    sfi_status st;

    p->is_connected = false;
    p->line_is_bad = false;
    sfi__probe_drop_replies(p);
    if (p->may_be_held) {
        st = sfi__probe_release_reset(p);
        if (st != SFI_OK)
            return st;
    }
    st = p->wire == PROBE_JTAG ? sfi__probe_enter_jtag(p) : probe_enter_swd(p);
    if (st != SFI_OK)
        return st;
    st = probe_power_up_port(p);
    if (st != SFI_OK)
        return st;
    st = probe_set_up_memory_ap(p);
    p->is_connected = st == SFI_OK;
    return st;
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* One block to or from a device in DFU mode: three control transfers, and the
 * way back to dfuIDLE from any state (DFU 1.1, A.2; AN3156, 5). */
#include "util/wr.h"
#include "core/ctx.h"
#include "core/err.h"
#include "boot/dfu.h"

/* From any state to dfuIDLE. */
#define STEPS_MAX 8u
/* A device that is busy with what another host asked for: longer than a sector
 * of a known part takes. */
#define BUSY_MS 5000u
/* A wait that takes longer is told about this often. */
#define TELL_MS 5000u

/* ---- control transfers ---- */

static const char *
dfu_request_name(uint8_t request)
{
    static const char *const names[] = {
        [DFU_DETACH] = "DETACH",       [DFU_DNLOAD] = "DNLOAD",
        [DFU_UPLOAD] = "UPLOAD",       [DFU_GETSTATUS] = "GETSTATUS",
        [DFU_CLRSTATUS] = "CLRSTATUS", [DFU_GETSTATE] = "GETSTATE",
        [DFU_ABORT] = "ABORT",
    };

    return names[request];
}

/* A failed transfer says during which command. */
static sfi_status
dfu_add_where(struct boot *b, sfi_status st)
{
    if (st != SFI_OK)
        (void)sfi__where(b->link.ctx, "%s", b->link.doing);
    return st;
}

static sfi_status
dfu_control_in(struct boot *b, uint8_t request, uint16_t value, uint8_t *data,
               size_t len, size_t *got, uint32_t ms)
{
    sfi_status st = sfi__link_cancelled(&b->link);

    if (st != SFI_OK)
        return st;
    st = sfi__transport_control(b->link.tp, DFU_IN, request, value,
                                b->dfu.itf.number, data, len, got, ms);
    sfi__link_tell(&b->link, st, "%s %u, %zu bytes", dfu_request_name(request),
                   value, st == SFI_OK ? *got : len);
    return dfu_add_where(b, st);
}

static sfi_status
dfu_control_out(struct boot *b, uint8_t request, uint16_t value, uint8_t *data,
                size_t len)
{
    size_t got;
    sfi_status st = sfi__link_cancelled(&b->link);

    if (st != SFI_OK)
        return st;
    st = sfi__transport_control(b->link.tp, DFU_OUT, request, value,
                                b->dfu.itf.number, data, len, &got,
                                DFU_CONTROL_MS);
    sfi__link_tell(&b->link, st, "%s %u, %zu bytes", dfu_request_name(request),
                   value, len);
    if (st == SFI_OK && got != len)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the device took %zu bytes of %zu during %s", got, len,
                         b->link.doing);
    return dfu_add_where(b, st);
}

static sfi_status
dfu_get_status(struct boot *b, struct dfu_report *r, uint32_t ms)
{
    uint8_t raw[DFU_REPORT_LEN];
    size_t got;
    sfi_status st =
        dfu_control_in(b, DFU_GETSTATUS, 0, raw, sizeof(raw), &got, ms);

    if (st != SFI_OK)
        return st;
    if (got != sizeof(raw))
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the answer to GETSTATUS is %zu bytes, expected %zu",
                         got, sizeof(raw));
    sfi__dfu_read_report(r, raw);
    b->dfu.state = r->state;
    sfi__link_tell(&b->link, st, "state %u, status 0x%02x, wait %u ms",
                   r->state, r->status, r->poll_ms);
    return SFI_OK;
}

static sfi_status
dfu_refused(struct boot *b, const struct dfu_report *r)
{
    if (r->status == DFU_ERR_VENDOR)
        b->refused = BOOT_REFUSED_COMMAND;
    else if (r->status == DFU_ERR_TARGET)
        b->refused = BOOT_REFUSED_ADDRESS;
    return sfi__fail_peer(b->link.ctx, SFI_ERR_NACK, r->status,
                          "the bootloader refused %s: %s", b->link.doing,
                          sfi__dfu_status_text(r->status));
}

/* A stall only says that there is an error; GETSTATUS says which. */
static sfi_status
dfu_explain_stall(struct boot *b, sfi_status st)
{
    struct sfi_error first;
    struct dfu_report r;

    sfi__error_keep(b->link.ctx, &first);
    b->dfu.state = DFU_STATE_UNKNOWN;
    if (st != SFI_ERR_NACK)
        return st;
    if (dfu_get_status(b, &r, DFU_CONTROL_MS) == SFI_OK && r.state == DFU_ERROR)
        return dfu_refused(b, &r);
    sfi__error_restore(b->link.ctx, &first);
    return st;
}

/* ---- states ---- */

static sfi_status
dfu_get_state(struct boot *b)
{
    size_t got;
    sfi_status st = dfu_control_in(b, DFU_GETSTATE, 0, &b->dfu.state, 1, &got,
                                   DFU_CONTROL_MS);

    if (st == SFI_OK && got != 1)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the answer to GETSTATE is empty");
    return st;
}

/* Wait for a device that is busy.  When its time is over: CLRSTATUS.  A device
 * that an erase left in dfuDNBUSY for ever then reports errUNKNOWN, dfuERROR
 * (betaflight-configurator, pull requests 1861 and 5348); one that follows
 * DFU 1.1, A.2.5, stalls it and is in dfuERROR, too. */
static sfi_status
dfu_end_busy(struct boot *b, const struct deadline *dl)
{
    struct dfu_report r;
    uint32_t left = sfi__deadline_left(dl);
    sfi_status st;

    if (sfi__deadline_passed(dl)) {
        b->dfu.state = DFU_STATE_UNKNOWN;
        st = dfu_control_out(b, DFU_CLRSTATUS, 0, NULL, 0);
        return st == SFI_ERR_NACK ? SFI_OK : st;
    }
    st = dfu_get_status(b, &r, DFU_CONTROL_MS);
    if (st != SFI_OK || r.state != DFU_DNBUSY)
        return st;
    r.poll_ms = r.poll_ms > 0 ? r.poll_ms : 1;
    return sfi__link_sleep(&b->link, r.poll_ms < left ? r.poll_ms : left);
}

/* One step towards dfuIDLE, from where the last report left it.  GETSTATE
 * changes nothing; GETSTATUS would start a block that waits.  DFU 1.1, A.2: the
 * request that ends an error or a run leads to dfuIDLE; what it does in other
 * states is seen. */
static sfi_status
dfu_step_to_idle(struct boot *b, uint8_t *state, const struct deadline *dl)
{
    uint8_t next = DFU_STATE_UNKNOWN;
    sfi_status st = SFI_OK;

    if (b->dfu.state == DFU_STATE_UNKNOWN)
        st = dfu_get_state(b);
    if (st != SFI_OK || b->dfu.state == DFU_IDLE)
        return st;
    *state = b->dfu.state;
    if (*state == DFU_DNBUSY)
        return dfu_end_busy(b, dl);
    b->dfu.state = DFU_STATE_UNKNOWN;
    st = dfu_control_out(b, *state == DFU_ERROR ? DFU_CLRSTATUS : DFU_ABORT, 0,
                         NULL, 0);
    if (*state == DFU_ERROR || *state == DFU_DNLOAD_IDLE ||
        *state == DFU_UPLOAD_IDLE)
        next = DFU_IDLE;
    if (st == SFI_OK)
        b->dfu.state = next;
    return st;
}

static sfi_status
dfu_idle_within(struct boot *b, uint32_t busy_ms)
{
    struct deadline dl =
        sfi__deadline_in(sfi__transport_clock(b->link.tp), busy_ms);
    uint8_t state = DFU_STATE_UNKNOWN;

    for (unsigned steps = 0; steps < STEPS_MAX;) {
        sfi_status st = dfu_step_to_idle(b, &state, &dl);

        if (st != SFI_OK || b->dfu.state == DFU_IDLE)
            return st;
        if (b->dfu.state != DFU_DNBUSY)
            steps++;
    }
    return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                     "the device stays in DFU state %u, expected 2 (dfuIDLE)",
                     state);
}

sfi_status
sfi__boot_dfu_return_to_idle(struct boot *b)
{
    return dfu_idle_within(b, BUSY_MS);
}

sfi_status
sfi__boot_dfu_clear_busy(struct boot *b)
{
    sfi__log(b->link.ctx, SFI_LOG_INFO,
             "the device stays busy (dfuDNBUSY) during %s; clearing its status",
             b->link.doing);
    return dfu_idle_within(b, 0);
}

/* A transfer is valid in dfuIDLE, and in `state` where blocks follow blocks. */
static sfi_status
dfu_prepare_transfer(struct boot *b, uint8_t state)
{
    if (b->dfu.state == DFU_IDLE || b->dfu.state == state)
        return SFI_OK;
    return sfi__boot_dfu_return_to_idle(b);
}

static sfi_status
dfu_sleep(struct boot *b, uint32_t ms)
{
    sfi_status st;

    for (; ms > TELL_MS; ms -= TELL_MS) {
        sfi__log(b->link.ctx, SFI_LOG_INFO,
                 "%s: the device is busy, %u s at most", b->link.doing,
                 (ms + 999) / 1000);
        st = sfi__link_sleep(&b->link, TELL_MS);
        if (st != SFI_OK)
            return st;
    }
    return sfi__link_sleep(&b->link, ms);
}

/* DFU 1.1, 6.1.2: no GETSTATUS before bwPollTimeout is over, however long it
 * is; so the first report may postpone the deadline. */
static void
dfu_postpone(struct boot *b, struct deadline *dl, const struct dfu_report *r)
{
    if (r->poll_ms <= sfi__deadline_left(dl))
        return;
    sfi__log(b->link.ctx, SFI_LOG_WARNING,
             "%s: the device asks for %u s, which is more than expected",
             b->link.doing, (r->poll_ms + 999) / 1000);
    *dl = sfi__deadline_in(sfi__transport_clock(b->link.tp), r->poll_ms);
}

/* Ask for the report.  *wait: before it is asked for again; 0: it is the last
 * one. */
static sfi_status
dfu_ask_working(struct boot *b, struct dfu_report *r, const struct dfu_work *w,
                uint32_t left, uint32_t *wait)
{
    sfi_status st = dfu_get_status(
        b, r, w->deaf && left > DFU_CONTROL_MS ? left : DFU_CONTROL_MS);

    *wait = 1;
    if (st != SFI_OK)
        return st;
    if (r->state != DFU_DNBUSY && r->state != DFU_DNLOAD_SYNC)
        *wait = 0;
    else if (r->poll_ms > 0)
        *wait = r->poll_ms;
    return SFI_OK;
}

/* The first report starts the block, the last one ends it.  One that is lost is
 * asked for again: once the block has begun, asking changes nothing more. */
static sfi_status
dfu_wait_block(struct boot *b, struct dfu_report *r, const struct dfu_work *w)
{
    struct deadline dl =
        sfi__deadline_in(sfi__transport_clock(b->link.tp), w->ms);

    for (bool begun = false;;) {
        bool last = sfi__deadline_passed(&dl);
        uint32_t left = sfi__deadline_left(&dl);
        uint32_t wait;
        sfi_status st = dfu_ask_working(b, r, w, left, &wait);

        if (st != SFI_OK && (st != SFI_ERR_TIMEOUT || last))
            return st;
        if (wait == 0)
            return SFI_OK;
        if (last)
            return sfi__fail(b->link.ctx, SFI_ERR_TIMEOUT,
                             "the device is still busy with %s after %u ms",
                             b->link.doing, w->ms);
        if (st == SFI_OK && !begun) {
            begun = true;
            dfu_postpone(b, &dl, r);
            wait = r->poll_ms;
        }
        left = sfi__deadline_left(&dl);
        st = dfu_sleep(b, wait < left ? wait : left);
        if (st != SFI_OK)
            return st;
    }
}

/* Up to the status that the device reports for the block. */
static sfi_status
dfu_transfer_block(struct boot *b, uint16_t block, uint8_t *copy, size_t len,
                   const struct dfu_work *w, struct dfu_report *r)
{
    sfi_status st = dfu_prepare_transfer(b, DFU_DNLOAD_IDLE);

    if (st == SFI_OK)
        st = dfu_control_out(b, DFU_DNLOAD, block, copy, len);
    if (st != SFI_OK)
        return dfu_explain_stall(b, st);
    b->dfu.state = DFU_STATE_UNKNOWN;
    st = dfu_wait_block(b, r, w);
    if (st == SFI_OK || (st == SFI_ERR_TIMEOUT && b->dfu.state == DFU_DNBUSY))
        return st;
    return dfu_explain_stall(b, st);
}

sfi_status
sfi__boot_dfu_send_block(struct boot *b, uint16_t block, const uint8_t *data,
                         size_t len, const struct dfu_work *w,
                         struct dfu_report *r)
{
    uint8_t copy[DFU_TRANSFER_MAX];
    struct wr out;
    sfi_status st;

    b->dfu.next = 0;
    b->dfu.pointed = false;
    sfi__wr_init(&out, copy, b->dfu.itf.transfer_size);
    sfi__wr_bytes(&out, data, len);
    if (!sfi__wr_ok(&out))
        return sfi__fail(b->link.ctx, SFI_ERR_UNSUPPORTED,
                         "%s needs a transfer of %zu bytes, the device takes "
                         "at most %u",
                         b->link.doing, len, b->dfu.itf.transfer_size);
    st = dfu_transfer_block(b, block, copy, len, w, r);
    if (st != SFI_OK)
        return st;
    if (r->state == DFU_ERROR)
        return dfu_refused(b, r);
    if (r->state != DFU_DNLOAD_IDLE)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "%s ended in DFU state %u, expected 5 "
                         "(dfuDNLOAD-IDLE)",
                         b->link.doing, r->state);
    return SFI_OK;
}

sfi_status
sfi__boot_dfu_take_block(struct boot *b, uint16_t block, uint8_t *out,
                         size_t len, size_t *got)
{
    sfi_status st = dfu_prepare_transfer(b, DFU_UPLOAD_IDLE);

    b->dfu.next = 0;
    if (st == SFI_OK)
        st =
            dfu_control_in(b, DFU_UPLOAD, block, out, len, got, DFU_CONTROL_MS);
    if (st != SFI_OK)
        return dfu_explain_stall(b, st);
    b->dfu.state = *got < len ? DFU_IDLE : DFU_UPLOAD_IDLE;
    return SFI_OK;
}

/* AN3156, 5.4: the device starts its firmware, and may be gone before its
 * report, or with a transfer that then fails in any way. */
sfi_status
sfi__boot_dfu_leave(struct boot *b)
{
    struct dfu_report r = {.state = DFU_MANIFEST};
    sfi_status st = dfu_prepare_transfer(b, DFU_DNLOAD_IDLE);
    sfi_status sent;

    if (st != SFI_OK)
        return st;
    b->dfu.next = 0;
    sent = dfu_control_out(b, DFU_DNLOAD, DFU_BLOCK_COMMAND, NULL, 0);
    st = sent;
    if (st != SFI_ERR_NO_DEVICE && st != SFI_ERR_CANCELLED)
        st = dfu_get_status(b, &r, DFU_CONTROL_MS);
    b->dfu.state = DFU_STATE_UNKNOWN;
    if (st == SFI_OK && r.state == DFU_ERROR)
        return dfu_refused(b, &r);
    if (sent != SFI_OK && st != SFI_ERR_NO_DEVICE)
        return sent;
    return st == SFI_ERR_CANCELLED ? st : SFI_OK;
}

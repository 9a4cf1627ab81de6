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

/* ---- control transfers ---- */

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
               size_t len, size_t *got)
{
    sfi_status st = sfi__link_cancelled(&b->link);

    if (st != SFI_OK)
        return st;
    st = sfi__transport_control(b->link.tp, DFU_IN, request, value,
                                b->dfu.itf.number, data, len, got,
                                DFU_CONTROL_MS);
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
    if (st == SFI_OK && got != len)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the device took %zu bytes of %zu during %s", got, len,
                         b->link.doing);
    return dfu_add_where(b, st);
}

static sfi_status
dfu_get_status(struct boot *b, struct dfu_report *r)
{
    uint8_t raw[DFU_REPORT_LEN];
    size_t got;
    sfi_status st = dfu_control_in(b, DFU_GETSTATUS, 0, raw, sizeof(raw), &got);

    if (st != SFI_OK)
        return st;
    if (got != sizeof(raw))
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the answer to GETSTATUS is %zu bytes, expected %zu",
                         got, sizeof(raw));
    sfi__dfu_read_report(r, raw);
    b->dfu.state = r->state;
    return SFI_OK;
}

static sfi_status
dfu_refused(struct boot *b, const struct dfu_report *r)
{
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
    if (dfu_get_status(b, &r) == SFI_OK && r.state == DFU_ERROR)
        return dfu_refused(b, &r);
    sfi__error_restore(b->link.ctx, &first);
    return st;
}

/* ---- states ---- */

/* One step towards dfuIDLE, from where the last report left it.  GETSTATE
 * changes nothing; GETSTATUS would start a block that waits. */
static sfi_status
dfu_step_to_idle(struct boot *b, uint8_t *state)
{
    struct dfu_report r;
    size_t got = 1;
    sfi_status st = SFI_OK;

    if (b->dfu.state == DFU_STATE_UNKNOWN)
        st = dfu_control_in(b, DFU_GETSTATE, 0, &b->dfu.state, 1, &got);
    if (st != SFI_OK)
        return st;
    if (got != 1)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the answer to GETSTATE is empty");
    if (b->dfu.state == DFU_IDLE)
        return SFI_OK;
    *state = b->dfu.state;
    b->dfu.state = DFU_STATE_UNKNOWN;
    if (*state == DFU_ERROR)
        return dfu_control_out(b, DFU_CLRSTATUS, 0, NULL, 0);
    if (*state == DFU_DNBUSY)
        return dfu_get_status(b, &r);
    return dfu_control_out(b, DFU_ABORT, 0, NULL, 0);
}

sfi_status
sfi__boot_dfu_return_to_idle(struct boot *b)
{
    uint8_t state = DFU_STATE_UNKNOWN;

    for (unsigned i = 0; i < STEPS_MAX; i++) {
        sfi_status st = dfu_step_to_idle(b, &state);

        if (st != SFI_OK || b->dfu.state == DFU_IDLE)
            return st;
    }
    return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                     "the device stays in DFU state %u, expected 2 (dfuIDLE)",
                     state);
}

/* A transfer is valid in dfuIDLE, and in `state` where blocks follow blocks. */
static sfi_status
dfu_prepare_transfer(struct boot *b, uint8_t state)
{
    if (b->dfu.state == DFU_IDLE || b->dfu.state == state)
        return SFI_OK;
    return sfi__boot_dfu_return_to_idle(b);
}

/* The first report starts the block, the last one ends it. */
static sfi_status
dfu_wait_block(struct boot *b, struct dfu_report *r, uint32_t ms)
{
    struct deadline dl = sfi__deadline_in(b->link.ctx->clock, ms);

    for (bool first = true;; first = false) {
        sfi_status st = dfu_get_status(b, r);
        uint32_t wait = first || r->poll_ms > 0 ? r->poll_ms : 1;

        if (st != SFI_OK ||
            (r->state != DFU_DNBUSY && r->state != DFU_DNLOAD_SYNC))
            return st;
        if (wait > sfi__deadline_left(&dl) || sfi__deadline_passed(&dl))
            return sfi__fail(b->link.ctx, SFI_ERR_TIMEOUT,
                             "%s is not done within %u ms", b->link.doing, ms);
        st = sfi__link_sleep(&b->link, wait);
        if (st != SFI_OK)
            return st;
    }
}

/* Up to the status that the device reports for the block. */
static sfi_status
dfu_transfer_block(struct boot *b, uint16_t block, uint8_t *copy, size_t len,
                   uint32_t ms, struct dfu_report *r)
{
    sfi_status st = dfu_prepare_transfer(b, DFU_DNLOAD_IDLE);

    if (st != SFI_OK)
        return st;
    st = dfu_control_out(b, DFU_DNLOAD, block, copy, len);
    return st == SFI_OK ? dfu_wait_block(b, r, ms) : st;
}

sfi_status
sfi__boot_dfu_send_block(struct boot *b, uint16_t block, const uint8_t *data,
                         size_t len, uint32_t ms, struct dfu_report *r)
{
    uint8_t copy[DFU_TRANSFER_MAX];
    struct wr w;
    sfi_status st;

    sfi__wr_init(&w, copy, b->dfu.itf.transfer_size);
    sfi__wr_bytes(&w, data, len);
    if (!sfi__wr_ok(&w))
        return sfi__fail(b->link.ctx, SFI_ERR_UNSUPPORTED,
                         "%s needs a transfer of %zu bytes, the device takes "
                         "at most %u",
                         b->link.doing, len, b->dfu.itf.transfer_size);
    st = dfu_transfer_block(b, block, copy, len, ms, r);
    if (st != SFI_OK)
        return dfu_explain_stall(b, st);
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

    if (st == SFI_OK)
        st = dfu_control_in(b, DFU_UPLOAD, block, out, len, got);
    if (st != SFI_OK)
        return dfu_explain_stall(b, st);
    b->dfu.state = *got < len ? DFU_IDLE : DFU_UPLOAD_IDLE;
    return SFI_OK;
}

/* AN3156, 5.4: the device starts its firmware, and may be gone before its
 * report. */
sfi_status
sfi__boot_dfu_leave(struct boot *b)
{
    struct dfu_report r = {.state = DFU_MANIFEST};
    sfi_status st = dfu_prepare_transfer(b, DFU_DNLOAD_IDLE);

    if (st != SFI_OK)
        return st;
    st = dfu_control_out(b, DFU_DNLOAD, DFU_BLOCK_COMMAND, NULL, 0);
    if (st == SFI_OK)
        st = dfu_get_status(b, &r);
    else if (st != SFI_ERR_NO_DEVICE)
        return dfu_explain_stall(b, st);
    b->dfu.state = DFU_STATE_UNKNOWN;
    if (st == SFI_OK && r.state == DFU_ERROR)
        return dfu_refused(b, &r);
    return st == SFI_ERR_CANCELLED ? st : SFI_OK;
}

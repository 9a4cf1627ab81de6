/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A bootloader as a USB device in DFU mode (AN3156): blocks of up to the
 * device's transfer size, three control transfers each. */
#include "util/rd.h"
#include "core/ctx.h"
#include "core/err.h"
#include "boot/dfu.h"

/* A reset by the device itself: AN2606 says 54 ms, hosts need longer. */
#define BACK_MS 3000u

/* ---- whole commands ---- */

/* Also a transfer that failed after the USB controller's own three tries. */
static bool
dfu_is_fault(sfi_status st)
{
    return sfi__link_is_fault(st) || st == SFI_ERR_IO;
}

/* A device that re-enumerated counts as a lost reply. */
static sfi_status
dfu_disconnected(struct boot *b)
{
    sfi_ctx *ctx = b->link.ctx;
    const char *doing = b->link.doing;

    b->is_new = true;
    b->dfu.state = DFU_STATE_UNKNOWN;
    b->dfu.alt = 0;
    if (sfi__transport_reopen(b->link.tp, BACK_MS) == SFI_OK)
        return sfi__fail(ctx, SFI_ERR_TIMEOUT,
                         "the device disconnected during %s and re-enumerated",
                         doing);
    return sfi__fail(ctx, SFI_ERR_NO_DEVICE,
                     "the device disconnected during %s and did not "
                     "re-enumerate",
                     doing);
}

/* One command from its first transfer to its last; `had_effect` as in
 * frames.c.  A device that disconnected may only have lost the bus, so it is
 * asked again, once; a device that restarted refuses what it no longer knows.
 * A refusal by errVENDOR or errTARGET is an answer, other errors may be noise.
 */
sfi_status
sfi__boot_dfu_transact(struct boot *b, const char *what,
                       sfi_status (*once)(struct boot *b, void *arg),
                       bool (*had_effect)(struct boot *b, void *arg), void *arg)
{
    bool was_gone = false;

    for (unsigned i = 0;; i++) {
        sfi_status st;
        bool is_gone;

        b->link.doing = what;
        b->refused = BOOT_REFUSED_NOTHING;
        st = once(b, arg);
        is_gone = st == SFI_ERR_NO_DEVICE;
        if (is_gone)
            st = dfu_disconnected(b);
        if (!dfu_is_fault(st) || b->refused != BOOT_REFUSED_NOTHING ||
            i == BOOT_REPEATS || (is_gone && was_gone))
            return st;
        was_gone = was_gone || is_gone;
        sfi__log(b->link.ctx, SFI_LOG_DEBUG, "%s: %s; asking again", what,
                 b->link.ctx->error.message);
        b->dfu.state = DFU_STATE_UNKNOWN;
        if (had_effect != NULL && had_effect(b, arg))
            return SFI_OK;
    }
}

struct dfu_jump {
    uint32_t address;
    bool sent; /* from then on a device that is gone has left */
};

static sfi_status
dfu_go_once(struct boot *b, void *arg)
{
    struct dfu_jump *j = arg;
    sfi_status st = sfi__boot_dfu_set_pointer(b, j->address);

    if (st == SFI_ERR_NO_DEVICE && j->sent)
        return SFI_OK;
    if (st != SFI_OK)
        return st;
    j->sent = true;
    return sfi__boot_dfu_leave(b);
}

static sfi_status
dfu_go(struct boot *b, uint32_t address)
{
    struct dfu_jump jump = {.address = address};

    return sfi__boot_dfu_transact(b, "Go", dfu_go_once, NULL, &jump);
}

/* The device erases, resets and disconnects; AN3156 does not say when. */
static sfi_status
dfu_unprotect_once(struct boot *b, void *arg)
{
    static const uint8_t off[] = {DFU_READ_UNPROTECT};
    const struct dfu_work work = {
        .ms = sfi__boot_erase_ms(b, BOOT_ALL_SECTORS),
        .deaf = true,
    };
    struct dfu_report r;
    sfi_status st = sfi__boot_dfu_return_to_idle(b);

    (void)arg;
    if (st != SFI_OK)
        return st;
    st = sfi__boot_dfu_send_block(b, DFU_BLOCK_COMMAND, off, sizeof(off), &work,
                                  &r);
    b->dfu.state = DFU_STATE_UNKNOWN;
    return st == SFI_ERR_NO_DEVICE ? SFI_OK : st;
}

static sfi_status
dfu_readout_unprotect(struct boot *b)
{
    return sfi__boot_dfu_transact(b, "Read Unprotect", dfu_unprotect_once, NULL,
                                  NULL);
}

/* ---- the security extension: doc/protocol.md, "USB-DFU" ---- */

static sfi_status
dfu_take_reply(struct boot *b, struct special *s)
{
    /* one byte more, so that a reply that is too long is noticed */
    uint8_t raw[1 + SFI_CMD_REPLY_MAX + 1];
    size_t got = 0;
    struct rd r;
    sfi_status st =
        sfi__boot_dfu_take_block(b, DFU_BLOCK_REPLY, raw, sizeof(raw), &got);

    if (st != SFI_OK)
        return st;
    sfi__rd_init(&r, raw, got);
    if (sfi__rd_u8(&r) != 0 || !sfi__boot_accept_reply_len(s, sfi__rd_left(&r)))
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the answer to %s has an impossible length",
                         b->link.doing);
    sfi__rd_bytes(&r, s->reply, sfi__rd_left(&r));
    return SFI_OK;
}

static sfi_status
dfu_special_once(struct boot *b, void *arg)
{
    struct special *s = arg;
    const struct dfu_sfi req = {s->opcode, s->param, s->param_len, s->data,
                                s->data_len};
    const struct dfu_work work = {.ms = s->wait_ms};
    uint8_t raw[DFU_SFI_MAX];
    struct dfu_report r;
    sfi_status st;
    size_t len = sfi__dfu_write_sfi(raw, &req);

    if (len == 0)
        return sfi__fail(b->link.ctx, SFI_ERR_UNSUPPORTED,
                         "request 0x%04x cannot be sent over USB", s->opcode);
    st = sfi__boot_dfu_send_block(b, DFU_BLOCK_COMMAND, raw, len, &work, &r);
    if (st != SFI_OK)
        return st;
    s->status = r.string;
    return s->status == 0 && s->reply_len > 0 ? dfu_take_reply(b, s) : SFI_OK;
}

static sfi_status
dfu_special(struct boot *b, struct special *s)
{
    sfi_status st;

    if (!s->once)
        return sfi__boot_dfu_transact(b, s->what, dfu_special_once, NULL, s);
    b->link.doing = s->what;
    st = dfu_special_once(b, s);
    return st == SFI_ERR_NO_DEVICE ? dfu_disconnected(b) : st;
}

/* ---- a dialect's own blocks ---- */

sfi_status
sfi__boot_dfu_download(struct boot *b, uint16_t block, const uint8_t *data,
                       size_t len, uint32_t ms, uint8_t *string)
{
    const struct dfu_work work = {.ms = ms};
    struct dfu_report r = {0};
    sfi_status st;

    b->link.doing = "a download";
    if (len > 0)
        st = sfi__boot_dfu_send_block(b, block, data, len, &work, &r);
    else
        st = sfi__boot_dfu_leave(b);
    *string = r.string;
    return st == SFI_ERR_NO_DEVICE ? dfu_disconnected(b) : st;
}

sfi_status
sfi__boot_dfu_upload(struct boot *b, uint16_t block, uint8_t *out, size_t *len)
{
    size_t most = b->dfu.itf.transfer_size;
    size_t room = *len < most ? *len : most;
    sfi_status st;

    *len = 0;
    b->link.doing = "an upload";
    st = sfi__boot_dfu_take_block(b, block, out, room, len);
    return st == SFI_ERR_NO_DEVICE ? dfu_disconnected(b) : st;
}

/* ---- connect ---- */

static sfi_status
dfu_try_discovery(struct boot *b)
{
    for (unsigned i = 0;; i++) {
        sfi_status st = sfi__boot_dfu_discover(b);

        if (!dfu_is_fault(st) || i == BOOT_REPEATS)
            return st;
    }
}

/* One try; a link that gives up at once does not use up its time, so pause. */
static sfi_status
dfu_reopen(struct boot *b, const struct deadline *dl)
{
    uint32_t left = sfi__deadline_left(dl);
    uint32_t slice = left < CTX_SLICE_MS ? left : CTX_SLICE_MS;
    sfi_status st = sfi__link_cancelled(&b->link);

    if (st == SFI_OK)
        st = sfi__transport_reopen(b->link.tp, slice);
    b->is_new = true;
    if ((st == SFI_ERR_NO_DEVICE || st == SFI_ERR_TIMEOUT) &&
        sfi__deadline_left(dl) == left &&
        sfi__link_sleep(&b->link, slice) != SFI_OK)
        return SFI_ERR_CANCELLED;
    return st;
}

/* A device that a reset disconnected: wait until it re-enumerates. */
static sfi_status
dfu_connect(struct boot *b, uint32_t ms)
{
    struct deadline dl = sfi__deadline_in(sfi__transport_clock(b->link.tp), ms);

    b->link.doing = "connecting";
    for (;;) {
        sfi_status st = dfu_try_discovery(b);

        if (st != SFI_ERR_NO_DEVICE)
            return st;
        do
            st = dfu_reopen(b, &dl);
        while ((st == SFI_ERR_NO_DEVICE || st == SFI_ERR_TIMEOUT) &&
               !sfi__deadline_passed(&dl));
        if (st == SFI_ERR_NO_DEVICE || st == SFI_ERR_TIMEOUT ||
            (st == SFI_OK && sfi__deadline_passed(&dl)))
            return sfi__fail(b->link.ctx, SFI_ERR_TIMEOUT,
                             "no device in DFU mode within %u ms; is the chip "
                             "powered, and in its bootloader (BOOT0)",
                             ms);
        if (st != SFI_OK)
            return st;
    }
}

const struct boot_ops sfi__boot_dfu = {
    .name = "USB-DFU",
    .connect = dfu_connect,
    .read = sfi__boot_dfu_read,
    .write = sfi__boot_dfu_write,
    .go = dfu_go,
    .erase_mass = sfi__boot_dfu_erase_mass,
    .erase_sectors = sfi__boot_dfu_erase_sectors,
    .readout_unprotect = dfu_readout_unprotect,
    .special = dfu_special,
};

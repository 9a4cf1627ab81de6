/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The bootloader as a USB device in DFU mode (AN3156): blocks of up to the
 * device's transfer size, three control transfers each. */
#include "util/clock.h"
#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"
#include "core/ctx.h"
#include "core/err.h"
#include "boot/dfu.h"

#define WRITE_MS 3000u
/* AN2606: an H7's mass erase takes more than 13 s. */
#define ERASE_MS 35000u
#define REPEATS 3u
/* How late a cancel may be noticed. */
#define SLICE_MS 100u
/* A reset by the device itself: AN2606 says 54 ms, hosts need longer. */
#define BACK_MS 3000u
/* From any state to dfuIDLE. */
#define STEPS_MAX 8u

/* ---- control transfers ---- */

/* A transfer that fails says in the middle of what. */
static sfi_status
during(struct boot *b, sfi_status st)
{
    if (st != SFI_OK)
        (void)sfi__where(b->link.ctx, "%s", b->link.doing);
    return st;
}

static sfi_status
take(struct boot *b, uint8_t request, uint16_t value, uint8_t *data, size_t len,
     size_t *got)
{
    sfi_status st = sfi__link_cancelled(&b->link);

    if (st != SFI_OK)
        return st;
    st = sfi__transport_control(b->link.tp, DFU_IN, request, value,
                                b->dfu.itf.number, data, len, got,
                                DFU_CONTROL_MS);
    return during(b, st);
}

static sfi_status
give(struct boot *b, uint8_t request, uint16_t value, uint8_t *data, size_t len)
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
                         "the device took %zu bytes of %zu at %s", got, len,
                         b->link.doing);
    return during(b, st);
}

static sfi_status
get_report(struct boot *b, struct dfu_report *r)
{
    uint8_t raw[DFU_REPORT_LEN];
    size_t got;
    sfi_status st = take(b, DFU_GETSTATUS, 0, raw, sizeof(raw), &got);

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
refused(struct boot *b, const struct dfu_report *r)
{
    return sfi__fail_peer(b->link.ctx, SFI_ERR_NACK, r->status,
                          "the bootloader refused %s: %s", b->link.doing,
                          sfi__dfu_status_text(r->status));
}

/* A stall says that there is an error, GETSTATUS says which. */
static sfi_status
explain(struct boot *b, sfi_status st)
{
    struct sfi_error first;
    struct dfu_report r;

    b->dfu.state = DFU_STATE_UNKNOWN;
    if (st != SFI_ERR_NACK)
        return st;
    sfi__error_keep(b->link.ctx, &first);
    if (get_report(b, &r) == SFI_OK && r.state == DFU_ERROR)
        return refused(b, &r);
    sfi__error_restore(b->link.ctx, &first);
    return st;
}

/* ---- states ---- */

/* One step towards dfuIDLE, from where the last report left it.  GETSTATE
 * changes nothing; GETSTATUS would start a block that waits. */
static sfi_status
step_to_idle(struct boot *b, uint8_t *state)
{
    struct dfu_report r;
    size_t got = 1;
    sfi_status st = SFI_OK;

    if (b->dfu.state == DFU_STATE_UNKNOWN)
        st = take(b, DFU_GETSTATE, 0, &b->dfu.state, 1, &got);
    if (st == SFI_OK && got != 1)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the answer to GETSTATE is empty");
    if (st != SFI_OK || b->dfu.state == DFU_IDLE)
        return st;
    *state = b->dfu.state;
    b->dfu.state = DFU_STATE_UNKNOWN;
    if (*state == DFU_ERROR)
        return give(b, DFU_CLRSTATUS, 0, NULL, 0);
    if (*state == DFU_DNBUSY)
        return get_report(b, &r);
    return give(b, DFU_ABORT, 0, NULL, 0);
}

static sfi_status
to_idle(struct boot *b)
{
    uint8_t state = DFU_STATE_UNKNOWN;

    for (unsigned i = 0; i < STEPS_MAX; i++) {
        sfi_status st = step_to_idle(b, &state);

        if (st != SFI_OK || b->dfu.state == DFU_IDLE)
            return st;
    }
    return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                     "the device stays in DFU state %u, expected 2 (dfuIDLE)",
                     state);
}

static sfi_status
pause(struct boot *b, uint32_t ms)
{
    const struct clock *clock = b->link.ctx->clock;

    while (ms > 0) {
        uint32_t slice = ms < SLICE_MS ? ms : SLICE_MS;
        sfi_status st = sfi__link_cancelled(&b->link);

        if (st != SFI_OK)
            return st;
        clock->sleep_ms(clock->user, slice);
        ms -= slice;
    }
    return SFI_OK;
}

/* The first report starts the block, the last one ends it. */
static sfi_status
wait_block(struct boot *b, struct dfu_report *r, uint32_t ms)
{
    struct deadline dl = sfi__deadline_in(b->link.ctx->clock, ms);

    for (bool first = true;; first = false) {
        sfi_status st = get_report(b, r);
        uint32_t wait = first || r->poll_ms > 0 ? r->poll_ms : 1;

        if (st != SFI_OK ||
            (r->state != DFU_DNBUSY && r->state != DFU_DNLOAD_SYNC))
            return st;
        if (wait > sfi__deadline_left(&dl) || sfi__deadline_passed(&dl))
            return sfi__fail(b->link.ctx, SFI_ERR_TIMEOUT,
                             "%s is not done within %u ms", b->link.doing, ms);
        st = pause(b, wait);
        if (st != SFI_OK)
            return st;
    }
}

/* One block to the device, and what comes of it. */
static sfi_status
send_block(struct boot *b, uint16_t block, const uint8_t *data, size_t len,
           uint32_t ms, struct dfu_report *r)
{
    uint8_t copy[DFU_TRANSFER_MAX];
    sfi_status st = SFI_OK;
    struct wr w;

    sfi__wr_init(&w, copy, b->dfu.itf.transfer_size);
    sfi__wr_bytes(&w, data, len);
    if (!sfi__wr_ok(&w))
        return sfi__fail(b->link.ctx, SFI_ERR_UNSUPPORTED,
                         "%s takes %zu bytes in a transfer, and the device %u",
                         b->link.doing, len, b->dfu.itf.transfer_size);
    if (b->dfu.state != DFU_IDLE && b->dfu.state != DFU_DNLOAD_IDLE)
        st = to_idle(b);
    if (st == SFI_OK)
        st = give(b, DFU_DNLOAD, block, copy, len);
    if (st == SFI_OK)
        st = wait_block(b, r, ms);
    if (st != SFI_OK)
        return explain(b, st);
    if (r->state == DFU_ERROR)
        return refused(b, r);
    if (r->state != DFU_DNLOAD_IDLE)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "DFU state %u came of %s, expected 5 "
                         "(dfuDNLOAD-IDLE)",
                         r->state, b->link.doing);
    return SFI_OK;
}

static sfi_status
command(struct boot *b, const uint8_t *data, size_t len, uint32_t ms)
{
    struct dfu_report r;

    return send_block(b, DFU_BLOCK_COMMAND, data, len, ms, &r);
}

sfi_status
sfi__boot_dfu_take_block(struct boot *b, uint16_t block, uint8_t *out,
                         size_t len, size_t *got)
{
    sfi_status st = SFI_OK;

    if (b->dfu.state != DFU_IDLE && b->dfu.state != DFU_UPLOAD_IDLE)
        st = to_idle(b);
    if (st == SFI_OK)
        st = take(b, DFU_UPLOAD, block, out, len, got);
    if (st != SFI_OK)
        return explain(b, st);
    b->dfu.state = *got < len ? DFU_IDLE : DFU_UPLOAD_IDLE;
    return SFI_OK;
}

/* ---- whole commands ---- */

/* Also what the controller's own three tries did not bring through. */
static bool
is_fault(sfi_status st)
{
    return sfi__link_is_fault(st) || st == SFI_ERR_IO;
}

/* Back on the bus it is as if its answer was lost. */
static sfi_status
vanished(struct boot *b)
{
    sfi_ctx *ctx = b->link.ctx;
    const char *doing = b->link.doing;

    b->dfu.state = DFU_STATE_UNKNOWN;
    b->dfu.alt = 0;
    if (sfi__transport_reopen(b->link.tp, BACK_MS) == SFI_OK)
        return sfi__fail(ctx, SFI_ERR_TIMEOUT,
                         "the chip left the USB at %s, and is back", doing);
    return sfi__fail(ctx, SFI_ERR_NO_DEVICE,
                     "the chip left the USB at %s, and did not come back",
                     doing);
}

/* Likewise repeated as boot_an.c does.  A device that left may only have lost
 * the bus, so it is asked again, once; one that restarted refuses what it has
 * forgotten. */
static sfi_status
transact(struct boot *b, const char *what,
         sfi_status (*once)(struct boot *b, void *arg),
         bool (*had)(struct boot *b, void *arg), void *arg)
{
    bool left = false;

    for (unsigned i = 0;; i++) {
        sfi_status st;
        bool is_gone;

        b->link.doing = what;
        st = once(b, arg);
        is_gone = st == SFI_ERR_NO_DEVICE;
        if (is_gone)
            st = vanished(b);
        if (!is_fault(st) || i == REPEATS || (is_gone && left))
            return st;
        left = left || is_gone;
        sfi__log(b->link.ctx, SFI_LOG_DEBUG, "%s: %s; asking again", what,
                 b->link.ctx->error.message);
        b->dfu.state = DFU_STATE_UNKNOWN;
        if (had != NULL && had(b, arg))
            return SFI_OK;
    }
}

struct block {
    uint32_t address;
    const uint8_t *data;
    uint8_t *out;
    size_t len;
};

/* The alternate setting that names this address; RAM is behind any. */
static sfi_status
select_memory(struct boot *b, uint32_t address)
{
    uint8_t alt = 0;
    size_t got;
    sfi_status st;

    while (alt < b->dfu.itf.alts &&
           sfi__dfu_region_at(&b->dfu.layout[alt], address) == NULL)
        alt++;
    if (alt == b->dfu.itf.alts || alt == b->dfu.alt)
        return SFI_OK;
    st = to_idle(b);
    if (st == SFI_OK)
        st = sfi__transport_control(b->link.tp, USB_TO_INTERFACE,
                                    USB_SET_INTERFACE, alt, b->dfu.itf.number,
                                    NULL, 0, &got, DFU_CONTROL_MS);
    if (st == SFI_OK)
        b->dfu.alt = alt;
    return st;
}

static sfi_status
set_pointer(struct boot *b, uint32_t address)
{
    uint8_t raw[DFU_ADDRESS_LEN];
    sfi_status st = select_memory(b, address);

    sfi__dfu_write_address(raw, DFU_SET_ADDRESS, address);
    return st == SFI_OK ? command(b, raw, sizeof(raw), WRITE_MS) : st;
}

static sfi_status
read_once(struct boot *b, void *arg)
{
    const struct block *k = arg;
    sfi_status st = set_pointer(b, k->address);
    uint16_t block = DFU_BLOCK_FIRST;

    for (size_t at = 0; st == SFI_OK && at < k->len; block++) {
        size_t left = k->len - at;
        size_t n =
            left < b->dfu.itf.transfer_size ? left : b->dfu.itf.transfer_size;
        size_t got = 0;

        st = sfi__boot_dfu_take_block(b, block, k->out + at, n, &got);
        if (st == SFI_OK && got != n)
            st = sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                           "%zu bytes came in answer to %s, expected %zu", got,
                           b->link.doing, n);
        at += n;
    }
    return st;
}

static sfi_status
write_once(struct boot *b, void *arg)
{
    const struct block *k = arg;
    sfi_status st = set_pointer(b, k->address);
    uint16_t block = DFU_BLOCK_FIRST;

    for (size_t at = 0; st == SFI_OK && at < k->len; block++) {
        size_t left = k->len - at;
        size_t n =
            left < b->dfu.itf.transfer_size ? left : b->dfu.itf.transfer_size;
        struct dfu_report r;

        st = send_block(b, block, k->data + at, n, WRITE_MS, &r);
        at += n;
    }
    return st;
}

/* Flash takes a word once: look before writing it again. */
static bool
is_written(struct boot *b, void *arg)
{
    const struct block *k = arg;
    uint8_t there[DFU_TRANSFER_MAX];

    for (size_t at = 0; at < k->len; at += sizeof(there)) {
        size_t left = k->len - at;
        struct block look = {
            .address = k->address + (uint32_t)at,
            .out = there,
            .len = left < sizeof(there) ? left : sizeof(there),
        };

        if (read_once(b, &look) != SFI_OK ||
            !sfi__equal(there, k->data + at, look.len))
            return false;
    }
    return true;
}

/* As much as one run of block numbers holds, but no more than is worth to be
 * sent again. */
#define RUN_BLOCKS 64u

static size_t
run_len(const struct boot *b, size_t len)
{
    size_t most = (size_t)RUN_BLOCKS * b->dfu.itf.transfer_size;

    return len < most ? len : most;
}

static sfi_status
dfu_read(struct boot *b, uint32_t address, uint8_t *out, size_t len)
{
    sfi_status st = SFI_OK;

    while (st == SFI_OK && len > 0) {
        struct block k = {
            .address = address, .out = out, .len = run_len(b, len)};

        st = transact(b, "reading memory", read_once, NULL, &k);
        address += (uint32_t)k.len;
        out += k.len;
        len -= k.len;
    }
    return st;
}

static sfi_status
dfu_write(struct boot *b, uint32_t address, const uint8_t *data, size_t len)
{
    sfi_status st = SFI_OK;

    while (st == SFI_OK && len > 0) {
        struct block k = {
            .address = address, .data = data, .len = run_len(b, len)};

        st = transact(b, "writing memory", write_once, is_written, &k);
        address += (uint32_t)k.len;
        data += k.len;
        len -= k.len;
    }
    return st;
}

/* AN3156, 5.4: it runs its firmware, and may be gone before it could say
 * so. */
static sfi_status
leave(struct boot *b)
{
    struct dfu_report r = {.state = DFU_MANIFEST};
    sfi_status st = SFI_OK;

    if (b->dfu.state != DFU_IDLE && b->dfu.state != DFU_DNLOAD_IDLE)
        st = to_idle(b);
    if (st != SFI_OK)
        return st;
    st = give(b, DFU_DNLOAD, DFU_BLOCK_COMMAND, NULL, 0);
    if (st == SFI_OK)
        st = get_report(b, &r);
    else if (st != SFI_ERR_NO_DEVICE)
        return explain(b, st);
    b->dfu.state = DFU_STATE_UNKNOWN;
    if (st == SFI_OK && r.state == DFU_ERROR)
        return refused(b, &r);
    return st == SFI_ERR_CANCELLED ? st : SFI_OK;
}

static sfi_status
go_once(struct boot *b, void *arg)
{
    const uint32_t *address = arg;
    sfi_status st = set_pointer(b, *address);

    return st == SFI_OK ? leave(b) : st;
}

static sfi_status
dfu_go(struct boot *b, uint32_t address)
{
    return transact(b, "Go", go_once, NULL, &address);
}

static sfi_status
erase_all_once(struct boot *b, void *arg)
{
    static const uint8_t all[] = {DFU_ERASE};

    (void)arg;
    return command(b, all, sizeof(all), ERASE_MS);
}

static sfi_status
dfu_erase_mass(struct boot *b)
{
    return transact(b, "Erase", erase_all_once, NULL, NULL);
}

static sfi_status
erase_once(struct boot *b, void *arg)
{
    const uint32_t *address = arg;
    uint8_t raw[DFU_ADDRESS_LEN];
    sfi_status st = select_memory(b, *address);

    sfi__dfu_write_address(raw, DFU_ERASE, *address);
    return st == SFI_OK ? command(b, raw, sizeof(raw), ERASE_MS) : st;
}

/* Where the n-th sector of the flash is. */
static bool
find_sector(const struct dfu_layout *l, uint32_t n, uint32_t *address)
{
    for (size_t i = 0; i < l->regions; i++) {
        const struct dfu_region *r = &l->region[i];

        if (n < r->count) {
            *address = r->base + n * r->size;
            return true;
        }
        n -= r->count;
    }
    return false;
}

static sfi_status
dfu_erase_sectors(struct boot *b, const uint16_t *sectors, size_t count)
{
    sfi_status st = SFI_OK;

    for (size_t i = 0; st == SFI_OK && i < count; i++) {
        uint32_t address;

        if (!find_sector(&b->dfu.layout[0], sectors[i], &address))
            return sfi__fail(b->link.ctx, SFI_ERR_RANGE,
                             "the device's flash has no sector %u", sectors[i]);
        st = transact(b, "Erase", erase_once, NULL, &address);
    }
    return st;
}

/* It erases, resets and is gone: when, is not said. */
static sfi_status
unprotect_once(struct boot *b, void *arg)
{
    uint8_t raw[] = {DFU_READ_UNPROTECT};
    struct dfu_report r;
    sfi_status st = to_idle(b);

    (void)arg;
    if (st == SFI_OK)
        st = give(b, DFU_DNLOAD, DFU_BLOCK_COMMAND, raw, sizeof(raw));
    if (st != SFI_OK)
        return explain(b, st);
    st = wait_block(b, &r, ERASE_MS);
    b->dfu.state = DFU_STATE_UNKNOWN;
    if (st == SFI_ERR_NO_DEVICE)
        return SFI_OK;
    return st == SFI_OK && r.state == DFU_ERROR ? refused(b, &r) : st;
}

static sfi_status
dfu_readout_unprotect(struct boot *b)
{
    return transact(b, "Read Unprotect", unprotect_once, NULL, NULL);
}

/* ---- the security extension: doc/protocol.md, "USB-DFU" ---- */

static sfi_status
take_reply(struct boot *b, struct special *s)
{
    uint8_t raw[1 + SFI_CMD_REPLY_MAX + 1]; /* a longer one shows */
    size_t got = 0;
    struct rd r;
    sfi_status st =
        sfi__boot_dfu_take_block(b, DFU_BLOCK_REPLY, raw, sizeof(raw), &got);

    if (st != SFI_OK)
        return st;
    sfi__rd_init(&r, raw, got);
    if (sfi__rd_u8(&r) != 0 || !sfi__boot_takes_reply(s, sfi__rd_left(&r)))
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the answer to %s has an impossible length",
                         b->link.doing);
    sfi__rd_bytes(&r, s->reply, sfi__rd_left(&r));
    return SFI_OK;
}

static sfi_status
special_once(struct boot *b, void *arg)
{
    struct special *s = arg;
    const struct dfu_sfi req = {s->opcode, s->param, s->param_len, s->data,
                                s->data_len};
    uint8_t raw[DFU_SFI_MAX];
    struct dfu_report r;
    sfi_status st;
    size_t len = sfi__dfu_write_sfi(raw, &req);

    if (len == 0)
        return sfi__fail(b->link.ctx, SFI_ERR_UNSUPPORTED,
                         "request 0x%04x cannot go over USB", s->opcode);
    st = send_block(b, DFU_BLOCK_COMMAND, raw, len, s->wait_ms, &r);
    if (st != SFI_OK)
        return st;
    s->status = r.string;
    return s->status == 0 && s->reply_len > 0 ? take_reply(b, s) : SFI_OK;
}

static sfi_status
dfu_special(struct boot *b, struct special *s)
{
    sfi_status st;

    if (!s->once)
        return transact(b, s->what, special_once, NULL, s);
    b->link.doing = s->what;
    st = special_once(b, s);
    return st == SFI_ERR_NO_DEVICE ? vanished(b) : st;
}

/* ---- a dialect's own blocks ---- */

sfi_status
sfi__boot_dfu_download(struct boot *b, uint16_t block, const uint8_t *data,
                       size_t len, uint32_t ms, uint8_t *string)
{
    struct dfu_report r = {0};
    sfi_status st;

    b->link.doing = "a download";
    if (len > 0)
        st = send_block(b, block, data, len, ms, &r);
    else
        st = leave(b);
    *string = r.string;
    return st == SFI_ERR_NO_DEVICE ? vanished(b) : st;
}

sfi_status
sfi__boot_dfu_upload(struct boot *b, uint16_t block, uint8_t *out, size_t *len)
{
    size_t room =
        *len < b->dfu.itf.transfer_size ? *len : b->dfu.itf.transfer_size;
    sfi_status st;

    *len = 0;
    b->link.doing = "an upload";
    st = sfi__boot_dfu_take_block(b, block, out, room, len);
    return st == SFI_ERR_NO_DEVICE ? vanished(b) : st;
}

/* ---- connect ---- */

static sfi_status
look(struct boot *b)
{
    for (unsigned i = 0;; i++) {
        sfi_status st = sfi__boot_dfu_discover(b);

        if (!is_fault(st) || i == REPEATS)
            return st;
    }
}

/* Some links give up at once. */
static sfi_status
reopen(struct boot *b, const struct deadline *dl)
{
    uint32_t left = sfi__deadline_left(dl);
    uint32_t slice = left < SLICE_MS ? left : SLICE_MS;
    sfi_status st = sfi__link_cancelled(&b->link);

    if (st == SFI_OK)
        st = sfi__transport_reopen(b->link.tp, slice);
    if ((st == SFI_ERR_NO_DEVICE || st == SFI_ERR_TIMEOUT) &&
        sfi__deadline_left(dl) == left && pause(b, slice) != SFI_OK)
        return SFI_ERR_CANCELLED;
    return st;
}

/* Gone after a reset: wait until it is back. */
static sfi_status
dfu_connect(struct boot *b, uint32_t ms)
{
    struct deadline dl = sfi__deadline_in(b->link.ctx->clock, ms);

    b->link.doing = "connecting";
    for (;;) {
        sfi_status st = look(b);

        if (st != SFI_ERR_NO_DEVICE)
            return st;
        do
            st = reopen(b, &dl);
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
    .read = dfu_read,
    .write = dfu_write,
    .go = dfu_go,
    .erase_mass = dfu_erase_mass,
    .erase_sectors = dfu_erase_sectors,
    .readout_unprotect = dfu_readout_unprotect,
    .special = dfu_special,
};

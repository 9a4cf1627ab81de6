/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A hostile USB device: the result of each control transfer of a session.  The
 * first byte: bit 7, what happens when the input ends (0: the device is gone,
 * 1: the last result repeats); bit 6, the bootloader of the honest answers (1:
 * the secure one); the rest selects the call.  Then a byte for each transfer:
 * see enum. */
#include <string.h>

#include "proto/dfu.h"

#include "fuzz_session.h"

/* An erase of 16 sectors, each of which may be repeated three times, takes as
 * long as the device asks for; here that is at most 65 s a report.  Then each
 * is read in 128 transfers of up to 2 s.  Other calls take minutes. */
#define LONGEST_MS ((uint64_t)6 * 3600 * 1000)
#define POLL_HIGH 3u /* the highest byte of bwPollTimeout */
#define REPEAT 0x80u
#define SECURE 0x40u
#define REPLY_MAX 256u

enum turn {
    TURN_SILENT = 0, /* no answer within the time */
    /* otherwise so many bytes that follow, or that are taken */
    TURN_MOST = 250,
    TURN_ODD,    /* as TURN_HONEST, with the next byte over one of its own */
    TURN_SLOW,   /* as TURN_HONEST, at the last moment */
    TURN_GONE,   /* it leaves the bus */
    TURN_STALL,  /* it refuses */
    TURN_HONEST, /* what a good device does */
};

/* A good device, as far as a session needs it. */
static struct {
    struct fuzz_input in;
    bool repeats, secure, ended;
    uint8_t turn; /* the last one */
    uint8_t state;
    uint8_t opcode;
} device;

static size_t
honest_descriptor(uint16_t value, uint8_t *out)
{
    static const struct dfu_interface itf = {
        .alts = 2,
        .name = {4, 5},
        .attributes = 0x0b,
        .transfer_size = 1155,
        .version = DFU_VERSION_DFUSE,
    };
    static const char *const names[] = {
        "200364500000",
        "@Internal Flash   /0x08000000/16*128Kg",
        "@Option Bytes   /0x5200201C/01*128 e",
    };
    uint8_t index = (uint8_t)value;

    if (value >> 8 == USB_CONFIGURATION)
        return sfi__dfu_write_config(out, &itf);
    if (value >> 8 == USB_STRING && index >= 3 && index <= 5)
        return sfi__dfu_write_string(out, names[index - 3]);
    memset(out, 0, USB_DEVICE_LEN);
    out[13] = 2; /* bcdDevice */
    out[16] = 3; /* iSerialNumber */
    return USB_DEVICE_LEN;
}

static size_t
honest_upload(uint16_t block, uint8_t *out)
{
    static const uint8_t open[] = {0x00, 0x21, 0x41, 0x92};
    static const uint8_t secure[] = {0x00, 0x53};

    if (block == DFU_BLOCK_COMMAND && device.secure) {
        memcpy(out, secure, sizeof(secure));
        return sizeof(secure);
    }
    if (block == DFU_BLOCK_COMMAND) {
        memcpy(out, open, sizeof(open));
        return sizeof(open);
    }
    if (block == DFU_BLOCK_REPLY && device.secure) {
        out[0] = 0;
        return 1 + fuzz_reply(DFU_SFI_OPCODE | device.opcode, out + 1);
    }
    return DFU_TRANSFER_MAX; /* memory */
}

static size_t
honest_report(uint8_t *out)
{
    struct dfu_report r = {.state = device.state};

    if (device.state == DFU_DNLOAD_SYNC)
        device.state = r.state = DFU_DNBUSY;
    else if (device.state == DFU_DNBUSY)
        device.state = r.state = DFU_DNLOAD_IDLE;
    sfi__dfu_write_report(out, &r);
    return DFU_REPORT_LEN;
}

static size_t
honest_in(uint8_t type, uint8_t request, uint16_t value, uint8_t *out)
{
    if (type == USB_IN)
        return honest_descriptor(value, out);
    if (request == DFU_GETSTATUS)
        return honest_report(out);
    if (request == DFU_UPLOAD)
        return honest_upload(value, out);
    out[0] = device.state;
    return 1;
}

static void
honest_out(uint8_t request, const uint8_t *data, size_t len)
{
    if (request != DFU_DNLOAD) {
        device.state = DFU_IDLE;
        return;
    }
    device.state = len > 0 ? DFU_DNLOAD_SYNC : DFU_MANIFEST;
    if (len > 1 && data[0] == DFU_SFI)
        device.opcode = data[1];
}

static uint8_t
next_turn(void)
{
    if (device.in.left > 0)
        device.turn = fuzz_byte(&device.in);
    else if (device.repeats)
        device.ended = true;
    else
        device.turn = TURN_GONE;
    return device.turn;
}

static size_t
answer(uint8_t turn, uint8_t type, uint8_t request, uint16_t value,
       uint8_t *data, size_t len)
{
    static uint8_t all[DFU_TRANSFER_MAX];
    size_t n = turn;

    if (turn < TURN_MOST) {
        n = n < len ? n : len;
        fuzz_bytes(&device.in, data, n);
        return n;
    }
    memset(all, 0, sizeof(all));
    n = honest_in(type, request, value, all);
    if (turn == TURN_ODD) {
        uint8_t at = fuzz_byte(&device.in);

        all[at % n] = fuzz_byte(&device.in);
    }
    n = n < len ? n : len;
    memcpy(data, all, n);
    return n;
}

static sfi_status
on_control(void *user, uint8_t request_type, uint8_t request, uint16_t value,
           uint16_t index, uint8_t *data, size_t len, size_t *got,
           uint32_t timeout_ms)
{
    uint8_t scrap[DFU_TRANSFER_MAX];
    uint8_t turn = next_turn();

    (void)user;
    (void)index;
    FUZZ_HOLDS(len <= sizeof(scrap) && timeout_ms > 0);
    if ((request_type & USB_IN) == 0 && len > 0)
        memcpy(scrap, data, len); /* all of it can be read */
    if (turn == TURN_GONE)
        return SFI_ERR_NO_DEVICE;
    if (turn == TURN_STALL)
        return SFI_ERR_NACK;
    if (turn == TURN_SILENT) {
        fuzz_now += timeout_ms;
        return SFI_ERR_TIMEOUT;
    }
    if (turn == TURN_SLOW)
        fuzz_now += timeout_ms - 1;
    if ((request_type & USB_IN) != 0) {
        *got = answer(turn, request_type, request, value, data, len);
        if (request == DFU_GETSTATUS && *got > POLL_HIGH)
            data[POLL_HIGH] = 0;
        return SFI_OK;
    }
    *got = turn < TURN_MOST && turn < len ? turn : len;
    honest_out(request, data, len);
    return SFI_OK;
}

static sfi_status
on_reopen(void *user, uint32_t timeout_ms)
{
    uint8_t turn = next_turn();

    (void)user;
    if (turn == TURN_HONEST) {
        device.state = DFU_IDLE;
        return SFI_OK;
    }
    fuzz_now += turn % 2 == 0 ? timeout_ms : 0; /* some give up at once */
    return SFI_ERR_NO_DEVICE;
}

static sfi_status
on_reset(void *user, int into_boot)
{
    (void)user;
    FUZZ_HOLDS(into_boot == 0 || into_boot == 1);
    device.secure = true;
    device.state = DFU_IDLE;
    return SFI_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const sfi_usb_ops ops = {
        .struct_size = sizeof(ops),
        .control = on_control,
        .reopen = on_reopen,
        .reset = on_reset,
    };
    struct fuzz_input in = {data, len};
    uint8_t first = fuzz_byte(&in);
    sfi_ctx *ctx = fuzz_ctx();
    sfi_transport *tp;

    fuzz_now = 0;
    memset(&device, 0, sizeof(device));
    device.in = in;
    device.repeats = (first & REPEAT) != 0;
    device.secure = (first & SECURE) != 0;
    device.state = DFU_IDLE;
    FUZZ_HOLDS(sfi_transport_open_usb(ctx, &ops, NULL, &tp) == SFI_OK);
    fuzz_session(ctx, tp, first & (SECURE - 1), LONGEST_MS);
    sfi_transport_free(tp);
    fuzz_ctx_free(ctx);
    return 0;
}

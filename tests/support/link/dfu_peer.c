/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A device in DFU mode from the papers: descriptors, states, and what each
 * block does. */
#include <link/dfu_peer.h>

#include <string.h>

#include <check.h>

#include "core/ctx.h"

#include "fixture.h"
#include <link/script.h>

/* DFU 1.1, 3 and 6.1.2 */
enum { DNLOAD = 1, UPLOAD, GETSTATUS, CLRSTATUS, GETSTATE, ABORT };
enum {
    IDLE = 2,
    DNLOAD_SYNC,
    DNBUSY,
    DNLOAD_IDLE,
    MANIFEST_SYNC,
    MANIFEST,
    UPLOAD_IDLE = 9,
    ERROR
};
enum {
    ERR_TARGET = 1,
    ERR_WRITE = 3,
    ERR_ERASE = 4,
    ERR_VENDOR = 11,
    ERR_UNKNOWN = 14,
    ERR_STALLED = 15
};
/* AN3156, 5 */
enum { SET_POINTER = 0x21, ERASE = 0x41, UNPROTECT = 0x92 };

#define LOADER_ID 0x1ff1e7feu
#define FLASH_SIZE 0x1ff1e880u /* RM0433, 61.2: 16 bits, in KB */
#define LENGTH_MIN 2u
#define PROGRAM 8u /* bytes that are written at once */

struct dfu_peer peer;

static uint32_t
little_endian(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 |
           p[0];
}

/* NULL: no such memory. */
static uint8_t *
memory_at(uint32_t address, size_t len)
{
    static uint8_t id[2];
    static uint8_t kb[] = {0x00, 0x08};

    if (address >= PEER_FLASH && len <= sizeof(peer.flash) &&
        address - PEER_FLASH <= sizeof(peer.flash) - len)
        return peer.flash + (address - PEER_FLASH);
    if (address >= PEER_OPTIONS && len <= sizeof(peer.options) &&
        address - PEER_OPTIONS <= sizeof(peer.options) - len)
        return peer.options + (address - PEER_OPTIONS);
    if (address == FLASH_SIZE && len <= sizeof(kb))
        return kb;
    id[0] = peer.loader_id;
    return address == LOADER_ID && len <= sizeof(id) && id[0] != 0 ? id : NULL;
}

static bool
is_option(uint32_t address)
{
    return address >= PEER_OPTIONS &&
           address - PEER_OPTIONS < sizeof(peer.options);
}

/* AN3156, 5, figure of the host's side: a reset follows a write of option
 * bytes.  RM0433, 4.4.2: OPTSR_CUR and the like take the values of OPTSR_PRG.
 */
static void
write_options(void)
{
    static const uint16_t current[] = {0x00, 0x0c,  0x14,  0x1c,
                                       0x24, 0x10c, 0x114, 0x11c};

    memcpy(peer.options, peer.data, peer.len);
    for (size_t i = 0; i < ROWS(current); i++)
        memcpy(peer.options + current[i], peer.options + current[i] + 4, 4);
    peer.option_writes++;
    peer.resets = true;
}

/* ---- work ---- */

static void
be_busy(uint32_t work_ms, uint32_t poll_ms)
{
    peer.busy_until = script_now + work_ms;
    peer.ask_from = script_now + poll_ms;
}

static uint8_t
erase_sector(uint32_t address)
{
    uint32_t n = (address - PEER_FLASH) / PEER_SECTOR;
    bool bank2 = n >= PEER_SECTORS / 2;

    if (memory_at(address, 1) == NULL || address >= PEER_OPTIONS)
        return ERR_TARGET;
    peer.sector_erases++;
    be_busy(peer.sector_ms, peer.sector_poll_ms);
    if (bank2 && peer.bank2_early) {
        peer.bank2_until =
            script_now + peer.sector_poll_ms + 2 * peer.sector_ms;
        be_busy(1, 1);
    }
    peer.stuck = bank2 && (peer.bank2_sticks || peer.bank2_fails);
    if (!(bank2 && peer.bank2_fails))
        memset(peer.flash + n * PEER_SECTOR, 0xff, PEER_SECTOR);
    return 0;
}

static uint8_t
erase_mass(void)
{
    peer.mass_erases++;
    if (peer.mass_fails)
        return ERR_ERASE;
    be_busy(peer.mass_ms, peer.mass_poll_ms);
    peer.stuck = peer.mass_hangs;
    if (!peer.mass_hangs)
        memset(peer.flash, 0xff, sizeof(peer.flash));
    return 0;
}

static uint8_t
run_command(void)
{
    if (peer.data[0] == UNPROTECT && peer.len == 1) {
        peer.protected = false;
        return erase_mass();
    }
    if (peer.protected)
        return ERR_VENDOR;
    if (peer.data[0] == ERASE && peer.len == 1)
        return erase_mass();
    if (peer.len != 5)
        return ERR_STALLED;
    if (peer.data[0] == ERASE) {
        /* ST's code keeps the sector's address as the pointer */
        peer.pointer = little_endian(peer.data + 1);
        return erase_sector(peer.pointer);
    }
    if (peer.data[0] != SET_POINTER)
        return ERR_STALLED;
    peer.pointers++;
    peer.pointer = little_endian(peer.data + 1);
    return memory_at(peer.pointer, 1) != NULL ? 0 : ERR_TARGET;
}

/* AN3156: "wTransferSize is the length of the requested data buffer"; ST's
 * usbd_dfu.c: USBD_DFU_XFER_SIZE. */
static uint32_t
block_address(uint16_t block, size_t len)
{
    return peer.pointer +
           (block - 2u) * (uint32_t)(peer.by_length ? len : peer.transfer_size);
}

/* What is programmed stays so until it is erased. */
static uint8_t
write_block(void)
{
    uint32_t address = block_address(peer.block, peer.len);
    uint8_t *to = memory_at(address, peer.len);

    if (peer.protected)
        return ERR_VENDOR;
    if (to == NULL || address == LOADER_ID || address == FLASH_SIZE)
        return ERR_TARGET;
    if (is_option(address)) {
        if (address != PEER_OPTIONS || peer.len > peer.option_len)
            return ERR_TARGET;
        write_options();
        return 0;
    }
    if (address % PROGRAM != 0 || peer.len % PROGRAM != 0)
        return ERR_WRITE;
    peer.blocks++;
    be_busy(peer.write_ms, peer.write_poll_ms);
    for (size_t i = 0; i < peer.len; i++) {
        if (to[i] != 0xff && to[i] != peer.data[i])
            return ERR_WRITE;
    }
    memcpy(to, peer.data, peer.len);
    return 0;
}

/* ---- requests ---- */

/* Reads, writes and erases while bank 2 is still erased: the part hangs. */
static void
touch_flash(void)
{
    if (peer.bank2_early && script_now < peer.bank2_until)
        peer.hangs = true;
}

static sfi_status
stall(uint8_t status)
{
    peer.state = ERROR;
    peer.status = status;
    return SFI_ERR_NACK;
}

static sfi_status
download(uint16_t block, const uint8_t *data, size_t len)
{
    if ((peer.state != IDLE && peer.state != DNLOAD_IDLE) ||
        len > peer.transfer_size || block == 1)
        return stall(ERR_STALLED);
    if (len == 0) {
        peer.gone = peer.leave == PEER_LEAVES_BEFORE_STATUS ||
                    peer.leave == PEER_LEAVES_AT_ONCE;
        peer.errors = peer.leave == PEER_LEAVES_WITH_ERRORS ? 2 : 0;
        peer.left = true;
        peer.started_at = peer.pointer;
        peer.state = MANIFEST_SYNC;
        if (peer.leave == PEER_LEAVES_WITH_ERRORS)
            return SFI_ERR_IO;
        return peer.leave == PEER_LEAVES_AT_ONCE ? SFI_ERR_NO_DEVICE : SFI_OK;
    }
    memcpy(peer.data, data, len);
    peer.len = len;
    peer.block = block;
    peer.state = DNLOAD_SYNC;
    return SFI_OK;
}

static sfi_status
upload(uint16_t block, uint8_t *data, size_t len, size_t *got)
{
    static const uint8_t commands[] = {0x00, 0x21, 0x41, 0x92};
    const uint8_t *from;

    if ((peer.state != IDLE && peer.state != UPLOAD_IDLE) || block == 1 ||
        len < LENGTH_MIN || len > peer.transfer_size)
        return stall(ERR_STALLED);
    if (block == 0) {
        *got = len < sizeof(commands) ? len : sizeof(commands);
        memcpy(data, commands, *got);
        peer.state = *got < len ? IDLE : UPLOAD_IDLE;
        return SFI_OK;
    }
    if (peer.protected)
        return stall(ERR_VENDOR);
    from = memory_at(block_address(block, len), len);
    if (from == NULL || (is_option(block_address(block, len)) &&
                         (from != peer.options || len != peer.option_len)))
        return stall(ERR_TARGET);
    touch_flash();
    memcpy(data, from, len);
    *got = len;
    peer.state = UPLOAD_IDLE;
    return SFI_OK;
}

/* The first GETSTATUS starts the block and says how long to wait, a later one
 * ends it (AN3156, 5). */
static uint32_t
next_state(void)
{
    if (script_now < peer.ask_from)
        peer.early++;
    if (peer.state == DNLOAD_SYNC) {
        be_busy(0, 0);
        touch_flash();
        peer.status = peer.block == 0 ? run_command() : write_block();
        peer.state = DNBUSY;
        return (uint32_t)(peer.ask_from - script_now);
    }
    if (peer.state == DNBUSY && !peer.stuck && script_now >= peer.busy_until)
        peer.state = peer.status == 0 ? DNLOAD_IDLE : ERROR;
    if (peer.state == DNBUSY)
        return peer.stuck ? peer.sector_poll_ms : 1;
    if (peer.state == MANIFEST_SYNC) {
        peer.state = MANIFEST;
        peer.gone = true;
    }
    return 0;
}

static sfi_status
get_status(uint8_t *data, size_t len, size_t *got)
{
    uint32_t poll_ms;

    ck_assert_uint_eq(len, 6);
    poll_ms = next_state();
    data[0] = peer.state == DNBUSY ? 0 : peer.status;
    data[1] = (uint8_t)poll_ms;
    data[2] = (uint8_t)(poll_ms >> 8);
    data[3] = (uint8_t)(poll_ms >> 16);
    data[4] = peer.state;
    data[5] = 0;
    *got = 6;
    peer.gone = peer.gone || peer.resets;
    return SFI_OK;
}

static sfi_status
clear_status(void)
{
    peer.clears++;
    if (peer.stuck) {
        peer.stuck = false;
        peer.state = ERROR;
        peer.status = ERR_UNKNOWN;
        return SFI_OK;
    }
    if (peer.state != ERROR)
        return stall(ERR_STALLED);
    peer.state = IDLE;
    peer.status = 0;
    return SFI_OK;
}

static sfi_status
class_request(uint8_t request, uint16_t value, uint8_t *data, size_t len,
              size_t *got)
{
    switch (request) {
    case DNLOAD:
        *got = len;
        return download(value, data, len);
    case UPLOAD:
        return upload(value, data, len, got);
    case GETSTATUS:
        return get_status(data, len, got);
    case CLRSTATUS:
        return clear_status();
    case GETSTATE:
        *data = peer.state;
        *got = 1;
        return SFI_OK;
    case ABORT:
        if (peer.state == DNBUSY || peer.state == ERROR)
            return stall(ERR_STALLED);
        peer.state = IDLE;
        return SFI_OK;
    default:
        return stall(ERR_STALLED);
    }
}

/* ---- descriptors ---- */

static size_t
string_descriptor(uint8_t index, uint8_t *out)
{
    const char *texts[] = {
        "",          "STMicroelectronics", "DFU in FS Mode",
        peer.serial, peer.flash_name,      peer.options_name};
    size_t n;

    ck_assert_uint_lt(index, ROWS(texts));
    n = strlen(texts[index]);
    out[0] = (uint8_t)(2 + 2 * n);
    out[1] = 3;
    for (size_t i = 0; i < n; i++) {
        out[2 + 2 * i] = (uint8_t)texts[index][i];
        out[3 + 2 * i] = 0;
    }
    return 2 + 2 * n;
}

/* As listings of an H743 have them (libDaisy's issue 195). */
static sfi_status
get_descriptor(uint16_t value, uint8_t *data, size_t len, size_t *got)
{
    static const uint8_t device[] = {18,   1,    0,    1, 0, 0, 0, 64, 0x83,
                                     0x04, 0x11, 0xdf, 0, 2, 1, 2, 3,  1};
    uint8_t config[] = {9, 2, 36,   0, 1,    1,    0,   0xc0, 50, 9, 4,    0,
                        0, 0, 0xfe, 1, 2,    4,    9,   4,    0,  1, 0,    0xfe,
                        1, 2, 5,    9, 0x21, 0x0b, 255, 0,    0,  4, 0x1a, 1};
    uint8_t raw[255];
    size_t n = 0;

    config[32] = (uint8_t)peer.transfer_size;
    config[33] = (uint8_t)(peer.transfer_size >> 8);
    if (value == 0x0100) {
        n = sizeof(device);
        memcpy(raw, device, n);
    } else if (value == 0x0200) {
        n = sizeof(config);
        memcpy(raw, config, n);
    } else if (value >> 8 == 3) {
        n = string_descriptor((uint8_t)value, raw);
    }
    if (n == 0)
        return SFI_ERR_NACK;
    *got = n < len ? n : len;
    memcpy(data, raw, *got);
    return SFI_OK;
}

/* ---- the link ---- */

sfi_status
dfu_peer_control(uint8_t type, uint8_t request, uint16_t value, uint16_t index,
                 uint8_t *data, size_t len, size_t *got, uint32_t ms)
{
    ck_assert_uint_gt(ms, 0);
    peer.transfers++;
    *got = 0;
    if (peer.gone)
        return SFI_ERR_NO_DEVICE;
    if (peer.hangs) {
        script_now += ms;
        return SFI_ERR_TIMEOUT;
    }
    if (peer.leave == PEER_LEAVES_WITH_ERRORS && peer.left) {
        peer.gone = --peer.errors == 0;
        return SFI_ERR_IO;
    }
    if (peer.naks && script_now < peer.busy_until) {
        if (peer.busy_until - script_now > ms) {
            script_now += ms;
            return SFI_ERR_TIMEOUT;
        }
        script_now = peer.busy_until;
    }
    if (type == 0x80 && request == 6)
        return get_descriptor(value, data, len, got);
    ck_assert_uint_eq(index, 0);
    if (type == 0x01 && request == 11)
        return value < 2 ? SFI_OK : SFI_ERR_NACK;
    ck_assert_uint_eq(type & 0x7f, 0x21);
    if (request == DNLOAD && len == 0 && peer.leave == PEER_STAYS)
        return SFI_ERR_TIMEOUT;
    return class_request(request, value, data, len, got);
}

static sfi_status
peer_control(void *user, uint8_t type, uint8_t request, uint16_t value,
             uint16_t index, uint8_t *data, size_t len, size_t *got,
             uint32_t ms)
{
    (void)user;
    return dfu_peer_control(type, request, value, index, data, len, got, ms);
}

static sfi_status
peer_reopen(void *user, uint32_t ms)
{
    (void)user;
    if (peer.left) {
        script_now += ms;
        return SFI_ERR_NO_DEVICE;
    }
    peer.gone = false;
    peer.resets = false;
    peer.state = IDLE;
    return SFI_OK;
}

void
dfu_peer_reset(void)
{
    memset(&peer, 0, sizeof(peer));
    memset(peer.flash, 0xff, sizeof(peer.flash));
    memset(peer.options, 0xff, sizeof(peer.options));
    /* OPTSR_CUR and OPTSR_PRG of a new part */
    memcpy(peer.options, "\xf0\xaa\xc6\x1b\xf0\xaa\xc6\x1b", 8);
    peer.flash_name = "@Internal Flash   /0x08000000/16*128Kg";
    peer.options_name = "@Option Bytes   /0x5200201C/01*128 e";
    peer.serial = "200364500000";
    peer.transfer_size = 1024;
    peer.option_len = sizeof(peer.options);
    peer.loader_id = 0x92;
    peer.state = IDLE;
    peer.pointer = PEER_FLASH;
    peer.sector_ms = 1100;
    peer.sector_poll_ms = 1000;
    peer.mass_ms = 16 * 1100;
    peer.mass_poll_ms = 1000;
    script_now = 0;
    ctx->clock = &script_clock;
}

void
dfu_peer_open(sfi_transport **out)
{
    static const sfi_usb_ops ops = {
        .struct_size = sizeof(ops),
        .control = peer_control,
        .reopen = peer_reopen,
    };

    dfu_peer_reset();
    ck_assert_ok(sfi_transport_open_usb(ctx, &ops, NULL, out));
}

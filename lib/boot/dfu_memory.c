/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reads and writes memory through a device in DFU mode: runs of blocks behind
 * the device's address pointer. */
#include "util/mem.h"
#include "core/err.h"
#include "boot/dfu.h"

static sfi_status
dfu_send_command(struct boot *b, const uint8_t *data, size_t len, uint32_t ms)
{
    const struct dfu_work work = {.ms = ms};
    struct dfu_report r;

    return sfi__boot_dfu_send_block(b, DFU_BLOCK_COMMAND, data, len, &work, &r);
}

struct block {
    uint32_t address;
    const uint8_t *data;
    uint8_t *out;
    size_t len;
};

/* The alternate setting that names this address; any setting reaches RAM. */
sfi_status
sfi__boot_dfu_select_memory(struct boot *b, uint32_t address)
{
    uint8_t alt = 0;
    size_t got;
    sfi_status st;

    while (alt < b->dfu.itf.alts &&
           sfi__dfu_region_at(&b->dfu.layout[alt], address) == NULL)
        alt++;
    if (alt == b->dfu.itf.alts || alt == b->dfu.alt)
        return SFI_OK;
    b->dfu.next = 0;
    st = sfi__boot_dfu_return_to_idle(b);
    if (st == SFI_OK)
        st = sfi__transport_control(b->link.tp, USB_TO_INTERFACE,
                                    USB_SET_INTERFACE, alt, b->dfu.itf.number,
                                    NULL, 0, &got, DFU_CONTROL_MS);
    if (st == SFI_OK)
        b->dfu.alt = alt;
    return st;
}

sfi_status
sfi__boot_dfu_set_pointer(struct boot *b, uint32_t address)
{
    uint8_t raw[DFU_ADDRESS_LEN];
    sfi_status st = sfi__boot_dfu_select_memory(b, address);

    if (st != SFI_OK)
        return st;
    sfi__dfu_write_address(raw, DFU_SET_ADDRESS, address);
    st = dfu_send_command(b, raw, sizeof(raw), BOOT_WRITE_MS);
    b->dfu.pointed = st == SFI_OK;
    b->dfu.pointer = address;
    return st;
}

static size_t
dfu_block_len(const struct boot *b, size_t left)
{
    return left < b->dfu.itf.transfer_size ? left : b->dfu.itf.transfer_size;
}

/* Blocks after one pointer: few enough that sending them again costs little. */
#define RUN_BLOCKS 64u

/* Point at the next `len` bytes, and return their block's number.  AN3156, 4.1
 * and 5.1: it is (block - 2) transfers behind the pointer, where a transfer is
 * the length of this very one; ST's code for USB devices (usbd_dfu.c) takes the
 * constant transfer size.  So only a full block continues a run: for a shorter
 * one the pointer is set again, which is right for both. */
static sfi_status
dfu_point(struct boot *b, uint8_t state, uint32_t address, size_t len,
          uint16_t *block)
{
    sfi_status st = sfi__boot_dfu_select_memory(b, address);

    if (st != SFI_OK)
        return st;
    *block = b->dfu.next;
    if (*block != 0 && b->dfu.state == state && b->dfu.next_at == address &&
        len == b->dfu.itf.transfer_size)
        return SFI_OK;
    *block = DFU_BLOCK_FIRST;
    /* the same again: nothing but uploads came since */
    if (state == DFU_UPLOAD_IDLE && b->dfu.state == state && b->dfu.pointed &&
        b->dfu.pointer == address)
        return SFI_OK;
    return sfi__boot_dfu_set_pointer(b, address);
}

static void
dfu_continue_run(struct boot *b, uint16_t block, uint32_t address, size_t len)
{
    b->dfu.next_at = address + (uint32_t)len;
    b->dfu.next = 0;
    if (len == b->dfu.itf.transfer_size &&
        block + 1u < DFU_BLOCK_FIRST + RUN_BLOCKS)
        b->dfu.next = (uint16_t)(block + 1u);
}

static sfi_status
dfu_read_block(struct boot *b, uint32_t address, uint8_t *out, size_t len)
{
    uint16_t block = 0;
    size_t got = 0;
    sfi_status st = dfu_point(b, DFU_UPLOAD_IDLE, address, len, &block);

    if (st == SFI_OK)
        st = sfi__boot_dfu_take_block(b, block, out, len, &got);
    if (st != SFI_OK)
        return st;
    if (got != len)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the answer to %s is %zu bytes, expected %zu",
                         b->link.doing, got, len);
    dfu_continue_run(b, block, address, len);
    return SFI_OK;
}

/* AN3156, 4.1: at least two bytes are read. */
static sfi_status
dfu_read_byte(struct boot *b, uint32_t address, uint8_t *out)
{
    uint8_t two[2];
    sfi_status st = dfu_read_block(b, address & ~1u, two, sizeof(two));

    if (st == SFI_OK)
        *out = two[address & 1u];
    return st;
}

sfi_status
sfi__boot_dfu_read_once(struct boot *b, uint32_t address, uint8_t *out,
                        size_t len)
{
    for (size_t at = 0, n; at < len; at += n) {
        uint32_t from = address + (uint32_t)at;
        sfi_status st;

        n = dfu_block_len(b, len - at);
        st = n > 1 ? dfu_read_block(b, from, out + at, n)
                   : dfu_read_byte(b, from, out + at);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static sfi_status
dfu_read_run(struct boot *b, void *arg)
{
    const struct block *k = arg;

    return sfi__boot_dfu_read_once(b, k->address, k->out, k->len);
}

static sfi_status
dfu_write_block(struct boot *b, uint32_t address, const uint8_t *data,
                size_t len)
{
    static const struct dfu_work work = {.ms = BOOT_WRITE_MS};
    struct dfu_report r;
    uint16_t block = 0;
    sfi_status st = dfu_point(b, DFU_DNLOAD_IDLE, address, len, &block);

    if (st == SFI_OK)
        st = sfi__boot_dfu_send_block(b, block, data, len, &work, &r);
    if (st == SFI_OK)
        dfu_continue_run(b, block, address, len);
    return st;
}

static sfi_status
dfu_write_run(struct boot *b, void *arg)
{
    const struct block *k = arg;
    size_t n;

    for (size_t at = 0; at < k->len; at += n) {
        sfi_status st;

        n = dfu_block_len(b, k->len - at);
        st = dfu_write_block(b, k->address + (uint32_t)at, k->data + at, n);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

/* A word of flash is programmed once only: read before writing it again. */
static bool
dfu_is_written(struct boot *b, void *arg)
{
    const struct block *k = arg;
    uint8_t there[DFU_TRANSFER_MAX];

    for (size_t at = 0; at < k->len; at += sizeof(there)) {
        size_t left = k->len - at;
        size_t n = left < sizeof(there) ? left : sizeof(there);

        if (sfi__boot_dfu_read_once(b, k->address + (uint32_t)at, there, n) !=
                SFI_OK ||
            !sfi__equal(there, k->data + at, n))
            return false;
    }
    return true;
}

static size_t
dfu_run_len(const struct boot *b, size_t len)
{
    size_t most = (size_t)RUN_BLOCKS * b->dfu.itf.transfer_size;

    return len < most ? len : most;
}

sfi_status
sfi__boot_dfu_read(struct boot *b, uint32_t address, uint8_t *out, size_t len)
{
    while (len > 0) {
        struct block k = {
            .address = address, .out = out, .len = dfu_run_len(b, len)};

        sfi_status st =
            sfi__boot_dfu_transact(b, "reading memory", dfu_read_run, NULL, &k);

        if (st != SFI_OK)
            return st;
        address += (uint32_t)k.len;
        out += k.len;
        len -= k.len;
    }
    return SFI_OK;
}

sfi_status
sfi__boot_dfu_write(struct boot *b, uint32_t address, const uint8_t *data,
                    size_t len)
{
    while (len > 0) {
        struct block k = {
            .address = address, .data = data, .len = dfu_run_len(b, len)};

        sfi_status st = sfi__boot_dfu_transact(
            b, "writing memory", dfu_write_run, dfu_is_written, &k);

        if (st != SFI_OK)
            return st;
        address += (uint32_t)k.len;
        data += k.len;
        len -= k.len;
    }
    return SFI_OK;
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The other vendor's dialect, as a vendor would write it: over requests, a
 * block of memory, or DFU blocks. */
#include <bench/vendor.h>

#include <string.h>

#include "chip/chip.h"
#include "sim/sim.h"
#include "util/rd.h"
#include "util/wr.h"

#include <bench/vendor_wire.h>

static uint32_t
vendor_block_base(void)
{
    return board.sim->chip->mailbox.base;
}

/* Bytes into the block, as whole words. */
static sfi_status
vendor_fill_block(sfi_target *t, uint32_t at, const uint8_t *bytes, size_t len)
{
    uint8_t padded[SFI_REQUEST_DATA_MAX] = {0};

    if (len == 0)
        return SFI_OK;
    memcpy(padded, bytes, len);
    return sfi_dialect_write(t, vendor_block_base() + at, padded,
                             (len + 3) / 4 * 4);
}

static sfi_status
vendor_wait_block(sfi_target *t, uint32_t ms)
{
    sfi_status st = SFI_OK;

    for (uint32_t i = 0; st == SFI_OK && i < ms; i += 10) {
        uint8_t go[4];

        st = sfi_dialect_read(t, vendor_block_base() + AT_GO, go, sizeof(go));
        if (st == SFI_OK && memcmp(go, "\0\0\0", sizeof(go)) == 0)
            return SFI_OK;
        if (st == SFI_OK)
            st = sfi_dialect_wait(t, 10);
    }
    return st == SFI_OK ? SFI_ERR_TIMEOUT : st;
}

/* A debug port has no requests, so the dialect writes words itself. */
static sfi_status
vendor_ask_by_memory(sfi_target *t, const sfi_request *r, uint8_t *reply,
                     size_t reply_len, uint32_t *status)
{
    uint8_t head[16] = {0};
    struct rd from;
    struct wr w;
    sfi_status st = vendor_fill_block(t, AT_PARAM, r->param, r->param_len);

    if (st == SFI_OK)
        st = vendor_fill_block(t, AT_DATA, r->data, r->data_len);
    sfi__wr_init(&w, head, sizeof(head));
    sfi__wr_u32be(&w, 1); /* GO, and what is behind it */
    sfi__wr_u32be(&w, r->opcode);
    sfi__wr_u32be(&w, (uint32_t)r->param_len);
    sfi__wr_u32be(&w, (uint32_t)r->data_len);
    if (st == SFI_OK)
        st = sfi_dialect_write(t, vendor_block_base() + AT_GO, head,
                               sizeof(head));
    if (st == SFI_OK)
        st = vendor_wait_block(t, r->timeout_ms);
    if (st == SFI_OK)
        st = sfi_dialect_read(t, vendor_block_base() + AT_REPLY, reply,
                              reply_len);
    if (st == SFI_OK)
        st = sfi_dialect_read(t, vendor_block_base() + AT_STATUS, head, 4);
    sfi__rd_init(&from, head, 4);
    *status = sfi__rd_u32be(&from);
    return st;
}

/* Over USB: blocks of its own. */
static sfi_status
vendor_ask_by_usb(sfi_target *t, const sfi_request *r, uint8_t *reply,
                  size_t reply_len, uint32_t *status)
{
    uint8_t raw[SFI_REQUEST_PARAM_MAX + SFI_REQUEST_DATA_MAX + 3];
    uint32_t string;
    size_t len = SFI_REQUEST_REPLY_MAX + 1;
    struct wr w;
    sfi_status st;

    sfi__wr_init(&w, raw, sizeof(raw));
    sfi__wr_u16be(&w, (uint16_t)r->opcode);
    sfi__wr_u8(&w, (uint8_t)r->param_len);
    sfi__wr_bytes(&w, r->param, r->param_len);
    sfi__wr_bytes(&w, r->data, r->data_len);
    ck_assert(sfi__wr_ok(&w));
    st = sfi_dialect_download(t, USB_ASK, raw, sfi__wr_len(&w), r->timeout_ms,
                              &string);
    if (st != SFI_OK)
        return st;
    ck_assert_uint_eq(string, 0x5a);
    st = sfi_dialect_upload(t, USB_ANSWER, raw, &len);
    if (st != SFI_OK)
        return st;
    *status = raw[0];
    ck_assert(*status != 0 || len == 1 + reply_len);
    if (*status == 0 && reply_len > 0)
        memcpy(reply, raw + 1, reply_len);
    return SFI_OK;
}

static sfi_status
vendor_exchange(sfi_target *t, const sfi_request *r, uint8_t *reply,
                size_t reply_len, uint32_t *status)
{
    sfi_dialect_link link = {.struct_size = sizeof(link)};
    sfi_status st = sfi_dialect_get_link(t, &link);

    if (st != SFI_OK)
        return st;
    if (link.kind == SFI_LINK_MEMORY)
        return vendor_ask_by_memory(t, r, reply, reply_len, status);
    if (link.kind == SFI_LINK_USB)
        return vendor_ask_by_usb(t, r, reply, reply_len, status);
    return sfi_dialect_request(t, r, reply, reply_len, status);
}

static sfi_status
vendor_ask(sfi_target *t, const sfi_request *r, uint8_t *reply,
           size_t reply_len)
{
    uint32_t status = 0;
    sfi_status st = vendor_exchange(t, r, reply, reply_len, &status);

    if (st != SFI_OK || status == 0)
        return st;
    for (size_t i = 0; i < REFUSALS; i++) {
        if (refusals[i].status == status) {
            sfi_ctx_report(ctx, SFI_ERR_DEVICE, refusals[i].code,
                           refusals[i].text);
            return SFI_ERR_DEVICE;
        }
    }
    sfi_ctx_report(ctx, SFI_ERR_DEVICE, 0x1ff, "the part gives no reason");
    return SFI_ERR_DEVICE;
}

static sfi_status
vendor_special(sfi_target *t, const char *name, uint32_t opcode,
               const uint8_t *param, size_t param_len, uint8_t *reply,
               size_t reply_len)
{
    const sfi_request r = {
        .struct_size = sizeof(r),
        .opcode = opcode,
        .timeout_ms = 40000,
        .name = name,
        .param = param,
        .param_len = param_len,
    };

    return vendor_ask(t, &r, reply, reply_len);
}

static sfi_status
vendor_extended(sfi_target *t, const char *name, uint32_t opcode,
                const uint8_t *param, size_t param_len, const uint8_t *data,
                size_t len)
{
    const sfi_request r = {
        .struct_size = sizeof(r),
        .flags = SFI_REQUEST_EXTENDED,
        .opcode = opcode,
        .timeout_ms = 40000,
        .name = name,
        .param = param,
        .param_len = param_len,
        .data = data,
        .data_len = len,
    };

    return vendor_ask(t, &r, NULL, 0);
}

/* libsfi does not recognise the part, as only the block can be read. */
static sfi_status
vendor_speaks_memory(sfi_target *t, uint32_t *yes)
{
    uint8_t magic[4];
    sfi_status st = sfi_dialect_read(t, vendor_block_base() + AT_MAGIC, magic,
                                     sizeof(magic));

    *yes = st == SFI_OK && memcmp(magic, "MBXV", sizeof(magic)) == 0;
    return st;
}

static sfi_status
vendor_speaks_usb(sfi_target *t, uint32_t *yes)
{
    uint8_t commands[32] = {0};
    size_t len = sizeof(commands);
    sfi_status st = sfi_dialect_upload(t, 0, commands, &len);

    *yes = st == SFI_OK && len == 2 && commands[1] == USB_COMMAND;
    return st;
}

/* Recognised by its version. */
static sfi_status
vendor_speaks(void *user, sfi_target *t, uint32_t *yes)
{
    sfi_dialect_link link = {.struct_size = sizeof(link)};
    sfi_status st = sfi_dialect_get_link(t, &link);

    (void)user;
    *yes = link.bootloader_version == 0x42;
    if (st != SFI_OK || link.flags != 0)
        return st;
    if (link.kind == SFI_LINK_MEMORY)
        return vendor_speaks_memory(t, yes);
    return link.kind == SFI_LINK_USB ? vendor_speaks_usb(t, yes) : st;
}

static sfi_status
vendor_info(void *user, sfi_target *t, sfi_dialect_info *out)
{
    uint8_t raw[WHO_LEN];
    sfi_status st = vendor_special(t, "WHO", WHO, NULL, 0, raw, sizeof(raw));
    uint8_t magic[2];
    struct rd r;

    (void)user;
    if (st != SFI_OK)
        return st;
    sfi__rd_init(&r, raw, sizeof(raw));
    sfi__rd_bytes(&r, magic, sizeof(magic));
    (void)sfi__rd_u8(&r);
    out->state = sfi__rd_u8(&r) - LIFE;
    out->device_id = sfi__rd_u16be(&r);
    out->data_max = sfi__rd_u16be(&r);
    out->cause = sfi__rd_u8(&r);
    for (size_t i = 0; i < REFUSALS; i++) {
        if (refusals[i].status == out->cause)
            out->cause = (uint32_t)refusals[i].code;
    }
    out->area_index = sfi__rd_u8(&r);
    sfi__rd_bytes(&r, out->header_tag, sizeof(out->header_tag));
    return SFI_OK;
}

static sfi_status
vendor_certificate(void *user, sfi_target *t, uint8_t *out, size_t *out_len)
{
    sfi_status st = SFI_OK;

    (void)user;
    ck_assert_uint_eq(*out_len, 2 * HALF);
    for (uint8_t i = 0; i < 2 && st == SFI_OK; i++)
        st = vendor_special(t, "CERT", HALF_CERT, &i, 1, out + i * HALF, HALF);
    return st;
}

static sfi_status
vendor_session(void *user, sfi_target *t, uint32_t *out)
{
    uint8_t raw[4];
    sfi_status st =
        vendor_special(t, "TICKET", TICKET, NULL, 0, raw, sizeof(raw));
    struct rd r;

    (void)user;
    sfi__rd_init(&r, raw, sizeof(raw));
    *out = sfi__rd_u32be(&r);
    return st;
}

static sfi_status
vendor_secure(void *user, sfi_target *t, uint32_t erase)
{
    const uint8_t how = erase ? 'F' : 'N';

    (void)user;
    return vendor_special(t, "WIPE", WIPE, &how, 1, NULL, 0);
}

static sfi_status
vendor_license(void *user, sfi_target *t, const uint8_t *data, size_t len)
{
    sfi_status st = vendor_extended(t, "KEY A", KEY_A, NULL, 0, data, HALF);

    (void)user;
    ck_assert_uint_eq(len, 2 * HALF);
    return st == SFI_OK
               ? vendor_extended(t, "KEY B", KEY_B, NULL, 0, data + HALF, HALF)
               : st;
}

static sfi_status
vendor_header(void *user, sfi_target *t, const uint8_t *data, size_t len)
{
    (void)user;
    return vendor_special(t, "HEAD", HEAD, data, len, NULL, 0);
}

static sfi_status
vendor_area(void *user, sfi_target *t, const uint8_t *data, size_t len)
{
    (void)user;
    return vendor_special(t, "AREA", AREA, data, len, NULL, 0);
}

/* In several requests where one is too small. */
static sfi_status
vendor_data(void *user, sfi_target *t, uint32_t offset, const uint8_t *bytes,
            size_t len)
{
    sfi_status st = SFI_OK;

    (void)user;
    ck_assert_uint_le(len, vendor.data_max);
    for (size_t at = 0; at < len && st == SFI_OK; at += SFI_REQUEST_DATA_MAX) {
        size_t left = len - at;
        uint8_t param[4];
        struct wr w;

        sfi__wr_init(&w, param, sizeof(param));
        sfi__wr_u32be(&w, offset + (uint32_t)at);
        st = vendor_extended(
            t, "PUT", PUT, param, sizeof(param), bytes + at,
            left < SFI_REQUEST_DATA_MAX ? left : SFI_REQUEST_DATA_MAX);
    }
    return st;
}

static sfi_status
vendor_finish(void *user, sfi_target *t)
{
    (void)user;
    return vendor_special(t, "SEAL", SEAL, NULL, 0, NULL, 0);
}

static sfi_status
vendor_abort(void *user, sfi_target *t)
{
    (void)user;
    return vendor_special(t, "BYE", BYE, NULL, 0, NULL, 0);
}

const sfi_dialect_ops vendor_dialect = {
    .struct_size = sizeof(vendor_dialect),
    .speaks = vendor_speaks,
    .info = vendor_info,
    .certificate = vendor_certificate,
    .session = vendor_session,
    .secure = vendor_secure,
    .license = vendor_license,
    .header = vendor_header,
    .area = vendor_area,
    .data = vendor_data,
    .finish = vendor_finish,
    .abort = vendor_abort,
};

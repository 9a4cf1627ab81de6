/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
#include <bench/vendor.h>

#include <string.h>

#include "chip/chip.h"
#include "sim/sim.h"
#include "util/rd.h"
#include "util/wr.h"

#include <bench/vendor_wire.h>

/* What such a vendor would write. */
static uint32_t
block_base(void)
{
    return board.sim->chip->mailbox.base;
}

/* Bytes into the block, as whole words. */
static sfi_status
fill(sfi_target *t, uint32_t at, const uint8_t *bytes, size_t len)
{
    uint8_t padded[SFI_REQUEST_DATA_MAX] = {0};

    if (len == 0)
        return SFI_OK;
    memcpy(padded, bytes, len);
    return sfi_dialect_write(t, block_base() + at, padded, (len + 3) / 4 * 4);
}

static sfi_status
wait_block(sfi_target *t, uint32_t ms)
{
    sfi_status st = SFI_OK;

    for (uint32_t i = 0; st == SFI_OK && i < ms; i += 10) {
        uint8_t go[4];

        st = sfi_dialect_read(t, block_base() + AT_GO, go, sizeof(go));
        if (st == SFI_OK && memcmp(go, "\0\0\0", sizeof(go)) == 0)
            return SFI_OK;
        if (st == SFI_OK)
            st = sfi_dialect_wait(t, 10);
    }
    return st == SFI_OK ? SFI_ERR_TIMEOUT : st;
}

/* A debug port has no requests: its words are the dialect's business. */
static sfi_status
ask_by_memory(sfi_target *t, const sfi_request *r, uint8_t *reply,
              size_t reply_len, uint32_t *status)
{
    uint8_t head[16] = {0};
    struct rd from;
    struct wr w;
    sfi_status st = fill(t, AT_PARAM, r->param, r->param_len);

    if (st == SFI_OK)
        st = fill(t, AT_DATA, r->data, r->data_len);
    sfi__wr_init(&w, head, sizeof(head));
    sfi__wr_u32be(&w, 1); /* GO, and what is behind it */
    sfi__wr_u32be(&w, r->opcode);
    sfi__wr_u32be(&w, (uint32_t)r->param_len);
    sfi__wr_u32be(&w, (uint32_t)r->data_len);
    if (st == SFI_OK)
        st = sfi_dialect_write(t, block_base() + AT_GO, head, sizeof(head));
    if (st == SFI_OK)
        st = wait_block(t, r->timeout_ms);
    if (st == SFI_OK)
        st = sfi_dialect_read(t, block_base() + AT_REPLY, reply, reply_len);
    if (st == SFI_OK)
        st = sfi_dialect_read(t, block_base() + AT_STATUS, head, 4);
    sfi__rd_init(&from, head, 4);
    *status = sfi__rd_u32be(&from);
    return st;
}

/* Over USB: blocks of its own. */
static sfi_status
ask_by_blocks(sfi_target *t, const sfi_request *r, uint8_t *reply,
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
exchange(sfi_target *t, const sfi_request *r, uint8_t *reply, size_t reply_len,
         uint32_t *status)
{
    sfi_dialect_link link = {.struct_size = sizeof(link)};
    sfi_status st = sfi_dialect_get_link(t, &link);

    if (st != SFI_OK)
        return st;
    if (link.kind == SFI_LINK_MEMORY)
        return ask_by_memory(t, r, reply, reply_len, status);
    if (link.kind == SFI_LINK_USB)
        return ask_by_blocks(t, r, reply, reply_len, status);
    return sfi_dialect_request(t, r, reply, reply_len, status);
}

static sfi_status
ask(sfi_target *t, const sfi_request *r, uint8_t *reply, size_t reply_len)
{
    uint32_t status = 0;
    sfi_status st = exchange(t, r, reply, reply_len, &status);

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
special(sfi_target *t, const char *name, uint32_t opcode, const uint8_t *param,
        size_t param_len, uint8_t *reply, size_t reply_len)
{
    const sfi_request r = {
        .struct_size = sizeof(r),
        .opcode = opcode,
        .timeout_ms = 40000,
        .name = name,
        .param = param,
        .param_len = param_len,
    };

    return ask(t, &r, reply, reply_len);
}

static sfi_status
extended(sfi_target *t, const char *name, uint32_t opcode, const uint8_t *param,
         size_t param_len, const uint8_t *data, size_t len)
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

    return ask(t, &r, NULL, 0);
}

/* A part that libsfi does not know: no memory is shown but the block. */
static sfi_status
speaks_memory(sfi_target *t, uint32_t *yes)
{
    uint8_t magic[4];
    sfi_status st =
        sfi_dialect_read(t, block_base() + AT_MAGIC, magic, sizeof(magic));

    *yes = st == SFI_OK && memcmp(magic, "MBXV", sizeof(magic)) == 0;
    return st;
}

static sfi_status
speaks_usb(sfi_target *t, uint32_t *yes)
{
    uint8_t commands[32] = {0};
    size_t len = sizeof(commands);
    sfi_status st = sfi_dialect_upload(t, 0, commands, &len);

    *yes = st == SFI_OK && len == 2 && commands[1] == USB_COMMAND;
    return st;
}

/* Not by what it has, but by its version. */
static sfi_status
speaks(void *user, sfi_target *t, uint32_t *yes)
{
    sfi_dialect_link link = {.struct_size = sizeof(link)};
    sfi_status st = sfi_dialect_get_link(t, &link);

    (void)user;
    *yes = link.bootloader_version == 0x42;
    if (st != SFI_OK || link.flags != 0)
        return st;
    if (link.kind == SFI_LINK_MEMORY)
        return speaks_memory(t, yes);
    return link.kind == SFI_LINK_USB ? speaks_usb(t, yes) : st;
}

static sfi_status
info(void *user, sfi_target *t, sfi_dialect_info *out)
{
    uint8_t raw[WHO_LEN];
    sfi_status st = special(t, "WHO", WHO, NULL, 0, raw, sizeof(raw));
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
certificate(void *user, sfi_target *t, uint8_t *out, size_t *out_len)
{
    sfi_status st = SFI_OK;

    (void)user;
    ck_assert_uint_eq(*out_len, 2 * HALF);
    for (uint8_t i = 0; i < 2 && st == SFI_OK; i++)
        st = special(t, "CERT", HALF_CERT, &i, 1, out + i * HALF, HALF);
    return st;
}

static sfi_status
session(void *user, sfi_target *t, uint32_t *out)
{
    uint8_t raw[4];
    sfi_status st = special(t, "TICKET", TICKET, NULL, 0, raw, sizeof(raw));
    struct rd r;

    (void)user;
    sfi__rd_init(&r, raw, sizeof(raw));
    *out = sfi__rd_u32be(&r);
    return st;
}

static sfi_status
secure(void *user, sfi_target *t, uint32_t erase)
{
    const uint8_t how = erase ? 'F' : 'N';

    (void)user;
    return special(t, "WIPE", WIPE, &how, 1, NULL, 0);
}

static sfi_status
license(void *user, sfi_target *t, const uint8_t *data, size_t len)
{
    sfi_status st = extended(t, "KEY A", KEY_A, NULL, 0, data, HALF);

    (void)user;
    ck_assert_uint_eq(len, 2 * HALF);
    return st == SFI_OK
               ? extended(t, "KEY B", KEY_B, NULL, 0, data + HALF, HALF)
               : st;
}

static sfi_status
header(void *user, sfi_target *t, const uint8_t *data, size_t len)
{
    (void)user;
    return special(t, "HEAD", HEAD, data, len, NULL, 0);
}

static sfi_status
area(void *user, sfi_target *t, const uint8_t *data, size_t len)
{
    (void)user;
    return special(t, "AREA", AREA, data, len, NULL, 0);
}

/* More than a request takes goes in several. */
static sfi_status
data(void *user, sfi_target *t, uint32_t offset, const uint8_t *bytes,
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
        st =
            extended(t, "PUT", PUT, param, sizeof(param), bytes + at,
                     left < SFI_REQUEST_DATA_MAX ? left : SFI_REQUEST_DATA_MAX);
    }
    return st;
}

static sfi_status
finish(void *user, sfi_target *t)
{
    (void)user;
    return special(t, "SEAL", SEAL, NULL, 0, NULL, 0);
}

static sfi_status
abort_install(void *user, sfi_target *t)
{
    (void)user;
    return special(t, "BYE", BYE, NULL, 0, NULL, 0);
}

const sfi_dialect_ops vendor_dialect = {
    .struct_size = sizeof(vendor_dialect),
    .speaks = speaks,
    .info = info,
    .certificate = certificate,
    .session = session,
    .secure = secure,
    .license = license,
    .header = header,
    .area = area,
    .data = data,
    .finish = finish,
    .abort = abort_install,
};

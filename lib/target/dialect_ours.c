/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The security extension of doc/protocol.md: one table among those that a
 * caller may bring (sfi/dialect.h). */
#include <string.h>

#include <sfi/device.h>

#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"
#include "core/err.h"
#include "wire/security.h"
#include "target/cause.h"
#include "target/target.h"

/* How long the device may work before it answers. */
#define QUICK_MS 2000u
#define LICENSE_MS 5000u /* P-256 in software */
#define DATA_MS 5000u    /* 1024 bytes programmed; at the end a tag, or erase */
#define ERASE_MS 35000u  /* AN2606: an H7's mass erase takes more than 13 s */
#define FINISH_MS 10000u /* option bytes; a refusal erases */

static sfi_status
refused(sfi_target *t, const sfi_request *r, uint32_t cause)
{
    const char *message = sfi__cause_message((uint8_t)cause);

    if (message == NULL)
        return sfi__fail_peer(t->obj.ctx, SFI_ERR_DEVICE, (int32_t)cause,
                              "the chip refused %s with the unknown cause "
                              "0x%02x",
                              r->name, cause);
    return sfi__fail_peer(t->obj.ctx, SFI_ERR_DEVICE, (int32_t)cause, "%s",
                          message);
}

/* Answers carry no checksum, and a device answers the same request the same:
 * a refusal counts when it is said twice. */
static sfi_status
request(sfi_target *t, const sfi_request *r, uint8_t *reply, size_t len)
{
    uint32_t cause = SFI_CAUSE_NONE;
    sfi_status st = sfi_dialect_request(t, r, reply, len, &cause);

    if (st == SFI_OK && cause != SFI_CAUSE_NONE)
        st = sfi_dialect_request(t, r, reply, len, &cause);
    if (st == SFI_OK && cause != SFI_CAUSE_NONE)
        st = refused(t, r, cause);
    return st;
}

static sfi_status
speaks(void *user, sfi_target *t, uint32_t *yes)
{
    sfi_dialect_link link = {.struct_size = sizeof(link)};
    sfi_status st = sfi_dialect_get_link(t, &link);

    (void)user;
    *yes = link.flags == SFI_LINK_HAS_REQUESTS;
    return st;
}

/* Answers carry no checksum: what decisions hang on is asked for until two
 * answers in a row agree. */
static sfi_status
ask(sfi_target *t, const char *name, uint16_t opcode, uint8_t *reply,
    size_t len)
{
    uint8_t before[SFI_CMD_REPLY_MAX];
    const sfi_request r = {
        .struct_size = sizeof(r),
        .opcode = opcode,
        .timeout_ms = QUICK_MS,
        .name = name,
    };

    for (unsigned i = 0; i < BOOT_ASKED_MAX; i++) {
        sfi_status st = request(t, &r, reply, len);

        if (st != SFI_OK || (i > 0 && sfi__equal(before, reply, len)))
            return st;
        memcpy(before, reply, len);
    }
    return sfi__fail(t->obj.ctx, SFI_ERR_PROTOCOL,
                     "every answer to %s is another one; the line is bad",
                     name);
}

static sfi_status
info(void *user, sfi_target *t, sfi_dialect_info *out)
{
    uint8_t raw[SFI_CMD_INFO_LEN];
    struct security_info i;
    sfi_status st = ask(t, "INFO", SFI_CMD_INFO, raw, sizeof(raw));

    (void)user;
    if (st != SFI_OK)
        return st;
    sfi__security_read_info(&i, raw);
    if (i.version != SFI_CMD_VERSION)
        return sfi__fail(t->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "the chip speaks version %u of the security "
                         "extension, expected %u",
                         i.version, SFI_CMD_VERSION);
    out->state = i.state;
    out->cause = i.cause;
    out->device_id = i.device_id;
    out->data_max =
        i.data_max < SFI_CMD_DATA_MAX ? i.data_max : SFI_CMD_DATA_MAX;
    out->area_index = i.area;
    memcpy(out->header_tag, i.header_tag, sizeof(out->header_tag));
    return SFI_OK;
}

static sfi_status
certificate(void *user, sfi_target *t, uint8_t *out, size_t *out_len)
{
    (void)user;
    *out_len = SFI_CERTIFICATE_LEN;
    return ask(t, "CERTIFICATE", SFI_CMD_CERTIFICATE, out, SFI_CERTIFICATE_LEN);
}

static sfi_status
session(void *user, sfi_target *t, uint32_t *out)
{
    uint8_t raw[SFI_CMD_SESSION_LEN];
    sfi_status st = ask(t, "SESSION", SFI_CMD_SESSION, raw, sizeof(raw));
    struct rd r;

    (void)user;
    sfi__rd_init(&r, raw, sizeof(raw));
    if (st == SFI_OK)
        *out = sfi__rd_u32le(&r);
    return st;
}

static sfi_status
tell(sfi_target *t, const char *name, uint16_t opcode, const uint8_t *param,
     size_t len, uint32_t ms)
{
    const sfi_request r = {
        .struct_size = sizeof(r),
        .opcode = opcode,
        .timeout_ms = ms,
        .name = name,
        .param = param,
        .param_len = len,
    };

    return request(t, &r, NULL, 0);
}

static sfi_status
secure(void *user, sfi_target *t, uint32_t erase)
{
    const uint8_t flags = erase != 0 ? SFI_CMD_SECURE_ERASE : 0;

    (void)user;
    return tell(t, "SECURE", SFI_CMD_SECURE, &flags, 1, ERASE_MS);
}

static sfi_status
license(void *user, sfi_target *t, const uint8_t *raw, size_t len)
{
    const sfi_request r = {
        .struct_size = sizeof(r),
        .flags = SFI_REQUEST_EXTENDED,
        .opcode = SFI_CMD_LICENSE,
        .timeout_ms = LICENSE_MS + ERASE_MS,
        .name = "LICENSE",
        .data = raw,
        .data_len = len,
    };

    (void)user;
    return request(t, &r, NULL, 0);
}

static sfi_status
header(void *user, sfi_target *t, const uint8_t *raw, size_t len)
{
    (void)user;
    return tell(t, "HEADER", SFI_CMD_HEADER, raw, len, QUICK_MS + ERASE_MS);
}

static sfi_status
area(void *user, sfi_target *t, const uint8_t *raw, size_t len)
{
    (void)user;
    return tell(t, "AREA", SFI_CMD_AREA, raw, len, QUICK_MS + ERASE_MS);
}

static sfi_status
data(void *user, sfi_target *t, uint32_t offset, const uint8_t *bytes,
     size_t len)
{
    uint8_t param[4];
    struct wr w;
    const sfi_request r = {
        .struct_size = sizeof(r),
        .flags = SFI_REQUEST_EXTENDED,
        .opcode = SFI_CMD_DATA,
        .timeout_ms = DATA_MS + ERASE_MS,
        .name = "DATA",
        .param = param,
        .param_len = sizeof(param),
        .data = bytes,
        .data_len = len,
    };

    (void)user;
    sfi__wr_init(&w, param, sizeof(param));
    sfi__wr_u32le(&w, offset);
    return request(t, &r, NULL, 0);
}

static sfi_status
finish(void *user, sfi_target *t)
{
    (void)user;
    return tell(t, "FINISH", SFI_CMD_FINISH, NULL, 0, FINISH_MS + ERASE_MS);
}

static sfi_status
abort_install(void *user, sfi_target *t)
{
    (void)user;
    return tell(t, "ABORT", SFI_CMD_ABORT, NULL, 0, ERASE_MS);
}

const sfi_dialect_ops sfi__dialect_ours = {
    .struct_size = sizeof(sfi__dialect_ours),
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

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* libsfi's own dialect: the security extension of doc/protocol.md, in a table
 * like those that a caller may bring (sfi/dialect.h). */
#include <string.h>

#include <sfi/device.h>

#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"
#include "core/err.h"
#include "wire/image.h"
#include "wire/receipt.h"
#include "wire/security.h"
#include "target/cause.h"
#include "target/target.h"

_Static_assert(SFI_DIALECT_RECEIPT_LEN == RECEIPT_LEN,
               "a receipt as the chip sends it");

/* How long the device may work before it replies, besides an erase. */
#define QUICK_MS 2000u
#define SIGN_MS 5000u    /* P-256 in software */
#define LICENSE_MS 5000u /* P-256 in software */
#define DATA_MS 5000u    /* 1024 bytes programmed; at the end a tag, or erase */
#define FINISH_MS 10000u /* option bytes; a refusal erases */

/* A request may end with an erase of the whole flash. */
static uint32_t
ours_erase_ms(const sfi_target *t)
{
    return sfi__boot_erase_ms(&t->boot, BOOT_ALL_SECTORS);
}

static sfi_status
ours_refused(sfi_target *t, const sfi_request *r, uint32_t cause)
{
    const char *message = sfi__cause_message((int32_t)cause);

    if (message == NULL)
        return sfi__fail_peer(t->obj.ctx, SFI_ERR_DEVICE, (int32_t)cause,
                              "the chip refused %s with the unknown cause "
                              "0x%02x",
                              r->name, cause);
    return sfi__fail_peer(t->obj.ctx, SFI_ERR_DEVICE, (int32_t)cause, "%s",
                          message);
}

/* Replies carry no checksum, and a device answers a repeated request as before:
 * a refusal counts only when it comes twice. */
static sfi_status
ours_request(sfi_target *t, const sfi_request *r, uint8_t *reply, size_t len)
{
    uint32_t cause = SFI_CAUSE_NONE;
    sfi_status st = sfi_dialect_request(t, r, reply, len, &cause);

    if (st != SFI_OK || cause == SFI_CAUSE_NONE)
        return st;
    st = sfi_dialect_request(t, r, reply, len, &cause);
    if (st != SFI_OK || cause == SFI_CAUSE_NONE)
        return st;
    return ours_refused(t, r, cause);
}

static sfi_status
ours_speaks(void *user, sfi_target *t, uint32_t *yes)
{
    sfi_dialect_link link = {.struct_size = sizeof(link)};
    sfi_status st = sfi_dialect_get_link(t, &link);

    (void)user;
    *yes = link.flags == SFI_LINK_HAS_REQUESTS;
    return st;
}

struct ours_question {
    sfi_target *t;
    const sfi_request *r;
    uint8_t *reply;
    size_t len;
};

static sfi_status
ours_ask_once(void *arg)
{
    const struct ours_question *q = arg;

    return ours_request(q->t, q->r, q->reply, q->len);
}

/* For replies that decisions are based on.  `is_expected`: as in a question, or
 * NULL. */
static sfi_status
ours_ask(sfi_target *t, const char *name, uint16_t opcode, uint8_t *reply,
         size_t len, bool (*is_expected)(const void *arg))
{
    const sfi_request r = {
        .struct_size = sizeof(r),
        .opcode = opcode,
        .timeout_ms = opcode == SFI_CMD_RECEIPT ? SIGN_MS : QUICK_MS,
        .name = name,
    };
    struct ours_question mine = {t, &r, reply, len};
    const struct question q = {ours_ask_once, &mine, reply, len, is_expected};
    bool agreed;
    sfi_status st;

    if (t->tp->kind == TRANSPORT_USB) /* USB has checksums */
        return ours_ask_once(&mine);
    st = sfi__ask_until_agreed(t->obj.ctx, &q, &agreed);
    if (st != SFI_OK || agreed)
        return st;
    return sfi__fail(t->obj.ctx, SFI_ERR_PROTOCOL,
                     "replies to %s differ each time; the link is unreliable",
                     name);
}

/* A part that has begun no install, or one that has this very image: no state
 * in between differs from them by a few bits alone. */
static bool
ours_info_is_expected(const void *arg)
{
    static const uint8_t no_tag[SFI_FORMAT_TAG_LEN] = {0};
    const struct ours_question *q = arg;
    const uint8_t *tag = q->t->confirms;
    struct security_info i;

    sfi__security_read_info(&i, q->reply);
    if (i.version != SFI_CMD_VERSION || i.device_id != q->t->boot.device_id ||
        i.data_max != SFI_CMD_DATA_MAX || i.cause != SFI_CAUSE_NONE)
        return false;
    if (tag != NULL)
        return i.state == SFI_DEVICE_INSTALLED &&
               sfi__equal(i.header_tag, tag, sizeof(i.header_tag));
    return i.state == SFI_DEVICE_EMPTY && i.installs == 0 &&
           sfi__equal(i.header_tag, no_tag, sizeof(no_tag));
}

static sfi_status
ours_info(void *user, sfi_target *t, sfi_dialect_info *out)
{
    uint8_t raw[SFI_CMD_INFO_LEN];
    struct security_info i;
    sfi_status st = ours_ask(t, "INFO", SFI_CMD_INFO, raw, sizeof(raw),
                             ours_info_is_expected);

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
    if ((i.flags & SFI_CMD_INFO_RECEIPTS) != 0)
        out->flags = SFI_DIALECT_RECEIPTS;
    out->installs = i.installs;
    return SFI_OK;
}

static sfi_status
ours_certificate(void *user, sfi_target *t, uint8_t *out, size_t *out_len)
{
    (void)user;
    *out_len = SFI_CERTIFICATE_LEN;
    return ours_ask(t, "CERTIFICATE", SFI_CMD_CERTIFICATE, out,
                    SFI_CERTIFICATE_LEN, NULL);
}

static sfi_status
ours_session(void *user, sfi_target *t, uint32_t *out)
{
    uint8_t raw[SFI_CMD_SESSION_LEN];
    sfi_status st =
        ours_ask(t, "SESSION", SFI_CMD_SESSION, raw, sizeof(raw), NULL);
    struct rd r;

    (void)user;
    sfi__rd_init(&r, raw, sizeof(raw));
    if (st == SFI_OK)
        *out = sfi__rd_u32le(&r);
    return st;
}

static sfi_status
ours_command(sfi_target *t, const char *name, uint16_t opcode,
             const uint8_t *param, size_t len, uint32_t ms)
{
    const sfi_request r = {
        .struct_size = sizeof(r),
        .opcode = opcode,
        .timeout_ms = ms,
        .name = name,
        .param = param,
        .param_len = len,
    };

    return ours_request(t, &r, NULL, 0);
}

static sfi_status
ours_secure(void *user, sfi_target *t, uint32_t erase)
{
    const uint8_t flags = erase != 0 ? SFI_CMD_SECURE_ERASE : 0;

    (void)user;
    return ours_command(t, "SECURE", SFI_CMD_SECURE, &flags, 1,
                        ours_erase_ms(t));
}

static sfi_status
ours_license(void *user, sfi_target *t, const uint8_t *raw, size_t len)
{
    const sfi_request r = {
        .struct_size = sizeof(r),
        .flags = SFI_REQUEST_EXTENDED,
        .opcode = SFI_CMD_LICENSE,
        .timeout_ms = LICENSE_MS + ours_erase_ms(t),
        .name = "LICENSE",
        .data = raw,
        .data_len = len,
    };

    (void)user;
    return ours_request(t, &r, NULL, 0);
}

static sfi_status
ours_header(void *user, sfi_target *t, const uint8_t *raw, size_t len)
{
    (void)user;
    return ours_command(t, "HEADER", SFI_CMD_HEADER, raw, len,
                        QUICK_MS + ours_erase_ms(t));
}

static sfi_status
ours_area(void *user, sfi_target *t, const uint8_t *raw, size_t len)
{
    (void)user;
    return ours_command(t, "AREA", SFI_CMD_AREA, raw, len,
                        QUICK_MS + ours_erase_ms(t));
}

static sfi_status
ours_data(void *user, sfi_target *t, uint32_t offset, const uint8_t *bytes,
          size_t len)
{
    uint8_t param[4];
    struct wr w;
    const sfi_request r = {
        .struct_size = sizeof(r),
        .flags = SFI_REQUEST_EXTENDED,
        .opcode = SFI_CMD_DATA,
        .timeout_ms = DATA_MS + ours_erase_ms(t),
        .name = "DATA",
        .param = param,
        .param_len = sizeof(param),
        .data = bytes,
        .data_len = len,
    };

    (void)user;
    sfi__wr_init(&w, param, sizeof(param));
    sfi__wr_u32le(&w, offset);
    return ours_request(t, &r, NULL, 0);
}

static sfi_status
ours_finish(void *user, sfi_target *t)
{
    (void)user;
    return ours_command(t, "FINISH", SFI_CMD_FINISH, NULL, 0,
                        FINISH_MS + ours_erase_ms(t));
}

static sfi_status
ours_abort(void *user, sfi_target *t)
{
    (void)user;
    return ours_command(t, "ABORT", SFI_CMD_ABORT, NULL, 0, ours_erase_ms(t));
}

static sfi_status
ours_receipt(void *user, sfi_target *t, uint8_t *out, size_t *out_len)
{
    (void)user;
    *out_len = SFI_DIALECT_RECEIPT_LEN;
    return ours_ask(t, "RECEIPT", SFI_CMD_RECEIPT, out, SFI_DIALECT_RECEIPT_LEN,
                    NULL);
}

const sfi_dialect_ops sfi__dialect_ours = {
    .struct_size = sizeof(sfi__dialect_ours),
    .speaks = ours_speaks,
    .info = ours_info,
    .certificate = ours_certificate,
    .session = ours_session,
    .secure = ours_secure,
    .license = ours_license,
    .header = ours_header,
    .area = ours_area,
    .data = ours_data,
    .finish = ours_finish,
    .abort = ours_abort,
    .receipt = ours_receipt,
};

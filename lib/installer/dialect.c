#include "installer/dialect.h"

#include <string.h>

#include <sfi/device.h>

#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"
#include "core/err.h"
#include "installer/cause.h"

/* How long the device may work before it answers. */
#define QUICK_MS 2000u
#define LICENSE_MS 5000u /* P-256 in software */
#define DATA_MS 5000u    /* 1024 bytes programmed; at the end a tag, or erase */
#define ERASE_MS 35000u  /* AN2606: an H7's mass erase takes more than 13 s */
#define FINISH_MS 10000u /* option bytes; a refusal erases */

static sfi_status
refused(struct boot *b, const struct special *s)
{
    const char *message = cause_message(s->status);

    if (message == NULL)
        return sfi__fail_peer(b->link.ctx, SFI_ERR_DEVICE, s->status,
                              "the chip refused %s with the unknown cause "
                              "0x%02x",
                              s->what, s->status);
    return sfi__fail_peer(b->link.ctx, SFI_ERR_DEVICE, s->status, "%s",
                          message);
}

/* Answers carry no checksum, and a device answers the same request the same:
 * a refusal counts when it is said twice. */
static sfi_status
request(struct boot *b, struct special *s)
{
    sfi_status st = boot_special(b, s);

    if (st == SFI_OK && s->status != SFI_CAUSE_NONE)
        st = boot_special(b, s);
    if (st == SFI_OK && s->status != SFI_CAUSE_NONE)
        st = refused(b, s);
    return st;
}

static bool
speaks(const struct boot *b)
{
    return b->has_special && !b->has_memory;
}

/* Answers carry no checksum: what decisions hang on is asked for until two
 * answers in a row agree. */
static sfi_status
ask(struct boot *b, const char *what, uint16_t opcode, uint8_t *reply,
    size_t len)
{
    uint8_t before[SFI_CMD_REPLY_MAX];
    struct special s = {
        .what = what,
        .opcode = opcode,
        .reply = reply,
        .reply_len = len,
        .wait_ms = QUICK_MS,
    };

    for (unsigned i = 0; i < BOOT_ASKED_MAX; i++) {
        sfi_status st = request(b, &s);

        if (st != SFI_OK || (i > 0 && sfi__equal(before, reply, len)))
            return st;
        memcpy(before, reply, len);
    }
    return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                     "every answer to %s is another one; the line is bad",
                     what);
}

static sfi_status
info(struct boot *b, struct cmd_info *out)
{
    uint8_t raw[SFI_CMD_INFO_LEN];
    sfi_status st = ask(b, "INFO", SFI_CMD_INFO, raw, sizeof(raw));

    if (st != SFI_OK)
        return st;
    cmd_read_info(out, raw);
    if (out->version != SFI_CMD_VERSION)
        return sfi__fail(b->link.ctx, SFI_ERR_UNSUPPORTED,
                         "the chip speaks version %u of the security "
                         "extension, expected %u",
                         out->version, SFI_CMD_VERSION);
    if (out->device_id != b->device_id || out->data_max == 0)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "INFO names chip 0x%03x and %u bytes per DATA, "
                         "expected chip 0x%03x and at least 1",
                         out->device_id, out->data_max, b->device_id);
    if (out->data_max > SFI_CMD_DATA_MAX)
        out->data_max = SFI_CMD_DATA_MAX;
    return SFI_OK;
}

static sfi_status
certificate(struct boot *b, uint8_t out[SFI_CERTIFICATE_LEN])
{
    return ask(b, "CERTIFICATE", SFI_CMD_CERTIFICATE, out, SFI_CERTIFICATE_LEN);
}

static sfi_status
session(struct boot *b, uint32_t *out)
{
    uint8_t raw[SFI_CMD_SESSION_LEN];
    sfi_status st = ask(b, "SESSION", SFI_CMD_SESSION, raw, sizeof(raw));
    struct rd r;

    if (st != SFI_OK)
        return st;
    rd_init(&r, raw, sizeof(raw));
    *out = rd_u32le(&r);
    if (*out == 0)
        return sfi__fail(b->link.ctx, SFI_ERR_PROTOCOL,
                         "the chip's session id is 0, expected a random one");
    return SFI_OK;
}

static sfi_status
tell(struct boot *b, const char *what, uint16_t opcode, const uint8_t *param,
     size_t len, uint32_t ms)
{
    struct special s = {
        .what = what,
        .opcode = opcode,
        .param = param,
        .param_len = len,
        .wait_ms = ms,
    };

    return request(b, &s);
}

static sfi_status
secure(struct boot *b, bool erase)
{
    const uint8_t flags = erase ? SFI_CMD_SECURE_ERASE : 0;

    return tell(b, "SECURE", SFI_CMD_SECURE, &flags, 1, ERASE_MS);
}

static sfi_status
license(struct boot *b, const uint8_t raw[SFI_LICENSE_LEN])
{
    struct special s = {
        .what = "LICENSE",
        .opcode = SFI_CMD_LICENSE,
        .extended = true,
        .data = raw,
        .data_len = SFI_LICENSE_LEN,
        .wait_ms = LICENSE_MS + ERASE_MS,
    };

    return request(b, &s);
}

static sfi_status
header(struct boot *b, const uint8_t raw[SFI_FORMAT_HEADER_LEN])
{
    return tell(b, "HEADER", SFI_CMD_HEADER, raw, SFI_FORMAT_HEADER_LEN,
                QUICK_MS + ERASE_MS);
}

static sfi_status
area(struct boot *b, const uint8_t raw[SFI_FORMAT_AREA_LEN])
{
    return tell(b, "AREA", SFI_CMD_AREA, raw, SFI_FORMAT_AREA_LEN,
                QUICK_MS + ERASE_MS);
}

static sfi_status
data(struct boot *b, uint32_t offset, const uint8_t *bytes, size_t len)
{
    uint8_t param[4];
    struct wr w;
    struct special s = {
        .what = "DATA",
        .opcode = SFI_CMD_DATA,
        .extended = true,
        .param = param,
        .param_len = sizeof(param),
        .data = bytes,
        .data_len = len,
        .wait_ms = DATA_MS + ERASE_MS,
    };

    wr_init(&w, param, sizeof(param));
    wr_u32le(&w, offset);
    return request(b, &s);
}

static sfi_status
finish(struct boot *b)
{
    return tell(b, "FINISH", SFI_CMD_FINISH, NULL, 0, FINISH_MS + ERASE_MS);
}

static sfi_status
abort_install(struct boot *b)
{
    return tell(b, "ABORT", SFI_CMD_ABORT, NULL, 0, ERASE_MS);
}

const struct dialect sfi__dialect = {
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

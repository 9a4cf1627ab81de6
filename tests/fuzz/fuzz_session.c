/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The calls of a target that a session makes, with a clock of its own, and what
 * must hold after each. */
#include "fuzz_session.h"

#include <string.h>

#include <sfi/device.h>
#include <sfi/target.h>

#include "util/wr.h"
#include "core/ctx.h"
#include "wire/security.h"

uint64_t fuzz_now;

static uint64_t
clock_now(void *user)
{
    (void)user;
    return fuzz_now;
}

static void
clock_sleep(void *user, uint32_t ms)
{
    (void)user;
    fuzz_now += ms;
}

const struct clock fuzz_clock = {
    .now_ms = clock_now,
    .sleep_ms = clock_sleep,
};

uint8_t
fuzz_byte(struct fuzz_input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->at++;
}

void
fuzz_bytes(struct fuzz_input *in, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = fuzz_byte(in);
}

size_t
fuzz_reply(uint16_t opcode, uint8_t *out)
{
    struct wr w;

    sfi__wr_init(&w, out, SFI_CMD_REPLY_MAX);
    switch (opcode) {
    case SFI_CMD_INFO:
        sfi__wr_u8(&w, SFI_CMD_VERSION);
        sfi__wr_u8(&w, SFI_DEVICE_INSTALLED);
        sfi__wr_u16le(&w, 0);
        sfi__wr_u16le(&w, 0x450);
        sfi__wr_u16le(&w, SFI_CMD_DATA_MAX);
        sfi__wr_fill(&w, 0, SFI_CMD_INFO_LEN - sfi__wr_len(&w));
        break;
    case SFI_CMD_CERTIFICATE:
        sfi__wr_fill(&w, 'A', SFI_CERTIFICATE_LEN);
        break;
    case SFI_CMD_SESSION:
        sfi__wr_u32le(&w, 0x12345678);
        break;
    default:
        break;
    }
    return sfi__wr_len(&w);
}

/* ---- calls ---- */

/* The ephemeral key is the generator of P-256. */
static const uint8_t license_head[88] = {
    'S',  'F',  'I',  '.',  0,    0,    0,    0,    1,    0,    0,
    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
    0,    0,    0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8,
    0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81,
    0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2,
    0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7,
    0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b,
    0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};

static sfi_status
send_license(sfi_ctx *ctx, sfi_target *t)
{
    uint8_t raw[SFI_LICENSE_LEN] = {0};
    sfi_license *lic;
    sfi_status st;

    memcpy(raw, license_head, sizeof(license_head));
    FUZZ_HOLDS(sfi_license_parse(ctx, raw, sizeof(raw), &lic) == SFI_OK);
    st = sfi_target_send_license(t, lic);
    sfi_license_free(lic);
    return st;
}

/* One area: 36 bytes of option bytes. */
static sfi_status
send_image(sfi_target *t)
{
    static const uint8_t image[28 + 30 + 36] = {
        'S', 'F', 'I', 'M', 'A', 'G', 'I', 'C', 1, 0, 1, 0, [28] = 'C',
        1,   1,   0,   36,  0,   0,   0,   0,   0, 0, 0, 1,
    };

    return sfi_target_send_image(t, image, sizeof(image));
}

static sfi_status
get_certificate(sfi_ctx *ctx, sfi_target *t)
{
    sfi_certificate *cert;
    sfi_status st = sfi_target_get_certificate(t, &cert);

    FUZZ_HOLDS((st == SFI_OK) == (cert != NULL));
    FUZZ_HOLDS((st == SFI_OK) == (sfi_ctx_error(ctx) == NULL));
    sfi_certificate_free(cert);
    return st;
}

static sfi_status
get_session(sfi_target *t)
{
    uint32_t id = 1;
    sfi_status st = sfi_target_get_session(t, &id);

    FUZZ_HOLDS((st == SFI_OK) == (id != 0));
    return st;
}

static sfi_status
erase_sectors(sfi_target *t)
{
    static const uint32_t sectors[] = {1, 0, 15};

    return sfi_target_erase(t, sectors, 3);
}

/* What is read can be written back. */
static sfi_status
option_bytes(sfi_target *t, bool write)
{
    sfi_option_bytes *ob;
    sfi_status st = sfi_target_read_option_bytes(t, &ob);

    FUZZ_HOLDS((st == SFI_OK) == (ob != NULL));
    if (st == SFI_OK && write)
        st = sfi_target_write_option_bytes(t, ob);
    sfi_option_bytes_free(ob);
    return st;
}

static sfi_status
call(sfi_ctx *ctx, sfi_target *t, uint8_t which)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    uint8_t data[512] = {0};

    switch (which % 14) {
    case 0:
        return sfi_target_get_info(t, &info);
    case 1:
        return get_certificate(ctx, t);
    case 2:
        return sfi_target_read(t, 0x08000000, data, sizeof(data));
    case 3:
        return sfi_target_write(t, 0x08002000, data, sizeof(data));
    case 4:
        return send_license(ctx, t);
    case 5:
        return send_image(t);
    case 6:
        return sfi_target_activate_security(t);
    case 7:
        return sfi_target_erase_all(t);
    case 8:
        return sfi_target_go(t, 0x08000000);
    case 9:
        return get_session(t);
    case 10:
        return erase_sectors(t);
    case 11:
        return option_bytes(t, false);
    case 12:
        return option_bytes(t, true);
    default:
        return sfi_target_readout_unprotect(t);
    }
}

/* ---- what must hold ---- */

/* A secure chip gives no access to memory, and some chips are unknown. */
void
fuzz_outcome(const sfi_ctx *ctx, sfi_status st)
{
    const sfi_error *err = sfi_ctx_error(ctx);

    FUZZ_HOLDS(sfi_error_status(err) == st);
    FUZZ_HOLDS((st == SFI_OK) == (err == NULL));
    FUZZ_HOLDS(st == SFI_OK || sfi_error_message(err)[0] != '\0');
    FUZZ_HOLDS(st == SFI_OK || st <= -200 || st == SFI_ERR_STATE ||
               st == SFI_ERR_UNSUPPORTED);
    FUZZ_HOLDS(st != SFI_ERR_INTERNAL && st != SFI_ERR_CALLBACK);
}

void
fuzz_session(sfi_ctx *ctx, sfi_transport *tp, uint8_t which,
             uint64_t longest_ms)
{
    fuzz_session_by(ctx, tp, which, longest_ms, &fuzz_clock);
}

void
fuzz_session_by(sfi_ctx *ctx, sfi_transport *tp, uint8_t which,
                uint64_t longest_ms, const struct clock *clock)
{
    uint64_t began;
    sfi_target *t;
    sfi_status st;

    ctx->clock = clock;
    began = fuzz_now;
    st = sfi_target_connect(ctx, NULL, tp, 0, &t);
    FUZZ_HOLDS((st == SFI_OK) == (t != NULL));
    fuzz_outcome(ctx, st);
    FUZZ_HOLDS(fuzz_now - began <= longest_ms);
    if (st == SFI_OK) {
        began = fuzz_now;
        fuzz_outcome(ctx, call(ctx, t, which));
        FUZZ_HOLDS(fuzz_now - began <= longest_ms);
    }
    sfi_target_free(t);
}

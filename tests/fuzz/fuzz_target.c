/* A chip that lies: what it answers to each call of a session.  The first byte
 * names the call; then, for each read, a length and that many bytes, 0 being
 * silence.  When the input ends the link is gone. */
#include <string.h>

#include <sfi/target.h>

#include "core/ctx.h"

#include "fuzz.h"

/* No answer, however slow, keeps a call longer: some hundred waits of up to
 * 40 s. */
#define LONGEST_MS ((uint64_t)4 * 3600 * 1000)

struct chip {
    const uint8_t *at;
    size_t left;
};

static uint64_t now;

static uint64_t
clock_now(void *user)
{
    (void)user;
    return now;
}

static void
clock_sleep(void *user, uint32_t ms)
{
    (void)user;
    now += ms;
}

static const struct clock clock = {
    .now_ms = clock_now,
    .sleep_ms = clock_sleep,
};

static sfi_status
on_read(void *user, uint8_t *buf, size_t len, size_t *got, uint32_t timeout_ms)
{
    struct chip *c = user;
    size_t n;

    (void)timeout_ms;
    FUZZ_HOLDS(len > 0);
    if (c->left == 0)
        return SFI_ERR_NO_DEVICE;
    n = *c->at++;
    c->left--;
    if (n == 0)
        return SFI_ERR_TIMEOUT;
    n = n < len ? n : len;
    n = n < c->left ? n : c->left;
    if (n == 0)
        return SFI_ERR_NO_DEVICE;
    memcpy(buf, c->at, n);
    c->at += n;
    c->left -= n;
    *got = n;
    return SFI_OK;
}

static sfi_status
on_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    uint8_t line[2048];

    (void)user;
    FUZZ_HOLDS(len > 0 && len <= sizeof(line) && timeout_ms > 0);
    memcpy(line, buf, len); /* all of it can be read */
    return SFI_OK;
}

static sfi_status
on_reset(void *user, int into_boot)
{
    (void)user;
    FUZZ_HOLDS(into_boot == 1);
    return SFI_OK;
}

static const sfi_stream_ops ops = {
    .struct_size = sizeof(ops),
    .read = on_read,
    .write = on_write,
    .reset = on_reset,
};

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
call(sfi_ctx *ctx, sfi_target *t, uint8_t which)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    uint8_t data[512] = {0};

    switch (which % 10) {
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
    default:
        return get_session(t);
    }
}

/* A lying chip makes nothing a fault of the program, but that a secure one
 * shows no memory, or that it is none of ours. */
static void
check(const sfi_ctx *ctx, sfi_status st)
{
    const sfi_error *err = sfi_ctx_error(ctx);

    FUZZ_HOLDS(sfi_error_status(err) == st);
    FUZZ_HOLDS((st == SFI_OK) == (err == NULL));
    FUZZ_HOLDS(st == SFI_OK || sfi_error_message(err)[0] != '\0');
    FUZZ_HOLDS(st == SFI_OK || st <= -200 || st == SFI_ERR_STATE ||
               st == SFI_ERR_UNSUPPORTED);
    FUZZ_HOLDS(st != SFI_ERR_INTERNAL && st != SFI_ERR_CALLBACK);
    FUZZ_HOLDS(now < LONGEST_MS);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct chip chip = {data, len};
    sfi_ctx *ctx = fuzz_ctx();
    sfi_transport *tp;
    sfi_target *t;
    uint8_t which = 0;
    sfi_status st;

    now = 0;
    ctx->clock = &clock;
    if (len > 0) {
        which = *chip.at++;
        chip.left--;
    }
    FUZZ_HOLDS(sfi_transport_open_stream(ctx, &ops, &chip, &tp) == SFI_OK);
    st = sfi_target_connect(ctx, NULL, tp, 0, &t);
    FUZZ_HOLDS((st == SFI_OK) == (t != NULL));
    check(ctx, st);
    if (st == SFI_OK)
        check(ctx, call(ctx, t, which));
    sfi_target_free(t);
    sfi_transport_free(tp);
    fuzz_ctx_free(ctx);
    return 0;
}

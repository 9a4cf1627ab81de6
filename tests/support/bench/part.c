/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A part for the device core: two small chips, faults and power cuts, and the
 * port's functions. */
#include <bench/part.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "crypto/ecc.h"

const struct sfi_chip small_h7 = {
    .name = "small h7",
    .device_id = 0x450,
    .product_id = "45002001",
    .bootloader_version = 0x31,
    .flash = {0x08000000, 4096},
    .bank_size = 2048,
    .sector_size = 512,
    .program_unit = 32,
    .user = {0x08000000, 4096},
    .last_word_barred = true,
    .total_multiple = 1,
    .ob_count = 9,
};

const struct sfi_chip small_l4 = {
    .name = "small l4",
    .device_id = 0x462,
    .product_id = "46201002",
    .bootloader_version = 0x31,
    .spi_version = 0x11,
    .flash = {0x08000000, 4096},
    .bank_size = 4096,
    .sector_size = 256,
    .program_unit = 8,
    .user = {0x08000200, 2560},
    .total_multiple = 4,
    .ob_count = 5,
    .ships_secure = true,
    .one_shot = true,
    .loader = {0x08000c00, 512},
};

void
part_broken(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

/* ---- faults ---- */

/* Count a call, and return the fault that strikes it. */
static enum part_fault
strike(struct part *p, unsigned call)
{
    enum part_fault f;

    p->calls++;
    if (p->fault_at == 0 || (p->fault_calls & call) == 0)
        return FAULT_NONE;
    if (p->fault_at > 1) {
        p->fault_at--;
        return FAULT_NONE;
    }
    f = p->fault;
    p->struck = true;
    if (f != FAULT_STUCK) {
        p->fault_at = p->then != FAULT_NONE ? 1 : 0;
        p->fault_calls = p->then_calls;
        p->fault = p->then;
        p->then = FAULT_NONE;
    }
    if (f == FAULT_CUT_BEFORE)
        longjmp(p->power, 1);
    return f;
}

static bool
is_half(enum part_fault f)
{
    return f == FAULT_CUT_HALF;
}

/* The result of a call that did its work, unless power is cut. */
static int
done(struct part *p, enum part_fault f)
{
    if (f == FAULT_CUT_HALF || f == FAULT_CUT_AFTER)
        longjmp(p->power, 1);
    return f == FAULT_FAIL || f == FAULT_STUCK ? -1 : 0;
}

static bool
is_skipped(enum part_fault f)
{
    return f == FAULT_FAIL || f == FAULT_STUCK || f == FAULT_LIE;
}

/* Done as a whole or not at all. */
static bool
is_atomic_done(enum part_fault f)
{
    return f == FAULT_NONE || f == FAULT_CUT_AFTER;
}

/* The private key of every part; the public one is in its certificate. */
static const uint8_t part_secret[SFI_ECC_SECRET_LEN] = {0x3c, 0x71, 0x05,
                                                        0x9e, 0xd2, 0x48};

/* ---- the port ---- */

static uint8_t *
at(struct part *p, uint32_t addr, uint32_t len)
{
    HOLDS(sfi__chip_range_has(&p->chip->flash, addr, len));
    return p->flash + (addr - p->chip->flash.base);
}

static int
on_erase(void *user, uint32_t addr, uint32_t len)
{
    struct part *p = user;
    enum part_fault f = strike(p, CALL_ERASE);
    uint8_t *flash = at(p, addr, len);

    HOLDS(addr % p->chip->sector_size == 0);
    HOLDS(len % p->chip->sector_size == 0);
    if (!is_skipped(f))
        memset(flash, 0xff, is_half(f) ? len / 2 : len);
    return done(p, f);
}

static int
on_program(void *user, uint32_t addr, const uint8_t *data, uint32_t len)
{
    struct part *p = user;
    enum part_fault f = strike(p, CALL_PROGRAM);
    uint8_t *flash = at(p, addr, len);

    HOLDS(sfi__chip_range_has(&p->chip->user, addr, len));
    HOLDS(addr % p->chip->program_unit == 0);
    HOLDS(len % p->chip->program_unit == 0);
    /* otherwise the unit was programmed twice */
    HOLDS(part_is_blank(p, &(struct chip_range){addr, len}));
    if (!is_skipped(f))
        memcpy(flash, data, is_half(f) ? len / 2 : len);
    return done(p, f);
}

static int
on_read(void *user, uint32_t addr, uint8_t *data, uint32_t len)
{
    struct part *p = user;
    enum part_fault f = strike(p, CALL_READ);

    if (!is_skipped(f))
        memcpy(data, at(p, addr, len), len);
    return done(p, f);
}

static int
on_ob_program(void *user, const uint8_t *data, uint32_t len)
{
    struct part *p = user;
    enum part_fault f = strike(p, CALL_OB);

    HOLDS(len == 4 * p->chip->ob_count);
    if (is_atomic_done(f)) {
        memcpy(p->ob, data, len);
        p->ob_len = len;
        p->ob_writes++;
    }
    return done(p, f);
}

static int
on_certificate(void *user, uint8_t *out, uint32_t len)
{
    struct part *p = user;
    enum part_fault f = strike(p, CALL_CERTIFICATE);

    HOLDS(len == sizeof(p->certificate));
    if (!is_skipped(f))
        memcpy(out, p->certificate, len);
    return done(p, f);
}

/* Type, session, version, least version; then the recipient. */
static int
on_open_license(void *user, const uint8_t *lic, uint32_t len, uint8_t key[16],
                uint8_t nonce[12])
{
    struct part *p = user;
    enum part_fault f = strike(p, CALL_LICENSE);

    HOLDS(len == LICENSE_LEN);
    if (memcmp(lic + 24, "this part", 9) != 0)
        return -1;
    memcpy(key, test_key, 16);
    memcpy(nonce, test_nonce, 12);
    return done(p, f);
}

static int
on_random(void *user, uint8_t *out, uint32_t len)
{
    struct part *p = user;
    enum part_fault f = strike(p, CALL_RANDOM);

    HOLDS(len == 4);
    for (uint32_t i = 0; i < len && !is_skipped(f); i++)
        out[i] = (uint8_t)(p->random >> 8 * i);
    if (!p->random_is_stuck)
        p->random = p->random * 1664525u + 1013904223u;
    return done(p, f);
}

static int
on_gcm_start(void *user, const uint8_t key[16], const uint8_t iv[12],
             const uint8_t *aad, uint32_t aad_len)
{
    struct part *p = user;
    enum part_fault f = strike(p, CALL_GCM_START);

    sfi__gcm_free(p->gcm);
    p->gcm = NULL;
    HOLDS(sfi__gcm_new(ctx, GCM_OPEN, key, &p->gcm) == SFI_OK);
    HOLDS(sfi__gcm_start(p->gcm, iv, aad, aad_len) == SFI_OK);
    return done(p, f);
}

static int
on_gcm_update(void *user, uint8_t *buf, uint32_t len)
{
    struct part *p = user;
    enum part_fault f = strike(p, CALL_GCM_UPDATE);

    HOLDS(p->gcm != NULL);
    HOLDS(sfi__gcm_update(p->gcm, buf, buf, len) == SFI_OK);
    return done(p, f);
}

static int
on_gcm_verify(void *user, const uint8_t tag[16])
{
    struct part *p = user;
    enum part_fault f = strike(p, CALL_GCM_VERIFY);

    HOLDS(p->gcm != NULL);
    if (sfi__gcm_verify(p->gcm, tag) != SFI_OK)
        return -1;
    return done(p, f);
}

static void
on_gcm_wipe(void *user)
{
    struct part *p = user;

    sfi__gcm_free(p->gcm);
    p->gcm = NULL;
}

static int
on_record_load(void *user, uint8_t *data, uint32_t len)
{
    struct part *p = user;
    enum part_fault f = strike(p, CALL_LOAD);

    HOLDS(len == sizeof(p->record));
    if (!is_skipped(f))
        memcpy(data, p->record, len);
    return done(p, f);
}

static int
on_record_store(void *user, const uint8_t *data, uint32_t len)
{
    struct part *p = user;
    enum part_fault f = strike(p, CALL_STORE);

    HOLDS(len == sizeof(p->record));
    if (is_atomic_done(f))
        memcpy(p->record, data, len);
    return done(p, f);
}

static uint64_t
on_now_ms(void *user)
{
    struct part *p = user;

    return p->now;
}

static void
on_reboot(void *user)
{
    struct part *p = user;

    p->reboots++;
}

static int
on_digest(void *user, const uint8_t *data, uint32_t len, uint8_t out[32])
{
    struct part *p = user;
    enum part_fault f = strike(p, CALL_DIGEST);

    HOLDS(len <= 132);
    if (!is_skipped(f))
        HOLDS(sfi__sha256(ctx, data, len, out) == SFI_OK);
    return done(p, f);
}

static int
on_sign(void *user, const uint8_t digest[32], uint8_t signature[64])
{
    struct part *p = user;
    enum part_fault f = strike(p, CALL_SIGN);

    if (!is_skipped(f))
        HOLDS(sfi__ecc_sign_digest(ctx, part_secret, digest, signature) ==
              SFI_OK);
    return done(p, f);
}

static const sfi_device_port part_port_table = {
    .struct_size = sizeof(part_port_table),
    .flash_erase = on_erase,
    .flash_program = on_program,
    .flash_read = on_read,
    .ob_program = on_ob_program,
    .certificate = on_certificate,
    .open_license = on_open_license,
    .random = on_random,
    .gcm_start = on_gcm_start,
    .gcm_update = on_gcm_update,
    .gcm_verify = on_gcm_verify,
    .gcm_wipe = on_gcm_wipe,
    .record_load = on_record_load,
    .record_store = on_record_store,
    .now_ms = on_now_ms,
    .reboot = on_reboot,
};

static sfi_device_port
part_port_of(const struct part *p)
{
    sfi_device_port port = part_port_table;

    port.digest = p->has_receipts ? on_digest : NULL;
    port.sign = p->has_receipts ? on_sign : NULL;
    return port;
}

const sfi_device_port *
part_port(void)
{
    return &part_port_table;
}

/* ---- the part ---- */

void
part_new(struct part *p, const struct sfi_chip *chip)
{
    memset(p, 0, sizeof(*p));
    p->chip = chip;
    p->now = 5000;
    p->random = 0x5e551011;
    p->flash = malloc(chip->flash.size);
    HOLDS(p->flash != NULL);
    memset(p->flash, 0xff, chip->flash.size);
    if (chip->loader.size > 0)
        memset(at(p, chip->loader.base, chip->loader.size), 0x5a,
               chip->loader.size);
    memset(p->record, 0xff, sizeof(p->record));
    test_plain(p->certificate, sizeof(p->certificate), 99);
    part_power_on(p);
}

void
part_give_receipts(struct part *p)
{
    HOLDS(sfi__ecc_public(ctx, part_secret,
                          p->certificate + CERTIFICATE_PUBLIC_AT) == SFI_OK);
    p->has_receipts = true;
    part_power_on(p);
}

void
part_free(struct part *p)
{
    sfi__gcm_free(p->gcm);
    free(p->flash);
    memset(p, 0, sizeof(*p));
}

void
part_power_on(struct part *p)
{
    sfi__gcm_free(p->gcm);
    p->gcm = NULL;
    memset(p->mem, 0xa5, sizeof(p->mem));
    p->dev = NULL;
    p->port = part_port_of(p);
    HOLDS(sfi_device_init(p->mem, sizeof(p->mem), p->chip, &p->port, p,
                          &p->dev) == SFI_OK);
    HOLDS(p->dev != NULL);
}

void
part_fault(struct part *p, unsigned calls, uint64_t n, enum part_fault fault)
{
    p->fault_calls = calls;
    p->fault_at = n;
    p->fault = fault;
    p->then = FAULT_NONE;
    p->struck = false;
}

void
part_then(struct part *p, unsigned calls, enum part_fault fault)
{
    p->then_calls = calls;
    p->then = fault;
}

bool
part_is_blank(const struct part *p, const struct chip_range *range)
{
    const uint8_t *f = p->flash + (range->base - p->chip->flash.base);

    return range->size == 0 ||
           (f[0] == 0xff && memcmp(f, f + 1, range->size - 1) == 0);
}

/* A random match of 8 bytes has a chance of 2^-64. */
static bool
has_any(const uint8_t *hay, size_t hay_len, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i + 8 <= len; i += 4) {
        for (size_t k = 0; k + 8 <= hay_len; k++) {
            if (hay[k] == bytes[i] && memcmp(hay + k, bytes + i, 8) == 0)
                return true;
        }
    }
    return false;
}

bool
part_remembers(const struct part *p, const uint8_t *bytes, size_t len)
{
    return has_any((const uint8_t *)p->mem, sizeof(p->mem), bytes, len);
}

bool
part_holds(const struct part *p, const uint8_t *bytes, size_t len)
{
    return has_any(p->flash, p->chip->flash.size, bytes, len);
}

int
part_send(struct part *p, uint16_t opcode, const void *param, size_t param_len,
          const void *data, size_t data_len)
{
    uint8_t out[SFI_DEVICE_REPLY_MAX];
    uint8_t copy[SFI_CMD_DATA_MAX + 1];
    size_t out_len = sizeof(out);

    HOLDS(data_len <= sizeof(copy));
    if (data_len > 0)
        memcpy(copy, data, data_len);
    HOLDS(sfi_device_handle(p->dev, opcode, param, param_len, copy, data_len,
                            out, &out_len) == SFI_OK);
    return out_len > 0 ? out[0] : -1;
}

int
part_session(struct part *p, uint32_t *id)
{
    uint8_t out[SFI_DEVICE_REPLY_MAX];
    size_t len = sizeof(out);

    *id = 0;
    HOLDS(sfi_device_handle(p->dev, SFI_CMD_SESSION, NULL, 0, NULL, 0, out,
                            &len) == SFI_OK);
    if (len == 0)
        return -1;
    HOLDS(len == 1 + (out[0] == SFI_CAUSE_NONE ? SFI_CMD_SESSION_LEN : 0));
    for (size_t i = 1; i < len; i++)
        *id |= (uint32_t)out[i] << 8 * (i - 1);
    return out[0];
}

void
part_info(struct part *p, struct security_info *info)
{
    uint8_t out[SFI_DEVICE_REPLY_MAX];
    size_t out_len = sizeof(out);

    HOLDS(sfi_device_handle(p->dev, SFI_CMD_INFO, NULL, 0, NULL, 0, out,
                            &out_len) == SFI_OK);
    HOLDS(out_len == 1 + SFI_CMD_INFO_LEN);
    HOLDS(out[0] == SFI_CAUSE_NONE);
    sfi__security_read_info(info, out + 1);
    HOLDS(info->version == SFI_CMD_VERSION);
    HOLDS(info->state == sfi_device_state(p->dev));
}

int
part_receipt(struct part *p, uint8_t out[RECEIPT_LEN])
{
    uint8_t reply[SFI_DEVICE_REPLY_MAX];
    size_t len = sizeof(reply);

    memset(out, 0, RECEIPT_LEN);
    HOLDS(sfi_device_handle(p->dev, SFI_CMD_RECEIPT, NULL, 0, NULL, 0, reply,
                            &len) == SFI_OK);
    if (len == 0)
        return -1;
    HOLDS(len == 1 + (reply[0] == SFI_CAUSE_NONE ? RECEIPT_LEN : 0));
    memcpy(out, reply + 1, len - 1);
    return reply[0];
}

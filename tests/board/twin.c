/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The twin's port: flash by pages and double words, option bytes, record,
 * cryptography by lib/crypto, a clock. */
#include "twin.h"

#include <stdlib.h>
#include <string.h>

#include <fixture.h>
#include <bench/part.h>

#include "crypto/ecc.h"
#include "crypto/hash.h"
#include "proto/an4286.h"

#define PAGE 2048u
#define UNIT 8u
#define STEP_MS 100u

/* ---- flash ---- */

static uint8_t *
twin_at(struct twin *t, uint32_t addr, uint32_t len)
{
    HOLDS(sfi__chip_range_has(&t->chip.flash, addr, len));
    return t->flash + (addr - t->chip.flash.base);
}

/* The last page of the range stays, if that is the mistake. */
static int
twin_erase(void *user, uint32_t addr, uint32_t len)
{
    struct twin *t = user;
    uint32_t kept = t->mistake == MISTAKE_ERASE ? PAGE : 0;

    HOLDS(addr % PAGE == 0 && len % PAGE == 0);
    memset(twin_at(t, addr, len), 0xff, len - kept);
    if (addr == t->chip.loader.base) {
        t->has_left = true;
        memset(t->secret, 0, sizeof(t->secret));
    }
    return 0;
}

/* RM0394, 3.3.7: a double word is programmed when it reads as erased, or with
 * zeros; any other try is an error, and changes nothing. */
static bool
twin_program_unit(struct twin *t, uint32_t addr, const uint8_t *data)
{
    static const uint8_t erased[UNIT] = {0xff, 0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff};
    static const uint8_t zeros[UNIT] = {0};
    uint8_t *unit = twin_at(t, addr, UNIT);

    if (memcmp(unit, erased, UNIT) != 0 && memcmp(data, zeros, UNIT) != 0)
        return false;
    memcpy(unit, data, UNIT);
    if (t->mistake == MISTAKE_UNIT && (addr & 0xff) == 0x40)
        unit[3] &= 0xf7;
    return true;
}

static int
twin_program(void *user, uint32_t addr, const uint8_t *data, uint32_t len)
{
    struct twin *t = user;

    HOLDS(addr % UNIT == 0 && len % UNIT == 0);
    HOLDS(sfi__chip_range_has(&t->chip.user, addr, len));
    for (uint32_t i = 0; i < len; i += UNIT) {
        if (!twin_program_unit(t, addr + i, data + i))
            return -1;
    }
    return 0;
}

static int
twin_read(void *user, uint32_t addr, uint8_t *data, uint32_t len)
{
    memcpy(data, twin_at(user, addr, len), len);
    return 0;
}

/* ---- option bytes, record, certificate ---- */

/* RM0394, 3.7.8 to 3.7.12: the bits of each register; others stay. */
static const uint32_t option_masks[] = {0x0f8f77ff, 0x0000ffff, 0x8000ffff,
                                        0x00ff00ff, 0x00ff00ff};

static int
twin_ob_program(void *user, const uint8_t *data, uint32_t len)
{
    struct twin *t = user;
    uint32_t word;

    HOLDS(len == 4 * t->chip.ob_count);
    for (uint32_t i = 0; i < t->chip.ob_count; i++, data += 4) {
        word = (uint32_t)data[0] | (uint32_t)data[1] << 8 |
               (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
        t->options[i] =
            (t->options[i] & ~option_masks[i]) | (word & option_masks[i]);
    }
    if (t->mistake == MISTAKE_OPTIONS)
        t->options[t->chip.ob_count - 1] ^= 1;
    return 0;
}

static int
twin_certificate(void *user, uint8_t *out, uint32_t len)
{
    const struct twin *t = user;

    memcpy(out, t->certificate, len);
    return 0;
}

static int
twin_record_load(void *user, uint8_t *data, uint32_t len)
{
    const struct twin *t = user;

    memcpy(data, t->record, len);
    return 0;
}

static int
twin_record_store(void *user, const uint8_t *data, uint32_t len)
{
    struct twin *t = user;

    memcpy(t->record, data, len);
    return 0;
}

/* ---- cryptography ---- */

static int
twin_open_license(void *user, const uint8_t *lic, uint32_t len, uint8_t key[16],
                  uint8_t nonce[12])
{
    struct twin *t = user;

    return sfi__port_ossl_open_license(&t->crypto, t->secret, lic, len, key,
                                       nonce);
}

static int
twin_random(void *user, uint8_t *out, uint32_t len)
{
    struct twin *t = user;

    for (uint32_t i = 0; i < len; i++)
        out[i] = (uint8_t)(t->random >> 8 * (i % 4));
    t->random = t->random * 1664525u + 1013904223u;
    return 0;
}

static int
twin_gcm_start(void *user, const uint8_t key[16], const uint8_t iv[12],
               const uint8_t *aad, uint32_t aad_len)
{
    struct twin *t = user;

    HOLDS(aad_len <= sizeof(t->aad));
    memcpy(t->key_secret, key, 16);
    memcpy(t->iv, iv, 12);
    memcpy(t->aad, aad, aad_len);
    t->aad_len = aad_len;
    t->cipher_len = 0;
    t->is_open = true;
    return sfi__port_ossl_gcm_start(&t->crypto, key, iv, aad, aad_len);
}

/* A restored twin has no message in lib/crypto: decrypt it again so far. */
static void
twin_catch_up(struct twin *t)
{
    static uint8_t again[TWIN_CIPHER_MAX];

    if (t->crypto.gcm != NULL || !t->is_open)
        return;
    HOLDS(sfi__port_ossl_gcm_start(&t->crypto, t->key_secret, t->iv, t->aad,
                                   t->aad_len) == 0);
    memcpy(again, t->cipher, t->cipher_len);
    HOLDS(t->cipher_len == 0 ||
          sfi__port_ossl_gcm_update(&t->crypto, again, t->cipher_len) == 0);
}

static int
twin_gcm_update(void *user, uint8_t *buf, uint32_t len)
{
    struct twin *t = user;

    twin_catch_up(t);
    HOLDS(len <= TWIN_CIPHER_MAX - t->cipher_len);
    memcpy(t->cipher + t->cipher_len, buf, len);
    t->cipher_len += len;
    return sfi__port_ossl_gcm_update(&t->crypto, buf, len);
}

static int
twin_gcm_verify(void *user, const uint8_t tag[16])
{
    struct twin *t = user;

    twin_catch_up(t);
    return sfi__port_ossl_gcm_verify(&t->crypto, tag);
}

static void
twin_gcm_wipe(void *user)
{
    struct twin *t = user;

    sfi__port_ossl_reset(&t->crypto);
    t->is_open = false;
    t->cipher_len = 0;
    memset(t->key_secret, 0, sizeof(t->key_secret));
}

static int
twin_digest(void *user, const uint8_t *data, uint32_t len, uint8_t out[32])
{
    (void)user;
    return sfi__sha256(ctx, data, len, out) == SFI_OK ? 0 : -1;
}

static int
twin_sign(void *user, const uint8_t digest[32], uint8_t signature[64])
{
    struct twin *t = user;

    if (!t->has_signature)
        return sfi__ecc_sign_digest(ctx, t->secret, digest, signature) == SFI_OK
                   ? 0
                   : -1;
    memcpy(signature, t->signature, sizeof(t->signature));
    t->has_signature = false;
    return 0;
}

/* ---- time and life ---- */

static uint64_t
twin_now_ms(void *user)
{
    const struct twin *t = user;

    return t->now_ms;
}

/* The core asks for this when it has left; a part without its loader starts the
 * firmware, which has no answers. */
static void
twin_reboot(void *user)
{
    (void)user;
}

static const sfi_device_port twin_port = {
    .struct_size = sizeof(twin_port),
    .flash_erase = twin_erase,
    .flash_program = twin_program,
    .flash_read = twin_read,
    .ob_program = twin_ob_program,
    .certificate = twin_certificate,
    .open_license = twin_open_license,
    .random = twin_random,
    .gcm_start = twin_gcm_start,
    .gcm_update = twin_gcm_update,
    .gcm_verify = twin_gcm_verify,
    .gcm_wipe = twin_gcm_wipe,
    .record_load = twin_record_load,
    .record_store = twin_record_store,
    .now_ms = twin_now_ms,
    .reboot = twin_reboot,
    .digest = twin_digest,
    .sign = twin_sign,
};

static void
twin_reset(void *self)
{
    struct twin *t = self;

    twin_gcm_wipe(t);
    memset(t->mem, 0xa5, sizeof(t->mem));
    t->dev = NULL;
    t->spi_loaded[0] = t->spi_loaded[1] = SPI_BUSY;
    if (!t->has_left)
        HOLDS(sfi_device_init(t->mem, sizeof(t->mem), &t->chip, &twin_port, t,
                              &t->dev) == SFI_OK);
}

struct twin *
twin_new(const struct sfi_chip *chip, const uint8_t secret[32],
         const uint8_t certificate[136])
{
    struct twin *t = calloc(1, sizeof(*t));

    HOLDS(t != NULL);
    t->chip = *chip;
    t->crypto.ctx = ctx;
    memset(t->flash, 0xff, sizeof(t->flash));
    memset(twin_at(t, chip->loader.base, chip->loader.size), 0x5a,
           chip->loader.size);
    memset(t->record, 0xff, sizeof(t->record));
    memcpy(t->secret, secret, sizeof(t->secret));
    memcpy(t->certificate, certificate, sizeof(t->certificate));
    for (uint32_t i = 0; i < chip->ob_count; i++)
        t->options[i] = chip->ob[i].shipped;
    twin_reset(t);
    return t;
}

void
twin_free(struct twin *t)
{
    if (t == NULL)
        return;
    sfi__port_ossl_reset(&t->crypto);
    for (uint32_t i = 0; i < TWIN_SLOTS; i++)
        free(t->saved[i]);
    free(t);
}

/* ---- as an end ---- */

static size_t
twin_poll(struct twin *t, uint8_t *out)
{
    size_t len = END_ANSWER_MAX;

    sfi_device_poll(t->dev, out, &len);
    return len;
}

static void
twin_mistake_answer(const struct twin *t, uint8_t *out, size_t len)
{
    if (t->mistake == MISTAKE_ANSWER && len >= 4 && out[len - 4] == 0x00 &&
        out[len - 3] == 0x01 && out[len - 2] == SFI_CAUSE_STATE)
        out[len - 2] = SFI_CAUSE_OFFSET;
}

static size_t
twin_usart(void *self, const uint8_t *in, size_t len,
           uint8_t out[END_ANSWER_MAX])
{
    struct twin *t = self;
    uint8_t said[END_ANSWER_MAX];
    size_t n = END_ANSWER_MAX;

    if (t->dev == NULL || t->has_left)
        return 0;
    HOLDS(sfi_device_usart(t->dev, in, len, out, &n) == SFI_OK);
    HOLDS(twin_poll(t, said) == 0);
    twin_mistake_answer(t, out, n);
    return n;
}

static void
twin_spi(void *self, const uint8_t *in, size_t len, uint8_t *out)
{
    struct twin *t = self;
    uint8_t said[END_ANSWER_MAX];

    for (size_t i = 0; i < len; i++) {
        out[i] = t->spi_loaded[0];
        t->spi_loaded[0] = t->spi_loaded[1];
        t->spi_loaded[1] = SPI_BUSY;
        if (t->dev != NULL && !t->has_left)
            t->spi_loaded[1] = sfi_device_spi(t->dev, in[i]);
    }
    if (t->dev != NULL && !t->has_left)
        HOLDS(twin_poll(t, said) == 0);
}

/* In steps, as a part does it: what ends after 1 s is told before the part
 * leaves after 120. */
static size_t
twin_wait(void *self, uint32_t ms, uint8_t out[END_ANSWER_MAX])
{
    struct twin *t = self;
    uint8_t said[END_ANSWER_MAX];
    size_t len = 0, n;

    for (uint32_t step; ms > 0; ms -= step) {
        step = ms < STEP_MS ? ms : STEP_MS;
        t->now_ms += step;
        n = t->dev == NULL || t->has_left ? 0 : twin_poll(t, said);
        HOLDS(n <= END_ANSWER_MAX - len);
        memcpy(out + len, said, n);
        len += n;
    }
    return len;
}

static void
twin_save(void *self, uint32_t slot)
{
    struct twin *t = self;
    struct twin *copy = t->saved[slot];

    if (copy == NULL)
        copy = malloc(sizeof(*copy));
    HOLDS(copy != NULL);
    t->saved[slot] = copy;
    memcpy(copy, t, sizeof(*copy));
}

/* Pointers into the twin stay right, as it is restored in its place. */
static void
twin_restore(void *self, uint32_t slot)
{
    struct twin *t = self;
    struct twin *saved[TWIN_SLOTS];
    uint32_t mistake = t->mistake;

    sfi__port_ossl_reset(&t->crypto);
    memcpy(saved, t->saved, sizeof(saved));
    memcpy(t, saved[slot], sizeof(*t));
    memcpy(t->saved, saved, sizeof(saved));
    t->crypto.gcm = NULL;
    t->mistake = mistake;
}

static void
twin_holds(void *self, struct holding *h)
{
    struct twin *t = self;

    h->user = twin_at(t, t->chip.user.base, t->chip.user.size);
    memcpy(h->record, t->record, sizeof(h->record));
    memcpy(h->options, t->options, sizeof(h->options));
    h->has_left = t->has_left;
}

static void
twin_draw(void *self, uint32_t random)
{
    struct twin *t = self;

    t->random = random;
}

struct end
twin_end(struct twin *t)
{
    static const struct end_ops ops = {
        .name = "host",
        .usart = twin_usart,
        .spi = twin_spi,
        .wait = twin_wait,
        .reset = twin_reset,
        .save = twin_save,
        .restore = twin_restore,
        .holds = twin_holds,
        .draw = twin_draw,
    };

    return (struct end){&ops, t};
}

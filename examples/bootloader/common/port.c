/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The functions of the port that the device core needs, for any part whose
 * folder has board.h and flash.h. */
#include "port.h"

#include "board.h"
#include "chip/chip.h"

#include "crypto.h"
#include "flash.h"
#include "part_chip.h"
#include "state.h"
#include "store.h"
#include "util/mem.h"

/* When the core erases the bootloader it leaves: this does not return.  The
 * mark first, so that secure boot continues after a power cut. */
static int
port_flash_erase(void *user, uint32_t addr, uint32_t len)
{
    (void)user;
    spi_hold();
    if (addr != PART_CHIP.loader.base)
        return flash_erase(addr, len);
    if (store_mark_leaving() != 0)
        return 1;
    crypto_wipe();
    board_erase_loader();
}

static int
port_flash_program(void *user, uint32_t addr, const uint8_t *data, uint32_t len)
{
    (void)user;
    spi_hold();
    return flash_program(addr, data, len);
}

static int
port_flash_read(void *user, uint32_t addr, uint8_t *data, uint32_t len)
{
    (void)user;
    watchdog_feed();
    return flash_read(addr, data, len);
}

static int
port_ob_program(void *user, const uint8_t *data, uint32_t len)
{
    (void)user;
    spi_hold();
    return options_program(data, len);
}

static int
port_certificate(void *user, uint8_t *out, uint32_t len)
{
    (void)user;
    return len != CERTIFICATE_LEN || store_certificate(out) != 0;
}

static int
port_open_license(void *user, const uint8_t *lic, uint32_t len, uint8_t key[16],
                  uint8_t nonce[12])
{
    uint8_t secret[DATA_PAGE_SECRET_LEN];
    int failed = 1;

    (void)user;
    spi_hold();
    if (len == LICENSE_LEN && store_device_secret(secret) == 0)
        failed = crypto_open_license(secret, lic, key, nonce);
    sfi__wipe(secret, sizeof(secret));
    return failed;
}

static int
port_random(void *user, uint8_t *out, uint32_t len)
{
    (void)user;
    spi_hold();
    return crypto_random(out, len);
}

static int
port_gcm_start(void *user, const uint8_t key[16], const uint8_t iv[12],
               const uint8_t *aad, uint32_t aad_len)
{
    (void)user;
    spi_hold();
    return crypto_gcm_start(key, iv, aad, aad_len);
}

static int
port_gcm_update(void *user, uint8_t *buf, uint32_t len)
{
    (void)user;
    spi_hold();
    return crypto_gcm_update(buf, len);
}

static int
port_gcm_verify(void *user, const uint8_t tag[16])
{
    (void)user;
    return crypto_gcm_verify(tag);
}

static void
port_gcm_wipe(void *user)
{
    (void)user;
    crypto_gcm_wipe();
}

static int
port_record_load(void *user, uint8_t *data, uint32_t len)
{
    (void)user;
    return len != DATA_PAGE_RECORD_LEN || state_load(data) != 0;
}

static int
port_record_store(void *user, const uint8_t *data, uint32_t len)
{
    (void)user;
    spi_hold();
    return len != DATA_PAGE_RECORD_LEN || store_record_store(data) != 0;
}

static uint64_t
port_now_ms(void *user)
{
    static uint64_t now;

    (void)user;
    now += (uint32_t)(time_ms() - (uint32_t)now);
    return now;
}

static void
port_reboot(void *user)
{
    (void)user;
    crypto_wipe();
    board_launch();
}

static int
port_digest(void *user, const uint8_t *data, uint32_t len, uint8_t out[32])
{
    (void)user;
    return crypto_digest(data, len, out);
}

static int
port_sign(void *user, const uint8_t digest[32], uint8_t signature[64])
{
    uint8_t secret[DATA_PAGE_SECRET_LEN];
    int failed = 1;

    (void)user;
    spi_hold();
    if (store_device_secret(secret) == 0)
        failed = crypto_sign(secret, digest, signature);
    sfi__wipe(secret, sizeof(secret));
    return failed;
}

const sfi_device_port bootloader_port = {
    .struct_size = sizeof(bootloader_port),
    .flash_erase = port_flash_erase,
    .flash_program = port_flash_program,
    .flash_read = port_flash_read,
    .ob_program = port_ob_program,
    .certificate = port_certificate,
    .open_license = port_open_license,
    .random = port_random,
    .gcm_start = port_gcm_start,
    .gcm_update = port_gcm_update,
    .gcm_verify = port_gcm_verify,
    .gcm_wipe = port_gcm_wipe,
    .record_load = port_record_load,
    .record_store = port_record_store,
    .now_ms = port_now_ms,
    .reboot = port_reboot,
    .digest = port_digest,
    .sign = port_sign,
};

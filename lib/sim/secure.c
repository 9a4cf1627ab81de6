/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The secure bootloader: the device core's port onto the chip's model. */
#include "sim/secure.h"

#include <string.h>

#include "proto/an4286.h"
#include "sim/options.h"

static int
secure_flash_erase(void *user, uint32_t addr, uint32_t len)
{
    struct sfi_sim *sim = user;

    return sfi__flash_erase(&sim->flash, addr, len) != FLASH_OK;
}

static int
secure_flash_program(void *user, uint32_t addr, const uint8_t *data,
                     uint32_t len)
{
    struct sfi_sim *sim = user;

    return sfi__flash_program(&sim->flash, addr, data, len) != FLASH_OK;
}

static int
secure_flash_read(void *user, uint32_t addr, uint8_t *data, uint32_t len)
{
    const struct sfi_sim *sim = user;
    const uint8_t *from = sfi__flash_view(&sim->flash, addr, len);

    if (from == NULL || sim->power.off)
        return 1;
    memcpy(data, from, len);
    return 0;
}

static int
secure_ob_program(void *user, const uint8_t *data, uint32_t len)
{
    struct sfi_sim *sim = user;
    uint32_t words[CHIP_OB_ROWS_MAX];

    if (len != sim->chip->ob_count * 4)
        return 1;
    sfi__store_unpack(sim->chip, data, words);
    return !sfi__options_program(sim, words);
}

static int
secure_certificate(void *user, uint8_t *out, uint32_t len)
{
    const struct sfi_sim *sim = user;

    if (len != sizeof(sim->store.certificate))
        return 1;
    memcpy(out, sim->store.certificate, len);
    return 0;
}

static int
secure_open_license(void *user, const uint8_t *lic, uint32_t len,
                    uint8_t key[16], uint8_t nonce[12])
{
    struct sfi_sim *sim = user;

    return sfi__port_ossl_open_license(&sim->crypto, sim->store.device_secret,
                                       lic, len, key, nonce);
}

static int
secure_fill_random(void *user, uint8_t *out, uint32_t len)
{
    struct sfi_sim *sim = user;

    return sfi__port_ossl_random(&sim->crypto, out, len);
}

static int
secure_gcm_start(void *user, const uint8_t key[16], const uint8_t iv[12],
                 const uint8_t *aad, uint32_t aad_len)
{
    struct sfi_sim *sim = user;

    return sfi__port_ossl_gcm_start(&sim->crypto, key, iv, aad, aad_len);
}

static int
secure_gcm_update(void *user, uint8_t *buf, uint32_t len)
{
    struct sfi_sim *sim = user;

    return sfi__port_ossl_gcm_update(&sim->crypto, buf, len);
}

static int
secure_gcm_verify(void *user, const uint8_t tag[16])
{
    struct sfi_sim *sim = user;

    return sfi__port_ossl_gcm_verify(&sim->crypto, tag);
}

static void
secure_gcm_wipe(void *user)
{
    struct sfi_sim *sim = user;

    sfi__port_ossl_reset(&sim->crypto);
}

static int
secure_record_load(void *user, uint8_t *data, uint32_t len)
{
    const struct sfi_sim *sim = user;

    if (len != sizeof(sim->store.record) || sim->power.off)
        return 1;
    memcpy(data, sim->store.record, len);
    return 0;
}

static int
secure_record_store(void *user, const uint8_t *data, uint32_t len)
{
    struct sfi_sim *sim = user;

    if (len != sizeof(sim->store.record))
        return 1;
    return !sfi__store_record(&sim->store, data);
}

static uint64_t
secure_read_clock(void *user)
{
    const struct sfi_sim *sim = user;

    return sim->now_ms;
}

/* The core is still running: reset when it has returned. */
static void
secure_request_reset(void *user)
{
    struct sfi_sim *sim = user;

    sim->reset_due = true;
}

static int
secure_digest(void *user, const uint8_t *data, uint32_t len, uint8_t out[32])
{
    struct sfi_sim *sim = user;

    return sfi__port_ossl_digest(&sim->crypto, data, len, out);
}

static int
secure_sign(void *user, const uint8_t digest[32], uint8_t signature[64])
{
    struct sfi_sim *sim = user;

    return sfi__port_ossl_sign(&sim->crypto, sim->store.device_secret, digest,
                               signature);
}

static const sfi_device_port port = {
    .struct_size = sizeof(port),
    .flash_erase = secure_flash_erase,
    .flash_program = secure_flash_program,
    .flash_read = secure_flash_read,
    .ob_program = secure_ob_program,
    .certificate = secure_certificate,
    .open_license = secure_open_license,
    .random = secure_fill_random,
    .gcm_start = secure_gcm_start,
    .gcm_update = secure_gcm_update,
    .gcm_verify = secure_gcm_verify,
    .gcm_wipe = secure_gcm_wipe,
    .record_load = secure_record_load,
    .record_store = secure_record_store,
    .now_ms = secure_read_clock,
    .reboot = secure_request_reset,
    .digest = secure_digest,
    .sign = secure_sign,
};

/* As the part's secure bootloader has it. */
static const sfi_device_port *
secure_choose_port(struct sfi_sim *sim)
{
    sim->port = port;
    if (sim->habits.no_receipts) {
        sim->port.digest = NULL;
        sim->port.sign = NULL;
    }
    return &sim->port;
}

size_t
sfi__secure_ram_len(void)
{
    return sfi_device_size();
}

bool
sfi__secure_start(struct sfi_sim *sim)
{
    size_t len = sfi__secure_ram_len();
    uint8_t *mem = sim->ram + (sim->ram_len - len);

    sim->spi_loaded[0] = sim->spi_loaded[1] = SPI_BUSY;
    return sfi_device_init(mem, len, sim->chip, secure_choose_port(sim), sim,
                           &sim->device) == SFI_OK;
}

void
sfi__secure_stop(struct sfi_sim *sim)
{
    sim->device = NULL;
    sfi__port_ossl_reset(&sim->crypto);
}

void
sfi__secure_byte(struct sfi_sim *sim, uint8_t byte, struct wr *out)
{
    uint8_t answer[USART_ANSWER_MAX];
    size_t len = sizeof(answer);

    if (sfi_device_usart(sim->device, &byte, 1, answer, &len) == SFI_OK)
        sfi__wr_bytes(out, answer, len);
}

void
sfi__secure_tick(struct sfi_sim *sim, struct wr *out)
{
    uint8_t answer[USART_ANSWER_MAX];
    size_t len = sizeof(answer);

    sfi_device_poll(sim->device, answer, &len);
    sfi__wr_bytes(out, answer, len);
}

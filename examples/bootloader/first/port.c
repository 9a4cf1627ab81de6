/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A port that can do nothing yet: each function fails.  The core then answers
 * INFO with "unclean"; doc/porting-device.md says in which order to fill the
 * functions, and what works after each. */
#include <sfi/device.h>

extern const sfi_device_port port;

static int
flash_erase(void *user, uint32_t addr, uint32_t len)
{
    (void)user;
    (void)addr;
    (void)len;
    return -1;
}

static int
flash_program(void *user, uint32_t addr, const uint8_t *data, uint32_t len)
{
    (void)user;
    (void)addr;
    (void)data;
    (void)len;
    return -1;
}

static int
flash_read(void *user, uint32_t addr, uint8_t *data, uint32_t len)
{
    (void)user;
    (void)addr;
    (void)data;
    (void)len;
    return -1;
}

static int
ob_program(void *user, const uint8_t *data, uint32_t len)
{
    (void)user;
    (void)data;
    (void)len;
    return -1;
}

static int
certificate(void *user, uint8_t *out, uint32_t len)
{
    (void)user;
    (void)out;
    (void)len;
    return -1;
}

static int
open_license(void *user, const uint8_t *lic, uint32_t len, uint8_t key[16],
             uint8_t nonce[12])
{
    (void)user;
    (void)lic;
    (void)len;
    (void)key;
    (void)nonce;
    return -1;
}

static int
random_bytes(void *user, uint8_t *out, uint32_t len)
{
    (void)user;
    (void)out;
    (void)len;
    return -1;
}

static int
gcm_start(void *user, const uint8_t key[16], const uint8_t iv[12],
          const uint8_t *aad, uint32_t aad_len)
{
    (void)user;
    (void)key;
    (void)iv;
    (void)aad;
    (void)aad_len;
    return -1;
}

static int
gcm_update(void *user, uint8_t *buf, uint32_t len)
{
    (void)user;
    (void)buf;
    (void)len;
    return -1;
}

static int
gcm_verify(void *user, const uint8_t tag[16])
{
    (void)user;
    (void)tag;
    return -1;
}

static void
gcm_wipe(void *user)
{
    (void)user;
}

static int
record_load(void *user, uint8_t *data, uint32_t len)
{
    (void)user;
    (void)data;
    (void)len;
    return -1;
}

static int
record_store(void *user, const uint8_t *data, uint32_t len)
{
    (void)user;
    (void)data;
    (void)len;
    return -1;
}

static uint64_t
now_ms(void *user)
{
    (void)user;
    return 0;
}

static void
reboot(void *user)
{
    (void)user;
}

const sfi_device_port port = {
    .struct_size = sizeof(port),
    .flash_erase = flash_erase,
    .flash_program = flash_program,
    .flash_read = flash_read,
    .ob_program = ob_program,
    .certificate = certificate,
    .open_license = open_license,
    .random = random_bytes,
    .gcm_start = gcm_start,
    .gcm_update = gcm_update,
    .gcm_verify = gcm_verify,
    .gcm_wipe = gcm_wipe,
    .record_load = record_load,
    .record_store = record_store,
    .now_ms = now_ms,
    .reboot = reboot,
};

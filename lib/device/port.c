/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The port's functions, with results as bool or verdict. */
#include "device/port.h"

#include <stddef.h>

#include "util/mem.h"

/* A table of the time before receipts ends here. */
#define PORT_LEN_MIN offsetof(sfi_device_port, digest)

static bool
port_is_complete(const sfi_device_port *p)
{
    return p->flash_erase != NULL && p->flash_program != NULL &&
           p->flash_read != NULL && p->ob_program != NULL &&
           p->certificate != NULL && p->open_license != NULL &&
           p->random != NULL && p->gcm_start != NULL && p->gcm_update != NULL &&
           p->gcm_verify != NULL && p->gcm_wipe != NULL &&
           p->record_load != NULL && p->record_store != NULL &&
           p->now_ms != NULL && p->reboot != NULL;
}

static bool
port_length_is_known(const sfi_device_port *p)
{
    return p->struct_size == PORT_LEN_MIN || p->struct_size >= sizeof(*p);
}

/* Both functions of receipts, or neither. */
static bool
port_receipts_agree(const sfi_device_port *p)
{
    return p->struct_size == PORT_LEN_MIN ||
           (p->digest == NULL) == (p->sign == NULL);
}

sfi_status
sfi__port_check(const sfi_device_port *port)
{
    const uint8_t *raw = (const uint8_t *)port;

    if (!port_length_is_known(port) || port->flags != 0 ||
        !port_receipts_agree(port))
        return SFI_ERR_ABI;
    /* Functions of a later header, which this core would not call. */
    for (uint32_t i = sizeof(*port); i < port->struct_size; i++) {
        if (raw[i] != 0)
            return SFI_ERR_ABI;
    }
    return port_is_complete(port) ? SFI_OK : SFI_ERR_ABI;
}

bool
sfi__port_has_receipts(const sfi_device_port *port)
{
    return port->struct_size > PORT_LEN_MIN && port->digest != NULL;
}

bool
sfi__port_erase(struct sfi_device *dev, uint32_t addr, uint32_t len)
{
    return dev->port->flash_erase(dev->user, addr, len) == 0;
}

bool
sfi__port_program(struct sfi_device *dev, uint32_t addr, const uint8_t *data,
                  uint32_t len)
{
    return dev->port->flash_program(dev->user, addr, data, len) == 0;
}

bool
sfi__port_read(struct sfi_device *dev, uint32_t addr, uint8_t *data,
               uint32_t len)
{
    sfi__zero(data, len);
    return dev->port->flash_read(dev->user, addr, data, len) == 0;
}

bool
sfi__port_ob_program(struct sfi_device *dev, const uint8_t *data, uint32_t len)
{
    return dev->port->ob_program(dev->user, data, len) == 0;
}

bool
sfi__port_certificate(struct sfi_device *dev, uint8_t out[CERTIFICATE_LEN])
{
    return dev->port->certificate(dev->user, out, CERTIFICATE_LEN) == 0;
}

struct verdict
sfi__port_open_license(struct sfi_device *dev, const uint8_t lic[LICENSE_LEN],
                       uint8_t key_secret[16], uint8_t nonce_secret[12])
{
    struct verdict v = VERDICT_INIT;

    sfi__verdict_decide(&v, dev->port->open_license(dev->user, lic, LICENSE_LEN,
                                                    key_secret, nonce_secret));
    return v;
}

bool
sfi__port_random(struct sfi_device *dev, uint8_t *out, uint32_t len)
{
    sfi__zero(out, len);
    return dev->port->random(dev->user, out, len) == 0;
}

bool
sfi__port_gcm_start(struct sfi_device *dev, const uint8_t iv[12],
                    const uint8_t *aad, uint32_t aad_len)
{
    return dev->port->gcm_start(dev->user, dev->install.key_secret, iv, aad,
                                aad_len) == 0;
}

bool
sfi__port_gcm_update(struct sfi_device *dev, uint8_t *buf, uint32_t len)
{
    return dev->port->gcm_update(dev->user, buf, len) == 0;
}

struct verdict
sfi__port_gcm_verify(struct sfi_device *dev, const uint8_t tag[16])
{
    struct verdict v = VERDICT_INIT;

    sfi__verdict_decide(&v, dev->port->gcm_verify(dev->user, tag));
    return v;
}

bool
sfi__port_record_load(struct sfi_device *dev,
                      uint8_t raw[SFI_DEVICE_RECORD_LEN])
{
    return dev->port->record_load(dev->user, raw, SFI_DEVICE_RECORD_LEN) == 0;
}

bool
sfi__port_record_store(struct sfi_device *dev,
                       const uint8_t raw[SFI_DEVICE_RECORD_LEN])
{
    return dev->port->record_store(dev->user, raw, SFI_DEVICE_RECORD_LEN) == 0;
}

uint64_t
sfi__port_now_ms(struct sfi_device *dev)
{
    return dev->port->now_ms(dev->user);
}

bool
sfi__port_digest(struct sfi_device *dev, const uint8_t *data, uint32_t len,
                 uint8_t out[32])
{
    return dev->port->digest(dev->user, data, len, out) == 0;
}

bool
sfi__port_sign(struct sfi_device *dev, const uint8_t digest[32],
               uint8_t signature[64])
{
    return dev->port->sign(dev->user, digest, signature) == 0;
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The port's functions, checked: false when the part failed; a verdict where
 * authenticity is decided. */
#ifndef SFI_DEVICE_PORT_H
#define SFI_DEVICE_PORT_H

#include "device/device.h"
#include "device/verdict.h"

/* SFI_ERR_ABI unless the port is complete and of a known version. */
sfi_status sfi__port_check(const sfi_device_port *port);
/* Can the part sign what it holds?  Else the last two functions below must not
 * be called. */
bool sfi__port_has_receipts(const sfi_device_port *port);

bool sfi__port_erase(struct sfi_device *dev, uint32_t addr, uint32_t len);
bool sfi__port_program(struct sfi_device *dev, uint32_t addr,
                       const uint8_t *data, uint32_t len);
/* Bytes that cannot be read are zero. */
bool sfi__port_read(struct sfi_device *dev, uint32_t addr, uint8_t *data,
                    uint32_t len);
bool sfi__port_ob_program(struct sfi_device *dev, const uint8_t *data,
                          uint32_t len);
bool sfi__port_certificate(struct sfi_device *dev,
                           uint8_t out[CERTIFICATE_LEN]);
/* Key and nonce are valid only if accepted. */
struct verdict sfi__port_open_license(struct sfi_device *dev,
                                      const uint8_t lic[LICENSE_LEN],
                                      uint8_t key_secret[16],
                                      uint8_t nonce_secret[12]);
bool sfi__port_random(struct sfi_device *dev, uint8_t *out, uint32_t len);
bool sfi__port_gcm_start(struct sfi_device *dev, const uint8_t iv[12],
                         const uint8_t *aad, uint32_t aad_len);
bool sfi__port_gcm_update(struct sfi_device *dev, uint8_t *buf, uint32_t len);
struct verdict sfi__port_gcm_verify(struct sfi_device *dev,
                                    const uint8_t tag[16]);
bool sfi__port_record_load(struct sfi_device *dev,
                           uint8_t raw[SFI_DEVICE_RECORD_LEN]);
bool sfi__port_record_store(struct sfi_device *dev,
                            const uint8_t raw[SFI_DEVICE_RECORD_LEN]);
uint64_t sfi__port_now_ms(struct sfi_device *dev);
bool sfi__port_digest(struct sfi_device *dev, const uint8_t *data, uint32_t len,
                      uint8_t out[32]);
bool sfi__port_sign(struct sfi_device *dev, const uint8_t digest[32],
                    uint8_t signature[64]);

#endif

/**
 * @file target.h
 * One bootloader session, for tools and test benches.
 */
#ifndef SFI_TARGET_H
#define SFI_TARGET_H

#include <sfi/certificate.h>
#include <sfi/chip.h>
#include <sfi/ctx.h>
#include <sfi/license.h>
#include <sfi/transport.h>

SFI_BEGIN_DECLS

typedef struct sfi_target sfi_target;

typedef struct sfi_target_info {
    uint32_t struct_size;
    uint32_t device_id;          /* Get ID */
    uint32_t bootloader_version; /* 0x31: V3.1 */
    uint32_t secure;             /* 1: only the security extension answers */
    uint32_t device_state;       /* SFI_DEVICE_* when secure */
    uint32_t last_cause;         /* SFI_CAUSE_* when secure */
    uint32_t area_index;         /* area being received */
    uint32_t reserved;
    uint8_t header_tag[16]; /* of the image being or last installed */
} sfi_target_info;

/* chip NULL: recognised by its device id */
SFI_API SFI_NODISCARD sfi_status sfi_target_connect(sfi_ctx *ctx,
                                                    const sfi_chip *chip,
                                                    sfi_transport *tp,
                                                    uint32_t timeout_ms,
                                                    sfi_target **out);
SFI_API const sfi_chip *sfi_target_chip(const sfi_target *t);
SFI_API SFI_NODISCARD sfi_status sfi_target_get_id(sfi_target *t,
                                                   uint32_t *device_id);
SFI_API SFI_NODISCARD sfi_status sfi_target_get_info(sfi_target *t,
                                                     sfi_target_info *out);
/* standard bootloader, open state */
SFI_API SFI_NODISCARD sfi_status sfi_target_read(sfi_target *t,
                                                 uint64_t address,
                                                 uint8_t *data, size_t len);
SFI_API SFI_NODISCARD sfi_status sfi_target_write(sfi_target *t,
                                                  uint64_t address,
                                                  const uint8_t *data,
                                                  size_t len);
/* mass erase: the standard bootloader's, or the secure bootloader's */
SFI_API SFI_NODISCARD sfi_status sfi_target_erase_all(sfi_target *t);
SFI_API SFI_NODISCARD sfi_status sfi_target_go(sfi_target *t, uint64_t address);
/* open state: set SECURITY, reset, connect again */
SFI_API SFI_NODISCARD sfi_status sfi_target_activate_security(sfi_target *t);
/* secure state */
SFI_API SFI_NODISCARD sfi_status
sfi_target_get_certificate(sfi_target *t, sfi_certificate **out);
SFI_API SFI_NODISCARD sfi_status
sfi_target_send_license(sfi_target *t, const sfi_license *lic);
SFI_API SFI_NODISCARD sfi_status sfi_target_send_image(sfi_target *t,
                                                       const uint8_t *data,
                                                       size_t len);
SFI_API void sfi_target_free(sfi_target *t);

SFI_END_DECLS

#endif

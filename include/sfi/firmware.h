/**
 * @file firmware.h
 * Firmware from ELF, Intel HEX, S-records and binaries.
 */
#ifndef SFI_FIRMWARE_H
#define SFI_FIRMWARE_H

#include <sfi/ctx.h>

SFI_BEGIN_DECLS

/** A set of disjoint segments, in ascending order of address. */
typedef struct sfi_firmware sfi_firmware;

SFI_API SFI_NODISCARD sfi_status sfi_firmware_load(sfi_ctx *ctx,
                                                   const char *path,
                                                   sfi_firmware **out);
/* a plain binary (or any file taken as one) at an address */
SFI_API SFI_NODISCARD sfi_status sfi_firmware_load_binary(sfi_ctx *ctx,
                                                          const char *path,
                                                          uint64_t address,
                                                          sfi_firmware **out);
/* format: NULL (by content), "elf", "ihex", "srec", "bin" */
SFI_API SFI_NODISCARD sfi_status
sfi_firmware_parse(sfi_ctx *ctx, const char *format, uint64_t base_address,
                   const uint8_t *data, size_t len, sfi_firmware **out);
SFI_API const char *sfi_firmware_format(const sfi_firmware *fw);
SFI_API size_t sfi_firmware_segment_count(const sfi_firmware *fw);
SFI_API SFI_NODISCARD sfi_status sfi_firmware_segment(const sfi_firmware *fw,
                                                      size_t index,
                                                      uint64_t *address,
                                                      const uint8_t **data,
                                                      size_t *len);
SFI_API void sfi_firmware_free(sfi_firmware *fw);

SFI_END_DECLS

#endif

/**
 * @file license.h
 * Licences: what opens an image on one device.
 */
#ifndef SFI_LICENSE_H
#define SFI_LICENSE_H

#include <sfi/ctx.h>

SFI_BEGIN_DECLS

#define SFI_LICENSE_LEN 136u

typedef struct sfi_license sfi_license;

SFI_API SFI_NODISCARD sfi_status sfi_license_parse(sfi_ctx *ctx,
                                                   const uint8_t *data,
                                                   size_t len,
                                                   sfi_license **out);
SFI_API SFI_NODISCARD sfi_status sfi_license_load(sfi_ctx *ctx,
                                                  const char *path,
                                                  sfi_license **out);
SFI_API SFI_NODISCARD sfi_status sfi_license_save(const sfi_license *lic,
                                                  const char *path);
SFI_API const uint8_t *sfi_license_data(const sfi_license *lic, size_t *len);
SFI_API void sfi_license_free(sfi_license *lic);

SFI_END_DECLS

#endif

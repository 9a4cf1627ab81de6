/**
 * @file certificate.h
 * Device certificates.
 */
#ifndef SFI_CERTIFICATE_H
#define SFI_CERTIFICATE_H

#include <sfi/ctx.h>

SFI_BEGIN_DECLS

#define SFI_CERTIFICATE_LEN 136u

typedef struct sfi_certificate sfi_certificate;

SFI_API SFI_NODISCARD sfi_status sfi_certificate_parse(sfi_ctx *ctx,
                                                       const uint8_t *data,
                                                       size_t len,
                                                       sfi_certificate **out);
SFI_API SFI_NODISCARD sfi_status sfi_certificate_load(sfi_ctx *ctx,
                                                      const char *path,
                                                      sfi_certificate **out);
SFI_API SFI_NODISCARD sfi_status
sfi_certificate_save(const sfi_certificate *cert, const char *path);
SFI_API const uint8_t *sfi_certificate_data(const sfi_certificate *cert,
                                            size_t *len);
/* the first eight characters */
SFI_API const char *sfi_certificate_product_id(const sfi_certificate *cert);
/* 64 hex digits: SHA-256 of the public key, the device's name in records */
SFI_API const char *sfi_certificate_device_id(const sfi_certificate *cert);
/* was it signed with the CA's key (X || Y, 64 bytes)? */
SFI_API SFI_NODISCARD sfi_status sfi_certificate_verify(
    const sfi_certificate *cert, const uint8_t *ca_public_key, size_t len);
SFI_API void sfi_certificate_free(sfi_certificate *cert);

SFI_END_DECLS

#endif

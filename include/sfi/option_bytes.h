/**
 * @file option_bytes.h
 * Option bytes of a part, from a CSV file.
 */
#ifndef SFI_OPTION_BYTES_H
#define SFI_OPTION_BYTES_H

#include <sfi/chip.h>
#include <sfi/ctx.h>

SFI_BEGIN_DECLS

/** Values for all option-byte rows of one part. */
typedef struct sfi_option_bytes sfi_option_bytes;

SFI_API SFI_NODISCARD sfi_status sfi_option_bytes_load(sfi_ctx *ctx,
                                                       const sfi_chip *chip,
                                                       const char *csv_path,
                                                       sfi_option_bytes **out);
SFI_API SFI_NODISCARD sfi_status sfi_option_bytes_parse(sfi_ctx *ctx,
                                                        const sfi_chip *chip,
                                                        const char *csv,
                                                        size_t len,
                                                        sfi_option_bytes **out);
SFI_API size_t sfi_option_bytes_count(const sfi_option_bytes *ob);
SFI_API SFI_NODISCARD sfi_status
sfi_option_bytes_get(const sfi_option_bytes *ob, size_t index,
                     const char **name, uint32_t *value);
SFI_API void sfi_option_bytes_free(sfi_option_bytes *ob);

SFI_END_DECLS

#endif

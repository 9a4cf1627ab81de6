/**
 * @file image.h
 * Build, read and inspect .sfi images (protocol version 1).
 */
#ifndef SFI_IMAGE_H
#define SFI_IMAGE_H

#include <sfi/chip.h>
#include <sfi/ctx.h>
#include <sfi/firmware.h>
#include <sfi/key.h>
#include <sfi/option_bytes.h>

SFI_BEGIN_DECLS

/** Kinds of area: the type letter of the descriptor. */
enum {
    SFI_AREA_FIRMWARE = 'F',
    SFI_AREA_MODULE = 'M',
    SFI_AREA_CONFIGURATION = 'C'
};

/* ---- build ---- */
typedef struct sfi_image_builder sfi_image_builder;
typedef sfi_status (*sfi_write_fn)(void *user, const uint8_t *data, size_t len);
typedef void (*sfi_finding_fn)(void *user, sfi_status st, const char *what);

SFI_API SFI_NODISCARD sfi_status sfi_image_builder_new(sfi_ctx *ctx,
                                                       const sfi_chip *chip,
                                                       sfi_image_builder **out);
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_set_key(sfi_image_builder *b,
                                                           const sfi_key *key);
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_set_nonce(
    sfi_image_builder *b, const uint8_t *nonce, size_t len);
SFI_API SFI_NODISCARD sfi_status
sfi_image_builder_set_version(sfi_image_builder *b, uint32_t version);
SFI_API SFI_NODISCARD sfi_status
sfi_image_builder_add_firmware(sfi_image_builder *b, const sfi_firmware *fw);
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_add_module(
    sfi_image_builder *b, const uint8_t *smi, size_t len);
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_set_option_bytes(
    sfi_image_builder *b, const sfi_option_bytes *ob);
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_check(sfi_image_builder *b,
                                                         sfi_finding_fn report,
                                                         void *user);
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_write(sfi_image_builder *b,
                                                         sfi_write_fn write,
                                                         void *user);
SFI_API SFI_NODISCARD sfi_status sfi_image_builder_save(sfi_image_builder *b,
                                                        const char *path);
SFI_API void sfi_image_builder_free(sfi_image_builder *b);

/* ---- read: sans-I/O, pull events ---- */
typedef struct sfi_image_reader sfi_image_reader;
enum {
    SFI_EVENT_NEED_INPUT = 0,
    SFI_EVENT_HEADER = 1,
    SFI_EVENT_AREA_BEGIN = 2,
    SFI_EVENT_DATA = 3,
    SFI_EVENT_AREA_END = 4,
    SFI_EVENT_DONE = 5
};
/* key NULL: structure only, DATA events carry the ciphertext.  With a key DATA
 * carries plaintext, only after the area's tag has verified. */
typedef struct sfi_image_event {
    uint32_t struct_size;
    uint32_t kind;       /* SFI_EVENT_* */
    uint32_t area_index; /* from 1; 0 in HEADER */
    uint32_t area_count;
    uint32_t area_kind; /* SFI_AREA_* */
    uint32_t area_size; /* bytes of content */
    uint32_t version;   /* HEADER: protocol version; areas: image version */
    uint32_t reserved;
    uint64_t address;    /* of the area; in DATA of this piece */
    const uint8_t *data; /* borrowed until the next call on the reader */
    size_t len;
    const uint8_t *aad; /* HEADER, AREA_BEGIN: the authenticated bytes */
    size_t aad_len;
    const uint8_t *tag; /* HEADER, AREA_BEGIN: 16 bytes */
} sfi_image_event;
SFI_API SFI_NODISCARD sfi_status sfi_image_reader_new(sfi_ctx *ctx,
                                                      const sfi_key *key,
                                                      const uint8_t *nonce,
                                                      sfi_image_reader **out);
SFI_API SFI_NODISCARD sfi_status sfi_image_reader_push(sfi_image_reader *r,
                                                       const uint8_t *data,
                                                       size_t len,
                                                       size_t *consumed);
SFI_API SFI_NODISCARD sfi_status sfi_image_reader_next(sfi_image_reader *r,
                                                       sfi_image_event *event);
/* End of input: SFI_ERR_TRUNCATED when the image is not complete. */
SFI_API SFI_NODISCARD sfi_status sfi_image_reader_finish(sfi_image_reader *r);
SFI_API void sfi_image_reader_free(sfi_image_reader *r);

/* ---- check a finished image against a part, without its key ---- */
SFI_API SFI_NODISCARD sfi_status
sfi_image_check(sfi_ctx *ctx, const sfi_chip *chip, const uint8_t *image,
                size_t len, sfi_finding_fn report, void *user);

SFI_END_DECLS

#endif

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Images for tests: built in memory from a few ranges of addresses, and read
 * back into a text that says what came out. */
#ifndef SFI_TESTS_IMAGE_KIT_H
#define SFI_TESTS_IMAGE_KIT_H

#include <stdbool.h>

#include <sfi/image.h>

extern const uint8_t kit_key[SFI_KEY_LEN];
extern const uint8_t kit_nonce[SFI_NONCE_LEN];
#define KIT_VERSION 7u

/* Firmware whose bytes are made from their addresses. */
struct kit_segment {
    uint64_t address;
    size_t len;
};

uint8_t kit_byte(uint64_t address);

/* Bytes that grow. */
struct kit_bytes {
    uint8_t *data;
    size_t len, cap;
};

void kit_append(struct kit_bytes *b, const void *data, size_t len);
void kit_free(struct kit_bytes *b);
/* A sfi_write_fn; `user` is a struct kit_bytes. */
sfi_status kit_write(void *user, const uint8_t *data, size_t len);

sfi_key *kit_new_key(void);
/* The option bytes of tests/data. */
sfi_option_bytes *kit_new_ob(const char *chip);
void kit_add(sfi_image_builder *b, struct kit_segment s);
/* With key, nonce, version, option bytes and the segments. */
sfi_image_builder *kit_new_builder(const char *chip,
                                   const struct kit_segment *segments,
                                   size_t count);
struct kit_bytes kit_image(const char *chip, const struct kit_segment *segments,
                           size_t count);

/* What a reader gave: "H v1 3; F1 v7 08000000 5; C2 v7 00000000 36; D", and
 * all content in `content`. */
struct kit_trace {
    char text[1024];
    struct kit_bytes content;
    unsigned events;
    uint32_t area; /* the last that began */
};

/* Push `data` in pieces of `step` bytes and finish; the first error ends it. */
sfi_status kit_read(sfi_image_reader *r, const uint8_t *data, size_t len,
                    size_t step, struct kit_trace *t);
/* The same by sfi_image_reader_feed(). */
sfi_status kit_feed(sfi_image_reader *r, const uint8_t *data, size_t len,
                    size_t step, struct kit_trace *t);
/* A reader with the kit's key, or without. */
sfi_image_reader *kit_new_reader(bool with_key);
/* kit_read() by a reader of its own. */
sfi_status kit_read_image(bool with_key, const struct kit_bytes *image,
                          size_t step, struct kit_trace *t);

#endif

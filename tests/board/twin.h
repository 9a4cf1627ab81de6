/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The twin: the device core compiled for the host, on a port whose flash has
 * the rules of the L462.  What the binary does is compared with it. */
#ifndef SFI_TESTS_BOARD_TWIN_H
#define SFI_TESTS_BOARD_TWIN_H

#include "sim/port_ossl.h"
#include "end.h"

#define TWIN_FLASH_LEN (512u << 10)
#define TWIN_SLOTS 9u
/* Ciphertext of one area, from which a restored message is made again. */
#define TWIN_CIPHER_MAX (64u << 10)

struct twin {
    struct sfi_chip chip; /* the L462, perhaps with a smaller user range */
    uint8_t flash[TWIN_FLASH_LEN];
    uint32_t options[CHIP_OB_ROWS_MAX];
    uint8_t record[SFI_DEVICE_RECORD_LEN];
    uint8_t certificate[136];
    uint8_t secret[32];
    /* the message that is being decrypted */
    bool is_open;
    uint8_t key_secret[16];
    uint8_t iv[12];
    uint8_t aad[64];
    uint32_t aad_len;
    uint8_t cipher[TWIN_CIPHER_MAX];
    uint32_t cipher_len;
    struct port_ossl crypto; /* gcm NULL: to be made from the above */
    uint64_t now_ms;
    uint8_t spi_loaded[2]; /* go out with the next bytes over SPI */
    uint32_t random;
    /* the other end's, whose random number nobody else can draw; or our own */
    bool has_signature;
    uint8_t signature[64];
    bool has_left;
    struct twin *saved[TWIN_SLOTS]; /* the same but these */
    uint64_t mem[SFI_DEVICE_SIZE_MAX / 8];
    sfi_device *dev;
    /* a mistake for tests of the tests: 0 for none */
    uint32_t mistake;
};

enum twin_mistake {
    MISTAKE_NONE,
    MISTAKE_UNIT,    /* programs a double word whose address ends with 0x40
                        with a bit too few */
    MISTAKE_ANSWER,  /* says OFFSET where STATE is due */
    MISTAKE_OPTIONS, /* writes another bit of the last option word */
    MISTAKE_ERASE,   /* leaves the last page as it is */
};

/* A new part with this key and certificate; ctx is the fixture's. */
struct twin *twin_new(const struct sfi_chip *chip, const uint8_t secret[32],
                      const uint8_t certificate[136]);
void twin_free(struct twin *t);
struct end twin_end(struct twin *t);

#endif

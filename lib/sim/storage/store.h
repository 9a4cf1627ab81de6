/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A chip's folder: the part's name, the flash, and what else the chip keeps, in
 * small files that are replaced as a whole or not at all. */
#ifndef SFI_SIM_STORAGE_STORE_H
#define SFI_SIM_STORAGE_STORE_H

#include <sfi/certificate.h>
#include <sfi/ctx.h>
#include <sfi/device.h>

#include "util/buf.h"
#include "chip/chip.h"
#include "crypto/ecc.h"
#include "crypto/hash.h"
#include "license/personalization.h"
#include "sim/storage/power.h"

#define STORE_CHIP "chip" /* the part's name, one line */
#define STORE_FLASH "flash.bin"
#define STORE_OPTIONS "options.bin" /* CSV order, little-endian */
#define STORE_RECORD "record.bin"
#define STORE_CERTIFICATE "certificate.bin"
#define STORE_DEVICE_KEY "device-key.bin"
#define STORE_LOADER "bootloader" /* its version, one line; absent: newest */
#define STORE_CONTROL "control"   /* a socket, while it is served */
/* Of a board: its memory, in place of flash and options (sim/board/wire.h), and
 * the SHA-256 of its programs, one line. */
#define STORE_BOARD "board.bin"
#define STORE_PROGRAMS "programs"

#define STORE_PATH_MAX 4096u
/* "V13.2", with room for a wrong one */
#define STORE_LOADER_MAX 16u
#define STORE_PROGRAMS_MAX (2u * SFI_SHA256_LEN + 1u)

/* The content of the small files.  Programmed option bytes come into force at
 * the next reset. */
struct store {
    sfi_ctx *ctx; /* for errors while the chip runs */
    const struct sfi_chip *chip;
    char loader[STORE_LOADER_MAX]; /* "": the newest */
    bool is_board;
    char programs[STORE_PROGRAMS_MAX]; /* of a board; "": not known */
    struct power *power;
    char dir[STORE_PATH_MAX]; /* "": the content is in memory only */
    uint32_t options[CHIP_OB_ROWS_MAX];
    uint8_t record[SFI_DEVICE_RECORD_LEN];
    uint8_t certificate[SFI_CERTIFICATE_LEN];
    uint8_t device_secret[SFI_ECC_SECRET_LEN];
    /* Of a chip in memory only: the CA that certified it. */
    uint8_t ca_secret[SFI_ECC_SECRET_LEN];
    uint8_t personalization[PERSO_LEN];
};

/* SFI_ERR_LIMIT: too long. */
sfi_status sfi__store_path(sfi_ctx *ctx, char out[STORE_PATH_MAX],
                           const char *dir, const char *name);
/* One simulator at a time: the folder is locked until the descriptor is closed.
 */
sfi_status sfi__store_lock(sfi_ctx *ctx, const char *dir, int *fd);
/* Which part is in this folder? */
sfi_status sfi__store_chip(sfi_ctx *ctx, const char *dir,
                           const struct sfi_chip **chip);
/* A file of exactly `len` bytes. */
sfi_status sfi__store_read(sfi_ctx *ctx, const char *dir, const char *name,
                           uint8_t *out, size_t len);
sfi_status sfi__store_write(sfi_ctx *ctx, const char *dir, const char *name,
                            const uint8_t *data, size_t len, unsigned mode);
/* Is there a board in this folder? */
bool sfi__store_is_board(const char *dir);
/* A board's memory: its length, and the whole of it. */
size_t sfi__store_board_len(const struct sfi_chip *chip);
sfi_status sfi__store_board_load(sfi_ctx *ctx, const char *dir,
                                 const struct sfi_chip *chip, struct buf *out);
/* The option words in it. */
void sfi__store_board_pack(const struct sfi_chip *chip, const uint32_t *words,
                           uint8_t *memory);
void sfi__store_board_unpack(const struct sfi_chip *chip, const uint8_t *memory,
                             uint32_t *words);
/* Is the chip in memory only? */
bool sfi__store_is_memory(const struct store *s);
/* Read and check everything but the flash. */
sfi_status sfi__store_open(sfi_ctx *ctx, const char *dir, struct store *s);
void sfi__store_wipe(struct store *s);

/* One operation each; false: the power or the file system failed, and the old
 * content is still there.  `torn`: what is there instead when the power fails;
 * NULL: the old content. */
bool sfi__store_options(struct store *s, const uint32_t *words,
                        const uint32_t *torn);
bool sfi__store_record(struct store *s, const uint8_t *record);

/* The words as in the file and in the configuration area. */
void sfi__store_pack(const struct sfi_chip *chip, const uint32_t *words,
                     uint8_t *out);
void sfi__store_unpack(const struct sfi_chip *chip, const uint8_t *raw,
                       uint32_t *words);

#endif

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The image builder: its inputs, the plan made from them, and where the bytes
 * of the image go. */
#ifndef SFI_IMAGE_BUILDER_H
#define SFI_IMAGE_BUILDER_H

#include <stdbool.h>

#include <sfi/image.h>

#include "util/buf.h"
#include "core/files.h"
#include "core/obj.h"
#include "crypto/hash.h"
#include "chip/chip.h"
#include "wire/image.h"
#include "preflight/layout.h"
#include "preflight/rules.h"

struct sfi_image_builder {
    struct obj obj;
    const struct sfi_chip *chip;
    sfi_key *key;
    uint8_t nonce[SFI_FORMAT_NONCE_LEN];
    bool has_nonce;
    uint8_t version;
    struct buf owners;  /* of sfi_firmware *: kept for their pieces */
    struct buf modules; /* of struct piece: data copied, owned */
    struct buf pieces;  /* of struct piece, ascending */
    uint8_t ob[CHIP_OB_ROWS_MAX * sizeof(uint32_t)];
    size_t ob_len; /* 0: not set */
    uint8_t fill;
    uint64_t merge_gap; /* 0: no gap is closed */
    uint32_t padding;   /* SFI_PADDING_* */
    char *reg;          /* the register's path; NULL: none */
    uint32_t reg_flags;
    /* header and descriptors with their tags; empty: not made since an input
     * changed */
    struct buf sealed;
};

static inline size_t
piece_count(const struct buf *b)
{
    return b->len / sizeof(struct piece);
}

static inline const struct piece *
piece_at(const struct buf *b, size_t i)
{
    return (const struct piece *)b->data + i;
}

/* The pieces of all firmwares, each address once; those that give an address
 * other bytes are apart. */
struct merged {
    struct buf pieces;    /* ascending and disjoint */
    struct buf conflicts; /* ascending */
};

/* false: no memory. */
bool sfi__pieces_merge(const struct buf *pieces, struct merged *m,
                       sfi_layout *l);

/* The layout of the image, which the caller releases.  It stays as it is when
 * the builder gets more. */
sfi_status sfi__plan_make(sfi_image_builder *b, sfi_layout **out);
/* `look`: also into the register of nonces. */
sfi_status sfi__plan_check(sfi_image_builder *b, const sfi_layout *l,
                           sfi_finding_fn report, void *user, bool look);

/* Where the bytes of the image go: the caller's function, or a file. */
struct sink {
    sfi_image_builder *builder;
    sfi_write_fn write; /* NULL: to the file */
    void *user;
    struct output file;
};

/* Write the image; the plan must have been checked. */
sfi_status sfi__plan_write(sfi_image_builder *b, const struct layout *p,
                           struct sink *s);
/* SHA-256 over the header and the descriptors, whose tags are over all content.
 * The plan must have been checked. */
sfi_status sfi__plan_digest(sfi_image_builder *b, const struct layout *p,
                            uint8_t out[SFI_SHA256_LEN]);

#endif

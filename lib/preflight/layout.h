/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What an image puts where: its areas with as much of their content as is
 * known, and the option bytes.  Made from a builder or from a finished image;
 * the rules and the picture of an image look at nothing else. */
#ifndef SFI_PREFLIGHT_LAYOUT_H
#define SFI_PREFLIGHT_LAYOUT_H

#include <sfi/layout.h>

#include "util/buf.h"
#include "core/obj.h"
#include "chip/chip.h"

/* Contiguous bytes of a firmware, borrowed. */
struct piece {
    uint64_t address;
    const uint8_t *data;
    size_t len;
    const char *file; /* where they come from; NULL: not from a file */
    uint32_t segment; /* of the file, from 1; 0: none */
    uint32_t machine; /* e_machine of an ELF file; 0: unknown */
};

struct layout_area {
    uint8_t type; /* SFI_FORMAT_FIRMWARE ... */
    uint64_t address;
    uint64_t size;
    /* The content: pieces, with the gaps between them filled. */
    const struct piece *first; /* NULL: not known */
    size_t count;
};

struct layout {
    const struct sfi_chip *chip;
    const char *noun; /* word for firmware areas: "segment" or "area" */
    const struct layout_area *areas;
    size_t count;
    const uint32_t *ob; /* chip->ob_count values; NULL: not known */
};

struct sfi_layout {
    struct obj obj;
    struct layout plain; /* of what follows */
    struct buf areas;    /* of struct layout_area */
    struct buf pieces;   /* of struct piece */
    void *owner;         /* the handle that owns the pieces' bytes ... */
    struct buf bytes;    /* ... or those bytes; wiped */
    uint8_t ob_bytes[CHIP_OB_ROWS_MAX * sizeof(uint32_t)]; /* as in an image */
    uint32_t ob[CHIP_OB_ROWS_MAX];
};

sfi_status sfi__layout_new(sfi_ctx *ctx, const struct sfi_chip *chip,
                           const char *noun, sfi_layout **out);
/* Add an area with its pieces (copied; not their bytes).  After the last,
 * sfi__layout_end().  false: no memory. */
bool sfi__layout_add(sfi_layout *l, const struct layout_area *area);
void sfi__layout_end(sfi_layout *l);
/* chip->ob_count values, little-endian. */
void sfi__layout_set_ob(sfi_layout *l, const uint8_t *ob);

#endif

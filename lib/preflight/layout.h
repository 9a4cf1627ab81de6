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

#define LAYOUT_FILL 0xff /* unless the builder is told another */

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
    /* The content: pieces, with the gaps between and behind them filled. */
    const struct piece *first; /* NULL: not known */
    size_t count;
};

/* What the builder did to join its inputs. */
enum layout_note_kind {
    LAYOUT_REPEAT,   /* equal bytes in two pieces are taken once */
    LAYOUT_CONFLICT, /* other bytes, from `address` on: no image */
    LAYOUT_GAP,      /* a gap between two pieces is filled */
    LAYOUT_PAD,      /* fill bytes behind an area */
};

struct layout_note {
    enum layout_note_kind kind;
    uint64_t address;
    uint64_t size;
    struct piece first;  /* repeat, conflict: the piece that was there ... */
    struct piece second; /* ... and the other, an area of its own in conflict */
};

struct layout {
    const struct sfi_chip *chip;
    const char *noun; /* word for firmware areas: "segment" or "area" */
    const struct layout_area *areas;
    size_t count;
    const uint32_t *ob; /* chip->ob_count values; NULL: not known */
    const struct layout_note *notes;
    size_t note_count;
    uint8_t fill; /* in the gaps of an area, and behind its last piece */
};

struct sfi_layout {
    struct obj obj;
    struct layout plain; /* of what follows */
    struct buf areas;    /* of struct layout_area */
    struct buf pieces;   /* of struct piece */
    struct buf notes;    /* of struct layout_note */
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
bool sfi__layout_add_note(sfi_layout *l, const struct layout_note *note);
void sfi__layout_end(sfi_layout *l);
/* chip->ob_count values, little-endian. */
void sfi__layout_set_ob(sfi_layout *l, const uint8_t *ob);

#endif

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file layout.h
 * What an image puts where: the flash and the option bytes of a part after an
 * install.
 */
#ifndef SFI_LAYOUT_H
#define SFI_LAYOUT_H

#include <sfi/chip.h>
#include <sfi/ctx.h>
#include <sfi/finding.h>

SFI_BEGIN_DECLS

/**
 * The areas of an image, and its option bytes.  sfi_image_builder_layout() and
 * sfi_image_layout() make one; it does not change afterwards.
 */
typedef struct sfi_layout sfi_layout;

/** One area of a layout. */
typedef struct sfi_layout_area {
    uint32_t struct_size; /**< sizeof(sfi_layout_area), set by the caller */
    uint32_t kind;        /**< SFI_AREA_* */
    uint64_t address;     /**< of its first byte; configuration: 0 */
    uint64_t size;        /**< bytes of content; of a module with its header */
    const char *file;     /**< the firmware file; "" when not known; borrowed */
    uint32_t segment;     /**< of that file, from 1; 0: not known */
    uint32_t readable;    /**< 1: the content is known, else 0 */
    const void *reserved; /**< NULL */
} sfi_layout_area;

/**
 * Check a layout against the rules of its part.
 *
 * Every finding is reported, in the order of the rules; then the call fails
 * with the first error among them.  Rules about content and option bytes are
 * left out where those are not known.
 *
 * @param layout  the layout
 * @param report  receives the findings; may not use the layout; or NULL
 * @param user    passed to report
 *
 * @return SFI_OK: no finding is an error; or
 *   SFI_ERR_ARGUMENT   layout is NULL
 *   SFI_ERR_FORMAT     no firmware, or no option bytes
 *   SFI_ERR_RANGE      an area is empty or not inside the flash
 *   SFI_ERR_OVERLAP    two areas claim the same address
 *   SFI_ERR_CHIP_RULE  a rule of the part is violated: AN4992, section 7
 *   SFI_ERR_LIMIT      more areas than an image can have
 *   SFI_ERR_STATE      called from a callback of this layout
 *   SFI_ERR_NOMEM      no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_layout_check(sfi_layout *layout,
                                                  sfi_finding_fn report,
                                                  void *user);

/**
 * The part of a layout.
 *
 * @param layout  a layout, or NULL
 *
 * @return the part; NULL for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const sfi_chip *sfi_layout_chip(const sfi_layout *layout);

/**
 * How many areas a layout has.
 *
 * @param layout  a layout, or NULL
 *
 * @return the number; 0 for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API size_t sfi_layout_area_count(const sfi_layout *layout);

/**
 * The size of the image that a layout is of.
 *
 * @param layout  a layout, or NULL
 *
 * @return bytes of the image's file; 0 for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API uint64_t sfi_layout_image_size(const sfi_layout *layout);

/**
 * Get one area of a layout.
 *
 * @param layout  a layout
 * @param index   0 .. count - 1, in the order of the image
 * @param out     struct_size set by the caller; receives the rest; its texts
 *                are borrowed until the layout is freed
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  layout or out is NULL, or there is no such area
 *   SFI_ERR_ABI       struct_size is unknown
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_layout_get_area(const sfi_layout *layout,
                                                     size_t index,
                                                     sfi_layout_area *out);

/**
 * Release a layout, and wipe the content that it holds.
 *
 * @param layout  a layout, or NULL
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API void sfi_layout_free(sfi_layout *layout);

SFI_END_DECLS

#endif

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file map.h
 * Maps of an image: what it puts where, for people, as a picture or as text.
 *
 * A map shows the banks and sectors of the flash and how full they are, the
 * areas of the image, what firmware may not use, what option bytes protect,
 * where the part starts, and the findings of sfi_layout_check() beside what
 * they concern.
 */
#ifndef SFI_MAP_H
#define SFI_MAP_H

#include <sfi/layout.h>

SFI_BEGIN_DECLS

/** How a text map may look. */
enum sfi_map_flag {
    SFI_MAP_ASCII = 1u << 0, /**< no other characters than ASCII; else UTF-8 */
    SFI_MAP_COLOR = 1u << 1  /**< colours by ANSI escape sequences */
};

/** Options of a map.  All zero: the defaults. */
typedef struct sfi_map_options {
    uint32_t struct_size; /**< sizeof(sfi_map_options) */
    uint32_t flags;       /**< text: SFI_MAP_*; else 0 */
    const char *title;    /**< what it is a map of, for example the name of the
                               image; NULL: only the part */
    uint32_t columns;     /**< text: width of a line, 40 to 400; 0: 80 */
    uint32_t reserved;    /**< 0 */
} sfi_map_options;

/**
 * Write a map as a picture in SVG.
 *
 * The picture is 1200 units wide and as high as its content needs.  It needs no
 * other file, no font and no script, follows light and dark viewers, and can be
 * read in grey.  Texts from files (their names) are escaped.
 *
 * @param layout  what the image puts where
 * @param opts    NULL for the defaults
 * @param write   receives the picture piece by piece; may not use the layout
 * @param user    passed to write
 *
 * @return SFI_OK, what `write` returned, or
 *   SFI_ERR_ARGUMENT  layout or write is NULL, or a flag is unknown
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *   SFI_ERR_STATE     called from a callback of this layout
 *   SFI_ERR_CALLBACK  `write` returned a value that is not a status
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: as long as `write` blocks.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_map_svg(sfi_layout *layout,
                                             const sfi_map_options *opts,
                                             sfi_write_fn write, void *user);

/**
 * Write a map as text: lines that end with LF, none wider than the columns.
 *
 * @param layout  what the image puts where
 * @param opts    NULL for the defaults
 * @param write   receives the text piece by piece; may not use the layout
 * @param user    passed to write
 *
 * @return SFI_OK, what `write` returned, or
 *   SFI_ERR_ARGUMENT  layout or write is NULL, or a flag is unknown
 *   SFI_ERR_RANGE     the columns are less than 40 or more than 400
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *   SFI_ERR_STATE     called from a callback of this layout
 *   SFI_ERR_CALLBACK  `write` returned a value that is not a status
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: as long as `write` blocks.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_map_text(sfi_layout *layout,
                                              const sfi_map_options *opts,
                                              sfi_write_fn write, void *user);

SFI_END_DECLS

#endif

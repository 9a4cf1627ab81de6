/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a layout says about an address and about an option byte. */
#ifndef SFI_PREFLIGHT_VIEW_H
#define SFI_PREFLIGHT_VIEW_H

#include "chip/effects.h"
#include "chip/fields.h"
#include "preflight/findings.h"
#include "preflight/layout.h"

/* Bytes of flash that an area fills; the header of a module is not programmed.
 */
uint64_t sfi__area_flash_size(const struct layout_area *a);
bool sfi__area_goes_to_flash(const struct layout_area *a);
/* The whole area. */
struct place sfi__area_place(const struct layout *in, size_t i);
/* Bytes of [address, address + size) that the area fills. */
uint64_t sfi__area_overlap(const struct layout_area *a, uint64_t address,
                           uint64_t size);

/* Does an area fill a byte of [address, address + size)? */
bool sfi__view_is_filled(const struct layout *in, uint64_t address,
                         uint64_t size);
/* Read known content of firmware.  false: none, or not known. */
bool sfi__view_read(const struct layout *in, uint64_t address, uint8_t *out,
                    size_t len);

/* The option bytes must be known. */
uint32_t sfi__view_value(const struct layout *in, const char *name);
struct place sfi__view_field_place(const struct layout *in, const char *name);
/* Where the part starts.  NULL field: fixed. */
uint32_t sfi__view_start(const struct layout *in,
                         const struct chip_start *start);
/* Which address of a new part shows at `address` after the install: another,
 * when the banks are swapped. */
uint32_t sfi__view_programmed_at(const struct layout *in, uint32_t address);

#endif

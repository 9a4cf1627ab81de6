/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Where the labels of a bar go: pure geometry.  Units are those of the picture.
 */
#ifndef SFI_MAP_PLACE_H
#define SFI_MAP_PLACE_H

#include <stddef.h>
#include <stdint.h>

/* A label below a bar: a line leads from (x, bar) straight down to the lane,
 * where the text begins at x. */
struct place_label {
    int32_t x, width;
    uint32_t lane; /* out: from 0, right below the bar */
};

/* Choose lanes: no text overlaps another, and no line crosses a text.  Labels
 * are sorted by x.  Returns how many lanes are used. */
uint32_t sfi__place_labels(struct place_label *labels, size_t count);

/* A mark in a line of its own: as near to `at` as the others allow. */
struct place_mark {
    int32_t at, width;
    int32_t x; /* out: its left edge */
};

/* Marks are sorted by `at`; all of them fit between left and right. */
void sfi__place_marks(struct place_mark *marks, size_t count, int32_t left,
                      int32_t right);

#endif

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The picture from top to bottom: what is drawn goes on at y. */
#ifndef SFI_MAP_PAGE_H
#define SFI_MAP_PAGE_H

#include "map/canvas.h"
#include "map/words.h"

struct page {
    struct canvas c;
    const struct map *m;
    int32_t y;
};

#define PAGE_WIDTH 1200
#define PAGE_MARGIN 24
#define PAGE_TEXT_WIDTH (PAGE_WIDTH - 2 * PAGE_MARGIN)
/* The bars; right of them is room for a label at their ends. */
#define BAR_X PAGE_MARGIN
#define BAR_WIDTH 896
#define SIDE_X (BAR_X + BAR_WIDTH + 12)
#define SIDE_WIDTH (PAGE_WIDTH - PAGE_MARGIN - SIDE_X)

/* Where the bar of a row has an address. */
int32_t sfi__bar_x(const struct map_row *r, uint64_t address);
/* Where a range is drawn: at least `least` wide, and inside the bar. */
int32_t sfi__bar_span(const struct map_row *r, uint64_t base, uint64_t size,
                      int32_t least, int32_t *width);
/* Small areas of a file that begin at the same place become one group; returns
 * how many are left. */
size_t sfi__bar_join(const struct map *m, const struct map_row *r,
                     struct map_group *groups, size_t count);
/* The labels of areas, barred flash and starts; groups become fewer until their
 * labels fit. */
void sfi__page_labels(struct page *p, const struct map_row *r,
                      struct map_group *groups, size_t count);

/* One row of flash.  false: no memory. */
bool sfi__page_row(struct page *p, size_t row);
/* The findings of one home (and of one option-byte row, or UINT32_MAX: any). */
void sfi__page_findings(struct page *p, uint32_t home, uint32_t row);

#endif

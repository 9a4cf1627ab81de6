/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Chooses places for labels and marks. */
#include "map/place.h"

/* From right to left, like stairs: a label goes below all labels that begin
 * above its text, because their lines would cross it. */
uint32_t
sfi__place_labels(struct place_label *labels, size_t count)
{
    uint32_t lanes = 0;

    for (size_t i = count; i-- > 0;) {
        struct place_label *l = &labels[i];

        l->lane = 0;
        for (size_t k = i + 1; k < count && labels[k].x <= l->x + l->width;
             k++) {
            if (labels[k].lane >= l->lane)
                l->lane = labels[k].lane + 1;
        }
        if (l->lane >= lanes)
            lanes = l->lane + 1;
    }
    return lanes;
}

void
sfi__place_marks(struct place_mark *marks, size_t count, int32_t left,
                 int32_t right)
{
    for (size_t i = 0; i < count; i++) {
        marks[i].x = marks[i].at > left ? marks[i].at : left;
        left = marks[i].x + marks[i].width;
    }
    for (size_t i = count; i-- > 0;) {
        if (marks[i].x > right - marks[i].width)
            marks[i].x = right - marks[i].width;
        right = marks[i].x;
    }
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reads back the pictures of lib/map: where their texts and lines are.  The
 * widths of letters are those of DejaVu, measured from its files. */
#ifndef SFI_TESTS_SVG_KIT_H
#define SFI_TESTS_SVG_KIT_H

#include <stddef.h>

struct svg_text {
    double left, top, right, bottom;
    const char *text; /* as in the file, escaped; not terminated */
    size_t len;
};

/* A line straight down. */
struct svg_line {
    double x, top, bottom;
};

struct svg_picture {
    double width, height;
    struct svg_text *texts;
    size_t text_count;
    struct svg_line *lines;
    size_t line_count;
};

/* The picture borrows the text.  Anything that lib/map does not write fails the
 * test. */
void svg_kit_read(const char *svg, struct svg_picture *out);
void svg_kit_free(struct svg_picture *p);

#endif

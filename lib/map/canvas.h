/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A picture in SVG as it grows: shapes, and texts whose width is known. */
#ifndef SFI_MAP_CANVAS_H
#define SFI_MAP_CANVAS_H

#include "util/buf.h"
#include "util/text.h"

struct canvas {
    struct buf *out;
    bool no_memory;
};

enum canvas_font {
    FONT_TITLE,
    FONT_HEAD,
    FONT_BODY,
    FONT_STRONG,
    FONT_SMALL,
    FONT_MONO,
    FONT_MONO_STRONG,
    FONT_COUNT
};

/* Longer texts are cut off. */
#define CANVAS_TEXT_MAX 1024u

void sfi__canvas_put(struct canvas *c, const char *fmt, ...) SFI_PRINTF(2, 3);
/* Foreign text inside an element or an attribute: visible and escaped. */
void sfi__canvas_escape(struct canvas *c, const char *text);
/* The style sheet: colours, fonts and patterns. */
void sfi__canvas_style(struct canvas *c);

/* At most this wide in any usual font; the text is visible. */
int32_t sfi__canvas_width(enum canvas_font font, const char *text);
int32_t sfi__canvas_line_height(enum canvas_font font);
/* Visible text that fits: what does not goes from the middle. */
void sfi__canvas_fit(char *out, size_t cap, enum canvas_font font,
                     const char *text, int32_t width);
/* Text that begins at x, on the base line y.  Classes beside the font's: "" or
 * names. */
void sfi__canvas_text(struct canvas *c, int32_t x, int32_t y,
                      enum canvas_font font, const char *classes,
                      const char *text);
/* Text that ends at x. */
void sfi__canvas_text_end(struct canvas *c, int32_t x, int32_t y,
                          enum canvas_font font, const char *classes,
                          const char *text);
/* Several lines, broken at blanks; returns how high they are. */
int32_t sfi__canvas_paragraph(struct canvas *c, int32_t x, int32_t y,
                              int32_t width, enum canvas_font font,
                              const char *classes, const char *text);
/* `tip`: what a viewer shows under the pointer, or NULL. */
void sfi__canvas_rect(struct canvas *c, const char *classes, int32_t x,
                      int32_t y, int32_t width, int32_t height,
                      const char *tip);
void sfi__canvas_path(struct canvas *c, const char *classes, const char *fmt,
                      ...) SFI_PRINTF(3, 4);
/* The sign of a severity, 14 by 14, with its upper left corner at (x, y). */
void sfi__canvas_sign(struct canvas *c, int32_t x, int32_t y,
                      uint32_t severity);
#define CANVAS_SIGN_SIZE 14

#endif

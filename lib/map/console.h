/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Lines of text that are never wider than a terminal. */
#ifndef SFI_MAP_CONSOLE_H
#define SFI_MAP_CONSOLE_H

#include "util/buf.h"
#include "util/text.h"

struct console {
    struct buf *out;
    uint32_t columns;
    bool ascii, color;
    bool no_memory;
};

enum console_color {
    COLOR_NONE,
    COLOR_STRONG,
    COLOR_QUIET,
    COLOR_FIRMWARE,
    COLOR_NOTE,
    COLOR_WARNING,
    COLOR_ERROR,
    COLOR_COUNT
};

/* Longer texts are cut off. */
#define CONSOLE_TEXT_MAX 1024u

/* Text as it is, from ASCII or from characters of one column. */
void sfi__console_put(struct console *c, enum console_color color,
                      const char *fmt, ...) SFI_PRINTF(3, 4);
void sfi__console_end_line(struct console *c);
/* Foreign text as one or more whole lines, broken at blanks; the first begins
 * with `sign`, in its color, at column `indent`, the others stand below its
 * text. */
void sfi__console_paragraph(struct console *c, uint32_t indent,
                            enum console_color color, const char *sign,
                            const char *text);

#endif

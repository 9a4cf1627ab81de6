/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Breaks text into lines of a terminal. */
#include "map/console.h"

#include <string.h>

static const char *const colors[COLOR_COUNT] = {
    [COLOR_NONE] = "",
    [COLOR_STRONG] = "\x1b[1m",
    [COLOR_QUIET] = "\x1b[2m",
    [COLOR_FIRMWARE] = "\x1b[34m",
    [COLOR_NOTE] = "\x1b[36m",
    [COLOR_WARNING] = "\x1b[1;33m",
    [COLOR_ERROR] = "\x1b[1;31m",
};

static void
console_add(struct console *c, const char *text, size_t len)
{
    if (!sfi__buf_append(c->out, text, len))
        c->no_memory = true;
}

static void
console_add_colored(struct console *c, enum console_color color,
                    const char *text, size_t len)
{
    bool colored = c->color && color != COLOR_NONE;

    if (colored)
        console_add(c, colors[color], strlen(colors[color]));
    console_add(c, text, len);
    if (colored)
        console_add(c, "\x1b[0m", strlen("\x1b[0m"));
}

void
sfi__console_put(struct console *c, enum console_color color, const char *fmt,
                 ...)
{
    char text[CONSOLE_TEXT_MAX];
    va_list args;

    va_start(args, fmt);
    sfi__text_vformat(text, sizeof(text), fmt, args);
    va_end(args);
    console_add_colored(c, color, text, strlen(text));
}

void
sfi__console_end_line(struct console *c)
{
    console_add(c, "\n", 1);
}

/* What the terminal can show: without UTF-8, other bytes than ASCII are
 * escaped. */
static void
console_visible(const struct console *c, char out[CONSOLE_TEXT_MAX],
                const char *text)
{
    char plain[CONSOLE_TEXT_MAX];
    size_t len = 0;

    sfi__text_visible(plain, sizeof(plain), text);
    for (const char *at = plain; *at != '\0'; at++) {
        bool other = (unsigned char)*at >= 0x80;

        if (CONSOLE_TEXT_MAX - len <= strlen("\\x1b"))
            break;
        sfi__text_format(out + len, CONSOLE_TEXT_MAX - len,
                         c->ascii && other ? "\\x%02x" : "%c",
                         (unsigned char)*at);
        len += strlen(out + len);
    }
    out[len] = '\0';
}

/* Columns of the character that begins with this byte: two from U+1000 on,
 * where the wide scripts and pictures are; none for the rest of a character. */
static uint32_t
console_columns(char byte)
{
    unsigned char b = (unsigned char)byte;

    if (b >= 0x80 && b < 0xc0)
        return 0;
    return b > 0xe0 ? 2 : 1;
}

/* How many bytes of the text go into a line of this width: up to a blank, or
 * all that fit when there is none. */
static size_t
console_line_length(const char *text, uint32_t width)
{
    uint32_t used = 0;
    size_t blank = 0;
    size_t i;

    for (i = 0; text[i] != '\0'; i++) {
        used += console_columns(text[i]);
        if (used > width && text[i] != ' ')
            break;
        if (text[i] == ' ')
            blank = i;
        if (used > width)
            break;
    }
    if (text[i] == '\0')
        return i;
    if (blank > 0)
        return blank;
    return i > 0 ? i : 1;
}

void
sfi__console_paragraph(struct console *c, uint32_t indent,
                       enum console_color color, const char *sign,
                       const char *text)
{
    char plain[CONSOLE_TEXT_MAX];
    const char *at = plain;
    size_t sign_len = strlen(sign);
    uint32_t width = c->columns - indent - (uint32_t)sign_len;

    console_visible(c, plain, text);
    do {
        size_t len = console_line_length(at, width);

        for (uint32_t i = 0; i < indent; i++)
            console_add(c, " ", 1);
        if (at == plain)
            console_add_colored(c, color, sign, sign_len);
        else
            for (size_t i = 0; i < sign_len; i++)
                console_add(c, " ", 1);
        console_add(c, at, len);
        sfi__console_end_line(c);
        at += len;
        while (*at == ' ')
            at++;
    } while (*at != '\0');
}

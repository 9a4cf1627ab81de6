/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Commands to OpenOCD's Tcl server, and the parts of its replies. */
#include <string.h>

#include "util/text.h"
#include "transport/openocd/openocd.h"

bool
sfi__openocd_format_command(char out[OPENOCD_TEXT_MAX], const char *command)
{
    static const char before[] =
        "set sfi_log [capture {set sfi_failed [expr {[catch {";
    static const char after[] =
        "} sfi_answer] != 0}]; list}]; if {$sfi_failed} {format {1 %s} [string "
        "range [join [split [string trim \"$sfi_log$sfi_answer\"] \\n] {; }] 0 "
        "255]} else {format {0 %s} $sfi_answer}";

    if (strlen(command) + sizeof(before) + sizeof(after) > OPENOCD_TEXT_MAX)
        return false;
    sfi__text_format(out, OPENOCD_TEXT_MAX, "%s%s%s", before, command, after);
    return true;
}

bool
sfi__openocd_format_read(char out[OPENOCD_TEXT_MAX], const char *target,
                         uint32_t address, size_t count)
{
    char command[OPENOCD_TEXT_MAX];

    sfi__text_format(command, sizeof(command), "%s read_memory 0x%08lx 32 %zu",
                     target, (unsigned long)address, count);
    return sfi__openocd_format_command(out, command);
}

bool
sfi__openocd_format_write(char out[OPENOCD_TEXT_MAX], const char *target,
                          uint32_t address, const uint32_t *words, size_t count)
{
    char command[OPENOCD_TEXT_MAX];
    size_t at;

    if (count == 0 || count > OPENOCD_WORDS)
        return false;
    sfi__text_format(command, sizeof(command), "%s write_memory 0x%08lx 32 {",
                     target, (unsigned long)address);
    for (size_t i = 0; i < count; i++) {
        at = strlen(command);
        sfi__text_format(command + at, sizeof(command) - at, "0x%lx%c",
                         (unsigned long)words[i], i + 1 < count ? ' ' : '}');
    }
    return sfi__openocd_format_command(out, command);
}

bool
sfi__openocd_parse_reply(struct openocd_reply *a, const char *text)
{
    if ((text[0] != '0' && text[0] != '1') || text[1] != ' ')
        return false;
    a->failed = text[0] == '1';
    a->text = text + 2;
    a->len = strlen(a->text);
    if (a->len >= 2 && a->text[0] == '{' && a->text[a->len - 1] == '}') {
        a->text++;
        a->len -= 2;
    }
    return true;
}

static int
tcl_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Parse "0x" and one to eight digits; returns what follows, NULL: malformed. */
static const char *
tcl_parse_word(const char *at, const char *end, uint32_t *word)
{
    int digits = 0;

    if (end - at < 3 || at[0] != '0' || at[1] != 'x')
        return NULL;
    *word = 0;
    for (at += 2; at < end && tcl_hex_digit(*at) >= 0; at++) {
        *word = *word << 4 | (uint32_t)tcl_hex_digit(*at);
        digits++;
    }
    return digits >= 1 && digits <= 8 ? at : NULL;
}

bool
sfi__openocd_parse_words(const struct openocd_reply *a, uint32_t *words,
                         size_t count)
{
    const char *end = a->text + a->len;
    const char *at = a->text;

    for (size_t i = 0; i < count; i++) {
        if (i > 0 && (at == end || *at++ != ' '))
            return false;
        at = tcl_parse_word(at, end, &words[i]);
        if (at == NULL)
            return false;
    }
    return at == end;
}

static bool
tcl_is_name_char(char c)
{
    return tcl_hex_digit(c) >= 0 || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
}

bool
sfi__openocd_is_name(const char *text)
{
    const char *p = text;

    while (tcl_is_name_char(*p))
        p++;
    return *p == '\0' && p != text && *text != '-';
}

bool
sfi__openocd_parse_name(const struct openocd_reply *a, size_t n, char *out,
                        size_t cap)
{
    const char *end = a->text + a->len;
    const char *at = a->text;
    size_t len = 0;

    for (; n > 0 && at < end; at++)
        n -= *at == ' ';
    while (at + len < end && at[len] != ' ')
        len++;
    if (n > 0 || len == 0 || len >= cap)
        return false;
    memcpy(out, at, len);
    out[len] = '\0';
    return sfi__openocd_is_name(out);
}

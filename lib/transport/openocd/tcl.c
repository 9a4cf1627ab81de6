/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
#include <string.h>

#include "util/text.h"
#include "transport/openocd/openocd.h"

bool
sfi__openocd_command(char out[OPENOCD_TEXT_MAX], const char *command)
{
    static const char form[] = "list [catch {%s} sfi_answer] $sfi_answer";

    if (strlen(command) + sizeof(form) > OPENOCD_TEXT_MAX)
        return false;
    sfi__text_format(out, OPENOCD_TEXT_MAX, form, command);
    return true;
}

bool
sfi__openocd_read(char out[OPENOCD_TEXT_MAX], const char *target,
                  uint32_t address, size_t count)
{
    char command[OPENOCD_TEXT_MAX];

    sfi__text_format(command, sizeof(command), "%s read_memory 0x%08lx 32 %zu",
                     target, (unsigned long)address, count);
    return sfi__openocd_command(out, command);
}

bool
sfi__openocd_write(char out[OPENOCD_TEXT_MAX], const char *target,
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
    return sfi__openocd_command(out, command);
}

bool
sfi__openocd_take(struct openocd_answer *a, const char *text)
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
digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* "0x" and one to eight digits; what follows them, or NULL. */
static const char *
take_word(const char *at, const char *end, uint32_t *word)
{
    int digits = 0;

    if (end - at < 3 || at[0] != '0' || at[1] != 'x')
        return NULL;
    *word = 0;
    for (at += 2; at < end && digit(*at) >= 0; at++) {
        *word = *word << 4 | (uint32_t)digit(*at);
        digits++;
    }
    return digits >= 1 && digits <= 8 ? at : NULL;
}

bool
sfi__openocd_take_words(const struct openocd_answer *a, uint32_t *words,
                        size_t count)
{
    const char *end = a->text + a->len;
    const char *at = a->text;

    for (size_t i = 0; i < count; i++) {
        if (i > 0 && (at == end || *at++ != ' '))
            return false;
        at = take_word(at, end, &words[i]);
        if (at == NULL)
            return false;
    }
    return at == end;
}

static bool
is_name_char(char c)
{
    return digit(c) >= 0 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '.' || c == '_' || c == '-';
}

bool
sfi__openocd_is_name(const char *text)
{
    const char *p = text;

    while (is_name_char(*p))
        p++;
    return *p == '\0' && p != text && *text != '-';
}

bool
sfi__openocd_take_name(const struct openocd_answer *a, size_t n, char *out,
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

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Serial numbers of boards. */
#define _DEFAULT_SOURCE /* flock() */
#include "line/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define ADDRESS_TEXT_MAX 32u
#define COUNTER_MAX 24u /* digits and a line's end */

/* ---- fields ---- */

enum { ASCII, DIGITS, BCD, HEX, LITTLE, BIG };

/* The number behind the name is a count of bytes; 0: it follows the colon. */
static const struct {
    const char *name;
    unsigned format;
    size_t size;
} formats[] = {
    {"ascii:", ASCII, 0}, {"digits:", DIGITS, 0}, {"bcd:", BCD, 0},
    {"hex:", HEX, 0},     {"u16le", LITTLE, 2},   {"u16be", BIG, 2},
    {"u32le", LITTLE, 4}, {"u32be", BIG, 4},      {"u64le", LITTLE, 8},
    {"u64be", BIG, 8},
};

const char *
serial_field_parse(const char *text, struct serial_field *out)
{
    char address[ADDRESS_TEXT_MAX];
    const char *equals = strchr(text, '=');
    uint64_t at, size;

    if (equals == NULL || (size_t)(equals - text) >= sizeof(address))
        return "expected ADDRESS=FORMAT, as 0x0801ffe0=ascii:16";
    (void)snprintf(address, sizeof(address), "%.*s", (int)(equals - text),
                   text);
    if (!cli_number(address, UINT32_MAX, &at))
        return "the address is not a number of 32 bits";
    for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
        size_t len = strlen(formats[i].name);

        if (strncmp(equals + 1, formats[i].name, len) != 0)
            continue;
        size = formats[i].size;
        if (size != 0
                ? equals[1 + len] != '\0'
                : (!cli_number(equals + 1 + len, SERIAL_FIELD_MAX, &size) ||
                   size == 0))
            return "the field has 1 to 64 bytes, as ascii:16";
        if (size > UINT32_MAX - at)
            return "the field goes past the end of the address space";
        out->address = (uint32_t)at;
        out->size = (size_t)size;
        out->format = formats[i].format;
        return NULL;
    }
    return "the format is ascii:N, digits:N, bcd:N, hex:N, u16le, u16be, "
           "u32le, u32be, u64le or u64be";
}

const char *
serial_check(const char *serial)
{
    size_t len = strlen(serial);

    if (len == 0)
        return "the serial number is empty";
    if (len >= SERIAL_TEXT_MAX)
        return "the serial number is longer than 127 characters";
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)serial[i] <= ' ' || (unsigned char)serial[i] >= 0x7f)
            return "the serial number has a blank, a control character, or a "
                   "letter outside ASCII";
    }
    return NULL;
}

static bool
text_has_only(const char *text, const char *set)
{
    return text[0] != '\0' && text[strspn(text, set)] == '\0';
}

/* Two digits a byte, the first ones zero, of base 10 or 16. */
static const char *
encode_nibbles(const struct serial_field *f, const char *serial, uint8_t *out)
{
    size_t len = strlen(serial);

    memset(out, 0, f->size);
    for (size_t i = 0; i < len; i++) {
        char digit[2] = {serial[len - 1 - i]};

        out[f->size - 1 - i / 2] |=
            (uint8_t)(strtoul(digit, NULL, 16) << (i % 2 * 4));
    }
    return NULL;
}

static const char *
encode_number(const struct serial_field *f, const char *serial, uint8_t *out)
{
    uint64_t max = f->size == 8 ? UINT64_MAX : (1ull << 8 * f->size) - 1;
    uint64_t value;

    if (strchr(serial, 'b') != NULL || strchr(serial, 'o') != NULL ||
        !cli_number(serial, UINT64_MAX, &value))
        return "the serial number is not a number, as the format wants it";
    if (value > max)
        return "the serial number is larger than the field";
    for (size_t i = 0; i < f->size; i++) {
        size_t at = f->format == LITTLE ? i : f->size - 1 - i;

        out[at] = (uint8_t)(value >> 8 * i);
    }
    return NULL;
}

const char *
serial_encode(const struct serial_field *f, const char *serial,
              uint8_t out[SERIAL_FIELD_MAX])
{
    static const char hex[] = "0123456789abcdefABCDEF";
    const char *wrong = serial_check(serial);
    size_t len = strlen(serial);
    bool is_packed = f->format == BCD || f->format == HEX;

    if (wrong != NULL)
        return wrong;
    if (f->format == LITTLE || f->format == BIG)
        return encode_number(f, serial, out);
    if (len > (is_packed ? 2 * f->size : f->size))
        return "the serial number is longer than the field";
    if (f->format == HEX && (!text_has_only(serial, hex) || len % 2 != 0))
        return "the serial number is not an even number of hexadecimal digits";
    if ((f->format == BCD || f->format == DIGITS) &&
        !text_has_only(serial, "0123456789"))
        return "the serial number has other characters than digits";
    if (is_packed)
        return encode_nibbles(f, serial, out);
    memset(out, f->format == DIGITS ? '0' : 0, f->size);
    memcpy(out + (f->format == DIGITS ? f->size - len : 0), serial, len);
    return NULL;
}

/* ---- the counter ---- */

/* The number that a file has: digits and a line's end; an empty one has 1. */
static sfi_status
counter_read(sfi_ctx *ctx, const char *path, int fd, uint64_t *out)
{
    char text[COUNTER_MAX + 1] = "";
    ssize_t len = pread(fd, text, COUNTER_MAX, 0);

    if (len < 0)
        return cli_report_os(ctx, errno, "%.250s: cannot read", path);
    text[strcspn(text, "\n")] = '\0';
    *out = 1;
    if (len > 0 && (!text_has_only(text, "0123456789") ||
                    !cli_number(text, UINT64_MAX - 1, out)))
        return cli_report(ctx, SFI_ERR_FORMAT,
                          "%.250s: this is no counter: expected a line with "
                          "a number",
                          path);
    return SFI_OK;
}

/* In place, because others may wait for the lock of this file: of one length,
 * so that no moment has half a number. */
static sfi_status
counter_write(sfi_ctx *ctx, const char *path, int fd, uint64_t number)
{
    char text[COUNTER_MAX];
    int len = snprintf(text, sizeof(text), "%020" PRIu64 "\n", number);

    if (pwrite(fd, text, (size_t)len, 0) != len || fsync(fd) != 0)
        return cli_report_os(ctx, errno, "%.250s: cannot write", path);
    return SFI_OK;
}

sfi_status
serial_take_next(sfi_ctx *ctx, const char *path, char out[SERIAL_TEXT_MAX])
{
    uint64_t number = 0;
    int fd;
    sfi_status st = cli_open(ctx, path, O_RDWR | O_CREAT, 0644, &fd);

    if (st != SFI_OK)
        return st;
    while (st == SFI_OK && flock(fd, LOCK_EX) != 0) {
        if (errno != EINTR)
            st = cli_report_os(ctx, errno, "%.250s: cannot lock", path);
    }
    if (st == SFI_OK)
        st = counter_read(ctx, path, fd, &number);
    if (st == SFI_OK)
        st = counter_write(ctx, path, fd, number + 1);
    (void)close(fd);
    (void)snprintf(out, SERIAL_TEXT_MAX, "%" PRIu64, number);
    return st;
}

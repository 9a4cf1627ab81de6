/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Write firmware as text. */
#define _POSIX_C_SOURCE 200809L
#include "cli/firmware_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define RECORD_DATA 16u
/* Intel HEX: an extended linear address is the upper half of an address. */
#define IHEX_DATA 0u
#define IHEX_END 1u
#define IHEX_UPPER 4u

static bool
name_ends(const char *path, const char *end)
{
    size_t len = strlen(path);

    return len >= strlen(end) && strcasecmp(path + len - strlen(end), end) == 0;
}

int
firmware_text_format(const char *path)
{
    if (name_ends(path, ".hex"))
        return FIRMWARE_IHEX;
    return name_ends(path, ".srec") || name_ends(path, ".s19")
               ? FIRMWARE_SREC
               : FIRMWARE_BINARY;
}

static unsigned
print_bytes(FILE *f, const uint8_t *data, size_t len)
{
    unsigned sum = 0;

    for (size_t i = 0; i < len; i++) {
        (void)fprintf(f, "%02X", data[i]);
        sum += data[i];
    }
    return sum;
}

/* Length, address, type, data, and the two's complement of their sum. */
static void
ihex_print(FILE *f, unsigned type, unsigned address, const uint8_t *data,
           size_t len)
{
    unsigned sum = (unsigned)len + (address >> 8) + address + type;

    (void)fprintf(f, ":%02zX%04X%02X", len, address, type);
    sum += print_bytes(f, data, len);
    (void)fprintf(f, "%02X\n", -sum & 0xff);
}

/* Type, length, a 32-bit address, data, and the one's complement of the sum. */
static void
srec_print(FILE *f, unsigned type, uint64_t address, const uint8_t *data,
           size_t len)
{
    const uint8_t head[] = {
        (uint8_t)(len + 5),       (uint8_t)(address >> 24),
        (uint8_t)(address >> 16), (uint8_t)(address >> 8),
        (uint8_t)address,
    };
    unsigned sum;

    (void)fprintf(f, "S%u", type);
    sum = print_bytes(f, head, sizeof(head));
    sum += print_bytes(f, data, len);
    (void)fprintf(f, "%02X\n", ~sum & 0xff);
}

static void
ihex_print_all(FILE *f, uint64_t address, const uint8_t *data, size_t len)
{
    unsigned upper = 0x10000; /* none yet */

    for (size_t at = 0; at < len;) {
        uint64_t here = address + at;
        size_t n = RECORD_DATA - (size_t)(here % RECORD_DATA);

        if ((unsigned)(here >> 16) != upper) {
            const uint8_t high[] = {(uint8_t)(here >> 24),
                                    (uint8_t)(here >> 16)};

            upper = (unsigned)(here >> 16);
            ihex_print(f, IHEX_UPPER, 0, high, sizeof(high));
        }
        n = n < len - at ? n : len - at;
        ihex_print(f, IHEX_DATA, (unsigned)(here & 0xffff), data + at, n);
        at += n;
    }
    ihex_print(f, IHEX_END, 0, NULL, 0);
}

static void
srec_print_all(FILE *f, uint64_t address, const uint8_t *data, size_t len)
{
    srec_print(f, 0, 0, NULL, 0);
    for (size_t at = 0; at < len; at += RECORD_DATA) {
        size_t n = len - at < RECORD_DATA ? len - at : RECORD_DATA;

        srec_print(f, 3, address + at, data + at, n);
    }
    srec_print(f, 7, address, NULL, 0);
}

int
firmware_text_write(int format, uint64_t address, const uint8_t *data,
                    size_t len, char **text, size_t *text_len)
{
    FILE *f = open_memstream(text, text_len);

    if (f == NULL)
        return -1;
    if (format == FIRMWARE_IHEX)
        ihex_print_all(f, address, data, len);
    else
        srec_print_all(f, address, data, len);
    return fclose(f) == 0 ? 0 : -1;
}

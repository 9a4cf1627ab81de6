/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Firmware as text: Intel HEX and Motorola S-records. */
#ifndef CLI_FIRMWARE_TEXT_H
#define CLI_FIRMWARE_TEXT_H

#include <stddef.h>
#include <stdint.h>

enum { FIRMWARE_BINARY, FIRMWARE_IHEX, FIRMWARE_SREC };

/* What the end of the name says: .hex; .srec, .s19; else binary. */
int firmware_text_format(const char *path);
/* One range of memory as a file of FIRMWARE_IHEX or FIRMWARE_SREC; the range
 * ends within 32-bit addresses.  0, or -1 without memory.  The caller frees
 * *text. */
int firmware_text_write(int format, uint64_t address, const uint8_t *data,
                        size_t len, char **text, size_t *text_len);

#endif

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Tables of firmware files: what goes in, and which segments, warnings or
 * error come out. */
#ifndef SFI_TESTS_FIRMWARE_ROWS_H
#define SFI_TESTS_FIRMWARE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include <sfi/firmware.h>

struct firmware_row {
    const char *why;
    /* The file.  ?? at the end of a line becomes the right checksum. */
    const char *text;
    const char *segments; /* "08000000=0102 08000010=03"; NULL: an error */
    /* Both by text_matches(): "..." stands for the words of another test. */
    const char *warnings; /* one a line, each with its end; NULL: none */
    const char *message;
    sfi_status st;
    const char *where;
};

/* Like fixture_setup(), with a context that collects warnings. */
void firmware_setup(void);
extern char warnings[4096];

/* Read the row as `format` from memory, and by content from a file. */
void check_firmware_row(const char *format, const struct firmware_row *row);

/* Read it from a file by content, with these flags. */
void check_firmware_flags(const char *format, uint32_t flags,
                          const struct firmware_row *row);

#define FIRMWARE_PATH_MAX 300u
/* Load a file of these bytes; `path` receives the name that it had.  NULL for
 * `opts`: by sfi_firmware_load(). */
sfi_status firmware_load_bytes(const char *extension,
                               const sfi_firmware_options *opts,
                               const void *data, size_t len, char *path,
                               sfi_firmware **fw);

/* Fill in the checksums; the caller frees. */
char *firmware_text(const char *text, size_t *len);
/* The segments in the form above; the same buffer again each time. */
const char *firmware_segments(const sfi_firmware *fw);

#endif

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: read memory. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "sfi_program.h"

/* Bytes as many as a key has count as one, which only the same ones replace. */
uint32_t
station_read_kind(const struct cli_use *use)
{
    uint64_t size = 0;

    (void)cli_number(use->value[1], READ_MAX, &size);
    return size == SFI_NONCE_LEN || size == SFI_KEY_LEN ||
                   size == SFI_AUDIT_KEY_LEN
               ? SFI_FILE_KEY
               : SFI_FILE_OTHER;
}

/* What receives the memory that is read, window by window.  An error ends the
 * reading. */
typedef sfi_status (*memory_fn)(struct station *s, void *user, uint64_t address,
                                const uint8_t *data, size_t len);

static sfi_status
memory_read(struct station *s, const char *what, uint64_t address,
            uint64_t size, memory_fn take, void *user)
{
    uint8_t data[WINDOW];

    for (uint64_t at = 0; at < size; at += WINDOW) {
        size_t n = size - at < WINDOW ? (size_t)(size - at) : WINDOW;
        sfi_status st = sfi_target_read(s->target, address + at, data, n);

        if (st == SFI_OK)
            st = take(s, user, address + at, data, n);
        if (st == SFI_OK)
            st = station_progress(s, what, at + n, size);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

/* ---- to a file ---- */

struct memory_file {
    uint64_t address;
    uint8_t *data;
};

static sfi_status
memory_file_take(struct station *s, void *user, uint64_t address,
                 const uint8_t *data, size_t len)
{
    struct memory_file *f = user;

    (void)s;
    memcpy(f->data + (address - f->address), data, len);
    return SFI_OK;
}

sfi_status
station_read(struct station *s, const struct cli_use *use)
{
    const char *path = use->value[2];
    struct memory_file f = {.address = cli_address(&s->p->cli, use, 0)};
    uint64_t size = 0;
    sfi_status st;

    (void)cli_number(use->value[1], READ_MAX, &size);
    f.data = malloc((size_t)size);
    if (f.data == NULL)
        return station_fail(s, SFI_ERR_NOMEM,
                            "out of memory for the data to read");
    st = memory_read(s, "Reading", f.address, size, memory_file_take, &f);
    if (st == SFI_OK)
        st = sfi_ctx_save_output(s->ctx, path, station_read_kind(use),
                                 cli_has(&s->p->cli, OPT_FORCE) ? SFI_REPLACE
                                                                : 0,
                                 f.data, (size_t)size);
    free(f.data);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress,
                      "Data read successfully\n"
                      "Writing data to file %s",
                      path);
    s->done.bytes_read += size;
    return SFI_OK;
}

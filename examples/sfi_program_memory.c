/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: read memory, into a file or to show it, and judge it. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sfi_program.h"

#define SHOWN_LINE 16u /* bytes */
#define SHOWN_MAX 64u  /* characters of 16 bytes */

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
    size_t len;
};

/* Bytes as many as a key has count as one, which only the same ones replace. */
uint32_t
station_read_kind(const struct cli_use *use)
{
    uint64_t size = 0;

    (void)cli_number(use->value[1], READ_MAX, &size);
    if (strcmp(sfi_firmware_format_by_name(use->value[2]), "bin") != 0)
        return SFI_FILE_FIRMWARE;
    return size == SFI_NONCE_LEN || size == SFI_KEY_LEN ||
                   size == SFI_AUDIT_KEY_LEN
               ? SFI_FILE_KEY
               : SFI_FILE_OTHER;
}

static sfi_status
memory_file_take(struct station *s, void *user, uint64_t address,
                 const uint8_t *data, size_t len)
{
    struct memory_file *f = user;

    (void)s;
    memcpy(f->data + (address - f->address), data, len);
    return SFI_OK;
}

/* In the format that the file's name says, as ST's tool does it. */
static sfi_status
memory_file_save(struct station *s, const struct memory_file *f,
                 const struct cli_use *use)
{
    sfi_firmware_save_options o = {.struct_size = sizeof(o)};
    sfi_firmware *fw = NULL;
    sfi_status st =
        sfi_firmware_parse(s->ctx, "raw", f->address, f->data, f->len, &fw);

    if (cli_has(&s->p->cli, OPT_FORCE))
        o.flags = SFI_REPLACE;
    if (st == SFI_OK)
        st = sfi_firmware_save(fw, use->value[2], &o);
    sfi_firmware_free(fw);
    return st;
}

sfi_status
station_read(struct station *s, const struct cli_use *use)
{
    struct memory_file f = {.address = cli_address(&s->p->cli, use, 0)};
    uint64_t size = 0;
    sfi_status st;

    (void)cli_number(use->value[1], READ_MAX, &size);
    f.len = (size_t)size;
    f.data = malloc(f.len);
    if (f.data == NULL)
        return station_fail(s, SFI_ERR_NOMEM,
                            "out of memory for the data to read");
    st = memory_read(s, "Reading", f.address, size, memory_file_take, &f);
    if (st == SFI_OK)
        st = memory_file_save(s, &f, use);
    free(f.data);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress,
                      "Data read successfully\n"
                      "Writing data to file %s",
                      use->value[2]);
    s->done.bytes_read += size;
    return SFI_OK;
}

/* ---- to show ---- */

struct memory_show {
    struct json *j;
    unsigned width; /* bytes of a value */
};

unsigned
station_value_width(const struct cli_use *use)
{
    switch (use->id) {
    case OPT_R8:
    case OPT_W8:
        return 1;
    case OPT_R16:
    case OPT_W16:
        return 2;
    default:
        return 4;
    }
}

/* "0x08000000 : 20000000 08000405", 16 bytes a line. */
static sfi_status
memory_show_take(struct station *s, void *user, uint64_t address,
                 const uint8_t *data, size_t len)
{
    const struct memory_show *show = user;
    char line[SHOWN_MAX] = "";
    size_t at = 0;

    for (size_t i = 0; i < len; i += show->width) {
        uint32_t v = 0;

        for (unsigned k = show->width; k-- > 0;)
            v = v << 8 | data[i + k];
        json_number(show->j, NULL, v);
        at += (size_t)snprintf(line + at, sizeof(line) - at, " %0*" PRIX32,
                               (int)show->width * 2, v);
        if ((i + show->width) % SHOWN_LINE != 0 && i + show->width < len)
            continue;
        station_show(s, "0x%08" PRIx64 " :%s", address + i - i % SHOWN_LINE,
                     line);
        at = 0;
    }
    return SFI_OK;
}

sfi_status
station_show_memory(struct station *s, const struct cli_use *use)
{
    uint64_t address = cli_address(&s->p->cli, use, 0);
    struct memory_show show = {.width = station_value_width(use)};
    uint64_t size = 0;
    sfi_status st;

    (void)cli_number(use->value[1], SHOW_MAX, &size);
    size += (show.width - size % show.width) % show.width;
    show.j = station_result(s, use);
    json_number(show.j, "address", address);
    json_array(show.j, "values");
    st = memory_read(s, NULL, address, size, memory_show_take, &show);
    json_close(show.j);
    json_close(show.j);
    return st;
}

/* ---- to judge ---- */

static sfi_status
memory_blank_take(struct station *s, void *user, uint64_t address,
                  const uint8_t *data, size_t len)
{
    (void)user;
    for (size_t i = 0; i < len; i++) {
        if (data[i] != 0xff)
            return station_fail(s, SFI_ERR_DEVICE,
                                "the flash is not blank: it has 0x%02x at "
                                "0x%08" PRIx64 ", expected 0xff everywhere",
                                data[i], address + i);
    }
    return SFI_OK;
}

sfi_status
station_check_blank(struct station *s, const struct cli_use *use)
{
    sfi_status st = memory_read(s, "Checking", sfi_chip_flash_base(s->part),
                                s->flash_size, memory_blank_take, NULL);
    struct json *j = station_result(s, use);

    json_bool(j, "blank", st == SFI_OK);
    json_close(j);
    if (st == SFI_OK)
        station_show(s, "The flash is blank");
    return st;
}

static sfi_status
memory_sum_take(struct station *s, void *user, uint64_t address,
                const uint8_t *data, size_t len)
{
    uint32_t *sum = user;

    (void)s;
    (void)address;
    for (size_t i = 0; i < len; i++)
        *sum += data[i];
    return SFI_OK;
}

/* The sum of all bytes modulo 2^32, as ST's tool has it. */
sfi_status
station_checksum(struct station *s, const struct cli_use *use)
{
    uint64_t address = sfi_chip_flash_base(s->part);
    uint64_t size = s->flash_size;
    uint32_t sum = 0;
    struct json *j;
    sfi_status st;

    if (use->count > 0) {
        address = cli_address(&s->p->cli, use, 0);
        (void)cli_number(use->value[1], READ_MAX, &size);
    }
    st = memory_read(s, "Reading", address, size, memory_sum_take, &sum);
    if (st != SFI_OK)
        return st;
    station_show(
        s, "Checksum of %" PRIu64 " bytes at 0x%08" PRIx64 ": 0x%08" PRIx32,
        size, address, sum);
    j = station_result(s, use);
    json_number(j, "address", address);
    json_number(j, "size", size);
    json_number(j, "checksum", sum);
    json_close(j);
    return SFI_OK;
}

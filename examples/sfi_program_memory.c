/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program and an open chip's memory: write a firmware or values, read into
 * a file or to show it, and judge it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/select.h"
#include "sfi_program.h"

#define SHOWN_LINE 16u /* bytes */
#define SHOWN_MAX 64u  /* characters of 16 bytes */

static size_t
firmware_size(const sfi_firmware *fw, const uint8_t **first)
{
    uint64_t address;
    size_t len, total = 0;

    for (size_t i = sfi_firmware_segment_count(fw); i-- > 0;) {
        if (sfi_firmware_segment(fw, i, &address, first, &len) == SFI_OK)
            total += len;
    }
    return total;
}

/* ---- write ---- */

static sfi_status
program_firmware(struct station *s, const sfi_firmware *fw, uint32_t flags)
{
    const sfi_program_options how = {
        .struct_size = sizeof(how),
        .flags = flags,
    };
    const uint8_t *first;
    sfi_status st = sfi_target_program(s->target, fw, &how);

    if (st == SFI_OK)
        station_did(s, "bytes_written", firmware_size(fw, &first));
    return st;
}

static sfi_status
verify_firmware(struct station *s, const sfi_firmware *fw)
{
    sfi_status st;

    cli_progress_step(&s->progress, "Verifying ...");
    st = sfi_target_verify(s->target, fw);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress, "Download verified successfully");
    station_did(s, "verified", DONE);
    return SFI_OK;
}

static void
say_left_out_of_firmware(void *user, const char *line)
{
    struct station *s = user;

    cli_progress_step(&s->progress, "%s", line);
}

sfi_status
station_write(struct station *s, const struct cli_use *use)
{
    const struct cli *c = &s->p->cli;
    sfi_firmware **fw = &s->firmware[use - c->uses];
    struct cli_select select = {
        .cli = c,
        .say = say_left_out_of_firmware,
        .user = s,
        .flash_of = cli_has(c, OPT_ONLY_FLASH) ? s->part : NULL,
    };
    sfi_status st = cli_select(&select, fw);

    s->all = false;
    if (st == SFI_OK)
        st = program_firmware(
            s, *fw, cli_has(c, OPT_SKIP_ERASE) ? SFI_PROGRAM_NO_ERASE : 0);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress, "File download complete");
    return cli_has(c, OPT_VERIFY) ? verify_firmware(s, *fw) : SFI_OK;
}

/* Write bytes that are in no file, without an erase. */
static sfi_status
write_bytes(struct station *s, uint64_t address, const uint8_t *data,
            size_t len, bool verify)
{
    sfi_firmware *fw = NULL;
    sfi_status st = sfi_firmware_parse(s->ctx, "raw", address, data, len, &fw);

    if (st == SFI_OK)
        st = program_firmware(s, fw, SFI_PROGRAM_NO_ERASE);
    if (st == SFI_OK && verify)
        st = verify_firmware(s, fw);
    sfi_firmware_free(fw);
    return st;
}

sfi_status
station_write_values(struct station *s, const struct cli_use *use)
{
    unsigned width = station_value_width(use);
    uint8_t data[CLI_VALUES_MAX * sizeof(uint32_t)];
    size_t len = 0;

    for (unsigned i = 1; i < use->count; i++) {
        uint64_t value = 0;

        (void)cli_number(use->value[i], UINT32_MAX, &value);
        for (unsigned b = 0; b < width; b++) /* little-endian */
            data[len++] = (uint8_t)(value >> 8 * b);
    }
    return write_bytes(s, cli_address(&s->p->cli, use, 0), data, len,
                       !cli_has(&s->p->cli, OPT_NO_VERIFY));
}

sfi_status
station_fill(struct station *s, const struct cli_use *use)
{
    const struct cli *c = &s->p->cli;
    const char *pattern = cli_key(c, use, "pattern");
    const char *bits = cli_key(c, use, "dataWidth");
    uint64_t size = 0, value = 0, width = 8;
    uint8_t *data;
    sfi_status st;

    (void)cli_number(cli_key(c, use, "size"), FILL_MAX, &size);
    if (pattern != NULL)
        (void)cli_number(pattern, UINT32_MAX, &value);
    if (bits != NULL)
        (void)cli_number(bits, 32, &width);
    data = malloc((size_t)size);
    if (data == NULL)
        cli_nomem(c->spec->program);
    for (uint64_t at = 0; at < size; at++)
        data[at] = (uint8_t)(value >> at * 8 % width);
    st = write_bytes(s, cli_address(c, use, 0), data, (size_t)size, false);
    free(data);
    return st;
}

/* ---- read ---- */

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

/* In the format that the file's name says, as ST's tool does it. */
sfi_status
station_read(struct station *s, const struct cli_use *use)
{
    sfi_firmware_save_options how = {.struct_size = sizeof(how)};
    sfi_firmware *fw = NULL;
    uint64_t size = 0;
    sfi_status st;

    (void)cli_number(use->value[1], READ_MAX, &size);
    if (cli_has(&s->p->cli, OPT_FORCE))
        how.flags = SFI_REPLACE;
    st = sfi_target_read_firmware(s->target, cli_address(&s->p->cli, use, 0),
                                  size, &fw);
    if (st == SFI_OK)
        st = sfi_firmware_save(fw, use->value[2], &how);
    sfi_firmware_free(fw);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress,
                      "Data read successfully\n"
                      "Writing data to file %s",
                      use->value[2]);
    station_did(s, "bytes_read", size);
    return SFI_OK;
}

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
static void
memory_show(struct station *s, struct json *j, uint64_t address,
            const uint8_t *data, size_t len, unsigned width)
{
    char line[SHOWN_MAX] = "";
    size_t at = 0;

    for (size_t i = 0; i < len; i += width) {
        uint32_t v = 0;

        for (unsigned k = width; k-- > 0;)
            v = v << 8 | data[i + k];
        json_number(j, NULL, v);
        at += (size_t)snprintf(line + at, sizeof(line) - at, " %0*" PRIX32,
                               (int)width * 2, v);
        if ((i + width) % SHOWN_LINE != 0 && i + width < len)
            continue;
        station_show(s, "0x%08" PRIx64 " :%s", address + i - i % SHOWN_LINE,
                     line);
        at = 0;
    }
}

sfi_status
station_show_memory(struct station *s, const struct cli_use *use)
{
    uint64_t address = cli_address(&s->p->cli, use, 0);
    unsigned width = station_value_width(use);
    struct json *j = station_result(s, use);
    sfi_firmware *fw = NULL;
    const uint8_t *data;
    uint64_t size = 0;
    sfi_status st;

    (void)cli_number(use->value[1], SHOW_MAX, &size);
    size += (width - size % width) % width;
    json_number(j, "address", address);
    json_array(j, "values");
    st = sfi_target_read_firmware(s->target, address, size, &fw);
    if (st == SFI_OK && firmware_size(fw, &data) == size)
        memory_show(s, j, address, data, (size_t)size, width);
    sfi_firmware_free(fw);
    json_close(j);
    json_close(j);
    return st;
}

/* ---- to judge ---- */

sfi_status
station_check_blank(struct station *s, const struct cli_use *use)
{
    sfi_status st = sfi_target_check_erased(
        s->target, sfi_chip_flash_base(s->part), s->flash_size);
    struct json *j = station_result(s, use);

    json_bool(j, "blank", st == SFI_OK);
    json_close(j);
    if (st == SFI_OK)
        station_show(s, "The flash is blank");
    return st;
}

/* The sum of all bytes modulo 2^32, as ST's tool has it. */
sfi_status
station_checksum(struct station *s, const struct cli_use *use)
{
    uint64_t address = sfi_chip_flash_base(s->part);
    uint64_t size = s->flash_size;
    sfi_firmware *fw = NULL;
    const uint8_t *data;
    uint32_t sum = 0;
    struct json *j;
    sfi_status st;

    if (use->count > 0) {
        address = cli_address(&s->p->cli, use, 0);
        (void)cli_number(use->value[1], READ_MAX, &size);
    }
    st = sfi_target_read_firmware(s->target, address, size, &fw);
    if (st != SFI_OK)
        return st;
    for (size_t i = 0, len = firmware_size(fw, &data); i < len; i++)
        sum += data[i];
    sfi_firmware_free(fw);
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

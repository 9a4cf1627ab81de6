/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The firmware of an image: what is in its files, and what of it is taken. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "station/image.h"

#define SHOWN_MAX 64u /* segments, and ranges that are left out, of a file */
#define WARNINGS_MAX 16u
#define VECTORS_ALIGN 128u /* Armv7-M, VTOR: at least 32 words */

static void
firmware_warning(void *user, int level, const char *line)
{
    const struct form *f = ((void **)user)[0];
    json_t *warnings = ((void **)user)[1];

    (void)level;
    if (json_array_size(warnings) < WARNINGS_MAX)
        json_array_append_new(warnings, image_text(f->settings, line));
}

static json_t *
range_json(uint64_t address, uint64_t size)
{
    return json_pack("{s:I, s:I}", "address", (json_int_t)address, "size",
                     (json_int_t)size);
}

/* ---- what is in a file ---- */

static uint32_t
word_at(const uint8_t *data)
{
    return (uint32_t)data[0] | (uint32_t)data[1] << 8 |
           (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

static bool
address_is_flash(const sfi_chip *chip, uint64_t address)
{
    return address >= sfi_chip_flash_base(chip) &&
           address - sfi_chip_flash_base(chip) < sfi_chip_flash_size(chip);
}

/* What looks like a vector table: a stack in RAM, then an odd address in the
 * flash. */
static json_t *
segment_vectors(const sfi_chip *chip, uint64_t address, const uint8_t *data,
                size_t len)
{
    uint32_t stack, reset;

    if (len < 8 || address % VECTORS_ALIGN != 0)
        return NULL;
    stack = word_at(data);
    reset = word_at(data + 4);
    if (stack == 0 || sfi_chip_memory(chip, stack - 1) == NULL ||
        address_is_flash(chip, stack - 1) || reset % 2 == 0 ||
        !address_is_flash(chip, reset))
        return NULL;
    return json_pack("{s:I, s:I, s:I, s:s}", "address", (json_int_t)address,
                     "stack", (json_int_t)stack, "reset", (json_int_t)reset,
                     "memory", sfi_chip_memory(chip, stack - 1));
}

static void
firmware_show(const sfi_chip *chip, const sfi_firmware *fw, json_t *out)
{
    json_t *segments = json_array(), *vectors = json_array(), *one;
    uint64_t address, total = 0;
    const uint8_t *data;
    size_t len;

    for (size_t i = 0;
         sfi_firmware_segment(fw, i, &address, &data, &len) == SFI_OK; i++) {
        total += len;
        if (i >= SHOWN_MAX)
            continue;
        json_array_append_new(segments, range_json(address, len));
        one = segment_vectors(chip, address, data, len);
        if (one != NULL)
            json_array_append_new(vectors, one);
    }
    json_object_set_new(out, "format", json_string(sfi_firmware_format(fw)));
    json_object_set_new(out, "segments", segments);
    json_object_set_new(
        out, "segment_count",
        json_integer((json_int_t)sfi_firmware_segment_count(fw)));
    json_object_set_new(out, "total", json_integer((json_int_t)total));
    json_object_set_new(out, "vectors", vectors);
}

/* ---- what of it is taken ---- */

static void
firmware_left_out(void *user, const sfi_firmware_left_out *p)
{
    json_t *ranges = user, *one;
    const char *why = p->memory != NULL ? p->memory : "no memory of the chip";

    if (json_array_size(ranges) == SHOWN_MAX)
        return;
    if (p->reason == SFI_LEFT_OUT_EXCLUDED)
        why = "excluded";
    if (p->reason == SFI_LEFT_OUT_NOT_ONLY)
        why = "not in a range to be taken";
    one = range_json(p->address, p->size);
    json_object_set_new(one, "why", json_string(why));
    json_array_append_new(ranges, one);
}

static sfi_status
firmware_select(const struct form *f, sfi_firmware **fw, json_t *out)
{
    sfi_firmware_selection how = {
        .struct_size = sizeof(how),
        .only = f->only,
        .only_count = f->only_count,
        .exclude = f->exclude,
        .exclude_count = f->exclude_count,
        .flash_of = ask_bool(f->ask, "only_flash") ? f->chip : NULL,
    };
    json_t *ranges = json_array();
    sfi_firmware *part = NULL;
    sfi_status st =
        sfi_firmware_select(*fw, &how, firmware_left_out, ranges, &part);

    json_object_set_new(out, "left_out", ranges);
    if (st != SFI_OK)
        return st;
    sfi_firmware_free(*fw);
    *fw = part;
    return SFI_OK;
}

/* ---- a row of the form ---- */

struct row {
    char file[40], address[40]; /* names of its fields */
    const char *name, *at;      /* and their values */
};

static struct row
row_read(const json_t *rows, size_t index)
{
    const json_t *row = json_array_get(rows, index);
    const char *name = json_string_value(json_object_get(row, "file"));
    const char *at = json_string_value(json_object_get(row, "address"));
    struct row r = {.name = name != NULL ? name : "",
                    .at = at != NULL ? at : ""};

    (void)snprintf(r.file, sizeof(r.file), "firmware.%zu.file", index);
    (void)snprintf(r.address, sizeof(r.address), "firmware.%zu.address", index);
    return r;
}

/* With an address the file is a plain binary, as sfi-create has it. */
static bool
firmware_load(struct form *f, const struct row *row, const char *path,
              sfi_firmware **out)
{
    uint64_t address = 0;
    uint32_t kind = SFI_FILE_OTHER;
    sfi_status st = sfi_ctx_file_kind(f->ctx, path, &kind);

    if (st == SFI_OK && row->at[0] == '\0' && kind == SFI_FILE_OTHER) {
        form_refuse(f, row->address, SFI_ERR_FORMAT,
                    "the file has no addresses of its own: give the address "
                    "of its first byte, as in 0x%08llx",
                    (unsigned long long)sfi_chip_flash_base(f->chip));
        return false;
    }
    if (st == SFI_OK && row->at[0] != '\0' && kind == SFI_FILE_FIRMWARE) {
        form_refuse(f, row->address, SFI_ERR_FORMAT,
                    "this file has its own addresses: leave this field empty, "
                    "it is for plain binaries");
        return false;
    }
    if (row->at[0] != '\0' && !cli_number(row->at, UINT32_MAX, &address)) {
        form_refuse(f, row->address, SFI_ERR_RANGE,
                    "%.64s is not an address, expected a number as in "
                    "0x%08llx",
                    row->at, (unsigned long long)sfi_chip_flash_base(f->chip));
        return false;
    }
    if (st == SFI_OK && row->at[0] != '\0')
        st = sfi_firmware_load_binary(f->ctx, path, address, out);
    else if (st == SFI_OK)
        st = sfi_firmware_load(f->ctx, path, out);
    if (st != SFI_OK)
        form_failed(f, row->file, st);
    return st == SFI_OK;
}

static void
firmware_add(struct form *f, const struct row *row, size_t index, json_t *out)
{
    char path[STATION_PATH_MAX];
    json_t *warnings = json_array();
    void *user[] = {f, warnings};
    sfi_firmware *fw = NULL;
    sfi_status st;
    bool loaded;

    json_object_set_new(out, "warnings", warnings);
    if (!form_path(f, row->file, row->name, FILE_READ, path))
        return;
    f->files[index] = strdup(path);
    sfi_ctx_set_log(f->ctx, SFI_LOG_WARNING, firmware_warning, user);
    loaded = firmware_load(f, row, path, &fw);
    sfi_ctx_set_log(f->ctx, SFI_LOG_NONE, NULL, NULL);
    if (!loaded)
        return;
    firmware_show(f->chip, fw, out);
    st = firmware_select(f, &fw, out);
    if (st == SFI_OK)
        st = sfi_image_builder_add_firmware(f->builder, fw);
    if (st != SFI_OK)
        form_failed(f, row->file, st);
    sfi_firmware_free(fw);
}

static json_t *
form_rows(struct form *f, const char *field)
{
    json_t *rows = json_object_get(f->ask->json, field);

    if (json_array_size(rows) <= FORM_FILES_MAX)
        return rows;
    form_refuse(f, field, SFI_ERR_LIMIT, "%zu files, expected at most %u",
                json_array_size(rows), FORM_FILES_MAX);
    return NULL;
}

void
form_add_firmware(struct form *f)
{
    const json_t *rows = form_rows(f, "firmware");

    for (size_t i = 0; i < json_array_size(rows); i++) {
        struct row row = row_read(rows, i);
        json_t *out;

        if (row.name[0] == '\0')
            continue;
        out = json_pack("{s:i, s:s}", "row", (int)i, "file", row.name);
        firmware_add(f, &row, i, out);
        json_array_append_new(f->firmware, out);
    }
}

void
form_add_modules(struct form *f)
{
    const json_t *rows = form_rows(f, "modules");

    for (size_t i = 0; i < json_array_size(rows); i++) {
        const char *name =
            json_string_value(json_object_get(json_array_get(rows, i), "file"));
        char field[40], path[STATION_PATH_MAX];
        struct stat info = {0};
        sfi_status st;

        if (name == NULL || name[0] == '\0')
            continue;
        (void)snprintf(field, sizeof(field), "modules.%zu.file", i);
        if (!form_path(f, field, name, FILE_READ, path))
            continue;
        st = sfi_image_builder_add_module_file(f->builder, path);
        if (st != SFI_OK)
            form_failed(f, field, st);
        else if (stat(path, &info) == 0)
            json_array_append_new(
                f->modules, json_pack("{s:i, s:s, s:I}", "row", (int)i, "file",
                                      name, "size", (json_int_t)info.st_size));
    }
}

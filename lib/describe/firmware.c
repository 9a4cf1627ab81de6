/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Firmware files, and option bytes. */
#include <string.h>

#include <sfi/firmware.h>
#include <sfi/option_bytes.h>

#include "util/mem.h"
#include "chip/chip.h"
#include "option_bytes/option_bytes.h"
#include "describe/description.h"

/* ---- firmware ---- */

static const char *
firmware_machine_name(uint32_t machine)
{
    static const struct {
        uint32_t machine;
        const char *name;
    } names[] = {{3, "x86"},       {8, "MIPS"},    {40, "Arm"},
                 {62, "x86-64"},   {83, "AVR"},    {94, "Xtensa"},
                 {183, "AArch64"}, {243, "RISC-V"}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].machine == machine)
            return names[i].name;
    }
    return "another";
}

static void
firmware_report_segments(struct description *d, const sfi_firmware *fw)
{
    size_t count = sfi_firmware_segment_count(fw);

    for (size_t i = 0; i < count; i++) {
        const uint8_t *data;
        uint64_t address;
        size_t len;

        if (sfi_firmware_segment(fw, i, &address, &data, &len) != SFI_OK)
            break;
        sfi__fact_group(d, "segments", (uint32_t)i + 1);
        sfi__fact_address(d, "address", "address", address);
        sfi__fact_number(d, "size", "size", len);
    }
}

static void
firmware_report(struct description *d, const sfi_firmware *fw)
{
    size_t count = sfi_firmware_segment_count(fw);
    uint32_t machine = sfi_firmware_machine(fw);
    uint64_t total = 0;

    for (size_t i = 0; i < count; i++) {
        const uint8_t *data;
        uint64_t address;
        size_t len;

        if (sfi_firmware_segment(fw, i, &address, &data, &len) == SFI_OK)
            total += len;
    }
    sfi__fact_text(d, "format", "format", sfi_firmware_format(fw));
    if (machine != 0)
        sfi__fact_text(d, "machine", "machine", firmware_machine_name(machine));
    sfi__fact_number(d, "segment_count", "number of segments", count);
    sfi__fact_number(d, "data_size", "bytes of firmware", total);
    firmware_report_segments(d, fw);
}

sfi_status
sfi__describe_firmware(struct description *d)
{
    sfi_firmware *fw = NULL;
    sfi_status st = d->bytes.len > 0
                        ? sfi_firmware_parse(d->ctx, NULL, 0, d->bytes.data,
                                             d->bytes.len, &fw)
                        : sfi_firmware_load(d->ctx, d->path, &fw);

    if (st == SFI_OK)
        firmware_report(d, fw);
    (void)sfi__fact_check(d, "structure", "structure and checksums", st);
    sfi_firmware_free(fw);
    return st;
}

/* ---- option bytes ---- */

static void
words_report_rows(struct description *d, const sfi_option_bytes *ob)
{
    size_t count = sfi_option_bytes_count(ob);

    for (size_t i = 0; i < count; i++) {
        const char *name;
        uint32_t value;

        if (sfi_option_bytes_get(ob, i, &name, &value) != SFI_OK)
            break;
        sfi__fact_group(d, "option_bytes", (uint32_t)i + 1);
        sfi__fact_text(d, "name", "name", name);
        sfi__fact_address(d, "value", "value", value);
    }
}

static void
words_report_fields(struct description *d, const sfi_option_bytes *ob)
{
    size_t count = sfi_option_bytes_field_count(ob);

    for (size_t i = 0; i < count; i++) {
        sfi_option_field f = {.struct_size = sizeof(f)};

        if (sfi_option_bytes_get_field(ob, i, &f) != SFI_OK)
            break;
        sfi__fact_group(d, "option_fields", (uint32_t)i + 1);
        sfi__fact_text(d, "name", "name", f.name);
        sfi__fact_text(d, "row", "row", sfi_chip_option_byte(ob->chip, f.row));
        sfi__fact_number(d, "value", "value", f.value);
        sfi__fact_number(d, "shipped", "in a new part", f.shipped);
        sfi__fact_text(d, "about", "about", f.about);
        sfi__fact_text(d, "meaning", "meaning", f.text);
        sfi__fact_text(d, "effect", "effect", f.effect);
    }
}

static void
words_report(struct description *d, const sfi_option_bytes *ob)
{
    words_report_rows(d, ob);
    words_report_fields(d, ob);
}

sfi_status
sfi__describe_words(struct description *d, const sfi_chip *chip,
                    const uint8_t *ob)
{
    uint32_t values[CHIP_OB_ROWS_MAX];
    sfi_option_bytes *o;
    sfi_status st;

    for (size_t i = 0; i < chip->ob_count; i++)
        values[i] = (uint32_t)ob[4 * i] | (uint32_t)ob[4 * i + 1] << 8 |
                    (uint32_t)ob[4 * i + 2] << 16 |
                    (uint32_t)ob[4 * i + 3] << 24;
    st = sfi__option_bytes_new(d->ctx, chip, values, &o);
    if (st != SFI_OK)
        return st;
    words_report(d, o);
    sfi_option_bytes_free(o);
    return SFI_OK;
}

static sfi_status
words_parse(struct description *d, const sfi_chip *chip, sfi_option_bytes **out)
{
    return sfi_option_bytes_parse(d->ctx, chip, (const char *)d->bytes.data,
                                  d->bytes.len, out);
}

/* Does the text have the name of a row of the part? */
static bool
words_has_row(struct description *d, const sfi_chip *chip)
{
    const char *text = (const char *)d->bytes.data;
    const char *name;

    for (size_t i = 0; (name = sfi_chip_option_byte(chip, i)) != NULL; i++) {
        size_t len = strlen(name);

        for (size_t at = 0; at + len <= d->bytes.len; at++) {
            if (sfi__equal(text + at, name, len))
                return true;
        }
    }
    return false;
}

/* The part whose option bytes they are; if they are of none, the one with whose
 * rows they begin; NULL: no option bytes. */
static const sfi_chip *
words_find_chip(struct description *d)
{
    const sfi_chip *chip, *found = NULL;

    if (d->opts.chip != NULL)
        return d->opts.chip;
    for (size_t i = 0; (chip = sfi_chip_at(i)) != NULL; i++) {
        uint32_t values[CHIP_OB_ROWS_MAX];

        if (sfi__ob_parse_csv(d->ctx, chip, (const char *)d->bytes.data,
                              d->bytes.len, values) == SFI_OK)
            return chip;
        if (found == NULL && words_has_row(d, chip))
            found = chip;
    }
    return found;
}

bool
sfi__describe_is_option_bytes(struct description *d)
{
    return d->bytes.len > 0 && memchr(d->bytes.data, 0, d->bytes.len) == NULL &&
           words_find_chip(d) != NULL;
}

sfi_status
sfi__describe_option_bytes(struct description *d)
{
    const sfi_chip *chip = words_find_chip(d);
    sfi_option_bytes *ob = NULL;
    sfi_status st;

    if (chip == NULL)
        chip = sfi_chip_at(0);
    st = words_parse(d, chip, &ob);
    if (st == SFI_OK) {
        sfi__fact_text(d, "chip", "part", sfi_chip_name(chip));
        words_report(d, ob);
    }
    (void)sfi__fact_check(d, "structure", "every row of the part", st);
    sfi_option_bytes_free(ob);
    return st;
}

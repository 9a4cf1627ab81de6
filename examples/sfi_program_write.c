/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: write a firmware or values with the open bootloader, and verify
 * them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/select.h"
#include "sfi_program.h"

#define RAM_UNIT 8u /* RAM is written in units of so many bytes */

static bool
address_is_in_flash(const sfi_chip *chip, uint64_t address)
{
    return address >= sfi_chip_flash_base(chip) &&
           address - sfi_chip_flash_base(chip) < sfi_chip_flash_size(chip);
}

static sfi_status
erase_under_firmware(struct station *s, const sfi_firmware *fw)
{
    const sfi_chip *chip = s->part;
    uint32_t sector = sfi_chip_sector_size(chip);
    bool marked[SECTORS_MAX] = {false};
    const uint8_t *data;
    uint64_t address;
    size_t len;

    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        sfi_status st = sfi_firmware_segment(fw, i, &address, &data, &len);

        if (st != SFI_OK)
            return st;
        for (uint64_t at = address - address % sector; at < address + len;
             at += sector) {
            if (address_is_in_flash(chip, at))
                marked[(at - sfi_chip_flash_base(chip)) / sector] = true;
        }
    }
    return station_erase_marked(s, marked);
}

struct window {
    uint64_t base;
    uint8_t data[WINDOW];
    bool used[WINDOW / RAM_UNIT]; /* by units of RAM_UNIT bytes */
};

/* Copy the part of the firmware that lies in the window. */
static sfi_status
window_fill_firmware(const sfi_firmware *fw, struct window *w, uint32_t unit)
{
    const uint8_t *data;
    uint64_t address;
    size_t len;

    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        sfi_status st = sfi_firmware_segment(fw, i, &address, &data, &len);
        uint64_t from = address > w->base ? address : w->base;
        uint64_t to =
            address + len < w->base + WINDOW ? address + len : w->base + WINDOW;

        if (st != SFI_OK)
            return st;
        if (from >= to)
            continue;
        memcpy(w->data + (from - w->base), data + (from - address), to - from);
        from -= from % unit;
        to += (unit - to % unit) % unit;
        for (uint64_t at = from; at < to; at += RAM_UNIT)
            w->used[(at - w->base) / RAM_UNIT] = true;
    }
    return SFI_OK;
}

/* Move `at` to the next run of used bytes, and return its length; 0: no more.
 */
static size_t
window_next_run(const struct window *w, size_t *at)
{
    size_t end;

    while (*at < WINDOW && !w->used[*at / RAM_UNIT])
        *at += RAM_UNIT;
    for (end = *at; end < WINDOW && w->used[end / RAM_UNIT];)
        end += RAM_UNIT;
    return end - *at;
}

/* Read what the chip has between the firmware's bytes, then put those on top.
 */
static sfi_status
window_merge_ram(struct station *s, const sfi_firmware *fw, struct window *w)
{
    size_t len;

    for (size_t at = 0; (len = window_next_run(w, &at)) > 0; at += len) {
        sfi_status st =
            sfi_target_read(s->target, w->base + at, w->data + at, len);

        if (st != SFI_OK)
            return st;
    }
    return window_fill_firmware(fw, w, RAM_UNIT);
}

/* Gaps inside a unit are 0xff in flash; in RAM they keep their content. */
static sfi_status
window_write_to_chip(struct station *s, const sfi_firmware *fw, uint64_t base)
{
    const sfi_chip *chip = s->part;
    bool flash = address_is_in_flash(chip, base);
    uint32_t unit = flash ? sfi_chip_program_unit(chip) : RAM_UNIT;
    struct window w = {.base = base};
    sfi_status st;
    size_t len;

    memset(w.data, 0xff, sizeof(w.data));
    st = window_fill_firmware(fw, &w, unit);
    if (st == SFI_OK && !flash)
        st = window_merge_ram(s, fw, &w);
    if (st != SFI_OK)
        return st;
    for (size_t at = 0; (len = window_next_run(&w, &at)) > 0; at += len) {
        st = sfi_target_write(s->target, base + at, w.data + at, len);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static uint64_t
firmware_total_bytes(const sfi_firmware *fw)
{
    const uint8_t *data;
    uint64_t address;
    uint64_t total = 0;
    size_t len;

    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        if (sfi_firmware_segment(fw, i, &address, &data, &len) == SFI_OK)
            total += len;
    }
    return total;
}

static sfi_status
firmware_write_to_chip(struct station *s, const sfi_firmware *fw)
{
    uint64_t total = firmware_total_bytes(fw);
    uint64_t done = 0;
    uint64_t next = 0; /* windows below it are written */
    const uint8_t *data;
    uint64_t address;
    size_t len;

    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        sfi_status st = sfi_firmware_segment(fw, i, &address, &data, &len);
        uint64_t at = address - address % WINDOW;

        if (st != SFI_OK)
            return st;
        for (at = at > next ? at : next; at < address + len; at += WINDOW) {
            st = window_write_to_chip(s, fw, at);
            if (st != SFI_OK)
                return st;
            next = at + WINDOW;
            if (at > address)
                st = station_progress(s, "Writing", done + (at - address),
                                      total);
            if (st != SFI_OK)
                return st;
        }
        done += len;
    }
    return station_progress(s, "Writing", total, total);
}

static sfi_status
firmware_verify_segment(struct station *s, uint64_t address,
                        const uint8_t *data, size_t len)
{
    uint8_t there[WINDOW];

    while (len > 0) {
        size_t n = len < sizeof(there) ? len : sizeof(there);
        sfi_status st = sfi_target_read(s->target, address, there, n);

        for (size_t i = 0; st == SFI_OK && i < n; i++) {
            if (there[i] == data[i])
                continue;
            return station_fail(s, SFI_ERR_PROTOCOL,
                                "the chip has 0x%02x at 0x%08" PRIx64
                                ", expected 0x%02x as in the file",
                                there[i], address + i, data[i]);
        }
        if (st != SFI_OK)
            return st;
        address += n;
        data += n;
        len -= n;
    }
    return SFI_OK;
}

static sfi_status
firmware_verify_on_chip(struct station *s, const sfi_firmware *fw)
{
    const uint8_t *data;
    uint64_t address;
    size_t len;

    cli_progress_step(&s->progress, "Verifying ...");
    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        sfi_status st = sfi_firmware_segment(fw, i, &address, &data, &len);

        if (st == SFI_OK)
            st = firmware_verify_segment(s, address, data, len);
        if (st != SFI_OK)
            return st;
    }
    cli_progress_step(&s->progress, "Download verified successfully");
    s->done.verified = true;
    return SFI_OK;
}

/* RAM has no table in the public API: the chip refuses to read what it lacks.
 */
static sfi_status
segment_probe_ram(struct station *s, uint64_t address, size_t len)
{
    uint64_t first = address - address % RAM_UNIT;
    uint64_t last = address + (len - 1);
    uint8_t there[RAM_UNIT];
    sfi_status st;

    last -= last % RAM_UNIT;
    st = sfi_target_check_write(s->target, first,
                                (size_t)(last - first) + RAM_UNIT);
    if (st == SFI_OK)
        st = sfi_target_read(s->target, first, there, sizeof(there));
    if (st == SFI_OK && last != first)
        st = sfi_target_read(s->target, last, there, sizeof(there));
    return st;
}

/* Is everything where it can be written?  Before anything is erased. */
static sfi_status
firmware_check_range(struct station *s, const sfi_firmware *fw)
{
    const sfi_chip *chip = s->part;
    uint64_t base = sfi_chip_flash_base(chip);
    uint64_t end = base + s->flash_size;
    const uint8_t *data;
    uint64_t address;
    size_t len;

    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        sfi_status st = sfi_firmware_segment(fw, i, &address, &data, &len);

        if (st != SFI_OK)
            return st;
        if (address >= base && address < end && len <= end - address)
            continue;
        if (address < end && address + len > base) {
            return station_fail(s, SFI_ERR_RANGE,
                                "the firmware is at 0x%08" PRIx64
                                " to 0x%08" PRIx64
                                ", the flash of %s at 0x%08" PRIx64
                                " to 0x%08" PRIx64 "; nothing was erased",
                                address, address + (len - 1),
                                sfi_chip_name(chip), base, end - 1);
        }
        st = len > 0 ? segment_probe_ram(s, address, len) : SFI_OK;
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

/* Whole units of flash: each is programmed once after an erase. */
static sfi_status
segment_check_erased(struct station *s, uint64_t address, size_t len)
{
    uint32_t unit = sfi_chip_program_unit(s->part);
    uint64_t end = address + len + (unit - 1);
    uint8_t there[WINDOW];

    end -= end % unit;
    for (uint64_t at = address - address % unit; at < end;) {
        size_t n = end - at < sizeof(there) ? end - at : sizeof(there);
        sfi_status st = sfi_target_read(s->target, at, there, n);

        if (st != SFI_OK)
            return st;
        for (size_t i = 0; i < n; i++) {
            if (there[i] != 0xff)
                return station_fail(s, SFI_ERR_DEVICE,
                                    "there is 0x%02x at 0x%08" PRIx64
                                    ", expected erased flash from 0x%08" PRIx64
                                    ": erase its sector first",
                                    there[i], at + i, address - address % unit);
        }
        at += n;
    }
    return SFI_OK;
}

/* A bootloader does not report a unit that was programmed before (AN3155). */
static sfi_status
firmware_check_erased(struct station *s, const sfi_firmware *fw)
{
    sfi_status st = SFI_OK;
    const uint8_t *data;
    uint64_t address;
    size_t len;

    for (size_t i = 0; st == SFI_OK && i < sfi_firmware_segment_count(fw);
         i++) {
        st = sfi_firmware_segment(fw, i, &address, &data, &len);
        if (st == SFI_OK && len > 0 && address_is_in_flash(s->part, address))
            st = segment_check_erased(s, address, len);
    }
    return st;
}

static void
say_left_out_of_firmware(void *user, const char *line)
{
    struct station *s = user;

    cli_progress_step(&s->progress, "%s", line);
}

static sfi_status
firmware_select_flash(struct station *s, sfi_firmware **fw)
{
    struct cli_select select = {
        .cli = &s->p->cli,
        .say = say_left_out_of_firmware,
        .user = s,
    };

    if (cli_has(&s->p->cli, OPT_ONLY_FLASH))
        select.flash_of = s->part;
    return cli_select(&select, fw);
}

sfi_status
station_write(struct station *s, const struct cli_use *use)
{
    sfi_firmware **from = &s->firmware[use - s->p->cli.uses];
    sfi_status st = firmware_select_flash(s, from);
    const sfi_firmware *fw = *from;

    if (st == SFI_OK)
        st = firmware_check_range(s, fw);
    if (st == SFI_OK)
        st = cli_has(&s->p->cli, OPT_SKIP_ERASE) ? firmware_check_erased(s, fw)
                                                 : erase_under_firmware(s, fw);
    if (st == SFI_OK)
        st = firmware_write_to_chip(s, fw);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress, "File download complete");
    s->done.bytes_written += firmware_total_bytes(fw);
    if (!cli_has(&s->p->cli, OPT_VERIFY))
        return SFI_OK;
    return firmware_verify_on_chip(s, fw);
}

/* Write bytes that are in no file, without an erase. */
static sfi_status
write_bytes(struct station *s, uint64_t address, const uint8_t *data,
            size_t len, bool verify)
{
    sfi_firmware *fw = NULL;
    sfi_status st = sfi_firmware_parse(s->ctx, "raw", address, data, len, &fw);

    if (st == SFI_OK)
        st = firmware_check_range(s, fw);
    if (st == SFI_OK)
        st = firmware_check_erased(s, fw);
    if (st == SFI_OK)
        st = firmware_write_to_chip(s, fw);
    if (st == SFI_OK)
        s->done.bytes_written += len;
    if (st == SFI_OK && verify)
        st = firmware_verify_on_chip(s, fw);
    sfi_firmware_free(fw);
    return st;
}

/* Little-endian, as the part has it. */
static void
put_value(uint8_t *out, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        out[i] = (uint8_t)(value >> 8 * i);
}

sfi_status
station_write_values(struct station *s, const struct cli_use *use)
{
    unsigned width = station_value_width(use);
    uint8_t data[CLI_VALUES_MAX * sizeof(uint32_t)];

    for (unsigned i = 1; i < use->count; i++) {
        uint64_t value = 0;

        (void)cli_number(use->value[i], UINT32_MAX, &value);
        put_value(data + (size_t)(i - 1) * width, value, width);
    }
    return write_bytes(s, cli_address(&s->p->cli, use, 0), data,
                       (size_t)(use->count - 1) * width,
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
        return station_fail(s, SFI_ERR_NOMEM,
                            "out of memory for the data to write");
    for (uint64_t at = 0; at < size; at++)
        data[at] = (uint8_t)(value >> at * 8 % width);
    st = write_bytes(s, cli_address(c, use, 0), data, (size_t)size, false);
    free(data);
    return st;
}

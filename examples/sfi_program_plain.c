/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program with the open bootloader: what is done to flash, memory, option
 * bytes and core, and what is there. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/select.h"
#include "line/serial_at.h"
#include "sfi_program.h"

#define APPLICATION_RUNS "application running"
#define SHOWN_LINE 16u /* bytes */
#define SHOWN_MAX 64u  /* characters of 16 bytes */

/* The word of an action that succeeded, and its key in JSON. */
static sfi_status
action_end(struct station *s, sfi_status st, const char *done, const char *key)
{
    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress, "%s", done);
    station_did(s, key, DONE);
    return SFI_OK;
}

static uint8_t *
bytes_new(const struct station *s, uint64_t len)
{
    uint8_t *bytes = malloc((size_t)len);

    if (bytes == NULL)
        cli_nomem(s->p->cli.spec->program);
    return bytes;
}

/* ---- erase ---- */

sfi_status
station_erase(struct station *s, const struct cli_use *use)
{
    uint32_t sectors[SECTORS_MAX];
    size_t count = 0;

    s->all = strcmp(use->value[0], "all") == 0;
    if (s->all) {
        cli_progress_step(&s->progress, "Mass erase ...");
        return action_end(s, sfi_target_erase_all(s->target),
                          "Mass erase successfully achieved", "erased");
    }
    for (uint32_t k = 0; k < SECTORS_MAX; k++) {
        unsigned i = 0;

        while (i < use->count && (k < use->number[i] || k > use->last[i]))
            i++;
        if (i < use->count)
            sectors[count++] = k;
    }
    return sfi_target_erase(s->target, sectors, count);
}

/* ---- write ---- */

static sfi_status
program_firmware(struct station *s, const sfi_firmware *fw, uint32_t flags)
{
    const sfi_program_options how = {
        .struct_size = sizeof(how),
        .flags = flags,
    };
    sfi_status st = sfi_target_program(s->target, fw, &how);
    const uint8_t *data;
    uint64_t address;
    size_t len = 0;

    for (size_t i = sfi_firmware_segment_count(fw); st == SFI_OK && i-- > 0;) {
        st = sfi_firmware_segment(fw, i, &address, &data, &len);
        station_did(s, "bytes_written", len);
    }
    return st;
}

static sfi_status
verify_firmware(struct station *s, const sfi_firmware *fw)
{
    cli_progress_step(&s->progress, "Verifying ...");
    return action_end(s, sfi_target_verify(s->target, fw),
                      "Download verified successfully", "verified");
}

sfi_status
station_write(struct station *s, const struct cli_use *use)
{
    const struct cli *c = &s->p->cli;
    sfi_firmware **fw = &s->firmware[use - c->uses];
    struct cli_select select = {
        .cli = c,
        .progress = &s->progress,
        .flash_of = cli_has(c, OPT_ONLY_FLASH) ? s->part : NULL,
    };
    sfi_status st = cli_select(&select, fw);

    s->all = false;
    if (st == SFI_OK)
        st = serial_put_in(s, use);
    if (st == SFI_OK)
        st = program_firmware(
            s, *fw, cli_has(c, OPT_SKIP_ERASE) ? SFI_PROGRAM_NO_ERASE : 0);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress, "File download complete");
    st = serial_read_back(s, use);
    if (st == SFI_OK && cli_has(c, OPT_VERIFY))
        st = verify_firmware(s, *fw);
    return st;
}

/* Bytes of a value of OPT_R8, OPT_R16 and OPT_R32, or of OPT_W8 and so on: they
 * follow one another. */
static unsigned
value_width(const struct cli_use *use)
{
    return 1u << (use->id - (use->id >= OPT_W8 ? OPT_W8 : OPT_R8));
}

/* Little-endian values, or one again and again, without an erase. */
sfi_status
station_write_values(struct station *s, const struct cli_use *use)
{
    const struct cli *c = &s->p->cli;
    bool fills = use->id == OPT_FILL;
    uint64_t value = cli_key_number(c, use, "pattern", 0);
    uint64_t width =
        fills ? cli_key_number(c, use, "dataWidth", 8) / 8 : value_width(use);
    uint64_t len = cli_key_number(c, use, "size", (use->count - 1) * width);
    uint8_t *data = bytes_new(s, len);
    sfi_firmware *fw = NULL;
    sfi_status st;

    for (uint64_t at = 0; at < len; at++) {
        if (!fills)
            value = use->number[1 + at / width];
        data[at] = (uint8_t)(value >> 8 * (at % width));
    }
    st = sfi_firmware_parse(s->ctx, "raw", use->number[0], data, (size_t)len,
                            &fw);
    free(data);
    if (st == SFI_OK)
        st = program_firmware(s, fw, SFI_PROGRAM_NO_ERASE);
    if (st == SFI_OK && !fills && !cli_has(c, OPT_NO_VERIFY))
        st = verify_firmware(s, fw);
    sfi_firmware_free(fw);
    return st;
}

/* ---- read ---- */

/* In the format that the file's name says, as ST's tool does it. */
sfi_status
station_read(struct station *s, const struct cli_use *use)
{
    const sfi_firmware_save_options how = {
        .struct_size = sizeof(how),
        .flags = cli_has(&s->p->cli, OPT_FORCE) ? SFI_REPLACE : 0,
    };
    sfi_firmware *fw = NULL;
    sfi_status st = sfi_target_read_firmware(s->target, use->number[0],
                                             use->number[1], &fw);

    if (st == SFI_OK)
        st = sfi_firmware_save(fw, use->value[2], &how);
    sfi_firmware_free(fw);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress,
                      "Data read successfully\n"
                      "Writing data to file %s",
                      use->value[2]);
    station_did(s, "bytes_read", use->number[1]);
    return SFI_OK;
}

/* "0x08000000 : 20000000 08000405", 16 bytes a line, of whole values. */
sfi_status
station_show_memory(struct station *s, const struct cli_use *use)
{
    unsigned width = value_width(use);
    size_t len = (size_t)(use->number[1] + width - 1) / width * width;
    uint8_t *data = bytes_new(s, len);
    sfi_status st = sfi_target_read(s->target, use->number[0], data, len);
    struct json *j = station_result(s, use);
    char line[SHOWN_MAX];

    json_number(j, "address", use->number[0]);
    json_open_array(j, "values");
    for (size_t i = 0; st == SFI_OK && i < len; i += width) {
        size_t at = i % SHOWN_LINE == 0 ? 0 : strlen(line);
        uint32_t value = 0;

        for (unsigned k = width; k-- > 0;)
            value = value << 8 | data[i + k];
        json_number(j, NULL, value);
        (void)snprintf(line + at, sizeof(line) - at, " %0*" PRIX32,
                       (int)width * 2, value);
        if ((i + width) % SHOWN_LINE == 0 || i + width == len)
            station_show(s, "0x%08" PRIx64 " :%s",
                         use->number[0] + i - i % SHOWN_LINE, line);
    }
    json_close(j);
    json_close(j);
    free(data);
    return st;
}

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
    bool whole = use->count == 0;
    uint64_t address = whole ? sfi_chip_flash_base(s->part) : use->number[0];
    uint64_t size = whole ? s->flash_size : use->number[1];
    uint8_t *data = bytes_new(s, size);
    sfi_status st = sfi_target_read(s->target, address, data, (size_t)size);
    uint32_t sum = 0;
    struct json *j;

    for (uint64_t i = 0; st == SFI_OK && i < size; i++)
        sum += data[i];
    free(data);
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

/* ---- option bytes ---- */

static sfi_status
option_bytes_show(struct station *s, const sfi_option_bytes *ob)
{
    size_t count = sfi_option_bytes_field_count(ob);
    sfi_option_field *f = calloc(count + 1, sizeof(*f));
    sfi_status st = SFI_OK;

    if (f == NULL)
        cli_nomem(s->p->cli.spec->program);
    free(s->fields);
    s->fields = f;
    for (size_t i = 0; st == SFI_OK && i < count; i++, f++) {
        f->struct_size = sizeof(*f);
        st = sfi_option_bytes_get_field(ob, i, f);
        if (st == SFI_OK)
            station_show(s, "  %-17s: 0x%-6" PRIx32 " %s%s%s", f->name,
                         f->value, f->about, f->text[0] != '\0' ? ": " : "",
                         f->text);
    }
    return st;
}

static sfi_status
option_bytes_confirm(struct station *s, const sfi_option_bytes *ob)
{
    const char *why = sfi_option_bytes_permanent(ob);
    char question[128];

    if (why == NULL)
        return SFI_OK;
    (void)snprintf(question, sizeof(question), "%s. Continue?", why);
    return station_confirm(s, "irreversible, so the option bytes are unchanged",
                           question,
                           "not confirmed, the option bytes are unchanged");
}

sfi_status
station_option_bytes(struct station *s, const struct cli_use *use)
{
    sfi_option_bytes *ob = NULL;
    sfi_status st = sfi_target_read_option_bytes(s->target, &ob);

    if (st == SFI_OK && strcmp(use->value[0], "displ") == 0) {
        st = option_bytes_show(s, ob);
        sfi_option_bytes_free(ob);
        return st;
    }
    for (unsigned i = 0; st == SFI_OK && i < use->count; i++)
        st = sfi_option_bytes_set_word(ob, use->value[i]);
    if (st == SFI_OK)
        st = option_bytes_confirm(s, ob);
    if (st == SFI_OK) {
        cli_progress_step(&s->progress, "Programming option bytes ...");
        st = action_end(s, sfi_target_write_option_bytes(s->target, ob),
                        "Option Bytes successfully programmed",
                        "option_bytes_written");
    }
    sfi_option_bytes_free(ob);
    return st;
}

/* ---- protection and core ---- */

static sfi_status
go_from(struct station *s, uint64_t address)
{
    sfi_status st = sfi_target_go(s->target, address);

    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress, "Running from 0x%08" PRIx64, address);
    station_did(s, "running", address);
    return SFI_OK;
}

/* The chip leaves by a start or a reset: what follows connects again. */
sfi_status
station_control(struct station *s, const struct cli_use *use)
{
    sfi_target *t = s->target;
    sfi_status st;

    switch (use->id) {
    case OPT_RDU:
        cli_progress_step(&s->progress, "Removing readout protection ...");
        return action_end(s, sfi_target_readout_unprotect(t),
                          "Readout protection removed", "readout_unprotected");
    case OPT_HALT:
        return action_end(s, sfi_target_halt(t), "Core halted", "halted");
    case OPT_RST:
        st = action_end(s, sfi_target_reset(t, SFI_RESET_CORE),
                        "Software reset is performed", "reset");
        break;
    case OPT_HARD_RST:
        st = action_end(s, sfi_target_reset(t, SFI_RESET_LINE),
                        "Hard reset is performed", "reset");
        break;
    default:
        st = go_from(s, use->count > 0 ? use->number[0]
                                       : sfi_chip_flash_base(s->part));
        break;
    }
    if (st == SFI_OK) {
        sfi_target_free(t);
        s->target = NULL;
    }
    return st;
}

/* ---- what is there ---- */

/* After a connect that failed the error tells of an application. */
sfi_status
station_look(struct station *s, sfi_status st)
{
    sfi_description *seen = NULL;

    if (st != SFI_OK &&
        sfi_error_peer_code(sfi_ctx_error(s->ctx)) == SFI_PEER_APPLICATION) {
        station_show(s, "  State             : %s", APPLICATION_RUNS);
        json_text(&s->note, "state", APPLICATION_RUNS);
    }
    if (st == SFI_OK)
        st = sfi_target_describe(s->target, &seen);
    cli_progress_end(&s->progress);
    if (st == SFI_OK && s->shows != NULL)
        st = sfi_description_text(seen, NULL, cli_write, s->shows);
    if (st == SFI_OK)
        st = sfi_description_json(seen, json_members, &s->note);
    sfi_description_free(seen);
    return st;
}

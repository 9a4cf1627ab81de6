/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The serial number in the firmware of an open part. */
#define _POSIX_C_SOURCE 200809L
#include "line/serial_at.h"

#include <inttypes.h>
#include <string.h>

#include "line/serial.h"

void
serial_read_options(struct program *p)
{
    const struct cli *c = &p->cli;
    const struct cli_use *board = cli_next(c, OPT_BOARD, NULL);
    const char *at = cli_value(c, OPT_SERIAL_AT);
    const char *counter = cli_key(c, board, "counter");
    const char *wrong;
    uint8_t bytes[SERIAL_FIELD_MAX];

    if (board != NULL && (board->count == 1) == (counter != NULL))
        cli_usage(c, "%s needs SERIAL or counter=FILE", board->spelling);
    if (p->station_count > 1 && board != NULL && counter == NULL)
        cli_usage(c,
                  "%s %s is the number of one board: with --gang use "
                  "counter=FILE",
                  board->spelling, board->value[0]);
    if (at == NULL)
        return;
    wrong = serial_field_parse(at, &p->serial_at);
    if (wrong != NULL)
        cli_usage(c, "--serial-at %s: %s", at, wrong);
    if (p->line == NULL && board == NULL)
        cli_usage(c, "--serial-at needs --serial SERIAL or counter=FILE");
    if (board == NULL || counter != NULL)
        return;
    wrong = serial_encode(&p->serial_at, board->value[0], bytes);
    if (wrong != NULL)
        cli_usage(c, "--serial-at %s: %s: %s", at, board->value[0], wrong);
}

/* How far the field is from the firmware's bytes; 0: it touches them. */
static uint64_t
serial_distance(const struct serial_field *f, const sfi_firmware *fw)
{
    uint64_t least = UINT64_MAX;

    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        const uint8_t *data;
        uint64_t address, far = 0;
        size_t len;

        if (sfi_firmware_segment(fw, i, &address, &data, &len) != SFI_OK)
            break;
        if (address > f->address + f->size)
            far = address - (f->address + f->size);
        if (f->address > address + len)
            far = f->address - (address + len);
        least = far < least ? far : least;
    }
    return least;
}

/* Several files: the number goes with the nearest, whose sector it shares. */
static bool
serial_belongs_to(const struct station *s, const struct cli_use *use)
{
    const struct cli *c = &s->p->cli;
    const struct cli_use *best = NULL, *at = NULL;
    uint64_t least = UINT64_MAX;

    if (!cli_has(c, OPT_SERIAL_AT))
        return false;
    while ((at = cli_next(c, OPT_WRITE, at)) != NULL) {
        uint64_t far =
            serial_distance(&s->p->serial_at, s->firmware[at - c->uses]);

        if (best == NULL || far < least) {
            best = at;
            least = far;
        }
    }
    return best == use;
}

sfi_status
serial_check_files(struct station *s)
{
    static const uint8_t nothing[SERIAL_FIELD_MAX];
    const struct cli *c = &s->p->cli;
    const struct serial_field *f = &s->p->serial_at;
    const struct cli_use *use = NULL;
    sfi_status st = SFI_OK;

    while (st == SFI_OK && cli_has(c, OPT_SERIAL_AT) &&
           (use = cli_next(c, OPT_WRITE, use)) != NULL) {
        sfi_firmware *made = NULL;

        st = sfi_firmware_patch(s->firmware[use - c->uses], f->address, nothing,
                                f->size, &made);
        sfi_firmware_free(made);
    }
    return st;
}

sfi_status
serial_take(struct station *s)
{
    const struct cli *c = &s->p->cli;
    const char *counter = cli_key(c, cli_next(c, OPT_BOARD, NULL), "counter");

    if (s->serial != NULL || counter == NULL)
        return SFI_OK;
    s->serial = s->serial_text;
    return serial_take_next(s->ctx, counter, s->serial_text);
}

/* Only the flash keeps it. */
static sfi_status
serial_check_range(struct station *s)
{
    const struct serial_field *f = &s->p->serial_at;
    uint64_t base = sfi_chip_flash_base(s->part);

    if (f->address >= base && f->address - base < s->flash_size &&
        f->size <= s->flash_size - (f->address - base))
        return SFI_OK;
    return cli_report(s->ctx, SFI_ERR_CHIP_RULE,
                      "--serial-at: %zu bytes at 0x%08" PRIx32
                      " are not in the flash of %s, 0x%08" PRIx64
                      " to 0x%08" PRIx64,
                      f->size, f->address, sfi_chip_name(s->part), base,
                      base + s->flash_size - 1);
}

sfi_status
serial_put_in(struct station *s, const struct cli_use *use)
{
    const struct serial_field *f = &s->p->serial_at;
    sfi_firmware **fw = &s->firmware[use - s->p->cli.uses], *made;
    const char *wrong;
    sfi_status st;

    if (!serial_belongs_to(s, use))
        return SFI_OK;
    st = serial_check_range(s);
    if (st != SFI_OK)
        return st;
    if (s->serial == NULL)
        return cli_report(s->ctx, SFI_ERR_RANGE,
                          "this board has no serial number, and --serial-at "
                          "needs one");
    wrong = serial_encode(f, s->serial, s->serial_bytes);
    if (wrong != NULL)
        return cli_report(s->ctx, SFI_ERR_RANGE, "--serial-at: %.127s: %s",
                          s->serial, wrong);
    st = sfi_firmware_patch(*fw, f->address, s->serial_bytes, f->size, &made);
    if (st != SFI_OK)
        return st;
    sfi_firmware_free(*fw);
    *fw = made;
    s->serial_use = use;
    return SFI_OK;
}

sfi_status
serial_read_back(struct station *s, const struct cli_use *use)
{
    const struct serial_field *f = &s->p->serial_at;
    sfi_firmware *field = NULL;
    sfi_status st;

    if (s->serial_use != use)
        return SFI_OK;
    st = sfi_firmware_parse(s->ctx, "raw", f->address, s->serial_bytes, f->size,
                            &field);
    if (st == SFI_OK)
        st = sfi_target_verify(s->target, field);
    sfi_firmware_free(field);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress, "Serial number %s written at 0x%08" PRIx32,
                      s->serial, f->address);
    return SFI_OK;
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Programs a firmware through the open bootloader, and compares it. */
#include <sfi/program.h>

#include "util/mem.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "firmware/firmware.h"
#include "target/memory.h"
#include "target/part.h"
#include "target/protection.h"

SFI_ABI_PIN(sfi_program_options, flags);

#define ERASED 0xffu
#define FLAGS (SFI_PROGRAM_VERIFY | SFI_PROGRAM_NO_ERASE)

struct program {
    sfi_target *t;
    const sfi_firmware *fw;
    uint32_t *sectors; /* that it touches, ascending */
    size_t count;
    uint64_t in_flash; /* bytes to write there */
    uint64_t total;    /* ... and in RAM */
    uint64_t done;
};

/* ---- pieces ---- */

/* Whole units without a gap between them: [from, to). */
struct piece {
    uint64_t from, to;
    size_t first, end; /* the segments in it */
};

static uint64_t
segment_end(const struct segment *s)
{
    return (uint64_t)s->address + s->len;
}

/* The piece that begins with segment number *next, which moves on.  False:
 * there is none. */
static bool
piece_next(const struct program *p, size_t *next, struct piece *out)
{
    const struct segment *s = p->fw->segments + *next;
    uint32_t unit;

    if (*next == p->fw->count)
        return false;
    unit = sfi__memory_unit(p->t, s->address);
    out->from = s->address - s->address % unit;
    out->to = out->from;
    out->first = *next;
    for (; *next < p->fw->count &&
           (*next == out->first || s->address - s->address % unit <= out->to);
         ++*next, s++) {
        uint64_t end = segment_end(s) + (unit - 1);

        out->to = end - end % unit;
    }
    out->end = *next;
    return true;
}

static bool
piece_has_gaps(const struct program *p, const struct piece *k)
{
    const struct segment *s = &p->fw->segments[k->first];

    return k->end - k->first > 1 || k->from != s->address ||
           k->to != segment_end(s);
}

/* The firmware's bytes of [at, at + len), on top of what is in `out`. */
static void
piece_copy(const struct program *p, const struct piece *k, uint64_t at,
           uint8_t *out, size_t len)
{
    for (size_t i = k->first; i < k->end; i++) {
        const struct segment *s = &p->fw->segments[i];
        uint64_t from = s->address > at ? s->address : at;
        uint64_t to = segment_end(s) < at + len ? segment_end(s) : at + len;

        for (uint64_t b = from; b < to; b++)
            out[b - at] = s->data[b - s->address];
    }
}

/* ---- before anything is changed ---- */

static sfi_status
program_fail_place(const struct program *p, const struct segment *s)
{
    const sfi_target *t = p->t;
    const struct chip_range *flash = &t->chip->flash;
    uint32_t size = t->flash_size != 0 ? t->flash_size : flash->size;

    return sfi__fail(t->obj.ctx, SFI_ERR_RANGE,
                     "the firmware is at 0x%08x to 0x%08llx, the flash of %s "
                     "at 0x%08x to 0x%08x; nothing was erased",
                     (unsigned)s->address,
                     (unsigned long long)segment_end(s) - 1, t->chip->name,
                     (unsigned)flash->base, (unsigned)(flash->base + size - 1));
}

/* The table of a part has not all of its RAM: it refuses to read what it lacks.
 */
static sfi_status
program_probe_ram(const struct program *p, const struct piece *k)
{
    uint8_t unit[8];
    uint64_t last = k->to - sizeof(unit);
    sfi_status st = sfi__memory_read(p->t, k->from, unit, sizeof(unit));

    return st == SFI_OK && last != k->from
               ? sfi__memory_read(p->t, last, unit, sizeof(unit))
               : st;
}

static bool
program_fits(const struct program *p, const struct segment *s)
{
    const struct chip_range *flash = &p->t->chip->flash;

    if (segment_end(s) <= flash->base ||
        s->address >= sfi__chip_range_end(flash))
        return true; /* it is none of the flash */
    return s->len <= UINT32_MAX &&
           sfi__part_has_flash(p->t, s->address, (uint32_t)s->len);
}

static void
program_add_sectors(struct program *p, const struct piece *k)
{
    const struct sfi_chip *chip = p->t->chip;
    uint32_t first = (uint32_t)(k->from - chip->flash.base) / chip->sector_size;
    uint32_t last =
        (uint32_t)(k->to - 1 - chip->flash.base) / chip->sector_size;

    if (p->count > 0 && p->sectors[p->count - 1] == first)
        first++;
    for (uint32_t i = first; i <= last; i++)
        p->sectors[p->count++] = i;
}

static sfi_status
program_check_places(struct program *p)
{
    struct piece k;
    sfi_status st = SFI_OK;

    for (size_t i = 0; i < p->fw->count; i++) {
        if (!program_fits(p, &p->fw->segments[i]))
            return program_fail_place(p, &p->fw->segments[i]);
    }
    for (size_t i = 0; st == SFI_OK && piece_next(p, &i, &k);) {
        st = sfi__memory_check_place(p->t, k.from, (size_t)(k.to - k.from));
        if (st != SFI_OK)
            return st;
        p->total += k.to - k.from;
        if (sfi__memory_is_flash(p->t, k.from)) {
            p->in_flash += k.to - k.from;
            program_add_sectors(p, &k);
        } else {
            st = program_probe_ram(p, &k);
        }
    }
    return st;
}

static sfi_status
program_check(struct program *p)
{
    sfi_status st = sfi__target_need_open(p->t);

    if (st == SFI_OK)
        st = program_check_places(p);
    if (st != SFI_OK || p->count == 0)
        return st;
    return sfi__protection_check_sectors(p->t, p->sectors, p->count);
}

/* ---- read and judge ---- */

struct judge {
    const uint8_t *expected; /* NULL: erased */
    uint64_t from;           /* of the whole: its first address */
    uint64_t done, total;    /* of the phase */
    enum sfi_phase phase;
};

static bool
judge_find(const struct judge *j, uint64_t address, const uint8_t *there,
           size_t len, size_t *at)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t want = j->expected != NULL ? j->expected[address - j->from + i]
                                           : (uint8_t)ERASED;

        *at = i;
        if (there[i] != want)
            return true;
    }
    return false;
}

static sfi_status
judge_fail(const struct judge *j, sfi_ctx *ctx, uint64_t address, uint8_t there)
{
    if (j->expected == NULL)
        return sfi__fail(ctx, SFI_ERR_MISMATCH,
                         "there is 0x%02x at 0x%08llx, expected erased flash "
                         "from 0x%08llx: erase its sector first",
                         there, (unsigned long long)address,
                         (unsigned long long)j->from);
    return sfi__fail(ctx, SFI_ERR_MISMATCH,
                     "the chip has 0x%02x at 0x%08llx, expected 0x%02x of the "
                     "firmware: program it again",
                     there, (unsigned long long)address,
                     j->expected[address - j->from]);
}

/* Replies over some links carry no checksum: what differs is read again. */
static sfi_status
judge_range(sfi_target *t, struct judge *j, uint64_t len)
{
    uint8_t there[MEMORY_CHUNK];
    size_t n, at;

    for (uint64_t i = 0; i < len; i += n) {
        uint64_t address = j->from + i;
        sfi_status st;

        n = sfi__memory_chunk(address, len - i);
        st = sfi__memory_read(t, address, there, n);
        if (st == SFI_OK && judge_find(j, address, there, n, &at))
            st = sfi__memory_read(t, address, there, n);
        if (st != SFI_OK)
            return st;
        if (judge_find(j, address, there, n, &at))
            return judge_fail(j, t->obj.ctx, address + at, there[at]);
        j->done += n;
        sfi__target_report(t, j->phase, j->done, j->total);
    }
    return SFI_OK;
}

/* A bootloader does not report a unit that was programmed before (AN3155). */
static sfi_status
program_check_erased(struct program *p)
{
    struct judge j = {.phase = SFI_PHASE_CHECK, .total = p->in_flash};
    struct piece k;
    sfi_status st = SFI_OK;

    for (size_t i = 0; st == SFI_OK && piece_next(p, &i, &k);) {
        j.from = k.from;
        if (sfi__memory_is_flash(p->t, k.from))
            st = judge_range(p->t, &j, k.to - k.from);
    }
    return st;
}

static sfi_status
program_verify(sfi_target *t, const sfi_firmware *fw)
{
    struct judge j = {.phase = SFI_PHASE_VERIFY};
    sfi_status st = SFI_OK;

    for (size_t i = 0; i < fw->count; i++)
        j.total += fw->segments[i].len;
    for (size_t i = 0; st == SFI_OK && i < fw->count; i++) {
        const struct segment *s = &fw->segments[i];

        j.expected = s->data;
        j.from = s->address;
        st = judge_range(t, &j, s->len);
    }
    return st;
}

/* ---- write ---- */

/* Gaps inside a unit are 0xff in flash; in RAM they keep their content. */
static sfi_status
program_write_piece(struct program *p, const struct piece *k)
{
    uint8_t chunk[MEMORY_CHUNK];
    bool keeps = !sfi__memory_is_flash(p->t, k->from) && piece_has_gaps(p, k);
    size_t n;

    for (uint64_t at = k->from; at < k->to; at += n) {
        sfi_status st = SFI_OK;

        n = sfi__memory_chunk(at, k->to - at);
        if (keeps)
            st = sfi__memory_read(p->t, at, chunk, n);
        else
            sfi__fill(chunk, ERASED, n);
        piece_copy(p, k, at, chunk, n);
        if (st == SFI_OK)
            st = sfi__memory_write(p->t, at, chunk, n);
        if (st != SFI_OK)
            return st;
        p->done += n;
        sfi__target_report(p->t, SFI_PHASE_WRITE, p->done, p->total);
    }
    return SFI_OK;
}

static sfi_status
program_write(struct program *p)
{
    struct piece k;
    sfi_status st = SFI_OK;

    for (size_t i = 0; st == SFI_OK && piece_next(p, &i, &k);)
        st = program_write_piece(p, &k);
    return st;
}

static sfi_status
program_run(struct program *p, uint32_t flags)
{
    sfi_status st = program_check(p);

    if (st == SFI_OK)
        st = (flags & SFI_PROGRAM_NO_ERASE) != 0
                 ? program_check_erased(p)
                 : sfi__memory_erase(p->t, p->sectors, p->count);
    if (st == SFI_OK)
        st = program_write(p);
    if (st == SFI_OK && (flags & SFI_PROGRAM_VERIFY) != 0)
        st = program_verify(p->t, p->fw);
    if (st == SFI_OK)
        sfi__target_report(p->t, SFI_PHASE_DONE, p->total, p->total);
    return st;
}

/* ---- public ---- */

sfi_status
sfi_target_program(sfi_target *t, const sfi_firmware *fw,
                   const sfi_program_options *options)
{
    sfi_program_options o = {.flags = 0};
    struct program p = {.t = t, .fw = fw};
    sfi_status st = SFI_OK;

    TARGET_ENTER(t);
    SFI_ENTER(fw, FIRMWARE);
    SFI_ARG(t, fw->obj.ctx == t->obj.ctx);
    if (options != NULL)
        st = SFI_ABI_IN(t, sfi_program_options, &o, options);
    if (st != SFI_OK)
        return st;
    SFI_ARG(t, (o.flags & ~FLAGS) == 0);
    p.sectors =
        sfi__ctx_alloc(t->obj.ctx, t->chip->flash.size / t->chip->sector_size *
                                       sizeof(*p.sectors));
    if (p.sectors == NULL)
        return SFI_ERR_NOMEM;
    st = program_run(&p, o.flags);
    sfi__ctx_dealloc(t->obj.ctx, p.sectors);
    return sfi__target_ended(t->tp, st);
}

sfi_status
sfi_target_verify(sfi_target *t, const sfi_firmware *fw)
{
    TARGET_ENTER(t);
    SFI_ENTER(fw, FIRMWARE);
    SFI_ARG(t, fw->obj.ctx == t->obj.ctx);
    return sfi__target_ended(t->tp, program_verify(t, fw));
}

sfi_status
sfi_target_check_erased(sfi_target *t, uint64_t address, uint64_t len)
{
    struct judge j = {
        .phase = SFI_PHASE_CHECK,
        .from = address,
        .total = len,
    };

    TARGET_ENTER(t);
    return sfi__target_ended(t->tp, judge_range(t, &j, len));
}

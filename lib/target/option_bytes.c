/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a target does with the option bytes, and readout protection. */
#include "util/rd.h"
#include "util/wr.h"
#include "core/ctx.h"
#include "core/err.h"
#include "option_bytes/option_bytes.h"
#include "target/protection.h"

/* AN2606: the ROMs of H7 and L4 write whole 8 bytes. */
#define WRITE_UNIT 8u
#define WORD 4u
#define WINDOW_MAX AGREE_LEN_MAX /* the largest is 308 bytes */

/* The option bytes as a bootloader shows them. */
struct window {
    uint8_t data[WINDOW_MAX];
};

static uint32_t
get_word(const struct window *w, uint32_t offset)
{
    struct rd r;

    sfi__rd_init(&r, w->data + offset, WORD);
    return sfi__rd_u32le(&r);
}

static void
put_word(struct window *w, uint32_t offset, uint32_t value)
{
    struct wr out;

    sfi__wr_init(&out, w->data + offset, WORD);
    sfi__wr_u32le(&out, value);
}

static sfi_status
read_window(sfi_target *t, struct window *w)
{
    const struct chip_range *range = &t->chip->ob_window;
    uint32_t word;
    sfi_status st;

    if (range->size > sizeof(w->data))
        return sfi__fail(t->obj.ctx, SFI_ERR_INTERNAL,
                         "an option window of %u bytes", (unsigned)range->size);
    st = sfi__boot_read_sure(&t->boot, range->base, w->data, range->size);
    /* the same in the words of readout protection */
    return st == SFI_ERR_NACK ? sfi__protection_read_word(t, 0, &word) : st;
}

static sfi_status
read_option_bytes(sfi_target *t, sfi_option_bytes **out)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t values[CHIP_OB_ROWS_MAX];
    struct window w;
    sfi_status st = sfi__target_need_open(t);

    if (st == SFI_OK)
        st = read_window(t, &w);
    if (st != SFI_OK)
        return st;
    for (uint32_t i = 0; i < chip->ob_count; i++)
        values[i] = chip->ob[i].is_register ? get_word(&w, chip->ob[i].pending)
                                            : chip->ob[i].shipped;
    return sfi__option_bytes_new(t->obj.ctx, chip, values, out);
}

/* ---- writing ---- */

/* Put the new values in; what has to be written, begin == end: nothing. */
static void
change(const sfi_option_bytes *ob, struct window *w, uint32_t *begin,
       uint32_t *end)
{
    const struct sfi_chip *chip = ob->chip;

    *begin = UINT32_MAX;
    *end = 0;
    for (uint32_t i = 0; i < chip->ob_count; i++) {
        uint32_t at = chip->ob[i].pending;

        if (!chip->ob[i].is_register || get_word(w, at) == ob->values[i])
            continue;
        put_word(w, at, ob->values[i]);
        *begin = at < *begin ? at : *begin;
        *end = at + WORD > *end ? at + WORD : *end;
    }
    if (*end == 0)
        *begin = 0;
}

/* One command, so that all of it is programmed at once; what lies between is
 * written as it was read. */
static sfi_status
write_window(sfi_target *t, const struct window *w, uint32_t begin,
             uint32_t end)
{
    uint32_t base = t->chip->ob_window.base;

    begin -= (base + begin) % WRITE_UNIT;
    end += (WRITE_UNIT - (base + end) % WRITE_UNIT) % WRITE_UNIT;
    return sfi__boot_write(&t->boot, base + begin, w->data + begin,
                           end - begin);
}

static bool
wants(const sfi_option_bytes *ob, uint32_t row, uint32_t mask)
{
    return mask != 0 && (ob->values[row] & mask) != 0;
}

static uint32_t
rdp_of(const struct sfi_chip *chip, uint32_t word)
{
    return word >> chip->rdp_shift & 0xffu;
}

static sfi_status
compare(sfi_target *t, const sfi_option_bytes *ob, const struct window *w)
{
    const struct sfi_chip *chip = t->chip;
    bool waits = false;

    for (uint32_t i = 0; i < chip->ob_count; i++) {
        const struct chip_ob_row *row = &chip->ob[i];
        uint32_t is = row->is_register ? get_word(w, row->pending) : 0;

        if (!row->is_register)
            continue;
        if (is != ob->values[i])
            return sfi__fail(t->obj.ctx, SFI_ERR_NACK,
                             "the chip did not take option byte %s 0x%08x, it "
                             "is 0x%08x",
                             row->name, (unsigned)ob->values[i], (unsigned)is);
        waits = waits || get_word(w, row->current) != is;
    }
    if (waits)
        sfi__log(t->obj.ctx, SFI_LOG_WARNING,
                 "%s: the option bytes wait for a reset; power-cycle the chip",
                 t->tp->name);
    return SFI_OK;
}

/* They are in force after a reset: the chip's own, by a wire, or none yet. */
static sfi_status
confirm_option_bytes(sfi_target *t, const sfi_option_bytes *ob)
{
    const struct sfi_chip *chip = t->chip;
    struct window w;
    sfi_status st = SFI_OK;

    if (!chip->ob_write_resets)
        st = sfi__transport_reset(t->tp, true);
    if (st == SFI_OK || st == SFI_ERR_UNSUPPORTED)
        st = sfi__target_wait_connect(t);
    if (sfi__link_is_fault(st))
        return sfi__fail(t->obj.ctx, st,
                         "the option bytes were written, and the chip has not "
                         "answered since: does it still boot its bootloader");
    if (st != SFI_OK)
        return st;
    if (t->secure)
        return wants(ob, chip->security_row, chip->security_mask)
                   ? SFI_OK
                   : sfi__target_need_open(t);
    st = read_window(t, &w);
    /* nothing can be read any more, as it was asked for */
    if (st == SFI_ERR_PROTECTED &&
        rdp_of(chip, ob->values[chip->rdp_row]) != CHIP_RDP_LEVEL0)
        return SFI_OK;
    return st == SFI_OK ? compare(t, ob, &w) : st;
}

static sfi_status
write_option_bytes(sfi_target *t, const sfi_option_bytes *ob)
{
    struct window w;
    uint32_t begin, end;
    sfi_status st = sfi__target_need_open(t);

    if (st == SFI_OK && ob->chip != t->chip)
        return sfi__fail(t->obj.ctx, SFI_ERR_CHIP_RULE,
                         "the option bytes are for %s, the chip is %s",
                         ob->chip->name, t->chip->name);
    if (st == SFI_OK)
        st = read_window(t, &w);
    if (st != SFI_OK)
        return st;
    change(ob, &w, &begin, &end);
    if (begin == end) {
        sfi__log(t->obj.ctx, SFI_LOG_INFO, "the option bytes are so already");
        return SFI_OK;
    }
    st = write_window(t, &w, begin, end);
    if (st != SFI_OK && !sfi__link_is_fault(st))
        return st;
    /* refused, or reset before its answer was out: the chip tells */
    return confirm_option_bytes(t, ob);
}

/* ---- readout protection ---- */

/* Level 0 in force? */
static sfi_status
is_readable(sfi_target *t, bool *readable)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t word = 0;
    sfi_status st =
        sfi__protection_read_word(t, chip->ob[chip->rdp_row].current, &word);

    *readable = st == SFI_OK && rdp_of(chip, word) == CHIP_RDP_LEVEL0;
    return st == SFI_ERR_PROTECTED ? SFI_OK : st;
}

static sfi_status
readout_unprotect(sfi_target *t)
{
    sfi_ctx *ctx = t->obj.ctx;
    bool readable = false;
    sfi_status st = sfi__target_need_open(t);

    if (st == SFI_OK)
        st = is_readable(t, &readable);
    if (st != SFI_OK || readable)
        return st;
    st = sfi__boot_readout_unprotect(&t->boot);
    if (st == SFI_ERR_NACK)
        return sfi__fail(ctx, SFI_ERR_PROTECTED,
                         "the bootloader does not take readout protection "
                         "off: at level 2 it stays for ever");
    if (st != SFI_OK && !sfi__link_is_fault(st))
        return st;
    st = sfi__target_wait_connect(t);
    if (st == SFI_OK)
        st = sfi__target_need_open(t);
    if (st == SFI_OK)
        st = is_readable(t, &readable);
    if (st != SFI_OK || readable)
        return st;
    return sfi__fail(ctx, SFI_ERR_PROTECTED,
                     "readout protection is still on after it was taken off: "
                     "power-cycle the chip and try again");
}

/* ---- public ---- */

sfi_status
sfi_target_read_option_bytes(sfi_target *t, sfi_option_bytes **out)
{
    if (out != NULL)
        *out = NULL;
    TARGET_ENTER(t);
    SFI_ARG(t, out != NULL);
    return sfi__target_ended(t->tp, read_option_bytes(t, out));
}

sfi_status
sfi_target_write_option_bytes(sfi_target *t, const sfi_option_bytes *ob)
{
    TARGET_ENTER(t);
    SFI_ENTER(ob, OPTION_BYTES);
    return sfi__target_ended(t->tp, write_option_bytes(t, ob));
}

sfi_status
sfi_target_readout_unprotect(sfi_target *t)
{
    TARGET_ENTER(t);
    return sfi__target_ended(t->tp, readout_unprotect(t));
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Option bytes through the open bootloader: read, write and confirm them, and
 * remove readout protection. */
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

/* The option bytes as a bootloader reads them. */
struct window {
    uint8_t data[WINDOW_MAX];
};

static uint32_t
window_get_word(const struct window *w, uint32_t offset)
{
    struct rd r;

    sfi__rd_init(&r, w->data + offset, WORD);
    return sfi__rd_u32le(&r);
}

static void
window_put_word(struct window *w, uint32_t offset, uint32_t value)
{
    struct wr out;

    sfi__wr_init(&out, w->data + offset, WORD);
    sfi__wr_u32le(&out, value);
}

static sfi_status
window_read(sfi_target *t, struct window *w)
{
    const struct chip_range *range = &t->chip->ob_window;
    uint32_t word;
    sfi_status st;

    if (range->size > sizeof(w->data))
        return sfi__fail(t->obj.ctx, SFI_ERR_INTERNAL,
                         "an option window of %u bytes", (unsigned)range->size);
    st = sfi__boot_read_sure(&t->boot, range->base, w->data, range->size);
    /* asked again, it names readout protection */
    return st == SFI_ERR_NACK ? sfi__protection_read_word(t, 0, &word) : st;
}

static sfi_status
options_read(sfi_target *t, sfi_option_bytes **out)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t values[CHIP_OB_ROWS_MAX];
    struct window w;
    sfi_status st = sfi__target_need_open(t);

    if (st == SFI_OK)
        st = window_read(t, &w);
    if (st != SFI_OK)
        return st;
    for (uint32_t i = 0; i < chip->ob_count; i++)
        values[i] = chip->ob[i].is_register
                        ? window_get_word(&w, chip->ob[i].pending)
                        : chip->ob[i].shipped;
    return sfi__option_bytes_new(t->obj.ctx, chip, values, out);
}

/* ---- writing ---- */

/* Put the new values in.  *begin to *end must be written; begin == end:
 * nothing. */
static void
window_apply_values(const sfi_option_bytes *ob, struct window *w,
                    uint32_t *begin, uint32_t *end)
{
    const struct sfi_chip *chip = ob->chip;

    *begin = UINT32_MAX;
    *end = 0;
    for (uint32_t i = 0; i < chip->ob_count; i++) {
        uint32_t at = chip->ob[i].pending;

        if (!chip->ob[i].is_register || window_get_word(w, at) == ob->values[i])
            continue;
        window_put_word(w, at, ob->values[i]);
        *begin = at < *begin ? at : *begin;
        *end = at + WORD > *end ? at + WORD : *end;
    }
    if (*end == 0)
        *begin = 0;
}

/* One command, so that all values are programmed at once; the words between
 * them are written as they were read. */
static sfi_status
window_write(sfi_target *t, const struct window *w, uint32_t begin,
             uint32_t end)
{
    uint32_t base = t->chip->ob_window.base;

    begin -= (base + begin) % WRITE_UNIT;
    end += (WRITE_UNIT - (base + end) % WRITE_UNIT) % WRITE_UNIT;
    return sfi__boot_write(&t->boot, base + begin, w->data + begin,
                           end - begin);
}

static bool
options_set_bit(const sfi_option_bytes *ob, uint32_t row, uint32_t mask)
{
    return mask != 0 && (ob->values[row] & mask) != 0;
}

static sfi_status
window_compare(sfi_target *t, const sfi_option_bytes *ob,
               const struct window *w)
{
    const struct sfi_chip *chip = t->chip;
    bool waits = false;

    for (uint32_t i = 0; i < chip->ob_count; i++) {
        const struct chip_ob_row *row = &chip->ob[i];
        uint32_t is;

        if (!row->is_register)
            continue;
        is = window_get_word(w, row->pending);
        if (is != ob->values[i])
            return sfi__fail(t->obj.ctx, SFI_ERR_NACK,
                             "the chip did not take option byte %s 0x%08x, it "
                             "is 0x%08x",
                             row->name, (unsigned)ob->values[i], (unsigned)is);
        waits = waits || window_get_word(w, row->current) != is;
    }
    if (waits)
        sfi__log(t->obj.ctx, SFI_LOG_WARNING,
                 "%s: the option bytes wait for a reset; power-cycle the chip",
                 t->tp->name);
    return SFI_OK;
}

/* They take effect at a reset: the chip's own one, one by a wire, or a later
 * one. */
static sfi_status
options_confirm(sfi_target *t, const sfi_option_bytes *ob)
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
        return options_set_bit(ob, chip->security_row, chip->security_mask)
                   ? SFI_OK
                   : sfi__target_need_open(t);
    st = window_read(t, &w);
    /* not readable any more, as the new values ask for */
    if (st == SFI_ERR_PROTECTED &&
        sfi__protection_is_on(chip, ob->values[chip->rdp_row]))
        return SFI_OK;
    return st == SFI_OK ? window_compare(t, ob, &w) : st;
}

static sfi_status
options_write(sfi_target *t, const sfi_option_bytes *ob)
{
    struct window w;
    uint32_t begin, end;
    sfi_status st = sfi__target_need_open(t);

    if (st != SFI_OK)
        return st;
    if (ob->chip != t->chip)
        return sfi__fail(t->obj.ctx, SFI_ERR_CHIP_RULE,
                         "the option bytes are for %s, the chip is %s",
                         ob->chip->name, t->chip->name);
    st = window_read(t, &w);
    if (st != SFI_OK)
        return st;
    window_apply_values(ob, &w, &begin, &end);
    if (begin == end) {
        sfi__log(t->obj.ctx, SFI_LOG_INFO,
                 "the option bytes already have these values");
        return SFI_OK;
    }
    st = window_write(t, &w, begin, end);
    if (st != SFI_OK && !sfi__link_is_fault(st))
        return st;
    /* refused, or reset before the reply: only the chip knows */
    return options_confirm(t, ob);
}

/* ---- readout protection ---- */

/* Is level 0 in effect? */
static sfi_status
options_check_readable(sfi_target *t, bool *readable)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t word = 0;
    sfi_status st =
        sfi__protection_read_word(t, chip->ob[chip->rdp_row].current, &word);

    *readable = st == SFI_OK && !sfi__protection_is_on(chip, word);
    return st == SFI_ERR_PROTECTED ? SFI_OK : st;
}

static sfi_status
options_remove_readout(sfi_target *t)
{
    sfi_ctx *ctx = t->obj.ctx;
    bool readable = false;
    sfi_status st = sfi__target_need_open(t);

    if (st == SFI_OK)
        st = options_check_readable(t, &readable);
    if (st != SFI_OK || readable)
        return st;
    st = sfi__boot_readout_unprotect(&t->boot);
    if (st == SFI_ERR_NACK)
        return sfi__fail(ctx, SFI_ERR_PROTECTED,
                         "the bootloader does not remove readout protection: "
                         "level 2 is permanent");
    if (st != SFI_OK && !sfi__link_is_fault(st))
        return st;
    st = sfi__target_wait_connect(t);
    if (st != SFI_OK)
        return st;
    st = sfi__target_need_open(t);
    if (st != SFI_OK)
        return st;
    st = options_check_readable(t, &readable);
    if (st != SFI_OK || readable)
        return st;
    return sfi__fail(ctx, SFI_ERR_PROTECTED,
                     "readout protection is still on after its removal: "
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
    return sfi__target_ended(t->tp, options_read(t, out));
}

sfi_status
sfi_target_write_option_bytes(sfi_target *t, const sfi_option_bytes *ob)
{
    TARGET_ENTER(t);
    SFI_ENTER(ob, OPTION_BYTES);
    return sfi__target_ended(t->tp, options_write(t, ob));
}

sfi_status
sfi_target_readout_unprotect(sfi_target *t)
{
    TARGET_ENTER(t);
    return sfi__target_ended(t->tp, options_remove_readout(t));
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Option bytes through the open bootloader: read, write and confirm them, and
 * remove readout protection. */
#include "core/ctx.h"
#include "core/err.h"
#include "option_bytes/option_bytes.h"
#include "target/option_area.h"
#include "target/protection.h"

/* ---- reading ---- */

/* The area of a bootloader that shows less than the part has. */
static void
options_warn_hidden(sfi_target *t, const struct option_area *a)
{
    const struct sfi_chip *chip = t->chip;

    for (uint32_t i = 0; i < chip->ob_count; i++) {
        if (chip->ob[i].is_register && !sfi__option_area_has(a, &chip->ob[i]))
            sfi__log(t->obj.ctx, SFI_LOG_WARNING,
                     "%s: the bootloader does not show option byte %s; its "
                     "value is not known",
                     t->tp->name, chip->ob[i].name);
    }
}

static sfi_status
options_read(sfi_target *t, sfi_option_bytes **out)
{
    uint32_t values[CHIP_OB_ROWS_MAX];
    struct option_area a;
    sfi_status st = sfi__target_need_open(t);

    if (st == SFI_OK)
        st = sfi__option_area_read(t, &a);
    if (st != SFI_OK)
        return st;
    options_warn_hidden(t, &a);
    sfi__option_area_values(t->chip, &a, values);
    return sfi__option_bytes_new(t->obj.ctx, t->chip, values, out);
}

/* ---- writing ---- */

static bool
options_set_bit(const sfi_option_bytes *ob, uint32_t row, uint32_t mask)
{
    return mask != 0 && (ob->values[row] & mask) != 0;
}

/* An L4 whose bootloader loads its option bytes may hang until its power is
 * switched (qa-community 71929, an L452; 44984, an L496; zephyr pull request
 * 83561), so a person is asked to. */
static sfi_status
options_wait_restart(sfi_target *t)
{
    struct deadline dl =
        sfi__deadline_in(sfi__transport_clock(t->tp), TARGET_BY_HAND_MS);
    sfi_status st = sfi__target_wait_connect(t);

    if (!sfi__link_is_fault(st) || !t->chip->ob_write_resets)
        return st;
    sfi__log(t->obj.ctx, SFI_LOG_WARNING,
             "%s: an %s may hang after its option bytes were loaded; "
             "power-cycle the chip now",
             t->tp->name, t->chip->name);
    while (sfi__link_is_fault(st) && !sfi__deadline_passed(&dl))
        st = sfi__target_wait_connect(t);
    return st;
}

/* They take effect at a reset: the chip's own one, one by a wire, or a later
 * one. */
static sfi_status
options_confirm(sfi_target *t, const sfi_option_bytes *ob)
{
    const struct sfi_chip *chip = t->chip;
    struct option_area a;
    bool is_secure = t->boot.boot0_low;
    bool waits;
    sfi_status st = SFI_OK;

    if (!chip->ob_write_resets)
        st = sfi__transport_reset(t->tp, !is_secure);
    if (st == SFI_OK || st == SFI_ERR_UNSUPPORTED)
        st = options_wait_restart(t);
    if (sfi__link_is_fault(st))
        return sfi__fail(t->obj.ctx, st,
                         "the option bytes were written, and the chip has not "
                         "answered since: power-cycle the chip; does it still "
                         "boot its bootloader");
    if (st != SFI_OK)
        return st;
    if (t->secure)
        return is_secure ? SFI_OK : sfi__target_need_open(t);
    st = sfi__option_area_read(t, &a);
    /* not readable any more, as the new values ask for */
    if (st == SFI_ERR_PROTECTED &&
        sfi__protection_is_on(chip, ob->values[chip->rdp_row]))
        return SFI_OK;
    if (st == SFI_OK)
        st = sfi__option_area_compare(t, &a, ob->values, &waits);
    if (st == SFI_OK && waits)
        sfi__log(t->obj.ctx, SFI_LOG_WARNING,
                 "%s: the option bytes wait for a reset; power-cycle the chip",
                 t->tp->name);
    return st;
}

static sfi_status
options_change(sfi_target *t, const sfi_option_bytes *ob)
{
    const struct option_change want = {ob->values, ob->rdp_given};
    struct option_area a;
    enum option_outcome outcome;
    sfi_status st = sfi__target_need_open(t);

    if (st != SFI_OK)
        return st;
    if (ob->chip != t->chip)
        return sfi__fail(t->obj.ctx, SFI_ERR_CHIP_RULE,
                         "the option bytes are for %s, the chip is %s",
                         ob->chip->name, t->chip->name);
    st = sfi__option_area_read(t, &a);
    if (st != SFI_OK)
        return st;
    st = sfi__option_area_write(t, &a, &want, &outcome);
    if (st == SFI_OK && outcome == OPTIONS_UNCHANGED) {
        sfi__log(t->obj.ctx, SFI_LOG_INFO,
                 "the option bytes already have these values");
        return SFI_OK;
    }
    if (outcome != OPTIONS_SENT)
        return st;
    if (st != SFI_OK && !sfi__link_is_fault(st) && st != SFI_ERR_PROTECTED)
        return st;
    /* refused, or reset before the reply: only the chip knows */
    return options_confirm(t, ob);
}

/* AN5054: after SECURITY every reset is with BOOT0 low. */
static sfi_status
options_write(sfi_target *t, const sfi_option_bytes *ob)
{
    sfi_status st;

    t->boot.boot0_low =
        options_set_bit(ob, ob->chip->security_row, ob->chip->security_mask);
    st = options_change(t, ob);
    t->boot.boot0_low = false;
    return st;
}

/* ---- readout protection ---- */

/* Is level 0 in effect? */
static sfi_status
options_check_readable(sfi_target *t, bool *readable)
{
    uint8_t rdp = CHIP_RDP_LEVEL1;
    sfi_status st = sfi__protection_read_rdp(t, &rdp);

    *readable = st == SFI_OK && rdp == CHIP_RDP_LEVEL0;
    return st == SFI_ERR_PROTECTED ? SFI_OK : st;
}

/* stm32-mw-openbl: the second ACK may come before the erase, and a reset
 * meanwhile would leave the protection on. */
static sfi_status
options_wait_erased(sfi_target *t, const struct deadline *dl)
{
    sfi_status st;

    t->boot.erases = true;
    st = sfi__target_reconnect(t);
    if (sfi__link_is_fault(st))
        sfi__log(t->obj.ctx, SFI_LOG_INFO,
                 "%s: the chip erases its flash: waiting %u s at most",
                 t->tp->name, sfi__deadline_left(dl) / 1000u);
    while (sfi__link_is_fault(st) &&
           sfi__link_try_again(&t->boot.link, dl, TARGET_POLL_MS))
        st = sfi__target_reconnect(t);
    t->boot.erases = false;
    return sfi__link_is_fault(st) ? options_wait_restart(t) : st;
}

static sfi_status
options_remove_readout(sfi_target *t)
{
    sfi_ctx *ctx = t->obj.ctx;
    struct deadline dl;
    bool readable = false;
    sfi_status st = sfi__target_need_open(t);

    if (st == SFI_OK)
        st = options_check_readable(t, &readable);
    if (st != SFI_OK || readable)
        return st;
    dl = sfi__deadline_in(sfi__transport_clock(t->tp),
                          sfi__boot_erase_ms(&t->boot, BOOT_ALL_SECTORS));
    st = sfi__boot_readout_unprotect(&t->boot);
    if (st == SFI_ERR_NACK)
        return sfi__fail(ctx, SFI_ERR_PROTECTED,
                         "the bootloader does not remove readout protection: "
                         "level 2 is permanent");
    if (st != SFI_OK && !sfi__link_is_fault(st))
        return st;
    st = options_wait_erased(t, &dl);
    if (st == SFI_OK)
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

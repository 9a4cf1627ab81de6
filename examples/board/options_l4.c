/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* RM0394, 3.4 and 3.5: option bytes and what they protect. */
#include <string.h>

#include "flash_l4.h"

#define RDP_MASK 0xffu
#define RDP_0 0xaau
#define RDP_2 0xccu
#define OPTIONS_US (22020u + 5u * 82u) /* a page erase and the double words */

/* 3.4.2, "Option byte loading": what a word is whose complement does not
 * fit. */
static const uint32_t mismatch[L4_OPTION_WORDS] = {
    [OPTR] = 0xfffff800u | 0xffu, /* BOR_LEV 0, RDP neither 0 nor 2: level 1 */
    [PCROP1SR] = 0xffff0000u,     /* all memory protected */
    [PCROP1ER] = 0x0000ffffu,     /* and erased never */
    [WRP1AR] = 0xff00ffffu,       /* no protection */
    [WRP1BR] = 0xff00ffffu,
};

static unsigned
level(uint32_t optr)
{
    if ((optr & RDP_MASK) == RDP_0)
        return 0;
    return (optr & RDP_MASK) == RDP_2 ? 2 : 1;
}

unsigned
flash_l4_rdp(struct board *b)
{
    return level(flash_l4(b)->in_force[OPTR]);
}

bool
flash_l4_is_wrp(const struct flash_l4 *f, uint32_t page)
{
    uint32_t a = f->in_force[WRP1AR], b = f->in_force[WRP1BR];

    return (page >= (a & 0xffu) && page <= (a >> 16 & 0xffu)) ||
           (page >= (b & 0xffu) && page <= (b >> 16 & 0xffu));
}

/* 3.5.2: from PCROP1_STRT to PCROP1_END, both in double words and included;
 * none when the start is behind the end. */
bool
flash_l4_has_pcrop(const struct flash_l4 *f)
{
    return (f->in_force[PCROP1SR] & 0xffffu) <
           (f->in_force[PCROP1ER] & 0xffffu);
}

bool
flash_l4_is_pcrop(const struct flash_l4 *f, uint32_t offset, uint32_t len)
{
    uint32_t first = (f->in_force[PCROP1SR] & 0xffffu) * L4_UNIT;
    uint32_t last = (f->in_force[PCROP1ER] & 0xffffu) * L4_UNIT + L4_UNIT - 1;

    return flash_l4_has_pcrop(f) && offset <= last && offset + len > first;
}

void
flash_l4_set_options(struct board *b, const uint32_t *words)
{
    uint32_t i;

    for (i = 0; i < L4_OPTION_WORDS; i++) {
        b->nvm.options[2 * i] = words[i];
        b->nvm.options[2 * i + 1] = ~words[i];
    }
}

void
flash_l4_options(struct board *b, uint32_t *programmed, uint32_t *in_force)
{
    uint32_t i;

    memcpy(in_force, flash_l4(b)->in_force, 4 * L4_OPTION_WORDS);
    for (i = 0; i < L4_OPTION_WORDS; i++)
        programmed[i] = b->nvm.options[2 * i];
}

void
flash_l4_load_options(struct board *b)
{
    struct flash_l4 *f = flash_l4(b);
    uint32_t i, word, first;

    f->sr &= ~(SR_OPTVERR | SR_PEMPTY);
    for (i = 0; i < L4_OPTION_WORDS; i++) {
        word = b->nvm.options[2 * i];
        if (word != ~b->nvm.options[2 * i + 1]) {
            word = mismatch[i];
            f->sr |= SR_OPTVERR;
        }
        f->in_force[i] = word;
    }
    /* 2.6.1: an empty flash starts ST's bootloader; looked at here only */
    memcpy(&first, b->nvm.flash, sizeof(first));
    if (first == UINT32_MAX)
        f->sr |= SR_PEMPTY;
}

/* 2.6.1: table "Boot modes" */
uint32_t
flash_l4_start(struct board *b)
{
    struct flash_l4 *f = flash_l4(b);
    uint32_t optr = f->in_force[OPTR];
    bool is_low;

    if ((optr & OPTR_BOOT_NOT_PIN) != 0)
        is_low = b->life.boot0 != WIRE_LEVEL_HIGH;
    else
        is_low = (optr & OPTR_NBOOT0) != 0;
    if (is_low && (f->sr & SR_PEMPTY) == 0)
        return b->part->flash;
    if (!is_low && (optr & OPTR_NBOOT1) == 0)
        return b->part->ram[0].base;
    return 0;
}

/* 3.4.2: the option bytes are erased as a page, then all are programmed. */
static void
rewrite(struct board *b, struct flash_l4 *f, const uint32_t *words)
{
    enum power power = power_spend(b);
    uint32_t count = L4_OPTION_WORDS, i;

    if (power == POWER_NOTHING)
        return;
    if (power == POWER_TORN)
        count = 0;
    if (f->brown_out != 0) {
        count = f->brown_out - 1u;
        f->brown_out = 0;
        b->life.has_power = false;
        b->attention = true;
    }
    memset(b->nvm.options, 0xff, 8 * L4_OPTION_WORDS);
    for (i = 0; i < count; i++) {
        b->nvm.options[2 * i] = words[i];
        b->nvm.options[2 * i + 1] = ~words[i];
    }
    f->writes_options = true;
    flash_l4_begin(b, f, OPTIONS_US);
}

void
flash_l4_write_options(struct board *b, struct flash_l4 *f)
{
    unsigned now = level(f->in_force[OPTR]), wanted = level(f->option[OPTR]);
    uint32_t words[L4_OPTION_WORDS];

    memcpy(words, f->option, sizeof(words));
    if (now == 2 || (f->sr & SR_PROGRAMMING) != 0) {
        f->cr &= ~CR_OPTSTRT; /* 3.5.1: level 2 is for ever */
        flash_l4_error(b, f, now == 2 ? SR_WRPERR : SR_PGSERR);
        return;
    }
    /* 3.5.2: PCROP grows only, unless the level goes from 1 to 0 */
    if (now == 1 && wanted == 0) {
        /* 3.5.1: the flash is erased before the level changes; with PCROP_RDP
         * 0 without the PCROP area.  SRAM2 and backup registers too. */
        bool keeps = (f->in_force[PCROP1ER] & PCROP1ER_RDP) == 0;

        flash_l4_mass_erase(b, f, keeps);
        memset(b->ram[1], 0, b->part->ram[1].len);
        if (!b->life.has_power || b->life.reset_due)
            return;
        time_skip(b, f->busy_until);
    }
    rewrite(b, f, words);
}

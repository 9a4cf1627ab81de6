/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's option bytes: programming, the window of registers, what they
 * protect. */
#include "sim/options.h"

#include <string.h>

#include "util/mem.h"
#include "util/rd.h"
#include "proto/dfu.h"

/* Option bytes are read and written as words. */
#define WORD 4u

void
sfi__options_load(struct sfi_sim *sim)
{
    memcpy(sim->options, sim->store.options, sizeof(sim->options));
}

bool
sfi__options_pending(const struct sfi_sim *sim)
{
    return !sfi__equal(sim->options, sim->store.options, sizeof(sim->options));
}

static uint32_t
options_readout_byte(const struct sfi_sim *sim)
{
    const struct sfi_chip *chip = sim->chip;

    return (sim->options[chip->rdp_row] >> chip->rdp_shift) & 0xff;
}

/* What a power failure leaves of a write, by the chip's habits; NULL: the old
 * values.  SECURITY stays (RM0433, 4.3.2). */
static const uint32_t *
options_torn(const struct sfi_sim *sim, uint32_t words[CHIP_OB_ROWS_MAX])
{
    const struct sfi_chip *chip = sim->chip;
    uint32_t row = chip->security_row;

    memcpy(words, sim->store.options, sizeof(sim->store.options));
    switch (sim->habits.option_cut) {
    case SIM_OPTION_CUT_DEFAULTS:
        for (uint32_t i = 0; i < chip->ob_count; i++)
            words[i] = chip->ob[i].shipped;
        words[row] |= sim->store.options[row] & chip->security_mask;
        return words;
    case SIM_OPTION_CUT_RDP1:
        words[chip->rdp_row] &= ~(0xffu << chip->rdp_shift);
        words[chip->rdp_row] |= CHIP_RDP_LEVEL1 << chip->rdp_shift;
        return words;
    case SIM_OPTION_CUT_NONE:
        break;
    }
    return NULL;
}

bool
sfi__options_program(struct sfi_sim *sim, const uint32_t *words)
{
    const struct sfi_chip *chip = sim->chip;
    uint32_t row = chip->security_row;
    uint32_t next[CHIP_OB_ROWS_MAX] = {0};
    uint32_t torn[CHIP_OB_ROWS_MAX];

    memcpy(next, words, (size_t)chip->ob_count * sizeof(*words));
    /* RM0433, 4.3.2: software cannot take SECURITY back. */
    next[row] |= sim->options[row] & chip->security_mask;
    if (sim->habits.no_security)
        next[row] &= ~chip->security_mask;
    if (sfi__equal(next, sim->store.options, sizeof(next)))
        return !sim->power.off;
    if (sfi__options_locked(sim))
        return false;
    return sfi__store_options(&sim->store, next, options_torn(sim, torn));
}

bool
sfi__options_set_readout(struct sfi_sim *sim, uint8_t rdp)
{
    const struct sfi_chip *chip = sim->chip;
    uint32_t words[CHIP_OB_ROWS_MAX];

    memcpy(words, sim->store.options, sizeof(words));
    words[chip->rdp_row] &= ~(0xffu << chip->rdp_shift);
    words[chip->rdp_row] |= (uint32_t)rdp << chip->rdp_shift;
    return sfi__options_program(sim, words);
}

/* No write protection in either encoding: a set bit for each sector, or a range
 * whose first sector is after its last. */
#define WRP_NONE 0x000000ffu

bool
sfi__options_write_unprotect(struct sfi_sim *sim)
{
    uint32_t words[CHIP_OB_ROWS_MAX];

    memcpy(words, sim->store.options, sizeof(words));
    for (uint32_t i = 0; i < CHIP_WRP_ROWS; i++)
        words[sim->chip->wrp_row[i]] = WRP_NONE;
    return sfi__options_program(sim, words);
}

/* A part with a bit for each sector takes a list; one with two ranges takes
 * their first and last pages (ST's open bootloader, flash_interface.c).  A
 * sector that does not exist is ignored (AN3155, 3.9). */
bool
sfi__options_write_protect(struct sfi_sim *sim, const uint8_t *sectors,
                           size_t count)
{
    const struct sfi_chip *chip = sim->chip;
    uint32_t per_bank = chip->bank_size / chip->sector_size;
    uint32_t words[CHIP_OB_ROWS_MAX];

    memcpy(words, sim->store.options, sizeof(words));
    for (uint32_t i = 0; i < CHIP_WRP_ROWS; i++) {
        if (chip->wrp_by_bit)
            words[chip->wrp_row[i]] = WRP_NONE;
        else if (2 * i + 1 < count)
            words[chip->wrp_row[i]] =
                sectors[2 * i] | (uint32_t)sectors[2 * i + 1] << 16;
    }
    for (size_t i = 0; i < count && chip->wrp_by_bit; i++) {
        if (sectors[i] / per_bank < CHIP_WRP_ROWS)
            words[chip->wrp_row[sectors[i] / per_bank]] &=
                ~(1u << sectors[i] % per_bank);
    }
    return sfi__options_program(sim, words);
}

/* The word at `offset` of the window, in force or programmed; 0 if its register
 * is not modelled. */
static uint32_t
options_window_word(const struct sfi_sim *sim, uint32_t offset)
{
    const struct chip_ob_row *row = sim->chip->ob;

    for (uint32_t i = 0; i < sim->chip->ob_count; i++, row++) {
        if (!row->is_register)
            continue;
        if (row->current == offset)
            return sim->options[i];
        if (row->pending == offset)
            return sim->store.options[i];
        if (sim->chip->ob_complements && row->pending + WORD == offset)
            return ~sim->store.options[i];
    }
    return 0;
}

bool
sfi__options_window_read(const struct sfi_sim *sim, uint32_t address,
                         uint8_t *out, size_t len)
{
    const struct chip_range *window = &sim->chip->ob_window;
    uint32_t offset = address - window->base;

    if (len > UINT32_MAX ||
        !sfi__chip_range_has(window, address, (uint32_t)len))
        return false;
    for (size_t i = 0; i < len; i++, offset++) {
        uint32_t word = options_window_word(sim, offset & ~(WORD - 1));

        out[i] = (uint8_t)(word >> 8 * (offset % WORD));
    }
    return true;
}

/* ---- the area, as the standard bootloader takes it ---- */

static struct chip_range
options_area(const struct sfi_sim *sim)
{
    struct chip_range area = sim->chip->ob_window;

    if (sim->habits.option_area != 0)
        area.size = sim->habits.option_area;
    return area;
}

static bool
options_in_area(const struct sfi_sim *sim, uint32_t address, size_t len)
{
    struct chip_range area = options_area(sim);

    return len <= UINT32_MAX &&
           sfi__chip_range_has(&area, address, (uint32_t)len);
}

bool
sfi__options_may_read(const struct sfi_sim *sim, uint32_t address)
{
    return options_in_area(sim, address, 1);
}

bool
sfi__options_may_write(const struct sfi_sim *sim, uint32_t address)
{
    if (sim->habits.options == SIM_OPTIONS_STRICT)
        return address == sim->chip->ob_window.base;
    return options_in_area(sim, address, 1);
}

/* The whole block: of the area, or of what the name of its memory says. */
bool
sfi__options_may_upload(const struct sfi_sim *sim, uint32_t address, size_t len)
{
    const struct sfi_chip *chip = sim->chip;
    struct dfu_layout named;

    if (sim->habits.options != SIM_OPTIONS_STRICT ||
        !sfi__chip_range_has(&chip->ob_window, address, 1))
        return true;
    if (address != chip->ob_window.base)
        return false;
    return len == options_area(sim).size ||
           (sfi__dfu_read_layout(&named, chip->dfu_options) &&
            len == (size_t)named.region[0].count * named.region[0].size);
}

bool
sfi__options_area_read(const struct sfi_sim *sim, uint32_t address,
                       uint8_t *out, size_t len)
{
    return options_in_area(sim, address, len) &&
           sfi__options_window_read(sim, address, out, len);
}

/* Where the data has the word of a row.  Only programmed words can be written;
 * those in force are read-only. */
static uint32_t
options_row_offset(const struct sfi_sim *sim, uint32_t row)
{
    const struct sfi_chip *chip = sim->chip;

    if (sim->habits.options == SIM_OPTIONS_OPENBL && row == chip->rdp_row)
        return 0;
    return chip->ob[row].pending;
}

/* A page of flash is erased first (AN3155, 3.6); registers that are not written
 * keep their values (RM0433, 4.4.2). */
static bool
options_are_erased(const struct sfi_sim *sim, uint32_t row)
{
    return sim->habits.options == SIM_OPTIONS_STRICT &&
           sim->chip->ob_complements &&
           sim->chip->ob[row].pending < options_area(sim).size;
}

/* `offset`: of the first byte of the data. */
static void
options_take_rows(const struct sfi_sim *sim, uint32_t offset,
                  const uint8_t *data, size_t len, uint32_t *words)
{
    for (uint32_t i = 0; i < sim->chip->ob_count; i++) {
        uint32_t at = options_row_offset(sim, i);
        struct rd r;

        if (!sim->chip->ob[i].is_register ||
            (sim->habits.no_pcrop && (sim->chip->pcrop_rows >> i & 1u) != 0))
            continue;
        if (options_are_erased(sim, i))
            words[i] = UINT32_MAX;
        if (at < offset || len < WORD || at - offset > len - WORD)
            continue;
        sfi__rd_init(&r, data + (at - offset), WORD);
        words[i] = sfi__rd_u32le(&r);
    }
}

bool
sfi__options_area_write(struct sfi_sim *sim, uint32_t address,
                        const uint8_t *data, size_t len)
{
    bool looks = sim->habits.options != SIM_OPTIONS_OPENBL;
    uint32_t offset = looks ? address - sim->chip->ob_window.base : 0;
    uint32_t words[CHIP_OB_ROWS_MAX];

    if (!sfi__options_may_write(sim, address) || offset % WORD != 0 ||
        len % WORD != 0 || (looks && !options_in_area(sim, address, len)))
        return false;
    memcpy(words, sim->store.options, sizeof(words));
    options_take_rows(sim, offset, data, len, words);
    if (!sfi__options_program(sim, words))
        return false;
    if (sim->chip->ob_write_resets)
        sfi__options_launch(sim);
    return true;
}

void
sfi__options_launch(struct sfi_sim *sim)
{
    sim->reset_due = true;
    sim->hung = sim->habits.launch_hangs && sim->chip->ob_write_resets;
}

bool
sfi__options_readout_protected(const struct sfi_sim *sim)
{
    return options_readout_byte(sim) != CHIP_RDP_LEVEL0;
}

bool
sfi__options_locked(const struct sfi_sim *sim)
{
    return options_readout_byte(sim) == CHIP_RDP_LEVEL2;
}

bool
sfi__options_secure(const struct sfi_sim *sim)
{
    const struct sfi_chip *chip = sim->chip;

    return (sim->options[chip->security_row] & chip->security_mask) != 0;
}

bool
sfi__options_boot0(const struct sfi_sim *sim)
{
    const struct sfi_chip *chip = sim->chip;
    uint32_t word = sim->options[chip->boot_row];

    if (chip->boot_pin_mask == 0 || (word & chip->boot_pin_mask) != 0)
        return sim->boot0;
    return (word & chip->boot_not_mask) == 0;
}

/* AN2606, patterns; RM0433, 4.3.9 (a clear bit protects) and RM0394, 3.7.11
 * (a range whose first is after its last protects nothing). */
static bool
options_sector_protected(const struct sfi_sim *sim, uint32_t sector)
{
    const struct sfi_chip *chip = sim->chip;
    uint32_t per_bank = chip->bank_size / chip->sector_size;

    for (uint32_t i = 0; i < CHIP_WRP_ROWS; i++) {
        uint32_t word = sim->options[chip->wrp_row[i]];

        if (chip->wrp_by_bit) {
            if (sector / per_bank == i && !(word >> sector % per_bank & 1))
                return true;
        } else if (sector >= (word & 0xff) && sector <= (word >> 16 & 0xff)) {
            return true;
        }
    }
    return false;
}

bool
sfi__options_write_protected(const struct sfi_sim *sim, uint32_t address,
                             size_t len)
{
    const struct sfi_chip *chip = sim->chip;
    uint32_t first = (address - chip->flash.base) / chip->sector_size;
    uint32_t last =
        (uint32_t)(address - chip->flash.base + (len - 1)) / chip->sector_size;

    for (uint32_t s = first; s <= last; s++) {
        if (options_sector_protected(sim, s))
            return true;
    }
    return false;
}

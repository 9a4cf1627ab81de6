/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The versions of bootloaders with their habits, by AN2606; and habits by name.
 * Nothing here was seen on silicon. */
#include "sim/habits.h"

#include <stddef.h>

#include "util/text.h"

#define H7_ID 0x450u
#define L4_ID 0x462u

/* AN2606, versions and known limitations of each part; habits.h has the
 * sources. */
static const struct sim_loader loaders[] = {
    {H7_ID, 0xd2, "V13.2", {.go_fails = true, .no_spi = true}},
    {H7_ID, 0xd3, "V13.3", {.dfu_no_mass = true}},
    {H7_ID,
     0x90,
     "V9.0",
     {
         .get_count = 2,
         .go_no_ack = true,
         .go_stack = 16,
         .ram_from = 0x24034000,
         .dfu_bank2_busy = true,
     }},
    {H7_ID, 0x91, "V9.1", {.go_stack = 16, .early_erase_ack = true}},
    {H7_ID, 0x92, "V9.2", {.go_stack = 16}},
    {L4_ID, 0x92, "V9.2", {.no_pcrop = true, .spi_write_ms = 3}},
};

enum habit_kind {
    HABIT_BOOL,
    HABIT_NUMBER,
    HABIT_OPTION_RULE,
    HABIT_OPTION_CUT
};

#define HABIT(kind, name, member)                       \
    {                                                   \
        kind, offsetof(struct sim_habits, member), name \
    }

static const struct {
    enum habit_kind kind;
    size_t at;
    const char *name;
} names[] = {
    HABIT(HABIT_OPTION_RULE, "options", options),
    HABIT(HABIT_NUMBER, "option-area", option_area),
    HABIT(HABIT_BOOL, "launch-hangs", launch_hangs),
    HABIT(HABIT_BOOL, "no-security", no_security),
    HABIT(HABIT_BOOL, "no-pcrop", no_pcrop),
    HABIT(HABIT_OPTION_CUT, "option-cut", option_cut),
    HABIT(HABIT_BOOL, "ecc-faults", ecc_faults),
    HABIT(HABIT_NUMBER, "get-count", get_count),
    HABIT(HABIT_BOOL, "go-no-ack", go_no_ack),
    HABIT(HABIT_BOOL, "go-fails", go_fails),
    HABIT(HABIT_NUMBER, "go-stack", go_stack),
    HABIT(HABIT_NUMBER, "ram-from", ram_from),
    HABIT(HABIT_BOOL, "early-erase-ack", early_erase_ack),
    HABIT(HABIT_BOOL, "second-reset", second_reset),
    HABIT(HABIT_BOOL, "second-sync", second_sync),
    HABIT(HABIT_BOOL, "no-spi", no_spi),
    HABIT(HABIT_NUMBER, "spi-write-ms", spi_write_ms),
    HABIT(HABIT_BOOL, "pb15-low", pb15_low),
    HABIT(HABIT_BOOL, "any-first-byte", any_first_byte),
    HABIT(HABIT_BOOL, "dfu-bank2-busy", dfu_bank2_busy),
    HABIT(HABIT_BOOL, "dfu-no-mass", dfu_no_mass),
    HABIT(HABIT_BOOL, "dfu-by-length", dfu_by_length),
    HABIT(HABIT_BOOL, "dfu-naks", dfu_naks),
    HABIT(HABIT_BOOL, "dfu-leaves-early", dfu_leaves_early),
    HABIT(HABIT_BOOL, "no-receipts", no_receipts),
};

const struct sim_loader *
sfi__sim_loader_at(const struct sfi_chip *chip, size_t index)
{
    for (size_t i = 0; i < sizeof(loaders) / sizeof(*loaders); i++) {
        if (loaders[i].device_id == chip->device_id && index-- == 0)
            return &loaders[i];
    }
    return NULL;
}

const struct sim_loader *
sfi__sim_loader(const struct sfi_chip *chip, const char *version)
{
    const struct sim_loader *found = NULL;
    const struct sim_loader *l;

    for (size_t i = 0; (l = sfi__sim_loader_at(chip, i)) != NULL; i++) {
        if (version == NULL || sfi__text_same(l->version, version))
            found = l;
    }
    return found;
}

bool
sfi__sim_habit_set(struct sim_habits *h, const char *name, uint32_t value)
{
    size_t i = 0;
    char *at = (char *)h;

    while (i < sizeof(names) / sizeof(*names) &&
           !sfi__text_same(names[i].name, name))
        i++;
    if (i == sizeof(names) / sizeof(*names))
        return false;
    at += names[i].at;
    switch (names[i].kind) {
    case HABIT_BOOL:
        *(bool *)(void *)at = value != 0;
        return value <= 1;
    case HABIT_NUMBER:
        *(uint32_t *)(void *)at = value;
        return true;
    case HABIT_OPTION_RULE:
        if (value > SIM_OPTIONS_LENIENT)
            return false;
        *(enum sim_option_rule *)(void *)at = (enum sim_option_rule)value;
        return true;
    case HABIT_OPTION_CUT:
        if (value > SIM_OPTION_CUT_RDP1)
            return false;
        *(enum sim_option_cut *)(void *)at = (enum sim_option_cut)value;
        return true;
    }
    return false;
}

const char *
sfi__sim_habit_name(size_t index)
{
    return index < sizeof(names) / sizeof(*names) ? names[index].name : NULL;
}

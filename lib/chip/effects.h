/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the option bytes of a part do to its start, by the names of their
 * fields; chip/areas.h has what they protect.  Only hosts need it; a part's
 * file has it beside its fields (chip/fields.h). */
#ifndef SFI_CHIP_EFFECTS_H
#define SFI_CHIP_EFFECTS_H

#include <stddef.h>

#include "chip/chip.h"

/* Where the part starts. */
struct chip_start {
    const char *field; /* the upper half of the address; NULL: it is fixed */
    uint32_t address;
    bool by_pin; /* only with BOOT0 high */
};

struct chip_watchdog {
    const char *field; /* 0: runs from reset */
    const char *register_name;
    uint32_t register_at; /* what firmware writes to keep it quiet */
};

struct chip_effects {
    const struct chip_start *starts;
    size_t start_count;
    const struct chip_watchdog *watchdogs;
    size_t watchdog_count;
    const char *swap; /* field: the banks change places; NULL: never */
};

/* sfi__chip_effects_NAME of each part */
#define CHIP_DECLARE_EFFECTS(part) \
    extern const struct chip_effects sfi__chip_effects_##part;
CHIP_PARTS(CHIP_DECLARE_EFFECTS)

/* Nothing at all for a part that is not in the list. */
const struct chip_effects *sfi__chip_effects(const struct sfi_chip *chip);

#endif

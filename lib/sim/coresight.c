/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The debug components of an STM32H753 (RM0433, 60), and what shows
 * each of them (IHI 0029, B2).  Addresses, designers and part numbers are those
 * that pyOCD finds on parts of the family (pyOCD 1368, 1404, 1499); the order
 * in the ROM table at 0xe00e0000 is ours. */
#include "sim/coresight.h"

#include <stddef.h>

#define PAGE 0x1000u
/* IHI 0029, B2.2: offsets in the page */
#define DEVARCH 0xfbcu
#define DEVID 0xfc8u
#define DEVTYPE 0xfccu
#define PIDR4 0xfd0u
#define PIDR0 0xfe0u
#define CIDR0 0xff0u
/* JEP106: bank and number */
#define ARM 0x43bu
#define ST 0x020u

enum component_class {
    CLASS_ROM = 0x1,
    CLASS_CORESIGHT = 0x9,
    CLASS_GENERIC = 0xe,
};

#define ENTRIES 6
#define PRESENT 3u /* and 32 bits wide */

struct component {
    uint32_t base;
    enum component_class class;
    uint16_t designer;
    uint16_t part;
    uint8_t devtype;
    uint32_t devarch;
    uint32_t devid;
    uint32_t at[ENTRIES]; /* a ROM table: the components that it lists */
};

static const struct component core[] = {
    {.base = 0xe00fe000,
     .class = CLASS_ROM,
     .designer = ST,
     .part = 0x450,
     .at = {0xe00ff000, 0xe0041000, 0xe0043000}},
    {.base = 0xe00ff000,
     .class = CLASS_ROM,
     .designer = ARM,
     .part = 0x4c7,
     .at = {0xe000e000, 0xe0001000, 0xe0002000, 0xe0000000}},
    {0xe000e000, CLASS_GENERIC, ARM, 0x00c, 0, 0, 0, {0}}, /* SCS */
    {0xe0001000, CLASS_GENERIC, ARM, 0x002, 0, 0, 0, {0}}, /* DWT */
    {0xe0002000, CLASS_GENERIC, ARM, 0x00e, 0, 0, 0, {0}}, /* FPB */
    {0xe0000000, CLASS_GENERIC, ARM, 0x001, 0, 0, 0, {0}}, /* ITM */
    {0xe0041000, CLASS_CORESIGHT, ARM, 0x975, 0x13, 0x47704a13, 0, {0}}, /* ETM
                                                                          */
    {0xe0043000, CLASS_CORESIGHT, ARM, 0x906, 0x14, 0, 0x40800, {0}}, /* CTI */
};

static const struct component debug[] = {
    {.base = 0xe00e0000,
     .class = CLASS_ROM,
     .designer = ST,
     .part = 0x450,
     .at = {0xe00e3000, 0xe00e4000, 0xe00f0000}},
    {.base = 0xe00f0000,
     .class = CLASS_ROM,
     .designer = ST,
     .part = 0x001,
     .at = {0xe00f1000, 0xe00f3000, 0xe00f4000, 0xe00f5000}},
    {0xe00e3000, CLASS_CORESIGHT, ARM, 0x914, 0x11, 0, 0xea0, {0}},   /* SWO */
    {0xe00e4000, CLASS_CORESIGHT, ARM, 0x908, 0x12, 0, 0x32, {0}},    /* SWTF */
    {0xe00f1000, CLASS_CORESIGHT, ARM, 0x906, 0x14, 0, 0x40800, {0}}, /* CTI */
    {0xe00f3000, CLASS_CORESIGHT, ARM, 0x908, 0x12, 0, 0x34, {0}},    /* CSTF */
    {0xe00f4000, CLASS_CORESIGHT, ARM, 0x961, 0x32, 0, 0x380, {0}},   /* ETF */
    {0xe00f5000, CLASS_CORESIGHT, ARM, 0x912, 0x11, 0, 0xa0, {0}},    /* TPIU */
};

static const struct component *
coresight_find(bool is_core, uint32_t base)
{
    const struct component *list = is_core ? core : debug;
    size_t count =
        is_core ? sizeof(core) / sizeof(*core) : sizeof(debug) / sizeof(*debug);

    for (size_t i = 0; i < count; i++) {
        if (list[i].base == base)
            return &list[i];
    }
    return NULL;
}

/* A byte of PIDR: part 11:0, designer 18:12 with JEDEC's bit 19, and its bank
 * 35:32. */
static uint32_t
coresight_pidr_byte(const struct component *c, uint32_t byte)
{
    uint64_t pidr = c->part | (uint64_t)(c->designer & 0x7fu) << 12 | 1u << 19 |
                    (uint64_t)(c->designer >> 8) << 32;

    return (uint32_t)(pidr >> 8 * byte) & 0xffu;
}

static uint32_t
coresight_id(const struct component *c, uint32_t offset)
{
    const uint32_t cidr = 0xb105000du | (uint32_t)c->class << 12;

    if (offset >= CIDR0)
        return cidr >> 8 * ((offset - CIDR0) / 4) & 0xffu;
    if (offset >= PIDR0)
        return coresight_pidr_byte(c, (offset - PIDR0) / 4);
    if (offset >= PIDR4)
        return coresight_pidr_byte(c, 4 + (offset - PIDR4) / 4);
    switch (offset) {
    case DEVARCH:
        return c->devarch;
    case DEVID:
        return c->devid;
    case DEVTYPE:
        return c->devtype;
    default:
        return 0;
    }
}

bool
sfi__coresight_read(bool is_core, uint32_t address, uint32_t *value)
{
    uint32_t offset = address % PAGE;
    const struct component *c = coresight_find(is_core, address - offset);

    if (c == NULL)
        return false;
    if (offset / 4 < ENTRIES)
        *value = c->at[offset / 4] != 0
                     ? (c->at[offset / 4] - c->base) | PRESENT
                     : 0;
    else
        *value = coresight_id(c, offset);
    return true;
}

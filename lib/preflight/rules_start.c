/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The rules for the start of an installed part: whether firmware begins at the
 * boot address, and whether its vector table is one. */
#include "preflight/rules.h"

#include <inttypes.h>

#include "util/rd.h"
#include "chip/areas.h"
#include "chip/bootloader.h"
#include "chip/memory.h"
#include "preflight/view.h"

#define GO_STACK_ROOM 16u /* AN2606, V9.x */
#define VECTORS_LEN 8u    /* of the table: stack pointer, reset vector */

static struct place
start_place(const struct layout *in, const struct chip_start *s,
            uint32_t address)
{
    struct place at = {0};

    if (s->field != NULL)
        at = sfi__view_field_place(in, s->field);
    at.address = address;
    at.size = VECTORS_LEN;
    return at;
}

/* AN2606: V9.x start only what has its stack pointer below the end of RAM minus
 * 16.  It means the RAM that they write. */
static bool
start_refuses_go(const struct sfi_chip *chip, uint32_t sp)
{
    const struct chip_bootloader *b;
    bool strict = false;

    for (size_t i = 0; (b = sfi__chip_bootloader_at(i)) != NULL; i++)
        strict = strict || (b->device_id == chip->device_id &&
                            (b->quirks & CHIP_QUIRK_GO_STACK) != 0);
    for (uint32_t i = 0; strict && i < chip->ram_count; i++) {
        uint32_t end = sfi__chip_range_end(&chip->ram[i]);

        if (sp <= end && sp >= end - GO_STACK_ROOM)
            return true;
    }
    return false;
}

static void
start_check_stack(const struct layout *in, struct findings *f, struct place at,
                  uint32_t sp)
{
    if (sp == 0 || sfi__chip_ram_end(in->chip, sp - 1) == 0)
        sfi__finding(f, RULE_STACK_OUTSIDE, at,
                     "the vector table at 0x%08" PRIx32
                     " has the stack pointer 0x%08" PRIx32
                     ", which is in no RAM of %s",
                     (uint32_t)at.address, sp, in->chip->name);
    else if (start_refuses_go(in->chip, sp))
        sfi__finding(f, RULE_STACK_AT_END, at,
                     "the vector table at 0x%08" PRIx32
                     " has the stack pointer 0x%08" PRIx32
                     " at the end of RAM: bootloaders V9.x of %s start only "
                     "what has it more than 16 bytes lower",
                     (uint32_t)at.address, sp, in->chip->name);
}

static void
start_check_reset(const struct layout *in, struct findings *f, struct place at,
                  uint32_t reset)
{
    uint32_t code = reset & ~1u;

    if ((reset & 1u) == 0)
        sfi__finding(f, RULE_RESET_EVEN, at,
                     "the vector table at 0x%08" PRIx32
                     " has the reset vector 0x%08" PRIx32
                     ", which is even, expected an odd one",
                     (uint32_t)at.address, reset);
    else if (!sfi__view_is_filled(in, sfi__view_programmed_at(in, code), 2))
        sfi__finding(f, RULE_RESET_OUTSIDE, at,
                     "the vector table at 0x%08" PRIx32
                     " has the reset vector 0x%08" PRIx32
                     ", where this image puts nothing",
                     (uint32_t)at.address, reset);
}

static void
start_check_readable(const struct layout *in, struct findings *f,
                     struct place at, uint32_t programmed)
{
    struct chip_area areas[CHIP_AREAS_MAX];
    size_t count =
        in->ob == NULL ? 0 : sfi__chip_areas(in->chip, in->ob, areas);

    for (size_t i = 0; i < count; i++) {
        if (areas[i].kind == CHIP_AREA_PCROP &&
            sfi__chip_range_has(&areas[i].flash, programmed, VECTORS_LEN))
            sfi__finding(f, RULE_VECTORS_UNREADABLE, at,
                         "the vector table at 0x%08" PRIx32
                         " is in the PCROP area 0x%08" PRIx32 " to 0x%08" PRIx32
                         ", where nothing can be read",
                         (uint32_t)at.address, areas[i].flash.base,
                         sfi__chip_range_end(&areas[i].flash) - 1);
    }
}

static void
start_check_vectors(const struct layout *in, struct findings *f,
                    struct place at, uint32_t programmed)
{
    uint8_t raw[VECTORS_LEN];
    struct rd r;

    start_check_readable(in, f, at, programmed);
    if (!sfi__view_read(in, programmed, raw, sizeof(raw)))
        return;
    sfi__rd_init(&r, raw, sizeof(raw));
    start_check_stack(in, f, at, sfi__rd_u32le(&r));
    start_check_reset(in, f, at, sfi__rd_u32le(&r));
}

static const char *
start_memory_name(const struct chip_memory *m)
{
    return m != NULL ? m->name : "no memory";
}

/* A start elsewhere than in flash. */
static void
start_check_elsewhere(const struct layout *in, struct findings *f,
                      const struct chip_start *s, uint32_t address)
{
    struct place at = start_place(in, s, address);
    const struct chip_memory *m = sfi__chip_memory_at(in->chip, address);

    if (m != NULL && m->kind == CHIP_MEMORY_SYSTEM) {
        if (!s->by_pin)
            sfi__finding(f, RULE_BOOT_SYSTEM, at,
                         "%s is the address 0x%08" PRIx32
                         " in system memory: the firmware never starts",
                         s->field, address);
        return;
    }
    sfi__finding(f, s->by_pin ? RULE_BOOT_PIN_NOWHERE : RULE_BOOT_NOWHERE, at,
                 "%s is the address 0x%08" PRIx32
                 " in %s, which has no code after power-up: the part does not "
                 "start%s",
                 s->field, address, start_memory_name(m),
                 s->by_pin ? " when BOOT0 is high" : "");
}

static void
start_check(const struct layout *in, struct findings *f,
            const struct chip_start *s, uint32_t address)
{
    uint32_t programmed;

    if (!sfi__chip_range_has(&in->chip->flash, address, 1)) {
        start_check_elsewhere(in, f, s, address);
        return;
    }
    programmed =
        in->ob == NULL ? address : sfi__view_programmed_at(in, address);
    if (sfi__view_is_filled(in, programmed, 1))
        start_check_vectors(in, f, start_place(in, s, address), programmed);
    else
        sfi__finding(
            f, RULE_BOOT_EMPTY, start_place(in, s, address),
            "%s starts at 0x%08" PRIx32 "%s, where this image puts nothing",
            in->chip->name, address, s->by_pin ? " when BOOT0 is high" : "");
}

void
sfi__rules_start(const struct layout *in, struct findings *f)
{
    const struct chip_effects *e = sfi__chip_effects(in->chip);
    uint32_t before = 0;

    for (size_t i = 0; i < e->start_count; i++) {
        const struct chip_start *s = &e->starts[i];
        uint32_t address;

        if (s->field != NULL && in->ob == NULL)
            continue;
        address = sfi__view_start(in, s);
        if (i == 0 || address != before)
            start_check(in, f, s, address);
        before = address;
    }
}

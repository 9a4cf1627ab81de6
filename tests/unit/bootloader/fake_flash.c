/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The fake flash of fake_flash.h, behind the bootloader's flash.h. */
#include "fake_flash.h"

#include <string.h>

#include "flash.h"
#include "store_map.h"
#include "util/mem.h"

#define LEN (2 * STORE_PAGE_LEN)
#define UNITS (LEN / FLASH_UNIT)

static struct {
    uint8_t bytes[LEN];
    bool broken[UNITS];
    bool worn[UNITS];
    bool off, misused;
    uint32_t operations, cut_at;
    enum cut kind;
    uint32_t noise;
} flash;

void
fake_flash_reset(void)
{
    sfi__zero(&flash, sizeof(flash));
    sfi__fill(flash.bytes, 0xff, sizeof(flash.bytes));
    flash.noise = 1;
}

void
fake_flash_cut(uint32_t nth, enum cut kind)
{
    flash.cut_at = nth > 0 ? flash.operations + nth : 0;
    flash.kind = kind;
}

bool
fake_flash_is_off(void)
{
    return flash.off;
}

void
fake_flash_power_on(void)
{
    flash.off = false;
    flash.cut_at = 0;
}

uint32_t
fake_flash_operations(void)
{
    return flash.operations;
}

void
fake_flash_put(uint32_t addr, const uint8_t *data, uint32_t len)
{
    memcpy(flash.bytes + (addr - STORE_PAGE_0), data, len);
}

const uint8_t *
fake_flash_at(uint32_t addr)
{
    return flash.bytes + (addr - STORE_PAGE_0);
}

void
fake_flash_break(uint32_t addr)
{
    flash.broken[(addr - STORE_PAGE_0) / FLASH_UNIT] = true;
}

void
fake_flash_wear(uint32_t addr)
{
    flash.worn[(addr - STORE_PAGE_0) / FLASH_UNIT] = true;
}

bool
fake_flash_was_misused(void)
{
    return flash.misused;
}

static uint8_t
flash_noise(void)
{
    flash.noise = flash.noise * 1664525u + 1013904223u;
    return (uint8_t)(flash.noise >> 24);
}

/* Change a unit, or a part of it when power fails; false: it did. */
static bool
flash_change_unit(uint32_t at, const uint8_t *to, bool torn)
{
    uint8_t *unit = flash.bytes + at;

    if (torn && flash.kind == CUT_NOTHING)
        return false;
    flash.broken[at / FLASH_UNIT] = torn && flash.kind == CUT_ECC;
    if (torn && flash.kind == CUT_BITS) {
        for (uint32_t i = 0; i < FLASH_UNIT; i++)
            unit[i] = (uint8_t)((unit[i] & flash_noise()) | to[i]);
    } else {
        memcpy(unit, to, FLASH_UNIT);
    }
    return !torn;
}

/* Count an operation; true if power fails within it. */
static bool
flash_begin(void)
{
    flash.operations++;
    flash.off = flash.operations == flash.cut_at;
    return flash.off;
}

int
flash_erase(uint32_t addr, uint32_t len)
{
    static const uint8_t erased[FLASH_UNIT] = {0xff, 0xff, 0xff, 0xff,
                                               0xff, 0xff, 0xff, 0xff};
    uint32_t first = addr - STORE_PAGE_0;
    bool torn;

    if (flash.off || addr % FLASH_PAGE != 0 || len % FLASH_PAGE != 0)
        return 1;
    torn = flash_begin();
    /* an erase that is cut has done some units, and half of another */
    for (uint32_t at = first; at < first + len; at += FLASH_UNIT)
        (void)flash_change_unit(at, erased, torn && flash_noise() % 2 == 0);
    return torn;
}

static int
flash_write(uint32_t addr, const uint8_t *data, uint32_t len, bool zeros)
{
    static const uint8_t zero[FLASH_UNIT] = {0};
    uint32_t first = addr - STORE_PAGE_0;

    for (uint32_t i = 0; i < len; i += FLASH_UNIT) {
        uint32_t at = first + i;
        bool erased = !flash.broken[at / FLASH_UNIT];

        if (flash.off)
            return 1;
        for (uint32_t j = 0; j < FLASH_UNIT; j++)
            erased = erased && flash.bytes[at + j] == 0xff;
        flash.misused = flash.misused || (!zeros && !erased);
        if (flash.worn[at / FLASH_UNIT] || (!zeros && !erased))
            return 1; /* PROGERR */
        if (!flash_change_unit(at, zeros ? zero : data + i, flash_begin()))
            return 1;
    }
    return 0;
}

int
flash_program(uint32_t addr, const uint8_t *data, uint32_t len)
{
    return flash_write(addr, data, len, false);
}

int
flash_zero(uint32_t addr, uint32_t len)
{
    return flash_write(addr, NULL, len, true);
}

int
flash_read(uint32_t addr, uint8_t *out, uint32_t len)
{
    uint32_t first = addr - STORE_PAGE_0;
    bool failed = flash.off;

    for (uint32_t at = first / FLASH_UNIT; at <= (first + len - 1) / FLASH_UNIT;
         at++)
        failed = failed || flash.broken[at];
    if (failed)
        sfi__zero(out, len);
    else
        memcpy(out, flash.bytes + first, len);
    return failed;
}

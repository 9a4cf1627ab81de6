/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Secure boot: what runs at each reset of an STM32L462, from write-protected
 * flash, and starts the bootloader or the firmware.  README.md has its rules.
 */
#include "board.h"
#include "flash.h"
#include "part.h"
#include "regs.h"
#include "state.h"
#include "store.h"
#include "util/crc32.h"

#define CHUNK 1024u

static uint8_t chunk[CHUNK];

_Noreturn void image_main(void);

_Noreturn static void
boot_park(enum secure_boot_reason reason)
{
    REG(SECURE_BOOT_L462_PARK_AT) = SECURE_BOOT_PARKED;
    REG(SECURE_BOOT_L462_PARK_AT + 4) = reason;
    for (;;)
        watchdog_feed();
}

/* Nobody checks secure boot but its ECC. */
void
image_damaged(void)
{
    boot_park(SECURE_BOOT_SELF);
}

/* Is it readable, and 0xff? */
static bool
boot_is_blank(uint32_t at, uint32_t len)
{
    uint8_t all = 0xff;

    for (; len > 0 && all == 0xff; at += CHUNK, len -= CHUNK) {
        watchdog_feed();
        if (flash_read(at, chunk, CHUNK) != 0)
            return false;
        for (uint32_t i = 0; i < CHUNK; i++)
            all &= chunk[i];
    }
    return all == 0xff;
}

/* ---- the bootloader ---- */

static bool
boot_loader_is_whole(void)
{
    uint32_t seal[2], crc = 0, at = MAP_LOADER;

    if (flash_read(MAP_SEAL, (uint8_t *)seal, sizeof(seal)) != 0 ||
        seal[0] == 0 || seal[0] > MAP_SEAL - MAP_LOADER)
        return false;
    for (uint32_t left = seal[0]; left > 0;) {
        uint32_t n = left < CHUNK ? left : CHUNK;

        watchdog_feed();
        if (flash_read(at, chunk, n) != 0)
            return false;
        crc = sfi__crc32(crc, chunk, n);
        at += n;
        left -= n;
    }
    return crc == seal[1];
}

static bool
boot_is_protected_by(uint32_t range)
{
    return (range & 0xff) == 0 && (range >> 16 & 0xff) >= MAP_BOOT_LAST_PAGE;
}

/* Once an install is complete the option bytes are the firmware's: they came
 * into force, and the bootloader has to end its work. */
static void
boot_check_protection(enum record_phase phase)
{
    bool is_ending = phase == RECORD_COMMITTING || phase == RECORD_INSTALLED;

    if ((FLASH_OPTR & OPTR_RDP) == OPTR_RDP_0)
        boot_park(SECURE_BOOT_RDP);
    if (is_ending)
        return;
    if ((FLASH_SR & SR_OPTVERR) != 0)
        boot_park(SECURE_BOOT_OPTIONS);
    if (!boot_is_protected_by(FLASH_WRP1AR) &&
        !boot_is_protected_by(FLASH_WRP1BR))
        boot_park(SECURE_BOOT_WRP);
}

static void
boot_erase(uint32_t at, uint32_t len)
{
    if (flash_erase(at, len) != 0 || !boot_is_blank(at, len))
        boot_park(SECURE_BOOT_ERASE);
}

/* What an install that cannot be completed has left. */
static void
boot_clear_user(void)
{
    if (!boot_is_blank(MAP_USER, MAP_USER_LEN))
        boot_erase(MAP_USER, MAP_USER_LEN);
}

_Noreturn static void
boot_give_up(enum record_phase phase)
{
    if (phase == RECORD_INSTALLED)
        boot_park(SECURE_BOOT_DAMAGED_COMPLETE);
    boot_clear_user();
    boot_park(SECURE_BOOT_DAMAGED);
}

/* ---- the firmware ---- */

static bool
boot_is_within(uint32_t value, uint32_t from, uint32_t to)
{
    return value >= from && value < to;
}

/* A stack grows downwards from its pointer, which may be the end of RAM. */
static bool
boot_is_stack(uint32_t sp)
{
    return sp % 4 == 0 && (boot_is_within(sp - 4, MAP_RAM, MAP_RAM_END) ||
                           boot_is_within(sp - 4, MAP_SRAM2, MAP_SRAM2_END));
}

_Noreturn static void
boot_start_firmware(void)
{
    uint32_t head[2];

    if (flash_read(MAP_USER, (uint8_t *)head, sizeof(head)) != 0 ||
        !boot_is_stack(head[0]))
        boot_park(SECURE_BOOT_NO_STACK);
    /* a Thumb address */
    if (head[1] % 2 == 0 ||
        !boot_is_within(head[1], MAP_USER, MAP_USER + MAP_USER_LEN))
        boot_park(SECURE_BOOT_NO_ENTRY);
    /* as a reset leaves it (RM0394, 3.7.1) */
    FLASH_ACR |= ACR_DCEN;
    part_start(MAP_USER);
}

void
image_main(void)
{
    enum record_phase phase;
    bool is_gone;

    watchdog_feed();
    flash_start();
    is_gone = boot_is_blank(MAP_LOADER, FLASH_PAGE);
    if (store_is_leaving() && !is_gone) {
        /* power may have failed between the mark and this */
        if (store_forget_key() != 0)
            boot_park(SECURE_BOOT_ERASE);
        /* the page that tells whether it is gone comes last */
        boot_erase(MAP_LOADER + FLASH_PAGE, MAP_LOADER_ERASED_LEN - FLASH_PAGE);
        boot_erase(MAP_LOADER, FLASH_PAGE);
        board_launch();
    }
    if (is_gone)
        boot_start_firmware();
    phase = state_load_phase();
    boot_check_protection(phase);
    if (!boot_loader_is_whole())
        boot_give_up(phase);
    /* no record tells what the firmware is; the bootloader tells the host */
    if (store_start() != 0)
        boot_clear_user();
    part_start(MAP_LOADER);
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Ways out: resets, and the end of the bootloader. */
#include "board.h"
#include "part.h"
#include "regs.h"

#define RAM_CODE __attribute__((section(".ram_code"), noinline))

/* What runs here must not need flash, which it erases. */
RAM_CODE _Noreturn static void
leave_launch(void)
{
    /* 3.4.2: loading option bytes is a reset. */
    FLASH_OPTKEYR = OPTKEYR_1;
    FLASH_OPTKEYR = OPTKEYR_2;
    FLASH_CR |= CR_OBL_LAUNCH;
    /* not reached, but with flash or options still locked */
    SCB_AIRCR = AIRCR_SYSRESETREQ;
    for (;;)
        ;
}

/* The first page goes last, and not at all if another one does not: secure boot
 * looks there whether all is erased. */
RAM_CODE _Noreturn static void
leave_erase(uint32_t first, uint32_t pages)
{
    for (uint32_t page = first + pages; page-- > first;) {
        IWDG_KR = IWDG_KR_FEED;
        FLASH_SR = SR_ERRORS | SR_EOP;
        FLASH_CR = CR_PER | page << CR_PNB_SHIFT;
        FLASH_CR |= CR_STRT;
        while ((FLASH_SR & SR_BSY) != 0)
            ;
        if ((FLASH_SR & SR_ERRORS) != 0)
            break;
    }
    FLASH_CR = 0;
    leave_launch();
}

void
board_launch(void)
{
    (void)flash_unlock();
    leave_launch();
}

void
part_reset(void)
{
    SCB_AIRCR = AIRCR_SYSRESETREQ;
    for (;;)
        ;
}

void
board_erase_loader(void)
{
    __asm__ volatile("cpsid i" ::: "memory");
    SCB_VTOR = MAP_FLASH;
    (void)flash_unlock();
    leave_erase((MAP_LOADER - MAP_FLASH) / 2048u,
                MAP_LOADER_ERASED_LEN / 2048u);
}

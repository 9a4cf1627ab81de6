/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The independent watchdog: the same in an L4 and an H7. */
#include "board.h"
#include "part.h"
#include "regs.h"

/* RM0394, 32.3.2: runs by an option byte, or not at all; then this does
 * nothing.  It bites after 32 s instead of 0.5 s: an ECDH in software takes
 * longer. */
void
watchdog_start(void)
{
    IWDG_KR = IWDG_KR_UNLOCK;
    IWDG_PR = IWDG_PR_256;
    IWDG_RLR = IWDG_RLR_MAX;
    watchdog_feed();
}

void
watchdog_feed(void)
{
    IWDG_KR = IWDG_KR_FEED;
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Where ST's papers and the reports of users disagree, or describe parts that
 * differ: what this virtual chip does.  All zero: as the papers say. */
#ifndef SFI_SIM_HABITS_H
#define SFI_SIM_HABITS_H

#include <stdbool.h>
#include <stdint.h>

/* How the standard bootloader takes a write of option bytes. */
enum sim_option_rule {
    /* AN3155, 3.6: the address is the start of the area, which is erased, then
     * written.  AN3156, 5.1: nothing is done at any other address; 4.1: a read
     * has the size of the whole block. */
    SIM_OPTIONS_STRICT,
    /* ST's open bootloader (stm32-mw-openbl, optionbytes_interface.c): whatever
     * the address, the first word is FLASH_OPTR, and so on. */
    SIM_OPTIONS_OPENBL,
    /* ST community 308083: one register of an H7 was written, over USART. */
    SIM_OPTIONS_LENIENT,
};

struct sim_habits {
    enum sim_option_rule options;
    /* bytes of the area; 0: the whole window (ST community 221810 reads 308
     * bytes of an H743), while the name of the DFU memory says 128 or 88 */
    uint32_t option_area;
    /* an L4 whose bootloader launches option bytes hangs until its power is
     * switched (qa-community 71929 and 44984, zephyr pull request 83561) */
    bool launch_hangs;
    /* SECURITY stays 0: an H742, H743, H745 or H747 (AN2606: DEV_ID 0x450) */
    bool no_security;
};

#endif

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Where ST's papers and the reports of users disagree, or describe parts and
 * versions that differ: what this virtual chip does.  All zero: as the papers
 * say.  The host has a table of its own (chip/bootloader.h). */
#ifndef SFI_SIM_HABITS_H
#define SFI_SIM_HABITS_H

#include "chip/chip.h"

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

/* What a power failure leaves of option bytes that are being written. */
enum sim_option_cut {
    SIM_OPTION_CUT_NONE,     /* ours: the old values */
    SIM_OPTION_CUT_DEFAULTS, /* STM32CubeF7 issue 96 */
    SIM_OPTION_CUT_RDP1,     /* likewise */
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
    /* its bootloader does not write PCROP (AN2606, L45x/46x V9.2) */
    bool no_pcrop;
    enum sim_option_cut option_cut;
    /* flash that a power failure left half-way has a double ECC error: the
     * bootloader that reads it hangs in its fault handler (ours), a debugger
     * gets a bus error (RM0433, 4.7.4) */
    bool ecc_faults;

    /* Get announces so many commands more than it sends (AN2606, H74x/75x V9.0:
     * 13 for 11) */
    uint32_t get_count;
    /* Go's command byte has no ACK (AN2606, H74x/75x V9.0) */
    bool go_no_ack;
    /* Go is acknowledged and starts nothing (AN2606, H74x/75x V13.2) */
    bool go_fails;
    /* Go hangs unless the firmware's stack pointer is so far below the end of
     * RAM (AN2606, H74x/75x V9.x: 16) */
    uint32_t go_stack;
    /* RAM below this address is the bootloader's own (AN2606, H74x/75x V9.0:
     * 0x24034000) */
    uint32_t ram_from;
    /* ACK before an erase in bank 2 is done; a command on flash until then
     * hangs (AN2606, H74x/75x V9.1) */
    bool early_erase_ack;
    /* silent after power-up until a reset (AN2606, H74x/75x V9.0: "may") */
    bool second_reset;
    /* the first 0x7f has no answer (AN2606, H74x/75x V9.0 on PB14/PB15; this
     * chip's USART is on PA9/PA10) */
    bool second_sync;
    /* SPI does not work (AN2606, H74x/75x V13.2: SPI1, this chip's) */
    bool no_spi;
    /* SPI: polled for the ACK of a Write before so many ms are over, its last
     * 64 bits stay erased (AN2606, L45x/46x V9.2: 3) */
    uint32_t spi_write_ms;
    /* PB15 is low: only USB connects (AN2606, H74x/75x, any version) */
    bool pb15_low;
    /* a first byte that is not 0x7f is ignored; AN3155, 1: it is measured, and
     * the bootloader is deaf until a reset (also ST community 810505, 11320) */
    bool any_first_byte;

    /* USB: an erase in bank 2 stays in dfuDNBUSY until CLRSTATUS, which leads
     * to errUNKNOWN, dfuERROR (AN2606, H74x/75x V9.0; betaflight-configurator
     * pull requests 1861 and 5348; dfu-util ticket 88) */
    bool dfu_bank2_busy;
    /* USB: no mass erase (AN2606, H74x/75x V13.3); ours: errERASE */
    bool dfu_no_mass;
    /* USB: block n is (n - 2) lengths of its own behind the pointer, as AN3156,
     * 4.1 and 5.1, say; ST's usbd_dfu.c: (n - 2) transfer sizes */
    bool dfu_by_length;
    /* USB: no control transfer is answered while flash is erased (USB 2.0,
     * 8.4.5; fwupd pull request 1944, of an F745) */
    bool dfu_naks;
    /* USB: gone after "leave", before GETSTATUS (stm32-mw-usb-device 23) */
    bool no_receipts; /* a secure bootloader of before they were there */
    bool dfu_leaves_early;
};

/* A version of a part's bootloader. */
struct sim_loader {
    uint16_t device_id;
    uint8_t id;          /* AN2606: the byte near the end of system memory */
    const char *version; /* "V9.0" */
    struct sim_habits habits;
};

/* NULL: there is no such version of this part.  version NULL: the newest. */
const struct sim_loader *sfi__sim_loader(const struct sfi_chip *chip,
                                         const char *version);
/* The versions of a part, from the oldest; NULL: past the last. */
const struct sim_loader *sfi__sim_loader_at(const struct sfi_chip *chip,
                                            size_t index);
/* By its name, which is that of the member with hyphens; false: there is no
 * such habit, or it has no such value. */
bool sfi__sim_habit_set(struct sim_habits *h, const char *name, uint32_t value);
/* NULL: past the last. */
const char *sfi__sim_habit_name(size_t index);

#endif

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The table of a part: all that libsfi knows about it.  Freestanding. */
#ifndef SFI_CHIP_CHIP_H
#define SFI_CHIP_CHIP_H

#include <stdbool.h>

#include <sfi/chip.h>

#include "chip/parts.h"

#define CHIP_PRODUCT_ID_LEN 8u
#define CHIP_OB_ROWS_MAX 12u
#define CHIP_RAMS_MAX 2u
#define CHIP_WRP_ROWS 2u

struct chip_range {
    uint32_t base;
    uint32_t size;
};

/* One row of the option-byte CSV, in the order of the file. */
struct chip_ob_row {
    const char *name;
    uint32_t shipped; /* value of a new part */
    uint32_t current; /* offset in the option window of the current value */
    uint32_t pending; /* offset of the value that the next reset loads */
    bool is_register; /* false: in CSV and image, but never written */
};

struct chip_definition;

struct sfi_chip {
    const char *name;
    const char *pins;   /* its letters for the number of pins in order codes */
    uint32_t device_id; /* DBGMCU DEV_ID */
    char product_id[CHIP_PRODUCT_ID_LEN + 1]; /* first bytes of certificates */
    uint8_t bootloader_version;               /* AN3155 Get: 0x31 is V3.1 */
    uint32_t bootloader_id_at; /* AN2606: where its bootloader's ID is */
    uint32_t flash_size_at;    /* ... and the size of its flash, 16 bits, KB */
    const char *twins;     /* other parts with this DEV_ID, without security */
    uint8_t spi_version;   /* AN4286 Get: 0x11 is V1.1 */
    uint32_t spi_write_ms; /* AN2606: no poll for so long after a Write */

    /* flash: consecutive banks of equal sectors */
    struct chip_range flash;
    uint32_t bank_size;
    uint32_t sector_size;
    uint32_t program_unit; /* bytes programmed at once, and once per erase */
    uint32_t typical_ms;   /* to erase one sector */
    uint32_t erase_ms;     /* at most, for one sector; the flash as a whole may
                              take as long as all of its sectors */

    /* rules for firmware (AN4992, section 7) */
    struct chip_range user;      /* where firmware may be */
    bool last_word_barred;       /* not in the last program unit of a bank */
    uint32_t total_multiple;     /* total size is a multiple of this; 1: any */
    uint32_t total_limit;        /* above this total (0: never) ... */
    uint32_t total_not_multiple; /* ... it must not be a multiple of this */

    /* RAM that the standard bootloader reads and writes (AN2606) */
    struct chip_range ram[CHIP_RAMS_MAX];
    uint32_t ram_count;

    /* USB: the bootloader's serial number, and the DfuSe names of its two
     * memories (dfu-util lists them); NULL: no USB */
    const char *dfu_serial;
    const char *dfu_flash;
    const char *dfu_options;

    /* option bytes */
    struct chip_range ob_window; /* as bootloaders map it */
    bool ob_complements;         /* a page of flash, its words followed by their
                                    complements; else registers */
    /* lengths that a bootloader may show less than that (the names of DFU
     * memories), the shortest last; 0: none */
    uint32_t ob_shorter[2];
    uint32_t ob_count;
    struct chip_ob_row ob[CHIP_OB_ROWS_MAX];
    uint32_t pcrop_rows;         /* a bit for each */
    uint32_t rdp_row, rdp_shift; /* the 8-bit readout protection field */
    uint32_t security_row, security_mask; /* mask 0: always secure */
    uint32_t wrp_row[CHIP_WRP_ROWS];      /* write protection */
    bool wrp_by_bit;  /* a row has a bit per sector of a bank, clear: protected;
                       * else a range of sectors: first 7:0, last 23:16 */
    bool wrp_unknown; /* libsfi does not know what protects a sector */
    /* source of BOOT0: with bit boot_pin_mask set the pin (mask 0: always);
     * with it clear the complement of bit boot_not_mask */
    uint32_t boot_row, boot_pin_mask, boot_not_mask;

    /* debug port; dbgmcu 0: libsfi does not use it */
    uint32_t dbgmcu;           /* address of DBGMCU_IDCODE ... */
    uint32_t idcode;           /* ... and its value in this part */
    uint32_t flash_regs;       /* the FLASH registers */
    struct chip_range mailbox; /* RAM of the secure bootloader's mailbox */

    /* life */
    bool ships_secure;        /* a new part has only the security extension */
    bool one_shot;            /* a success ends the secure bootloader */
    bool ob_write_resets;     /* writing option bytes resets (AN3155) */
    struct chip_range loader; /* flash erased after success; size 0: none */

    /* of the program (chip/definition.h); NULL: a part of the list */
    const struct chip_definition *definition;
};

/* RDP levels: 0xAA is level 0, 0xCC level 2, any other value level 1. */
#define CHIP_RDP_LEVEL0 0xaau
#define CHIP_RDP_LEVEL1 0xbbu /* one of the values of level 1 */
#define CHIP_RDP_LEVEL2 0xccu

/* sfi__chip_NAME of each part */
#define CHIP_DECLARE(part) extern const struct sfi_chip sfi__chip_##part;
CHIP_PARTS(CHIP_DECLARE)
#define CHIP_ONE_MORE(part) +1u
#define CHIP_COUNT (0u CHIP_PARTS(CHIP_ONE_MORE))

uint32_t sfi__chip_range_end(const struct chip_range *r);
/* Is [address, address + size) inside? */
bool sfi__chip_range_has(const struct chip_range *r, uint32_t address,
                         uint32_t size);
/* Do these rows (as wrp_row has them) protect the sector from writing? */
bool sfi__chip_write_protected(const struct sfi_chip *chip,
                               const uint32_t words[CHIP_WRP_ROWS],
                               uint32_t sector, uint32_t *row);
const struct sfi_chip *sfi__chip_at(uint32_t index); /* NULL: past the last */
const struct sfi_chip *sfi__chip_by_device_id(uint32_t device_id);

#endif

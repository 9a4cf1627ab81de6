/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An STM32H743 or H753 in DFU mode as DFU 1.1, AN3156, AN2606 and reports of
 * users describe it, written from these alone: it shares no line and no number
 * with the library or with the virtual chips.  Time is the fake clock's. */
#ifndef SFI_TESTS_DFU_PEER_H
#define SFI_TESTS_DFU_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sfi/transport.h>

#define PEER_FLASH 0x08000000u
#define PEER_SECTOR 0x20000u
#define PEER_SECTORS 16u
#define PEER_OPTIONS 0x5200201cu

/* How it goes after "leave" (stm32-mw-usb-device issue 23: before GETSTATUS).
 */
enum peer_leave {
    PEER_LEAVES_AFTER_STATUS,
    PEER_LEAVES_BEFORE_STATUS,
    PEER_LEAVES_AT_ONCE,     /* the transfer itself finds no device */
    PEER_LEAVES_WITH_ERRORS, /* three transfers fail before the hub notices */
    PEER_STAYS,              /* it heard nothing: the transfer was lost */
};

struct dfu_peer {
    /* what it is; set between dfu_peer_open() and a connect */
    const char *flash_name, *options_name, *serial;
    uint16_t transfer_size;
    uint32_t option_len; /* AN3156, 4.1 and 5.1: of the block of option bytes */
    uint8_t loader_id;   /* 0: the address is refused, as by errTARGET */
    bool protected;      /* readout protection: errVENDOR */

    /* its habits */
    bool bank2_sticks; /* betaflight-configurator pull request 1861 */
    bool bank2_fails;  /* ours: it sticks, and has erased nothing */
    bool bank2_early; /* AN2606, V9.1: done too early, and a flash command until
                       * it is done hangs the part */
    bool mass_fails;  /* AN2606, V13.3; ours: by errERASE */
    bool mass_hangs;  /* ours: for ever, and it has erased nothing */
    bool by_length;   /* AN3156, 5.1: wTransferSize is the data's length */
    bool naks;        /* no transfer is answered while it erases */
    enum peer_leave leave;
    uint32_t sector_ms;      /* that an erase takes; ST community 734674 */
    uint32_t sector_poll_ms; /* that it asks for; dfu-util ticket 88 */
    uint32_t mass_ms, mass_poll_ms;
    uint32_t write_ms, write_poll_ms;

    /* what the test looks at */
    uint8_t flash[PEER_SECTORS * PEER_SECTOR];
    uint8_t options[308];
    unsigned transfers, sector_erases, mass_erases, blocks, pointers, clears;
    unsigned early; /* GETSTATUS before the time that it asked for */
    unsigned option_writes;
    bool left; /* DFU mode, by "leave"; the program's address: */
    uint32_t started_at;

    /* its state */
    uint8_t state, status;
    uint8_t data[4096];
    size_t len;
    uint16_t block;
    uint32_t pointer;
    bool stuck, gone, hangs, resets;
    unsigned errors; /* transfers that fail before it is gone */
    uint64_t busy_until, ask_from, bank2_until;
};

extern struct dfu_peer peer;
/* A new peer, as AN3156 has it, and a link to it; the test's context gets the
 * fake clock. */
void dfu_peer_open(sfi_transport **out);
/* The same without a link; and one control transfer. */
void dfu_peer_reset(void);
sfi_status dfu_peer_control(uint8_t type, uint8_t request, uint16_t value,
                            uint16_t index, uint8_t *data, size_t len,
                            size_t *got, uint32_t ms);

#endif

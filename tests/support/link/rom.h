/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A part's bootloader on a serial line, as ST's papers and its users describe
 * it, with a clock in microseconds that only the line and the host's waits
 * move.  It shares no line and no table with the library or the virtual chips.
 * What it does by default is AN3155; the rest is by request, and each says
 * where it was seen. */
#ifndef SFI_TESTS_ROM_H
#define SFI_TESTS_ROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sfi/transport.h>

#include "util/clock.h"

#define ROM_FLASH_LEN 4096u /* of it is kept; the rest reads as erased */
#define ROM_OUT_MAX 8192u

struct rom {
    /* how it behaves */
    uint16_t device_id; /* 0x450 */
    uint8_t id;       /* AN2606: of the bootloader; 0: the address is refused */
    uint64_t up_us;   /* when it gets its power */
    uint64_t down_us; /* ... and loses it again for 50 ms; 0: never */
    uint32_t late_us; /* through a network, each way */
    bool has_line;    /* the reset line is wired */
    unsigned deaf_resets; /* AN2606, V9.0: that many resets do not help */
    bool nacks_sync;      /* a 0x7f in the command loop is refused at once;
                             else (AN3155, 2) its complement is waited for */
    bool two_nacks;       /* a report: a refusal is said twice */
    uint8_t announced;    /* AN2606, V9.0: the count of Get; 0: what follows */
    bool checks_stack;    /* AN2606, V9.x: Go refuses a stack pointer that is
                             not below the end of RAM minus 16 */
    bool go_is_quiet;     /* AN2606, V9.0: no ACK to Go's command byte */
    bool early_ack;       /* AN2606, V9.1: an erase in bank 2 goes on behind its
                             ACK, and a command meanwhile hangs the part */
    uint32_t erase_us;    /* for one sector */
    bool protected;       /* AN3155, 3.4: readout protection */
    const char *prints;   /* its application runs, and says this ... */
    uint64_t every_us;    /* ... so often */
    bool echoes;          /* ... and repeats what it hears */
    size_t lose_heard, lose_said; /* the line loses this byte; 1: the next,
                                     0: none */
    /* what was done to it */
    unsigned resets, goes, writes, erases, programmed;
    uint32_t went_to;
    bool hung; /* until a reset */
    /* private */
    uint64_t now_us, line_us, ready_us, busy_us, said_us, bit_us;
    bool measured, deaf, cycled;
    uint8_t frame[1100];
    size_t have;
    struct rom_byte {
        uint64_t at_us;
        uint8_t byte;
    } out[ROM_OUT_MAX];
    size_t first, last;
    uint8_t flash[ROM_FLASH_LEN];
};

/* A part with V9.2, powered, that was not spoken to; 115200 baud, 8E1. */
void rom_init(struct rom *r);
/* The link, whose context takes the model's clock. */
void rom_open(struct rom *r, sfi_transport **out);
/* An earlier host on the same line: it synchronises, and sends these bytes of
 * a command, whatever the answers. */
void rom_left_in(struct rom *r, const uint8_t *bytes, size_t len);
uint64_t rom_now_ms(const struct rom *r);

#endif

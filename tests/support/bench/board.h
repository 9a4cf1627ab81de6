/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A virtual chip on the bench, fresh from the chip maker, in a folder of its
 * own; tests write down the bytes on its USART.  With SFI_TEST_BOARD each
 * STM32L462CE is a board. */
#ifndef SFI_TESTS_BOARD_H
#define SFI_TESTS_BOARD_H

#include <stdbool.h>

#include <sfi/firmware.h>
#include <sfi/sim.h>

#include "util/clock.h"

#include "fixture.h"

/* Inside fixture_setup(): `board` is open and powered on, BOOT0 high. */
struct board {
    char base[1024];
    char ca[1100];
    char state[1100];
    sfi_sim *sim;
};

extern struct board board;
void board_setup(const char *chip);
void board_teardown(void);
/* An STM32L462CE without its loader is a standard part. */
void board_setup_open_l462(void);
/* Is this part a board in this run?  Then its own programs run on an emulated
 * core. */
bool board_is_emulated(const char *chip);
/* Blank the board's own programs in a dump of its flash, where they are as they
 * were made: they have instructions in common with every firmware. */
void board_hide_programs(uint8_t *flash);
/* Is this what "state" tells that runs: "application", "secure-bootloader"? */
bool board_runs(const char *what);
/* Close the chip and open it again from its folder. */
void board_reopen(void);

/* "> 7f < 79 > 00 ff < 79 ...": bytes to the chip, and exactly its reply.
 * Nothing after "<": the chip is silent. */
#define board_talk(script) board_talk_at(__FILE__, __LINE__, (script))
void board_talk_at(const char *file, int line, const char *script);
/* One AN3155 packet: `head`, then `len` bytes, then the XOR of all. */
size_t board_packet(uint8_t *out, const uint8_t *head, size_t head_len,
                    const uint8_t *data, size_t len);
/* Send, and assert the reply. */
void board_send(const uint8_t *data, size_t len, const char *answer);
/* Write 1 to 256 bytes with Write Memory; the last byte of the reply. */
uint8_t board_write(uint32_t address, const void *data, size_t len);
/* Read with Read Memory; the reply to the last packet, 0x79 for success. */
uint8_t board_read(uint32_t address, void *data, size_t len);

/* A word, which must be readable. */
uint32_t board_read_word(uint32_t address);

/* A host's clock: a sleep lets the chip's time pass.  What passes while the
 * chip's links wait is the chip's alone. */
extern const struct clock board_clock;
extern uint64_t board_now; /* ms */

/* Files of the chip's folder. */
const char *board_file(const char *name);

#endif

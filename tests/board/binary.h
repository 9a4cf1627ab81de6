/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The binary: secure boot and bootloader of examples/bootloader, as a part in a
 * sfi-board of the test's own.  Any failure of the board ends the test. */
#ifndef SFI_TESTS_BOARD_BINARY_H
#define SFI_TESTS_BOARD_BINARY_H

#include <sys/types.h>

#include <sfi/chip.h>

#include "chip/chip.h"
#include "sim/board/wire.h"
#include "end.h"

/* Longer than an erase of the whole flash, in the part's time. */
#define BINARY_LIMIT_NS UINT64_C(60000000000)

/* A part as it leaves manufacture. */
struct binary_kit {
    struct sfi_chip chip; /* with the user range of the part's table */
    uint8_t secret[32];
    uint8_t public_key[64];
    uint8_t certificate[136];
};

struct binary {
    struct binary_kit kit;
    int fd;
    pid_t pid;
    uint8_t *request;
    uint8_t *answer; /* the members of the last answer */
    size_t answer_len;
    uint64_t limit_ns; /* of a run that ends when it is idle */
    uint8_t end;       /* of the last run: enum wire_end */
    uint32_t resets;   /* in it */
    bool is_selected;  /* NSS is low, as far as the test knows */
    uint8_t *user;     /* the user flash as last read */
    int file_fd;       /* the board's file: WIRE_FILE_* */
    const uint8_t *file;
    size_t file_len;
};

/* What WIRE_STATE tells. */
struct binary_state {
    uint8_t power, end, rdp, at;
    uint64_t operations;
    uint32_t resets, reset_flags, pc, vtor;
    uint64_t outputs; /* changes of GPIO outputs */
};

/* Is the program here?  Without it (SFI_TEST_BOARD_PROGRAM) nothing works. */
void binary_start(struct binary *b);
void binary_stop(struct binary *b);
/* A new part: both images, key and certificate, readout protection and write
 * protection.  `user_size` 0: the part's table as it is; else the table's
 * word for the size of the user range is another one, and all else is the
 * same. */
void binary_make(struct binary *b, uint32_t user_size);
/* Power up, but nothing runs yet. */
void binary_switch_on(struct binary *b);
/* Power up, and run until it waits for the host. */
void binary_power_on(struct binary *b);
void binary_power_off(struct binary *b);
void binary_reset(struct binary *b);
void binary_run(struct binary *b, uint64_t ns, bool until_idle);
size_t binary_usart(struct binary *b, const uint8_t *in, size_t len,
                    uint8_t *out, size_t cap);
/* NSS is low from the first call on. */
void binary_spi(struct binary *b, const uint8_t *in, size_t len, uint8_t *out);
/* So much time passes, quickly where the part only waits; what it sends. */
size_t binary_usart_wait(struct binary *b, uint32_t ms, uint8_t *out,
                         size_t cap);
void binary_state(struct binary *b, struct binary_state *out);
/* Of all that outlives a power cycle: flash, OTP, option bytes, and which units
 * have an ECC that does not fit. */
void binary_digest(struct binary *b, uint8_t out[32]);
void binary_options(struct binary *b, uint32_t *programmed, uint32_t *in_force);
void binary_set_options(struct binary *b, const uint32_t *words);
void binary_peek(struct binary *b, uint32_t address, uint8_t *out, size_t len);
void binary_load(struct binary *b, uint32_t address, const uint8_t *data,
                 size_t len);
void binary_save(struct binary *b, uint32_t slot);
void binary_restore(struct binary *b, uint32_t slot);
/* WIRE_CUT_*, after so many operations. */
void binary_cut(struct binary *b, uint64_t after, uint8_t how);
void binary_inject(struct binary *b, uint8_t what, uint32_t where,
                   uint32_t value);
/* The newest record in the data pages, or 0xff; false: no page counts. */
bool binary_record(struct binary *b, uint8_t out[SFI_DEVICE_RECORD_LEN]);
/* Is all of it erased? */
bool binary_is_blank(struct binary *b, uint32_t address, uint32_t len);
/* Has the bootloader gone: erased, its key overwritten? */
bool binary_has_left(struct binary *b);
struct end binary_end(struct binary *b);

#endif

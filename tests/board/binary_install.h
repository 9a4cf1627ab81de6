/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An install into the binary, packet by packet, and what it left. */
#ifndef SFI_TESTS_BOARD_BINARY_INSTALL_H
#define SFI_TESTS_BOARD_BINARY_INSTALL_H

#include "binary.h"
#include "message.h"

#define INSTALL_PACKETS_MAX 64u
#define INSTALL_CONTENT_MAX 2048u

struct install {
    struct test_image image;
    uint8_t content[2][INSTALL_CONTENT_MAX];
    uint8_t options[4 * CHIP_OB_ROWS_MAX];
    struct packet packet[INSTALL_PACKETS_MAX]; /* SECURE to ABORT */
    size_t count;
    size_t half;   /* the last packet of DATA of area 2 */
    size_t finish; /* the first packet of FINISH */
    size_t leave;  /* the first one of ABORT */
};

void install_make(struct install *in, const struct binary *b);
/* Seal a changed image again, and make its packets. */
void install_seal(struct install *in);
/* Of an image that was made anew: seal it, with a new licence; no packets. */
void install_seal_all(struct install *in, const struct binary *b);
void install_free(struct install *in);
/* 0x7f until it answers. */
bool install_sync(struct binary *b);
/* One packet; the answer is not looked at. */
void install_send(struct install *in, struct binary *b, size_t i);
/* Synchronised: send all, each must be acknowledged. */
void install_run(struct install *in, struct binary *b);
/* One request; its cause, or -1 for no answer, -2 for a NACK. */
int install_request(struct binary *b, uint16_t opcode, const uint8_t *param,
                    size_t param_len, const uint8_t *data, size_t data_len,
                    uint8_t *reply);
/* SECURE, LICENSE and HEADER; an area with all its content: the first
 * refusal. */
int install_begin(const struct install *in, struct binary *b);
int install_area(struct binary *b, const struct test_area *a);
void install_info(struct binary *b, struct security_info *info);
/* ABORT of a part that is complete. */
void install_leave(struct binary *b);
/* The user flash is erased. */
void install_assert_erased(const struct install *in, struct binary *b,
                           const char *where);
/* RAM and flash have neither key nor plaintext. */
void install_assert_forgotten(const struct install *in, struct binary *b,
                              const char *where);
/* It gave this cause, and is empty, erased and clean. */
void install_assert_refused(const struct install *in, struct binary *b,
                            const char *where, int got, int cause);
/* The firmware is in, and its option bytes are programmed. */
void install_assert_complete(const struct install *in, struct binary *b,
                             const char *where);
/* ... and the bootloader is erased, its key overwritten, the firmware runs. */
void install_assert_gone(const struct install *in, struct binary *b,
                         const char *where);
/* Where the part is, in words; borrowed until the next call. */
const char *install_where(struct binary *b);

#endif

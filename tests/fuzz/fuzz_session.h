/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A session with a hostile chip over any link: open a target and make one of
 * its calls, with a clock of the fuzzer's own. */
#ifndef SFI_TESTS_FUZZ_SESSION_H
#define SFI_TESTS_FUZZ_SESSION_H

#include <stdbool.h>

#include <sfi/transport.h>

#include "util/clock.h"

#include "fuzz.h"

/* Nothing waits; time only passes. */
extern uint64_t fuzz_now;
extern const struct clock fuzz_clock;

/* What is left of an input. */
struct fuzz_input {
    const uint8_t *at;
    size_t left;
};

/* The next byte; 0 at the end. */
uint8_t fuzz_byte(struct fuzz_input *in);
/* The next bytes, with zeros behind the last. */
void fuzz_bytes(struct fuzz_input *in, uint8_t *out, size_t len);

/* What an honest secure bootloader of an STM32H753 replies to this request;
 * its length. */
size_t fuzz_reply(uint16_t opcode, uint8_t *out);

/* What a lying chip may cause: a recorded error, which is no fault of the
 * library or the caller. */
void fuzz_outcome(const sfi_ctx *ctx, sfi_status st);

/* Connect, and do what `which` tells (the same number, the same call); each of
 * the two within `longest_ms`. */
void fuzz_session(sfi_ctx *ctx, sfi_transport *tp, uint8_t which,
                  uint64_t longest_ms);
/* ... by a clock that does more than tell fuzz_now. */
void fuzz_session_by(sfi_ctx *ctx, sfi_transport *tp, uint8_t which,
                     uint64_t longest_ms, const struct clock *clock);

#endif

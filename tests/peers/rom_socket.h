/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The socket to the model in rom/: a call is a letter, the time and data; its
 * outcome is a number, the time and data. */
#ifndef ROM_SOCKET_H
#define ROM_SOCKET_H

#include <stddef.h>
#include <stdint.h>

#include <sfi/status.h>

/* More than any block of a link. */
#define ROM_DATA_MAX 65536u

/* The outcome of a call. */
enum rom_reply { ROM_OK, ROM_TIMEOUT, ROM_STALL, ROM_GONE };

extern int rom_socket;      /* the descriptor */
extern uint64_t rom_now_us; /* the model's time */

/* Print why, and end the program. */
void rom_give_up(const char *why);
void rom_put_le(uint8_t *out, uint64_t value, size_t len);
uint64_t rom_get_le(const uint8_t *in, size_t len);
/* `*got`: the room of `out`, and then what came. */
enum rom_reply rom_ask(char what, const uint8_t *data, size_t len, uint8_t *out,
                       size_t *got);
sfi_status rom_status_of(enum rom_reply reply);
/* A call that returns no data. */
sfi_status rom_ask_plainly(char what, const uint8_t *data, size_t len);
/* A control transfer, which reads or writes `data`. */
sfi_status rom_ask_control(const uint8_t setup[8], uint32_t timeout_ms,
                           uint8_t *data, size_t len, size_t *got);

#endif

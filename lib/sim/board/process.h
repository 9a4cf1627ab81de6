/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The process of sfi-board, and messages to and from it. */
#ifndef SFI_SIM_BOARD_PROCESS_H
#define SFI_SIM_BOARD_PROCESS_H

#include "sim/board/board.h"

/* A file of a board's memory without a name, and a path by which sfi-board
 * opens it while the descriptor is open; `fd` is -1 when there is none. */
sfi_status sfi__board_hold(sfi_ctx *ctx, const struct buf *memory, char *path,
                           size_t cap, int *fd);
sfi_status sfi__board_spawn(const char *program, struct sim_board *b);
void sfi__board_end(struct sim_board *b);
/* One request, its members in two parts; the answer is in b->answer, without
 * its length. */
sfi_status sfi__board_exchange(struct sim_board *b, uint8_t number,
                               const uint8_t *head, size_t head_len,
                               const uint8_t *data, size_t len);
/* The answer makes no sense: ask it nothing more. */
sfi_status sfi__board_senseless(struct sim_board *b, unsigned number);

#endif

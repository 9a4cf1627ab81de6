/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A board in a process of its own, the program sfi-board: a part on an emulated
 * core, with its links, its supply and its pins at the other end of a socket
 * (wire.h).  The part's memory is a file that both processes map, so no secret
 * of it goes through the socket. */
#ifndef SFI_SIM_BOARD_BOARD_H
#define SFI_SIM_BOARD_BOARD_H

#include <stdbool.h>
#include <sys/types.h>

#include <sfi/ctx.h>

#include "util/buf.h"
#include "util/rd.h"
#include "sim/board/wire.h"

struct sim_board {
    sfi_ctx *ctx; /* for errors */
    int fd;       /* -1: the program has ended, or does not make sense */
    pid_t pid;
    struct buf answer;
    uint32_t ram_base, ram_len;
    /* The last run: */
    uint8_t end;  /* enum wire_end */
    uint8_t at;   /* enum wire_at */
    bool changed; /* flash, option bytes, or the count of resets */
};

struct board_state {
    bool has_power;
    uint8_t at;       /* enum wire_at */
    uint64_t ops;     /* on flash and option bytes, so far */
    uint32_t resets;  /* so far */
    uint64_t outputs; /* changes of GPIO outputs, so far */
};

/* Start the program (a path, or a name to be found in PATH) for this part,
 * whose memory is in the file `path`. */
sfi_status sfi__board_start(sfi_ctx *ctx, const char *program, const char *part,
                            const char *path, struct sim_board *b);
void sfi__board_stop(struct sim_board *b);

/* Each fails with SFI_ERR_OS when the program has ended, and with
 * SFI_ERR_PROTOCOL when it refuses or its answer makes no sense.  `limit_ns`:
 * how long the core runs at most, in its time, before it is idle. */
sfi_status sfi__board_power(struct sim_board *b, bool on);
sfi_status sfi__board_reset(struct sim_board *b);
sfi_status sfi__board_set_boot0(struct sim_board *b, bool level);
/* Run until the core is idle; or all of the time. */
sfi_status sfi__board_run(struct sim_board *b, uint64_t ns, bool until_idle);
/* Bytes to its USART; what it has sent is appended to `out`. */
sfi_status sfi__board_usart(struct sim_board *b, uint32_t baud,
                            uint64_t limit_ns, const uint8_t *data, size_t len,
                            struct buf *out);
/* Bytes through its SPI, while NSS is low. */
sfi_status sfi__board_select(struct sim_board *b, bool low);
sfi_status sfi__board_spi(struct sim_board *b, uint32_t hertz,
                          uint64_t limit_ns, const uint8_t *tx, uint8_t *rx,
                          size_t len);
/* The power fails in the operation after so many; WIRE_NO_CUT: it stays. */
sfi_status sfi__board_cut_after(struct sim_board *b, uint64_t ops);
sfi_status sfi__board_state(struct sim_board *b, struct board_state *out);
/* Option words: as programmed, and in force. */
sfi_status sfi__board_options(struct sim_board *b, uint32_t *programmed,
                              uint32_t *in_force, size_t count);
sfi_status sfi__board_set_options(struct sim_board *b, const uint32_t *words,
                                  size_t count);
/* Memory past all protection. */
sfi_status sfi__board_peek(struct sim_board *b, uint32_t address, uint8_t *out,
                           size_t len);
/* As a debugger's access port does it; SFI_ERR_NACK: the part refuses. */
sfi_status sfi__board_debug_read(struct sim_board *b, uint32_t address,
                                 uint32_t size, uint32_t *value);
sfi_status sfi__board_debug_write(struct sim_board *b, uint32_t address,
                                  uint32_t size, uint32_t value);

#endif

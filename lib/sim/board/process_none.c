/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A system without sockets between processes and files without names, so
 * without boards on an emulated core. */
#include "sim/board/process.h"

#include "core/err.h"

static sfi_status
process_unsupported(sfi_ctx *ctx)
{
    return sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                     "sfi-board, which runs a board, needs Linux");
}

sfi_status
sfi__board_hold(sfi_ctx *ctx, const struct buf *memory, char *path, size_t cap,
                int *fd)
{
    (void)memory;
    (void)path;
    (void)cap;
    *fd = -1;
    return process_unsupported(ctx);
}

sfi_status
sfi__board_spawn(const char *program, struct sim_board *b)
{
    (void)program;
    return process_unsupported(b->ctx);
}

void
sfi__board_end(struct sim_board *b)
{
    b->fd = -1;
}

sfi_status
sfi__board_senseless(struct sim_board *b, unsigned number)
{
    (void)number;
    return process_unsupported(b->ctx);
}

sfi_status
sfi__board_exchange(struct sim_board *b, uint8_t number, const uint8_t *head,
                    size_t head_len, const uint8_t *data, size_t len)
{
    (void)number;
    (void)head;
    (void)head_len;
    (void)data;
    (void)len;
    return process_unsupported(b->ctx);
}

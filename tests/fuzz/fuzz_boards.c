/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The file of an order's boards: what is taken is taken again, and the next
 * step follows it. */
#include <sfi/boards.h>

#include "fuzz_folder.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    sfi_ctx *ctx = fuzz_ctx();
    const char *path = fuzz_file("order.journal", data, len);
    sfi_board board = {.struct_size = sizeof(board)};
    sfi_boards *b;
    sfi_status st = sfi_boards_open(ctx, path, &b);
    uint64_t count = sfi_boards_count(b), added = 0;

    fuzz_check(ctx, st, b);
    if (st == SFI_OK) {
        for (uint64_t i = 1; i <= count; i++) {
            FUZZ_HOLDS(sfi_boards_get(b, i, &board) == SFI_OK);
            FUZZ_HOLDS(board.number == i && board.state >= SFI_BOARD_BEGUN &&
                       board.state <= SFI_BOARD_FAILED);
            FUZZ_HOLDS(sfi_boards_find(b, SFI_BOARD_PORT, board.port) >= i ||
                       board.port[0] == '\0');
            FUZZ_HOLDS((sfi_board_advice(&board)[0] == '\0') ==
                       (board.state == SFI_BOARD_DONE));
        }
        FUZZ_HOLDS(sfi_boards_begin(b, 0, "port", "s", &added) == SFI_OK);
        FUZZ_HOLDS(added == count + 1);
        sfi_boards_free(b);
        FUZZ_HOLDS(sfi_boards_open(ctx, fuzz_path("order.journal"), &b) ==
                   SFI_OK);
        FUZZ_HOLDS(sfi_boards_count(b) == count + 1);
    }
    sfi_boards_free(b);
    fuzz_ctx_free(ctx);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The boards of an order in memory, as the lines of their file tell them. */
#ifndef SFI_JOURNAL_BOARDS_H
#define SFI_JOURNAL_BOARDS_H

#include <sfi/boards.h>

#include "core/obj.h"

#define BOARD_NAME_MAX 64u    /* of a fact */
#define BOARD_VALUE_MAX 1024u /* of a fact; and a port */
#define BOARD_SERIAL_MAX 128u

enum board_text {
    BOARD_TEXT_PORT,
    BOARD_TEXT_SERIAL,
    BOARD_TEXT_DEVICE,
    BOARD_TEXT_CHIP,
    BOARD_TEXT_RESULT,
    BOARD_TEXT_LICENSE,
    BOARD_TEXT_HSM,
    BOARD_TEXT_ERROR,
    BOARD_TEXT_RECEIPT,
    BOARD_TEXT_NO_RECEIPT,
    BOARD_TEXTS
};

struct board {
    sfi_board now;            /* without its texts */
    char *texts[BOARD_TEXTS]; /* NULL: "" */
};

struct fact {
    char name[BOARD_NAME_MAX];
    char *value;
    struct fact *next;
};

struct sfi_boards {
    struct obj obj;
    char *path;
    int fd;
    bool failed;    /* the memory may not be what the file says */
    uint64_t size;  /* of the file: its whole lines */
    uint64_t lines; /* how many */
    struct board *boards;
    size_t count, cap;
    struct fact *facts;
};

/* Take a line, without its end: SFI_OK; SFI_ERR_FORMAT, recorded, for one that
 * cannot stand here; or SFI_ERR_NOMEM. */
sfi_status sfi__boards_take_line(sfi_boards *b, const char *line, size_t len);
/* Is it a line of such a file, wherever it stands? */
bool sfi__boards_is_line(const char *line, size_t len);
const struct fact *sfi__boards_fact(const sfi_boards *b, const char *name);
void sfi__boards_forget(sfi_boards *b);

#endif

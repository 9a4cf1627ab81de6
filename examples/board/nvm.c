/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The file of what outlives a power cycle: flash, OTP, option bytes, and which
 * program units have an ECC that does not fit.  It is mapped shared, so that
 * what was done is there after the process was killed. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core.h"

/* The layout is libsfi-sim's as well: WIRE_FILE_*. */
#define MAGIC_LEN (sizeof(WIRE_FILE_MAGIC) - 1)

static size_t
bits_len(const struct board *b)
{
    return b->part->flash_len / b->part->unit / 8;
}

static size_t
file_len(const struct board *b)
{
    return WIRE_FILE_FLASH_AT + b->part->flash_len + 2 * bits_len(b);
}

static void
place(struct board *b)
{
    struct nvm *n = &b->nvm;

    n->options = (uint32_t *)(void *)(n->map + WIRE_FILE_OPTIONS_AT);
    n->otp = n->map + WIRE_FILE_OTP_AT;
    n->flash = n->map + WIRE_FILE_FLASH_AT;
    n->bad = n->flash + b->part->flash_len;
    n->weak = n->bad + bits_len(b);
}

static void
make_new(struct board *b)
{
    struct nvm *n = &b->nvm;

    memset(n->otp, 0xff, WIRE_FILE_OTP_LEN + b->part->flash_len);
    memcpy(n->map + WIRE_FILE_PART_AT, b->part->name, strlen(b->part->name));
    b->part->set_options(b, b->part->factory_options);
    memcpy(n->map, WIRE_FILE_MAGIC, MAGIC_LEN); /* last: whole from here on */
    n->is_new = true;
}

static const char *
map_file(struct board *b, const char *path)
{
    struct nvm *n = &b->nvm;
    struct stat st;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return "the board's file cannot be opened";
    if (fstat(fd, &st) != 0 ||
        (st.st_size != 0 && st.st_size != (off_t)n->map_len) ||
        ftruncate(fd, (off_t)n->map_len) != 0) {
        (void)close(fd);
        return "the board's file has another length than the part's";
    }
    n->map = mmap(NULL, n->map_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    return n->map == MAP_FAILED ? "the board's file cannot be mapped" : NULL;
}

const char *
nvm_open(struct board *b, const char *path)
{
    struct nvm *n = &b->nvm;
    const char *wrong = NULL;

    n->map_len = file_len(b);
    if (*path != '\0') {
        wrong = map_file(b, path);
    } else {
        n->map = mmap(NULL, n->map_len, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (n->map == MAP_FAILED)
            wrong = "out of memory";
    }
    if (wrong != NULL) {
        n->map = NULL;
        return wrong;
    }
    place(b);
    if (memcmp(n->map, WIRE_FILE_MAGIC, MAGIC_LEN) != 0)
        make_new(b);
    if (strncmp((char *)n->map + WIRE_FILE_PART_AT, b->part->name,
                WIRE_FILE_PART_LEN) != 0)
        return "the board's file is of another part";
    return NULL;
}

void
nvm_close(struct board *b)
{
    if (b->nvm.map != NULL)
        (void)munmap(b->nvm.map, b->nvm.map_len);
}

bool
nvm_is_bad(const struct board *b, uint32_t offset)
{
    uint32_t unit = offset / b->part->unit;

    return (b->nvm.bad[unit / 8] >> unit % 8 & 1u) != 0;
}

void
nvm_mark(struct board *b, uint8_t *map, uint32_t offset, bool is_set)
{
    uint32_t unit = offset / b->part->unit;
    uint8_t bit = (uint8_t)(1u << unit % 8);

    map[unit / 8] = (uint8_t)(is_set ? map[unit / 8] | bit
                                     : map[unit / 8] & ~(unsigned)bit);
}

bool
nvm_any_marked(const struct board *b)
{
    const uint64_t *word = (const uint64_t *)(const void *)b->nvm.bad;
    size_t i;

    for (i = 0; i < 2 * bits_len(b) / sizeof(*word); i++)
        if (word[i] != 0)
            return true;
    return false;
}

void
nvm_erase(struct board *b, uint32_t offset, uint32_t len)
{
    uint32_t at;

    memset(b->nvm.flash + offset, 0xff, len);
    for (at = offset; at < offset + len; at += b->part->unit) {
        nvm_mark(b, b->nvm.bad, at, false);
        nvm_mark(b, b->nvm.weak, at, false);
    }
}

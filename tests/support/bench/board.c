/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A virtual chip in a folder of its own, and AN3155 by hand on its USART. */
#define _XOPEN_SOURCE 700
#include <bench/board.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/file.h"
#include "chip/chip.h"

#define ACK 0x79
#define ANSWER_MAX 8192u

struct board board;

static void
board_name_folders(struct board *f)
{
    test_mkdir(f->base, sizeof(f->base));
    (void)snprintf(f->ca, sizeof(f->ca), "%s/ca", f->base);
    (void)snprintf(f->state, sizeof(f->state), "%s/chip", f->base);
}

static void
board_remove_folder(const char *path)
{
    if (sfi__file_is_there(path))
        test_rmdir(path);
}

static void
board_remove_folders(const struct board *f)
{
    board_remove_folder(f->state);
    board_remove_folder(f->ca);
    test_rmdir(f->base);
}

/* ---- an STM32L462CE may be a board ---- */

/* SFI_TEST_BOARD is "PROGRAM,BOOT,LOADER": sfi-board, and what it runs. */
static struct {
    char program[1024], boot[1024], loader[1024];
} on_board;

bool
board_is_emulated(const char *chip)
{
    const char *words = getenv("SFI_TEST_BOARD");

    return words != NULL && strcmp(chip, "stm32l462ce") == 0 &&
           sscanf(words, "%1023[^,],%1023[^,],%1023s", on_board.program,
                  on_board.boot, on_board.loader) == 3;
}

static void
board_fit(const char *state)
{
    sfi_firmware *programs[2];

    ck_assert_ok(sfi_firmware_load(ctx, on_board.boot, &programs[0]));
    ck_assert_ok(sfi_firmware_load(ctx, on_board.loader, &programs[1]));
    ck_assert_ok(sfi_sim_fit_board(ctx, state,
                                   (const sfi_firmware *const *)programs, 2));
    sfi_firmware_free(programs[0]);
    sfi_firmware_free(programs[1]);
}

static void
board_hide_program(const char *path, uint8_t *flash)
{
    uint64_t base = sfi_sim_chip(board.sim)->flash.base, address;
    sfi_firmware *fw;
    const uint8_t *data;
    size_t len;

    ck_assert_ok(sfi_firmware_load(ctx, path, &fw));
    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        ck_assert_ok(sfi_firmware_segment(fw, i, &address, &data, &len));
        if (memcmp(flash + (address - base), data, len) == 0)
            memset(flash + (address - base), 0xff, len);
    }
    sfi_firmware_free(fw);
}

void
board_hide_programs(uint8_t *flash)
{
    if (!board_is_emulated(sfi_chip_name(sfi_sim_chip(board.sim))))
        return;
    board_hide_program(on_board.boot, flash);
    board_hide_program(on_board.loader, flash);
}

bool
board_runs(const char *what)
{
    char state[512], words[64];
    size_t len = sizeof(state);

    ck_assert_ok(sfi_sim_command(board.sim, "state", state, &len));
    (void)snprintf(words, sizeof(words), " runs=%s ", what);
    return strstr(state, words) != NULL;
}

/* As the maker of devices does. */
static void
board_make(const char *chip, const struct board *f)
{
    ck_assert_ok(
        sfi_sim_manufacture(ctx, sfi_chip_find(chip), f->ca, f->state));
    if (board_is_emulated(chip))
        board_fit(f->state);
}

static void
board_open(const char *chip)
{
    if (board_is_emulated(chip))
        ck_assert_ok(
            sfi_sim_open_board(ctx, board.state, on_board.program, &board.sim));
    else
        ck_assert_ok(sfi_sim_open(ctx, board.state, &board.sim));
}

/* ---- tests in one process share a newborn chip of each part ---- */

static struct newborn {
    const char *chip;
    struct board folders; /* not open */
} newborns[2];

static void
board_remove_newborns(void)
{
    for (size_t i = 0; i < ROWS(newborns) && newborns[i].chip != NULL; i++)
        board_remove_folders(&newborns[i].folders);
}

/* The newborn of this part; NULL: no room to keep another one. */
static const struct board *
board_newborn(const char *chip)
{
    struct newborn *n = newborns;

    while (n->chip != NULL && strcmp(n->chip, chip) != 0) {
        if (++n == newborns + ROWS(newborns))
            return NULL;
    }
    if (n->chip == NULL) {
        if (n == newborns)
            (void)atexit(board_remove_newborns);
        board_name_folders(&n->folders);
        n->chip = sfi_chip_name(sfi_chip_find(chip));
        board_make(n->chip, &n->folders);
    }
    return &n->folders;
}

static void
board_manufacture(const char *chip)
{
    const struct board *newborn =
        test_in_one_process() ? board_newborn(chip) : NULL;

    if (newborn == NULL) {
        board_make(chip, &board);
        return;
    }
    test_copydir(newborn->ca, board.ca);
    test_copydir(newborn->state, board.state);
}

void
board_setup(const char *chip)
{
    fixture_setup();
    board_name_folders(&board);
    board_manufacture(chip);
    board_open(chip);
}

void
board_setup_open_l462(void)
{
    board_setup("stm32l462ce");
    ck_assert_ok(sfi_sim_erase_flash(board.sim));
    ck_assert_ok(sfi_sim_set_option(board.sim, "FLASH_OPTR", 0xffeff8aa));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    board_talk("> 7f < 79");
}

void
board_teardown(void)
{
    sfi_sim_free(board.sim);
    board.sim = NULL;
    board_remove_folders(&board);
    fixture_teardown();
}

void
board_reopen(void)
{
    const char *chip = sfi_chip_name(sfi_sim_chip(board.sim));

    sfi_sim_free(board.sim);
    board_open(chip);
}

static void
board_write_hex(char *out, size_t cap, const uint8_t *data, size_t len)
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < len && at + 4 < cap; i++)
        at += (size_t)snprintf(out + at, cap - at, "%s%02x", i > 0 ? " " : "",
                               data[i]);
}

/* Bytes of `text` up to the next '>' or '<' or its end. */
static const char *
board_read_hex(const char *text, uint8_t *out, size_t *len)
{
    unsigned byte;
    int used;

    *len = 0;
    while (sscanf(text, " %2x%n", &byte, &used) == 1) {
        out[(*len)++] = (uint8_t)byte;
        text += used;
    }
    return text + strspn(text, " ");
}

static void
board_exchange(const char *file, int line, const uint8_t *in, size_t in_len,
               const uint8_t *want, size_t want_len)
{
    static char got_text[3 * ANSWER_MAX], want_text[3 * ANSWER_MAX];
    static uint8_t got[ANSWER_MAX];
    size_t len = sizeof(got);

    ck_assert_ok(sfi_sim_usart(board.sim, in, in_len, got, &len));
    if (len == want_len && memcmp(got, want, len) == 0)
        return;
    board_write_hex(got_text, sizeof(got_text), got, len);
    board_write_hex(want_text, sizeof(want_text), want, want_len);
    ck_abort_msg("%s:%d: the chip answered [%s], expected [%s]", file, line,
                 got_text, want_text);
}

void
board_talk_at(const char *file, int line, const char *script)
{
    uint8_t in[2048], want[2048];
    size_t in_len, want_len;

    while (*script != '\0') {
        in_len = 0;
        if (*script == '>')
            script = board_read_hex(script + 1, in, &in_len);
        ck_assert_msg(*script == '<', "%s:%d: \"%s\" is not a script", file,
                      line, script);
        script = board_read_hex(script + 1, want, &want_len);
        board_exchange(file, line, in, in_len, want, want_len);
    }
}

size_t
board_packet(uint8_t *out, const uint8_t *head, size_t head_len,
             const uint8_t *data, size_t len)
{
    uint8_t x = 0;

    memcpy(out, head, head_len);
    if (len > 0)
        memcpy(out + head_len, data, len);
    for (size_t i = 0; i < head_len + len; i++)
        x ^= out[i];
    out[head_len + len] = x;
    return head_len + len + 1;
}

void
board_send(const uint8_t *data, size_t len, const char *answer)
{
    uint8_t want[256];
    size_t want_len;

    (void)board_read_hex(answer, want, &want_len);
    board_exchange(__FILE__, __LINE__, data, len, want, want_len);
}

/* Send a packet; the first byte of the reply, or 0. */
static uint8_t
board_first_reply(const uint8_t *packet, size_t len, uint8_t *more,
                  size_t *more_len)
{
    uint8_t answer[512];
    size_t got = sizeof(answer);

    ck_assert_ok(sfi_sim_usart(board.sim, packet, len, answer, &got));
    if (more != NULL && got > 0) {
        *more_len = got - 1;
        memcpy(more, answer + 1, *more_len);
    }
    return got > 0 ? answer[0] : 0;
}

static uint8_t
board_send_address(uint8_t code, uint32_t address)
{
    const uint8_t command[] = {code, (uint8_t)~code};
    const uint8_t head[] = {
        (uint8_t)(address >> 24),
        (uint8_t)(address >> 16),
        (uint8_t)(address >> 8),
        (uint8_t)address,
    };
    uint8_t packet[8];
    uint8_t r = board_first_reply(command, sizeof(command), NULL, NULL);

    if (r != ACK)
        return r;
    return board_first_reply(
        packet, board_packet(packet, head, sizeof(head), NULL, 0), NULL, NULL);
}

uint8_t
board_write(uint32_t address, const void *data, size_t len)
{
    const uint8_t head[] = {(uint8_t)(len - 1)};
    uint8_t packet[300];
    uint8_t r = board_send_address(0x31, address);

    ck_assert(len >= 1 && len <= 256);
    if (r != ACK)
        return r;
    return board_first_reply(packet, board_packet(packet, head, 1, data, len),
                             NULL, NULL);
}

uint8_t
board_read(uint32_t address, void *data, size_t len)
{
    uint8_t packet[] = {(uint8_t)(len - 1), (uint8_t) ~(len - 1)};
    uint8_t more[512];
    size_t more_len = 0;
    uint8_t r = board_send_address(0x11, address);

    ck_assert(len >= 1 && len <= 256);
    if (r != ACK)
        return r;
    r = board_first_reply(packet, sizeof(packet), more, &more_len);
    if (r == ACK) {
        ck_assert_uint_eq(more_len, len);
        memcpy(data, more, len);
    }
    return r;
}

uint32_t
board_read_word(uint32_t address)
{
    uint8_t w[4] = {0};

    ck_assert_uint_eq(board_read(address, w, sizeof(w)), ACK);
    return (uint32_t)w[0] | (uint32_t)w[1] << 8 | (uint32_t)w[2] << 16 |
           (uint32_t)w[3] << 24;
}

const char *
board_file(const char *name)
{
    static char paths[4][1200];
    static size_t turn;
    char *path = paths[turn++ % ROWS(paths)];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", board.state, name);
    return path;
}

uint64_t board_now;

static uint64_t
board_clock_now(void *user)
{
    (void)user;
    return board_now;
}

static void
board_clock_sleep(void *user, uint32_t ms)
{
    (void)user;
    board_now += ms;
    sfi_sim_wait(board.sim, ms);
}

const struct clock board_clock = {
    .now_ms = board_clock_now,
    .sleep_ms = board_clock_sleep,
};

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* In the place of sfi-board: a part that runs no program.  Its USART sends back
 * each byte plus one, its SPI the complement, its firmware never runs.  The
 * variable SFI_TEST_PEER has what it gets wrong, after "HOW:N" at the N-th
 * message from now on. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/board/wire.h"
#include "wire/secure_boot.h"

#define RAM_LEN 4096u
#define WORDS 5u

static uint8_t message[WIRE_LENGTH_MAX], answer[WIRE_LENGTH_MAX];
static size_t message_len, answer_len;
static uint8_t power;
static uint32_t resets;
static uint64_t ops, cut = WIRE_NO_CUT;
static uint32_t words[WORDS] = {0xfbeff8bb, 0xffff, 0, 0xff, 0xff};

static void
put(uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        answer[answer_len++] = i < 8 ? (uint8_t)(value >> 8 * i) : 0;
}

static uint64_t
get(size_t at, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++)
        value |= (uint64_t)message[at + i] << 8 * i;
    return value;
}

/* Does it stand still in its secure boot? */
static bool
is_parked(void)
{
    const char *how = getenv("SFI_TEST_PEER");

    return how != NULL && strcmp(how, "parked") == 0;
}

static unsigned
where(void)
{
    return is_parked() ? WIRE_AT_BOOT : WIRE_AT_LOADER;
}

/* As after `count` operations. */
static void
put_run(size_t count)
{
    put(power ? WIRE_END_IDLE : WIRE_END_OFF, 1);
    put(where() | (count > 0 ? WIRE_WROTE : 0u), 1);
    put(0, WIRE_RUN_LENGTH - 2);
}

static void
put_state(void)
{
    put(power, 1);
    put(0, 1);
    put(1, 1);
    put(where(), 1);
    put(0, 8);
    put(ops, 8);
    put(resets, 4);
    put(0, 12);
    put(7, 8);
    put(0, 1);
}

/* A byte over USART is an operation, and may be the last. */
static void
put_echo(size_t at)
{
    size_t len = 0;

    for (; at + len < message_len && power; len++)
        power = ops++ != cut;
    put_run(len);
    for (size_t i = 0; i + !power < len; i++)
        put(message[at + i] + 1u, 1);
}

static void
run_request(void)
{
    switch (message[0]) {
    case WIRE_HELLO:
        put(WIRE_VERSION, 4);
        put(0, 1);
        put(0x08000000, 4);
        put(512u << 10, 4);
        put(0x20000000, 4);
        put(RAM_LEN, 4);
        put(WORDS, 1);
        put(0, 1);
        break;
    case WIRE_POWER:
        power = message[1];
        break;
    case WIRE_NRST:
        resets++;
        break;
    case WIRE_RUN:
        put_run(0);
        break;
    case WIRE_USART:
        put_echo(1 + 1 + 4 + 1 + 8);
        break;
    case WIRE_SPI:
        put_run(0);
        for (size_t at = 1 + 1 + 4 + 8; at < message_len; at++)
            put(0xffu - message[at], 1);
        break;
    case WIRE_CUT:
        cut = get(1, 8) == WIRE_NO_CUT ? WIRE_NO_CUT : ops + get(1, 8);
        break;
    case WIRE_STATE:
        put_state();
        break;
    case WIRE_OPTIONS:
        for (size_t i = 0; i < 2 * WORDS; i++)
            put(words[i / 2], 4);
        break;
    case WIRE_SET_OPTIONS:
        for (size_t i = 0; i < WORDS; i++)
            words[i] = (uint32_t)get(1 + 4 * i, 4);
        break;
    case WIRE_PEEK:
        if (is_parked() && get(1, 4) == SECURE_BOOT_L462_PARK_AT) {
            put(SECURE_BOOT_PARKED, 4);
            put(SECURE_BOOT_WRP, 4);
            break;
        }
        for (uint64_t i = get(5, 4); i > 0; i--)
            put(0x5a, 1);
        break;
    default:
        break;
    }
}

/* What the variable says, from its message on. */
static const char *
mistake(void)
{
    static unsigned long count;
    const char *how = getenv("SFI_TEST_PEER");
    const char *from = how != NULL ? strchr(how, ':') : NULL;

    count++;
    if (how == NULL || (from != NULL && count < strtoul(from + 1, NULL, 10)))
        return "";
    return how;
}

static void
answer_request(void)
{
    const char *how = mistake();

    answer_len = 4;
    put(message[0], 1);
    put(WIRE_OK, 1);
    run_request();
    if (strncmp(how, "end", 3) == 0)
        exit(0);
    if (strncmp(how, "version", 7) == 0)
        answer[6]++;
    if (strncmp(how, "other", 5) == 0)
        answer[4]++;
    if (strncmp(how, "short", 5) == 0 && answer_len > 9)
        answer_len -= 3;
    if (strncmp(how, "refuse", 6) == 0) {
        answer_len = 5;
        put(WIRE_FAILED, 1);
        memcpy(answer + answer_len, "no memory", 9);
        answer_len += 9;
    }
    for (size_t i = 0; i < 4; i++)
        answer[i] = (uint8_t)((answer_len - 4) >> 8 * i);
    if (strncmp(how, "long", 4) == 0)
        answer[3] = 0xff;
    (void)fwrite(answer, 1, answer_len, stdout);
    (void)fflush(stdout);
}

int
main(void)
{
    uint8_t length[4];

    while (fread(length, 1, sizeof(length), stdin) == sizeof(length)) {
        message_len = (size_t)length[0] | (size_t)length[1] << 8 |
                      (size_t)length[2] << 16 | (size_t)length[3] << 24;
        if (message_len == 0 || message_len > sizeof(message) ||
            fread(message, 1, message_len, stdin) != message_len)
            return 1;
        answer_request();
    }
    return 0;
}

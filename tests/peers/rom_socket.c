/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The socket to the model in rom/: calls, their outcome and the model's time.
 */
#define _POSIX_C_SOURCE 200809L
#include "rom_socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD_LEN 13u
#define SETUP_LEN 8u

int rom_socket;
uint64_t rom_now_us;

void
rom_give_up(const char *why)
{
    (void)fprintf(stderr, "rom: %s\n", why);
    exit(70);
}

void
rom_put_le(uint8_t *out, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

uint64_t
rom_get_le(const uint8_t *in, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++)
        value |= (uint64_t)in[i] << (8 * i);
    return value;
}

static void
send_all(const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(rom_socket, data, len);

        if (n <= 0)
            rom_give_up("the model is gone");
        data += n;
        len -= (size_t)n;
    }
}

static void
take_all(uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = read(rom_socket, data, len);

        if (n <= 0)
            rom_give_up("the model is gone");
        data += n;
        len -= (size_t)n;
    }
}

enum rom_reply
rom_ask(char what, const uint8_t *data, size_t len, uint8_t *out, size_t *got)
{
    uint8_t head[HEAD_LEN];
    size_t room = *got;

    head[0] = (uint8_t)what;
    rom_put_le(head + 1, rom_now_us, 8);
    rom_put_le(head + 9, len, 4);
    send_all(head, sizeof(head));
    send_all(data, len);
    take_all(head, sizeof(head));
    rom_now_us = rom_get_le(head + 1, 8);
    *got = (size_t)rom_get_le(head + 9, 4);
    if (*got > room)
        rom_give_up("the model sent too much");
    take_all(out, *got);
    return (enum rom_reply)head[0];
}

sfi_status
rom_status_of(enum rom_reply reply)
{
    static const sfi_status told[] = {SFI_OK, SFI_ERR_TIMEOUT, SFI_ERR_NACK,
                                      SFI_ERR_NO_DEVICE};

    return told[reply];
}

sfi_status
rom_ask_plainly(char what, const uint8_t *data, size_t len)
{
    size_t none = 0;

    return rom_status_of(rom_ask(what, data, len, NULL, &none));
}

sfi_status
rom_ask_control(const uint8_t setup[8], uint32_t timeout_ms, uint8_t *data,
                size_t len, size_t *got)
{
    static uint8_t packet[SETUP_LEN + 4 + ROM_DATA_MAX];
    size_t out = (setup[0] & 0x80u) != 0 ? 0 : len;
    enum rom_reply reply;

    if (len > ROM_DATA_MAX)
        return SFI_ERR_RANGE;
    memcpy(packet, setup, SETUP_LEN);
    rom_put_le(packet + SETUP_LEN, timeout_ms, 4);
    if (out > 0)
        memcpy(packet + SETUP_LEN + 4, data, out);
    *got = len - out;
    reply = rom_ask('C', packet, SETUP_LEN + 4 + out, data, got);
    if (out > 0 && reply == ROM_OK)
        *got = out;
    return rom_status_of(reply);
}

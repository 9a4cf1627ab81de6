/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The host's side of AN3155: builds frames, parses replies.  No I/O, no clock;
 * the caller waits for the replies. */
#ifndef SFI_PROTO_AN3155_H
#define SFI_PROTO_AN3155_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/an3155_device.h"

/* AN3155, 3.1: N is one byte; no bootloader has more than 20 commands. */
#define USART_COMMANDS_MAX 32u

#define USART_COMMAND_LEN 2u
#define USART_ADDRESS_LEN 5u
#define USART_COUNT_LEN 2u
#define USART_WRITE_MAX (1u + USART_BLOCK_MAX + 1u)
#define USART_ERASE_SPECIAL_LEN 3u
#define USART_ERASE_MAX (2u + 2u * USART_ERASE_PAGES_MAX + 1u)
#define USART_OPCODE_LEN 3u
#define USART_PACKET_MAX (2u + SFI_CMD_DATA_MAX + 1u)

/* Fills up a frame that was cut short, and never completes a valid one: the
 * value is even, so that a Write of only this byte has a wrong checksum (its
 * length is value + 3, odd); and it is not a valid length, opcode or page
 * count. */
#define USART_FILLER 0xfeu

/* One byte among many of 0x7f, which end a frame as well and are what a part
 * may hear first (AN3155, 1): without it a Write of 128 times 0x7f would have a
 * good checksum. */
#define USART_SPOILER 0xffu

/* Each builds one phase of a frame: all bytes up to the next wait for an ACK.
 * Checksum: XOR of the bytes before it. */
void sfi__an3155_command(uint8_t out[USART_COMMAND_LEN], uint8_t cmd);
void sfi__an3155_address(uint8_t out[USART_ADDRESS_LEN], uint32_t address);
/* Read Memory: 1 to 256 bytes */
void sfi__an3155_count(uint8_t out[USART_COUNT_LEN], size_t len);
/* Write Memory: 1 to 256 bytes; the frame's length */
size_t sfi__an3155_write(uint8_t out[USART_WRITE_MAX], const uint8_t *data,
                         size_t len);
void sfi__an3155_erase_special(uint8_t out[USART_ERASE_SPECIAL_LEN],
                               uint16_t code);
/* 1 to USART_ERASE_PAGES_MAX pages; the frame's length */
size_t sfi__an3155_erase_pages(uint8_t out[USART_ERASE_MAX],
                               const uint16_t *pages, size_t count);
void sfi__an3155_opcode(uint8_t out[USART_OPCODE_LEN], uint16_t opcode);
/* Special and Extended Special: 0 to 1024 bytes; the frame's length */
size_t sfi__an3155_packet(uint8_t out[USART_PACKET_MAX], const uint8_t *data,
                          size_t len);

/* The reply to Get. */
struct an3155_get {
    uint8_t version; /* 0x31: V3.1 */
    uint8_t commands[USART_COMMANDS_MAX];
    size_t count;
};

/* Parse the bytes after the first ACK to Get: N, version, commands, ACK.  N + 1
 * bytes lie between N and the ACK.  H7's V9.0 announces more commands than it
 * lists (AN2606): a shorter list that ends with an ACK is accepted.  Get itself
 * is in the list, or it is no bootloader. */
bool sfi__an3155_read_get(struct an3155_get *out, const uint8_t *data,
                          size_t len);
bool sfi__an3155_has(const struct an3155_get *get, uint8_t cmd);

#endif

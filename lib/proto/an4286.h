/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The host's side of AN4286, where it differs from AN3155 (proto/an3155.h).  No
 * I/O, no clock. */
#ifndef SFI_PROTO_AN4286_H
#define SFI_PROTO_AN4286_H

#include <stddef.h>
#include <stdint.h>

#include "proto/an3155.h"

/* The part sends this while it is busy or has no reply. */
#define SPI_BUSY 0xa5u
/* The host sends this while it only reads. */
#define SPI_DUMMY 0x00u

#define SPI_COMMAND_LEN (1u + USART_COMMAND_LEN)
#define SPI_PAGES_MAX (2u * USART_ERASE_PAGES_MAX + 1u)

/* Start of frame, code, complement. */
void sfi__an4286_command(uint8_t out[SPI_COMMAND_LEN], uint8_t cmd);
/* The second packet of Extended Erase: 1 to USART_ERASE_PAGES_MAX pages;
 * returns its length.  sfi__an3155_erase_special() of the last index makes the
 * first. */
size_t sfi__an4286_pages(uint8_t out[SPI_PAGES_MAX], const uint16_t *pages,
                         size_t count);

#endif

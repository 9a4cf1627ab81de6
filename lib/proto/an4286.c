/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Packets of AN4286 (SPI bootloader), where they differ from AN3155. */
#include "proto/an4286.h"

#include "util/wr.h"

void
sfi__an4286_command(uint8_t out[SPI_COMMAND_LEN], uint8_t cmd)
{
    out[0] = SPI_SOF;
    sfi__an3155_command(out + 1, cmd);
}

size_t
sfi__an4286_pages(uint8_t out[SPI_PAGES_MAX], const uint16_t *pages,
                  size_t count)
{
    struct wr w;
    uint8_t x = 0;

    sfi__wr_init(&w, out, SPI_PAGES_MAX);
    for (size_t i = 0; i < count; i++) {
        sfi__wr_u16be(&w, pages[i]);
        x = (uint8_t)(x ^ pages[i] >> 8 ^ pages[i]);
    }
    sfi__wr_u8(&w, x);
    return sfi__wr_ok(&w) ? sfi__wr_len(&w) : 0;
}

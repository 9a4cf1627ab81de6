/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Any bytes clocked into a chip's SPI.  The first byte selects the chip's
 * state, and its bit 7 what follows: 0, the bytes; 1, frames.  In front of each
 * frame are two bytes: the number of answer bytes to fetch after it, as AN4286
 * fetches them, and its length. */
#include <string.h>

#include "device/device.h"
#include "proto/an4286.h"
#include "sim/boot.h"

#include "fuzz_chip.h"

#define FRAMES 0x80u
/* A verdict comes within that many polls. */
#define POLLS 64u
#define HEARD_MAX 4096u

static struct {
    uint8_t heard[HEARD_MAX];
    size_t len;
} host;

static uint8_t
clock_byte(struct sfi_sim *sim, uint8_t tx)
{
    uint8_t rx;

    sfi__sim_transfer(sim, &tx, &rx, 1);

    if (host.len == HEARD_MAX) {
        fuzz_chip_says(host.heard, host.len);
        host.len = 0;
    }
    host.heard[host.len++] = rx;
    return rx;
}

static void
fetch(struct sfi_sim *sim, size_t more)
{
    uint8_t rx = 0;

    for (size_t i = 0; i < POLLS && rx != USART_ACK && rx != USART_NACK; i++)
        rx = clock_byte(sim, SPI_DUMMY);
    (void)clock_byte(sim, USART_ACK);
    while (more-- > 0)
        (void)clock_byte(sim, SPI_DUMMY);
}

/* A length of 255 is the longest frame, with zeros behind what follows. */
static void
frame(struct sfi_sim *sim, struct fuzz_input *in)
{
    size_t more = fuzz_byte(in);
    size_t len = fuzz_byte(in);

    len = len == 255 ? USART_FRAME_MAX : len;
    while (len-- > 0)
        (void)clock_byte(sim, fuzz_byte(in));
    fetch(sim, more);
}

/* The bootloader that is at the link has it: the core, or the standard one. */
static const struct an4286_device *
link_end(const struct sfi_sim *sim)
{
    return sim->mode == SIM_SECURE ? &sim->device->spi : &sim->spi;
}

static void
check_end(const struct an4286_device *end)
{
    FUZZ_HOLDS(end->at <= end->len && end->len <= sizeof(end->answer));
    FUZZ_HOLDS(!end->tail || end->len < sizeof(end->answer));
    FUZZ_HOLDS(end->phase != SPI_DATA || end->at < end->len);
    FUZZ_HOLDS(sfi__an4286_device_quiet(end) == (end->phase == SPI_LISTEN));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fuzz_input in = {data, len};
    uint8_t first = fuzz_byte(&in);
    struct sfi_sim *sim = fuzz_chip((first & ~FRAMES) % FUZZ_STARTS);

    host.len = 0;
    sim->nss = true;
    while (in.left > 0) {
        if ((first & FRAMES) != 0)
            frame(sim, &in);
        else
            (void)clock_byte(sim, fuzz_byte(&in));
        check_end(link_end(sim));
    }
    fuzz_chip_says(host.heard, host.len);
    fuzz_chip_end();
    return 0;
}

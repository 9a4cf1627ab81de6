/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Any bytes to the port for openocd's remote_bitbang.  The first byte selects
 * the chip's state, and its bit 7 what follows: 0, the characters as they are;
 * 1, scans: an instruction (0: NRST), a byte for TMS and TDI before it, and the
 * 35 bits of a data register in five bytes. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/boot.h"
#include "sim/serve/serve.h"

#include "fuzz_chip.h"

#define SCANS 0x80u
#define IR_BITS (ADI_IR_LEN + TAP_BOUNDARY_IR_LEN)
#define DR_BITS (ADI_ACCESS_BITS + 1u)

static struct {
    struct sfi_sim *sim;
    struct jtag_port port;
    int fd;
    size_t asked, answered;
} wire;

/* All that the chip has to say. */
static void
hear(void)
{
    uint8_t in[4096];
    ssize_t got;

    while ((got = recv(wire.fd, in, sizeof(in), 0)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            FUZZ_HOLDS(in[i] == '0' || in[i] == '1');
        wire.answered += (size_t)got;
    }
    FUZZ_HOLDS(got == 0 || errno == EAGAIN || errno == ECONNRESET);
}

static void
say(const uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        wire.asked += out[i] == 'R';
    while (len > 0 && wire.port.client >= 0) {
        ssize_t put = send(wire.fd, out, len, MSG_NOSIGNAL);

        FUZZ_HOLDS(put > 0 || errno == EAGAIN || errno == EPIPE);
        out += put > 0 ? put : 0;
        len -= put > 0 ? (size_t)put : 0;
        sfi__serve_jtag_ready(wire.sim, &wire.port,
                              sfi__serve_jtag_wait(&wire.port).events);
        hear();
    }
}

static void
put_clock(uint8_t *out, size_t *len, bool tms, bool tdi)
{
    char pins = (char)('0' + (tms ? 2 : 0) + (tdi ? 1 : 0));

    out[(*len)++] = (uint8_t)pins;
    out[(*len)++] = 'R';
    out[(*len)++] = (uint8_t)(pins + 4);
}

static void
put_shift(uint8_t *out, size_t *len, uint64_t bits, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        put_clock(out, len, i == count - 1, (bits >> i & 1) != 0);
    put_clock(out, len, true, false);
    put_clock(out, len, false, false);
}

static void
scan(struct fuzz_input *in)
{
    uint8_t ir = fuzz_byte(in);
    uint8_t odd = fuzz_byte(in);
    uint8_t out[3 * 128];
    size_t len = 0;
    uint64_t dr = 0;

    if (ir == 0)
        out[len++] = (uint8_t)('r' + odd % 4);
    for (unsigned i = 0; i < odd >> 4; i++)
        put_clock(out, &len, (odd >> i % 4 & 1) != 0, false);
    for (unsigned i = 0; i < 4 && ir != 0; i++)
        put_clock(out, &len, i < 2, false);
    if (ir != 0)
        put_shift(out, &len, (ir & 0xfu) | 0x1fu << ADI_IR_LEN, IR_BITS);
    for (unsigned i = 0; i < 5; i++)
        dr |= (uint64_t)fuzz_byte(in) << 8 * i;
    for (unsigned i = 0; i < 3 && ir != 0; i++)
        put_clock(out, &len, i < 1, false);
    if (ir != 0)
        put_shift(out, &len, dr, DR_BITS);
    FUZZ_HOLDS(len <= sizeof(out));
    say(out, len);
}

static void
begin(enum fuzz_start start)
{
    static const uint8_t reset[] = "26262626260404";
    int pair[2];

    FUZZ_HOLDS(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    for (size_t i = 0; i < 2; i++)
        FUZZ_HOLDS(fcntl(pair[i], F_SETFL, O_NONBLOCK) == 0);
    wire.sim = fuzz_chip(start);
    wire.port = (struct jtag_port){.listener = -1, .client = pair[0]};
    wire.fd = pair[1];
    wire.asked = 0;
    wire.answered = 0;
    say(reset, sizeof(reset) - 1);
}

static void
end(void)
{
    /* a client that stays connected gets a reply */
    FUZZ_HOLDS(wire.port.client < 0 || wire.asked == wire.answered);
    FUZZ_HOLDS(wire.answered <= wire.asked);
    sfi__jtag_close(&wire.port);
    (void)close(wire.fd);
    fuzz_chip_end();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fuzz_input in = {data, len};
    uint8_t first = fuzz_byte(&in);

    begin((enum fuzz_start)((first & ~SCANS) % FUZZ_STARTS));
    if ((first & SCANS) == 0)
        say(in.at, in.left);
    while ((first & SCANS) != 0 && in.left > 0)
        scan(&in);
    end();
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Any packets to a virtual CMSIS-DAP probe.  The first byte selects the chip's
 * state, and its bit 7 whether SWD is up before the first packet; then for each
 * packet a length and its bytes.  255 announces a length of two bytes. */
#include <string.h>

#include "sim/boot.h"

#include "fuzz_chip.h"

#define IS_UP 0x80u

static void
packet(struct sfi_sim *sim, const uint8_t *out, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    uint8_t *in = malloc(DAP_PROBE_PACKET);
    size_t got;

    FUZZ_HOLDS(copy != NULL && in != NULL);
    if (len > 0)
        memcpy(copy, out, len);
    got = sfi__dap_probe_packet(sim, copy, len, in);
    FUZZ_HOLDS(got <= DAP_PROBE_PACKET);
    FUZZ_HOLDS(got == 0 || in[0] == out[0] || in[0] == CMSIS_INVALID);
    fuzz_chip_says(in, got);
    free(copy);
    free(in);
}

static void
line_up(struct sfi_sim *sim)
{
    static const uint8_t bits[] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x9e, 0xe7,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00,
    };
    static const struct {
        struct adi_request r;
        uint32_t data;
    } list[] = {
        {{false, true, ADI_DP_DPIDR}, 0},
        {{false, false, ADI_DP_CTRL_STAT}, ADI_CTRL_PWRUP},
        {{true, false, ADI_AP_CSW}, 0x23000012},
        {{true, false, ADI_AP_TAR}, 0x24030000},
    };
    uint8_t out[CMSIS_PACKET_MAX];
    struct cmsis_transfer t;
    struct wr w;

    sfi__wr_init(&w, out, sizeof(out));
    sfi__cmsis_put_connect(&w, CMSIS_PORT_SWD);
    packet(sim, out, sfi__wr_len(&w));
    sfi__wr_init(&w, out, sizeof(out));
    sfi__cmsis_put_sequence(&w, 8 * sizeof(bits), bits);
    packet(sim, out, sfi__wr_len(&w));
    sfi__cmsis_transfer_begin(&t, out, sizeof(out), 0);
    for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
        FUZZ_HOLDS(sfi__cmsis_transfer_add(&t, &list[i].r, list[i].data));
    packet(sim, out, sfi__wr_len(&t.w));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fuzz_input in = {data, len};
    uint8_t first = fuzz_byte(&in);
    struct sfi_sim *sim = fuzz_chip((first & ~IS_UP) % FUZZ_STARTS);

    if ((first & IS_UP) != 0)
        line_up(sim);
    while (in.left > 0) {
        size_t n = fuzz_byte(&in);

        if (n == 255)
            n = (size_t)fuzz_byte(&in) << 8 | fuzz_byte(&in);
        n = n < in.left ? n : in.left;
        packet(sim, in.at, n);
        in.at += n;
        in.left -= n;
        sfi__sim_wait(sim, 1);
    }
    fuzz_chip_end();
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A hostile debug probe: its answers to a session.  The first two bytes
 * select the calls, bit 7 of the first JTAG; then, for each packet, a length
 * and that many bytes, 0 for silence.  A length of 255 stands for the answer
 * of a good probe, so that an input gets further.  When the input ends the
 * probe is gone. */
#include <string.h>

#include "core/ctx.h"
#include "proto/cmsis_dap.h"
#include "transport/probe/probe.h"
#include "transport/base/transport.h"

#include "fuzz.h"

/* No answers, however slow, keep a call longer: each waits 15 s at most. */
#define LONGEST_MS ((uint64_t)3600 * 1000)
#define GOOD 255u
#define CSW_READ 0x03u /* a request of a list */
#define WORDS 1024u

struct probe_play {
    const uint8_t *at;
    size_t left;
    size_t packets;
};

static uint64_t now;

static uint64_t
clock_now(void *user)
{
    (void)user;
    return now;
}

static void
clock_sleep(void *user, uint32_t ms)
{
    (void)user;
    now += ms;
}

static const struct clock fuzz_clock = {
    .now_ms = clock_now,
    .sleep_ms = clock_sleep,
};

/* How many words a list reads. */
static size_t
reads(const uint8_t *out, size_t len)
{
    size_t count = 0, at = 3;

    for (size_t i = 0; i < out[2] && at < len; i++) {
        bool read = (out[at] & 2) != 0;

        count += read ? 1 : 0;
        at += read ? 1 : 5;
    }
    return count;
}

/* A debug port alone: its IDCODE, or the four bits of its IR. */
static size_t
good_chain(size_t len, uint8_t *in)
{
    static const uint8_t idcode[] = {0x77, 0x04, 0xa0, 0x6b};
    bool dr = len > 40;
    size_t n = dr ? 40 : 8;

    memset(in + 2, 0xff, n);
    if (dr)
        memcpy(in + 2, idcode, sizeof(idcode));
    else
        in[2] = 0xf0;
    return 2 + n;
}

/* All is well and every word is such that the debug port is up. */
static size_t
good(const uint8_t *out, size_t len, uint8_t *in)
{
    uint8_t word[] = {0x00, 0x00, 0x00, 0xf0};
    size_t words = 0, n = 2;

    in[0] = out[0];
    in[1] = out[0] == CMSIS_CONNECT ? out[1] : CMSIS_STATUS_OK;
    if (out[0] == CMSIS_INFO) {
        in[1] = 2;
        in[2] = 3;
        in[3] = 1;
        return 4;
    }
    if (out[0] == CMSIS_JTAG_SEQUENCE)
        return good_chain(len, in);
    if (out[0] == CMSIS_TRANSFER) {
        in[1] = out[2];
        in[2] = ADI_ACK_OK;
        n = 3;
        words = reads(out, len);
        word[0] = out[len - 1] == CSW_READ ? 0x12 : 0x00; /* counts, by words */
    } else if (out[0] == CMSIS_TRANSFER_BLOCK) {
        in[1] = out[2];
        in[2] = out[3];
        in[3] = ADI_ACK_OK;
        n = 4;
        words = (out[4] & 2) != 0 ? out[2] | (size_t)out[3] << 8 : 0;
    }
    for (; words > 0 && n + 4 <= CMSIS_PACKET_MAX; words--, n += 4)
        memcpy(in + n, word, 4);
    return n;
}

static sfi_status
on_xfer(void *user, const uint8_t *out, size_t out_len, uint8_t *in, size_t cap,
        size_t *got, uint32_t timeout_ms)
{
    struct probe_play *p = user;
    uint8_t answer[CMSIS_PACKET_MAX];
    size_t n;

    FUZZ_HOLDS(cap >= CMSIS_PACKET_MIN && cap <= CMSIS_PACKET_MAX);
    FUZZ_HOLDS(timeout_ms > 0);
    FUZZ_HOLDS(out_len <= CMSIS_PACKET_MAX);
    *got = 0;
    if (p->left == 0)
        return SFI_ERR_NO_DEVICE;
    if (out_len == 0 && *p->at == GOOD)
        return SFI_ERR_TIMEOUT;
    p->packets++;
    n = *p->at++;
    p->left--;
    if (n == 0) {
        now += timeout_ms;
        return SFI_ERR_TIMEOUT;
    }
    if (n == GOOD) {
        n = good(out, out_len, answer);
        *got = n < cap ? n : cap;
        memcpy(in, answer, *got);
        return SFI_OK;
    }
    n = n < p->left ? n : p->left;
    n = n < cap ? n : cap;
    memcpy(in, p->at, n);
    p->at += n;
    p->left -= n;
    *got = n;
    return SFI_OK;
}

static void
use(sfi_ctx *ctx, sfi_transport *tp, uint8_t what, uint8_t size)
{
    static uint32_t words[WORDS + 1];
    size_t count = 1 + (size_t)size * 4;
    sfi_status st;

    words[count] = 0x5a5a5a5a;
    if (what % 3 == 0)
        st = sfi__transport_read32(tp, 0x24000000u + what * 4u, words, count);
    else if (what % 3 == 1)
        st = sfi__transport_write32(tp, 0x24000000u + what * 4u, words, count);
    else
        st = sfi__transport_reset(tp, false);
    FUZZ_HOLDS(words[count] == 0x5a5a5a5a);
    FUZZ_HOLDS((st == SFI_OK) == (sfi_ctx_error(ctx) == NULL));
    /* the chain may change at any time */
    FUZZ_HOLDS(st == SFI_OK || st <= -400 ||
               (what >= 0x80 && st == SFI_ERR_UNSUPPORTED));
    FUZZ_HOLDS(st != SFI_ERR_INTERNAL && st != SFI_ERR_CALLBACK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct probe_io io = {.xfer = on_xfer};
    struct probe_options options = {.speed = 1000000};
    struct probe_play play;
    sfi_ctx *ctx;
    sfi_transport *tp = NULL;

    if (len < 2)
        return 0;
    play = (struct probe_play){data + 2, len - 2, 0};
    ctx = fuzz_ctx();
    now = 0;
    ctx->clock = &fuzz_clock;
    options.start = (enum probe_start)(data[1] % 3);
    options.wire = data[0] < 0x80 ? PROBE_SWD : PROBE_JTAG;
    if (sfi__probe_new(ctx, &io, &play, "probe", &options, &tp) == SFI_OK)
        use(ctx, tp, data[0], data[1]);
    else
        FUZZ_HOLDS(tp == NULL);
    sfi_transport_free(tp);
    FUZZ_HOLDS(now < LONGEST_MS && play.packets <= len);
    fuzz_ctx_free(ctx);
    return 0;
}

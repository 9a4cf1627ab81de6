/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Traces of links: with any file, each call of the link returns an answer or an
 * error, and no byte more than asked for. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "transport/base/transport.h"

#include "fuzz.h"

#define CALLS 8
#define GUARD 0xc3

static void
talk_stream(sfi_transport *tp)
{
    uint8_t in[5] = {[4] = GUARD};
    uint32_t slower;
    size_t got;

    (void)sfi__transport_set_speed(tp, 0, &slower);
    for (int i = 0; i < CALLS; i++) {
        (void)sfi__transport_write(tp, (const uint8_t[]){0x7f}, 1, 0);
        (void)sfi__transport_read(tp, in, 4, &got, 0);
        FUZZ_HOLDS(got <= 4 && in[4] == GUARD);
    }
}

static void
talk_spi(sfi_transport *tp)
{
    uint8_t in[3] = {[2] = GUARD};

    for (int i = 0; i < CALLS; i++) {
        (void)sfi__transport_select(tp, i % 2 == 0);
        (void)sfi__transport_transfer(tp, (const uint8_t[]){0x5a, 0}, in, 2);
        FUZZ_HOLDS(in[2] == GUARD);
    }
}

static void
talk_usb(sfi_transport *tp)
{
    uint8_t data[7] = {[6] = GUARD};
    size_t got;

    for (int i = 0; i < CALLS; i++) {
        (void)sfi__transport_control(tp, i % 2 == 0 ? 0xa1 : 0x21, 3, 0, 0,
                                     data, 6, &got, 0);
        FUZZ_HOLDS(got <= 6 && data[6] == GUARD);
    }
}

static void
talk_memory(sfi_transport *tp)
{
    uint32_t words[3] = {[2] = GUARD};

    for (int i = 0; i < CALLS; i++) {
        (void)sfi__transport_read32(tp, 0x24030000, words, 2);
        (void)sfi__transport_write32(tp, 0x24030000, words, 2);
        FUZZ_HOLDS(words[2] == GUARD);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const talks[TRANSPORT_KINDS])(sfi_transport * tp) = {
        [TRANSPORT_STREAM] = talk_stream,
        [TRANSPORT_SPI] = talk_spi,
        [TRANSPORT_USB] = talk_usb,
        [TRANSPORT_DAP] = talk_memory,
    };
    char uri[64] = "script:/tmp/sfi-fuzz-XXXXXX";
    const char *path = uri + strlen("script:");
    int fd = mkstemp(uri + strlen("script:"));
    sfi_ctx *ctx = fuzz_ctx();
    sfi_transport *tp;
    sfi_status st;

    FUZZ_HOLDS(fd >= 0 && write(fd, data, len) == (ssize_t)len);
    (void)close(fd);
    st = sfi_transport_open(ctx, uri, &tp);
    fuzz_check(ctx, st, tp);
    if (st == SFI_OK)
        talks[tp->kind](tp);
    sfi_transport_free(tp);
    (void)unlink(path);
    fuzz_ctx_free(ctx);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A hostile chip on a USART: its answers to a call of a session.  The first
 * byte selects the call; then, for each read, a length and that many bytes, 0
 * for silence.  When the input ends the link is gone. */
#include <string.h>

#include "fuzz_session.h"

/* No answer, however slow, keeps a call longer: some hundred waits of up to
 * 40 s. */
#define LONGEST_MS ((uint64_t)4 * 3600 * 1000)

static sfi_status
on_read(void *user, uint8_t *buf, size_t len, size_t *got, uint32_t timeout_ms)
{
    struct fuzz_input *in = user;
    size_t n;

    (void)timeout_ms;
    FUZZ_HOLDS(len > 0);
    if (in->left == 0)
        return SFI_ERR_NO_DEVICE;
    n = fuzz_byte(in);
    if (n == 0)
        return SFI_ERR_TIMEOUT;
    n = n < len ? n : len;
    n = n < in->left ? n : in->left;
    if (n == 0)
        return SFI_ERR_NO_DEVICE;
    fuzz_bytes(in, buf, n);
    *got = n;
    return SFI_OK;
}

static sfi_status
on_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    uint8_t line[2048];

    (void)user;
    FUZZ_HOLDS(len > 0 && len <= sizeof(line) && timeout_ms > 0);
    memcpy(line, buf, len); /* all of it can be read */
    return SFI_OK;
}

static sfi_status
on_reset(void *user, int into_boot)
{
    (void)user;
    FUZZ_HOLDS(into_boot == 0 || into_boot == 1);
    return SFI_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = on_read,
        .write = on_write,
        .reset = on_reset,
    };
    struct fuzz_input in = {data, len};
    sfi_ctx *ctx = fuzz_ctx();
    uint8_t which = fuzz_byte(&in);
    sfi_transport *tp;

    fuzz_now = 0;
    FUZZ_HOLDS(sfi_transport_open_stream(ctx, &ops, &in, &tp) == SFI_OK);
    fuzz_session(ctx, tp, which, LONGEST_MS);
    sfi_transport_free(tp);
    fuzz_ctx_free(ctx);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's SWD as a transport inside the process: libsfi's own CMSIS-DAP host
 * on a virtual probe. */
#include <string.h>

#include "core/abi.h"
#include "core/err.h"
#include "sim/boot.h"
#include "sim/dap_probe.h"
#include "sim/links/links.h"
#include "transport/probe/probe.h"

/* What a packet takes, on the chip's clock. */
#define PACKET_MS 1u

static sfi_status
swd_link_exchange(void *user, const uint8_t *out, size_t out_len, uint8_t *in,
                  size_t cap, size_t *got, uint32_t timeout_ms)
{
    struct sfi_sim *sim = user;
    uint8_t answer[DAP_PROBE_PACKET];
    size_t len = sfi__dap_probe_packet(sim, out, out_len, answer);

    *got = 0;
    sfi__sim_wait(sim, len == 0 ? timeout_ms : PACKET_MS);
    if (len == 0)
        return sfi__fail(sim->obj.ctx, SFI_ERR_TIMEOUT,
                         "the virtual probe sent nothing within %lu ms",
                         (unsigned long)timeout_ms);
    *got = len < cap ? len : cap;
    memcpy(in, answer, *got);
    return SFI_OK;
}

sfi_status
sfi__sim_open_swd(struct sfi_sim *sim, sfi_transport **out)
{
    static const struct probe_io io = {
        .xfer = swd_link_exchange,
        .close = sfi__sim_link_close,
    };
    static const struct probe_options options = {
        .wire = PROBE_SWD,
        .speed = PROBE_SPEED_DEFAULT,
    };

    if (sim->chip->dbgmcu == 0)
        return sfi__fail(sim->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "a virtual %s has no debug port", sim->chip->name);
    return sfi__probe_new(sim->obj.ctx, &io, sim, "SWD", &options, out);
}

sfi_status
sfi_sim_probe(sfi_sim *sim, const uint8_t *out, size_t out_len, uint8_t *in,
              size_t *in_len)
{
    SFI_ENTER(sim, SIM);
    SFI_ARG(sim, in_len != NULL);
    SFI_ARG(sim, out != NULL || out_len == 0);
    SFI_ARG(sim, in != NULL);
    if (*in_len < SFI_SIM_PROBE_PACKET) {
        *in_len = SFI_SIM_PROBE_PACKET;
        return sfi__fail(sim->obj.ctx, SFI_ERR_BUFFER,
                         "the buffer is too small for a packet of %u bytes",
                         SFI_SIM_PROBE_PACKET);
    }
    *in_len = 0;
    if (sim->chip->dbgmcu == 0)
        return sfi__fail(sim->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "a virtual %s has no debug port", sim->chip->name);
    *in_len = sfi__dap_probe_packet(sim, out, out_len, in);
    return SFI_OK;
}

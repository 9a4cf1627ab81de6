/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's SPI as a transport inside the process. */
#include "core/err.h"
#include "sim/boot.h"
#include "sim/links/links.h"

static sfi_status
spi_link_select(void *user, int asserted)
{
    sfi__sim_select(user, asserted != 0);
    return SFI_OK;
}

static sfi_status
spi_link_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    uint8_t dropped[256];

    if (rx != NULL) {
        sfi__sim_transfer(user, tx, rx, len);
        return SFI_OK;
    }
    for (size_t n; len > 0; len -= n, tx += n) {
        n = len < sizeof(dropped) ? len : sizeof(dropped);
        sfi__sim_transfer(user, tx, dropped, n);
    }
    return SFI_OK;
}

sfi_status
sfi__sim_open_spi(struct sfi_sim *sim, sfi_transport **out)
{
    static const sfi_spi_ops ops = {
        .struct_size = sizeof(ops),
        .select = spi_link_select,
        .transfer = spi_link_transfer,
        .reset = sfi__sim_link_reset,
        .close = sfi__sim_link_close,
    };

    return sfi_transport_open_spi(sim->obj.ctx, &ops, sim, out);
}

sfi_status
sfi_sim_spi(sfi_sim *sim, const uint8_t *tx, uint8_t *rx, size_t len)
{
    SFI_ENTER(sim, SIM);
    SFI_ARG(sim, tx != NULL || len == 0);
    SFI_ARG(sim, rx != NULL || len == 0);
    sfi__sim_select(sim, true);
    sfi__sim_transfer(sim, tx, rx, len);
    return SFI_OK;
}

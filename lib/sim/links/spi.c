/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's SPI as a transport inside the process. */
#include "core/err.h"
#include "sim/boot.h"
#include "sim/links/links.h"

static sfi_status
spi_link_select(void *user, int asserted)
{
    struct sfi_sim *sim = user;

    sim->nss = asserted != 0;
    return SFI_OK;
}

static sfi_status
spi_link_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    struct sfi_sim *sim = user;

    for (size_t i = 0; i < len; i++) {
        uint8_t byte = sim->nss ? sfi__sim_clock(sim, tx[i]) : 0xff;

        if (rx != NULL)
            rx[i] = byte;
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
    for (size_t i = 0; i < len; i++)
        rx[i] = sfi__sim_clock(sim, tx[i]);
    return SFI_OK;
}

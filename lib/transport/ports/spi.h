/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* spi:/dev/spidevX.Y?speed=8000000&reset=gpiochip0:17: an SPI master, set up
 * for an SPI bootloader (AN4286). */
#ifndef SFI_TRANSPORT_PORTS_SPI_H
#define SFI_TRANSPORT_PORTS_SPI_H

#include <sfi/transport.h>

#include "transport/base/uri.h"

sfi_status sfi__spi_open(sfi_ctx *ctx, const struct uri *uri,
                         sfi_transport **out);

#endif

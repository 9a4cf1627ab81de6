/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* serial:/dev/ttyX?baud=115200: a serial port, set up for a USART bootloader
 * (AN3155). */
#ifndef SFI_TRANSPORT_PORTS_SERIAL_H
#define SFI_TRANSPORT_PORTS_SERIAL_H

#include <sfi/transport.h>

#include "transport/base/uri.h"

sfi_status sfi__serial_open(sfi_ctx *ctx, const struct uri *uri,
                            sfi_transport **out);

#endif

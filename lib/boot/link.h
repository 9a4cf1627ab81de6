/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Bytes with a deadline: the transport as the bootloader sessions use it. */
#ifndef SFI_BOOT_LINK_H
#define SFI_BOOT_LINK_H

#include <stdatomic.h>

#include "transport/base/transport.h"

struct link {
    sfi_ctx *ctx;
    sfi_transport *tp;
    const atomic_bool *cancel; /* looked at in every wait; NULL: none */
    const char *doing;         /* what is being asked, for messages */
};

sfi_status sfi__link_send(struct link *l, const uint8_t *data, size_t len);
/* Exactly `len` bytes within `ms`; *got (NULL is fine) are there when fewer
 * came. */
sfi_status sfi__link_recv(struct link *l, uint8_t *buf, size_t len, size_t *got,
                          uint32_t ms);
/* Drop what comes until the line is silent. */
sfi_status sfi__link_drain(struct link *l);
sfi_status sfi__link_cancelled(const struct link *l);
/* Lost, damaged or refused: worth asking again. */
bool sfi__link_is_fault(sfi_status st);

#endif

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What links can go through, kind by kind. */
#ifndef SFI_TRANSPORT_BASE_LIST_H
#define SFI_TRANSPORT_BASE_LIST_H

#include <sfi/transport.h>

struct listing {
    sfi_ctx *ctx;
    const char *root; /* in front of /sys, /dev and /proc: "", or a test's */
    sfi_transport_found_fn fn;
    void *user;
};

/* Each kind that was built in; the first failure, when all are through. */
sfi_status sfi__list(const struct listing *l);

sfi_status sfi__list_serial(const struct listing *l);
sfi_status sfi__list_spi(const struct listing *l);
sfi_status sfi__list_usb(const struct listing *l);
sfi_status sfi__list_probe(const struct listing *l);

/* What the folder of a USB device in /sys tells, kept where it is known. */
void sfi__list_strings(sfi_transport_found *found, const char *folder);

#endif

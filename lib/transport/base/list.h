/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Lists the ports and devices that a link can use, kind by kind. */
#ifndef SFI_TRANSPORT_BASE_LIST_H
#define SFI_TRANSPORT_BASE_LIST_H

#include <sfi/transport.h>

struct listing {
    sfi_ctx *ctx;
    const char *root; /* prefix of /sys, /dev and /proc; "" but in tests */
    sfi_transport_found_fn fn;
    void *user;
};

/* Every kind that was built in.  A kind that fails does not stop the others;
 * returns the first failure. */
sfi_status sfi__list_links(const struct listing *l);

sfi_status sfi__list_serial(const struct listing *l);
sfi_status sfi__list_spi(const struct listing *l);
sfi_status sfi__list_usb(const struct listing *l);
sfi_status sfi__list_probe(const struct listing *l);

/* Product, manufacturer and serial number from a USB device's folder in /sys;
 * what the folder lacks is left as it is. */
void sfi__list_strings(sfi_transport_found *found, const char *folder);

#endif

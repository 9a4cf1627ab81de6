/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A request for a lease: an ephemeral P-256 key pair of the site. */
#ifndef SFI_HSM_BASE_LEASE_H
#define SFI_HSM_BASE_LEASE_H

#include <sfi/lease.h>

#include "core/obj.h"
#include "crypto/ecc.h"

struct sfi_lease_request {
    struct obj obj;
    uint8_t key_secret[SFI_ECC_SECRET_LEN];
    uint8_t public_key[SFI_ECC_PUBLIC_LEN];
};

#endif

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Leases: sfi_hsm_ops of a vault, whose `user` is a struct vault. */
#ifndef SFI_HSM_VAULT_LEASE_H
#define SFI_HSM_VAULT_LEASE_H

#include <sfi/hsm.h>

sfi_status sfi__vault_lease(void *user, const uint8_t *request,
                            size_t request_len, uint64_t count,
                            uint64_t seconds, uint8_t *out, size_t *out_len);
sfi_status sfi__vault_provision_lease(void *user, const uint8_t *secret,
                                      size_t secret_len, const uint8_t *lease,
                                      size_t lease_len);
sfi_status sfi__vault_end_lease(void *user, uint8_t *out, size_t *out_len);
sfi_status sfi__vault_return_lease(void *user, const uint8_t *end,
                                   size_t end_len, uint64_t *returned);

#endif

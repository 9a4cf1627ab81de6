/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Licences of a vault, and its end: what adds a record to the audit. */
#ifndef SFI_HSM_VAULT_ISSUE_H
#define SFI_HSM_VAULT_ISSUE_H

#include <sfi/certificate.h>

#include "hsm/vault/check.h"

/* After a login.  `session`: 0 for a static licence. */
sfi_status sfi__vault_license(struct vault *v, const sfi_certificate *cert,
                              uint32_t session, uint8_t out[SFI_LICENSE_LEN]);
sfi_status sfi__vault_retire(struct vault *v);

#endif

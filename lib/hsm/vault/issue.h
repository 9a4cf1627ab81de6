/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Licences of a vault. */
#ifndef SFI_HSM_VAULT_ISSUE_H
#define SFI_HSM_VAULT_ISSUE_H

#include <sfi/certificate.h>

#include "hsm/vault/check.h"

/* One licence that is asked for. */
enum wish_state { WISH_OPEN, WISH_GRANTED, WISH_REFUSED };

struct vault_wish {
    sfi_certificate *cert; /* a reference */
    uint32_t session;      /* 0: a static licence */
    enum wish_state state;
    uint32_t counted;  /* SFI_COUNT_*, once it is granted */
    uint64_t sequence; /* of its record */
    uint8_t license[SFI_LICENSE_LEN];
};

struct vault_batch {
    struct vault_wish *wishes;
    size_t count;
    sfi_hsm_answer_fn answer;
    void *to;
    /* zero at first */
    struct ledger_head head;   /* as it was read, then as it is written */
    struct ledger_record last; /* that was written */
    bool appended, counted;
    /* PERHAPS: it can be read, and may not be on the disk. */
    enum { VAULT_NOTHING, VAULT_PERHAPS, VAULT_SURELY } written;
};

/* After a login.  All records are written in one transaction; every licence is
 * counted for good before any is answered. */
sfi_status sfi__vault_licenses(struct vault *v, struct vault_batch *b);

#endif

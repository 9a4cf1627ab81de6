/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Shorter ways to call a ledger's table of functions. */
#include "hsm/vault/ledger.h"

#include "core/err.h"

void
sfi__ledger_rollback(struct ledger *l)
{
    (void)l->ops->end(l, false);
}

bool
sfi__ledger_must_repeat(struct ledger *l, sfi_status st)
{
    sfi__ledger_rollback(l);
    if (st == SFI_OK || !l->disturbed)
        return false;
    sfi__clear_error(l->ctx);
    return true;
}

sfi_status
sfi__ledger_finish(struct ledger *l, sfi_status st)
{
    if (st == SFI_OK)
        return l->ops->end(l, true);
    sfi__ledger_rollback(l);
    return st;
}

sfi_status
sfi__ledger_find_sequence(struct ledger *l, uint64_t sequence,
                          struct ledger_record *out, bool *found)
{
    const struct ledger_key key = {.by = LEDGER_BY_SEQUENCE,
                                   .sequence = sequence};

    return l->ops->find(l, &key, out, found);
}

sfi_status
sfi__ledger_find_session(struct ledger *l, const uint8_t device[SFI_SHA256_LEN],
                         uint32_t session, struct ledger_record *out,
                         bool *found)
{
    const struct ledger_key key = {
        .by = LEDGER_BY_SESSION, .device = device, .session = session};

    return l->ops->find(l, &key, out, found);
}

sfi_status
sfi__ledger_find_counted(struct ledger *l, const uint8_t device[SFI_SHA256_LEN],
                         struct ledger_record *out, bool *found)
{
    const struct ledger_key key = {.by = LEDGER_BY_COUNT, .device = device};

    return l->ops->find(l, &key, out, found);
}

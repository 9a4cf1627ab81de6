/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A system where a card reaches no virtual reader. */
#include "sim/card/card.h"

#include "core/err.h"

sfi_status
sfi_card_serve(sfi_card *card, const char *reader, int (*stop)(void *user),
               sfi_card_event_fn event, void *user)
{
    SFI_ENTER(card, CARD);
    SFI_ARG(card, stop != NULL);
    (void)reader;
    (void)event;
    (void)user;
    return sfi__fail(card->obj.ctx, SFI_ERR_UNSUPPORTED,
                     "virtual readers need pcscd, which this system has not");
}

/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An HSM that hands every request on to another one: one that several contexts
 * share, or one that is opened late. */
#ifndef SFI_HSM_BASE_RELAY_H
#define SFI_HSM_BASE_RELAY_H

#include <stdbool.h>

#include "hsm/base/hsm.h"

struct relay;

struct relay_kind {
    /* Make `inner` ready for a request; `secret`: for one that needs the PIN.
     * leave() follows only after SFI_OK. */
    sfi_status (*enter)(struct relay *r, bool secret);
    void (*leave)(struct relay *r);
    /* The PIN was accepted. */
    void (*logged_in)(struct relay *r);
    /* Let go of everything, and of `inner`. */
    void (*close)(struct relay *r);
};

/* The first member of each. */
struct relay {
    const struct relay_kind *kind;
    sfi_ctx *ctx;   /* borrowed from the handle in front */
    sfi_hsm *inner; /* a reference; NULL: not opened yet */
};

/* The handle in front of a relay, which owns it; `where`: the HSM.  NULL:
 * no memory, recorded, and the relay is still the caller's. */
sfi_hsm *sfi__relay_handle(struct relay *r, const char *where);

/* sfi__hsm_at_once() of the HSM behind it. */
sfi_status sfi__relay_at_once(struct relay *r, size_t *count);

#endif
